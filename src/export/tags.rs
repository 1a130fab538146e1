//! Where the names of boxes stand in a picture, so that none covers another as far as there is room.

/// A rectangle: left, top, right, bottom.
pub type Rect = [i64; 4];

/// The place of every tag, in the order of the boxes: an earlier box has the first choice. Each tag stands above its box, else
/// inside, below or beside it, else in the nearest rows above or below; where all of that is taken, where it covers least.
pub fn places(boxes: &[Rect], sizes: &[(i64, i64)], picture: (i64, i64), line: i64) -> Vec<Rect> {
    let mut taken: Vec<Rect> = Vec::new();
    for (of, size) in boxes.iter().zip(sizes) {
        let mut best: Option<(i64, Rect)> = None;
        for place in candidates(*of, *size, picture, line) {
            let covered: i64 = taken.iter().map(|t| common(*t, place)).sum();
            if best.is_none_or(|(least, _)| covered < least) {
                best = Some((covered, place));
            }
            if covered == 0 {
                break;
            }
        }
        taken.extend(best.map(|(_, place)| place));
    }
    taken
}

/// Places for one tag, the most natural first; all within the picture as far as it is large enough.
fn candidates([x1, y1, x2, y2]: Rect, (w, h): (i64, i64), (width, height): (i64, i64), line: i64) -> impl Iterator<Item = Rect> {
    /// Rows above and below that are tried.
    const ROWS: i64 = 12;
    let above = y1 + line - h;
    let first = if y1 >= h - line { above } else { y1.max(0) };
    let near = [
        (x1, first),
        (x2 - w, first),
        (x1, y1 + line),
        (x2 - w, y1 + line),
        (x1, y2 - line),
        (x2 - w, y2 - line),
        (x1, y2 - h),
        (x2 - w, y2 - h),
        (x2 - line, y1),
        (x1 + line - w, y1),
        (x2 - line, y2 - h),
        (x1 + line - w, y2 - h),
    ];
    let rows =
        (1..=ROWS).flat_map(move |row| [(x1, above - row * h), (x1, y2 - line + row * h), (x2, above - row * h), (x2, y2 + row * h)]);
    near.into_iter().chain(rows).map(move |(left, top)| {
        let (left, top) = (left.min(width - w).max(0), top.min(height - h).max(0));
        [left, top, left + w, top + h]
    })
}

/// Pixels that two rectangles share.
fn common(a: Rect, b: Rect) -> i64 {
    let side = |from: usize| (a[from + 2].min(b[from + 2]) - a[from].max(b[from])).max(0);
    side(0).saturating_mul(side(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_boxes_that_lie_on_each_other_do_not() {
        let boxes: Vec<Rect> = (0..10).map(|i| [100 + i, 100 + i, 180 + i, 170 + i]).collect();
        let places = places(&boxes, &[(90, 10); 10], (400, 300), 2);
        for (i, a) in places.iter().enumerate() {
            assert!(a[0] >= 0 && a[1] >= 0 && a[2] <= 400 && a[3] <= 300, "{a:?}");
            assert!(places[..i].iter().all(|b| common(*a, *b) == 0), "{places:?}");
        }
        // The first stands where one alone would.
        assert_eq!(places[0], [100, 92, 190, 102]);
    }

    #[test]
    fn where_there_is_no_room_every_tag_still_has_a_place_inside() {
        let boxes = [[0, 0, 40, 20]; 9];
        let places = places(&boxes, &[(38, 10); 9], (40, 20), 2);
        assert_eq!(places.len(), 9);
        assert!(places.iter().all(|p| p[0] >= 0 && p[1] >= 0 && p[2] <= 40 && p[3] <= 20));
    }
}

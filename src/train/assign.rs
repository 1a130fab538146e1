//! Which cells and anchors answer for which objects: YOLOv5's assignment for one level.
//!
//! Computed in f32 in upstream's order of operations, because each comparison decides an entry.

use crate::data::Target;

/// Width and height ratios to an anchor must lie within this factor (strictly): upstream's `anchor_t`.
pub const ANCHOR_RATIO: f32 = 4.0;

/// One matched (cell, anchor) of a level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// Image of the batch.
    pub image: usize,
    /// Anchor of the level.
    pub anchor: usize,
    /// Cell.
    pub row: usize,
    /// Cell.
    pub column: usize,
    /// Class of the object.
    pub class: usize,
    /// The object: centre relative to the cell, width and height, in cells.
    pub target: [f32; 4],
}

/// Entries of one level of `h` × `w` cells, `anchors` (w, h) in cells. Order: the centre cells, then those to the left, above,
/// to the right and below; in each of the five by anchor, then by target. An entry may occur twice (an object whose centre
/// lies exactly between two cells counts both ways, and one of them rounds back): duplicates are kept, they weigh the mean.
/// A target may match no anchor.
pub fn assign(targets: &[Target], anchors: &[(f32, f32)], h: usize, w: usize) -> Vec<Entry> {
    let mut matched = Vec::new();
    let (width, height) = (w as f32, h as f32);
    for (a, &(aw, ah)) in anchors.iter().enumerate() {
        for t in targets {
            let [x, y, tw, th] = [t.cx * width, t.cy * height, t.w * width, t.h * height];
            let (rw, rh) = (tw / aw, th / ah);
            if rw.max(1.0 / rw) < ANCHOR_RATIO && rh.max(1.0 / rh) < ANCHOR_RATIO {
                matched.push((t, a, [x, y, tw, th]));
            }
        }
    }
    let mut entries = Vec::with_capacity(matched.len() * 3);
    let near = |v: f32| v % 1.0 < 0.5 && v > 1.0;
    for (dx, dy) in [(0.0f32, 0.0f32), (0.5, 0.0), (0.0, 0.5), (-0.5, 0.0), (0.0, -0.5)] {
        for &(t, anchor, [x, y, tw, th]) in &matched {
            let taken = match (dx, dy) {
                (0.5, _) => near(x),
                (_, 0.5) => near(y),
                (-0.5, _) => near(width - x),
                (_, -0.5) => near(height - y),
                _ => true,
            };
            if !taken {
                continue;
            }
            let column = cell(x - dx, w);
            let row = cell(y - dy, h);
            let target = [x - column as f32, y - row as f32, tw, th];
            entries.push(Entry { image: t.image, anchor, row, column, class: t.class, target });
        }
    }
    entries
}

/// Truncated and clamped to the grid (a float's cast saturates, NaN is 0).
fn cell(v: f32, n: usize) -> usize {
    (v as usize).min(n.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANCHORS: [[(f32, f32); 3]; 3] = [
        [(10.0, 13.0), (16.0, 30.0), (33.0, 23.0)],
        [(30.0, 61.0), (62.0, 45.0), (59.0, 119.0)],
        [(116.0, 90.0), (156.0, 198.0), (373.0, 326.0)],
    ];

    fn levels(targets: &[Target]) -> Vec<Vec<Entry>> {
        [8.0f32, 16.0, 32.0]
            .iter()
            .zip(ANCHORS)
            .map(|(stride, anchors)| {
                let anchors: Vec<_> = anchors.iter().map(|(w, h)| (w / stride, h / stride)).collect();
                let cells = (64.0 / stride) as usize;
                assign(targets, &anchors, cells, cells)
            })
            .collect()
    }

    /// Figures of a run of upstream's own code.
    #[test]
    fn golden() {
        let a = Target { image: 0, class: 1, cx: 0.30, cy: 0.62, w: 0.25, h: 0.40 };
        let b = Target { image: 0, class: 0, cx: 0.75, cy: 0.25, w: 0.9, h: 0.8 };
        let found = levels(&[a, b]);
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [19, 15, 2]);
        for (e, anchor) in found[2].iter().zip([0, 1]) {
            assert_eq!((e.class, e.anchor, e.row, e.column), (0, anchor, 0, 1));
            for (got, want) in e.target.iter().zip([0.5, 0.5, 1.8, 1.6]) {
                assert!((got - want).abs() < 1e-6);
            }
        }
        let of_b: Vec<_> = found[1].iter().filter(|e| e.class == 0 && e.anchor == 0).map(|e| (e.row, e.column)).collect();
        assert_eq!(of_b, [(1, 3), (1, 2), (1, 3)]);
        let of_a: Vec<_> = found[0].iter().filter(|e| e.class == 1 && e.anchor == 0).map(|e| (e.row, e.column)).collect();
        assert_eq!(of_a, [(4, 2), (4, 1), (5, 2)]);
        assert!((0..3).all(|a| found[0].iter().any(|e| e.class == 1 && e.anchor == a)));
    }

    #[test]
    fn nothing_and_nonsense_match_nothing() {
        assert!(levels(&[]).iter().all(Vec::is_empty));
        let t = |w, h| Target { image: 0, class: 0, cx: 0.5, cy: 0.5, w, h };
        for bad in [t(0.0, 0.5), t(f32::NAN, 0.5), t(f32::INFINITY, 0.5), t(-0.3, 0.5)] {
            let n: usize = levels(&[bad]).iter().map(Vec::len).sum();
            assert!(n == 0 || bad.w < 0.0, "{bad:?} matched {n}");
        }
        let outside = Target { image: 0, class: 0, cx: 1.5, cy: -3.0, w: 0.25, h: 0.25 };
        assert!(levels(&[outside]).iter().flatten().all(|e| e.row < 8 && e.column < 8));
    }
}

//! A picture with its boxes: a colour a class, the name and score on a filled tag.

use super::json::class_name;
use super::tags;
use crate::metrics::Detection;
use font8x8::{BASIC_FONTS, LATIN_FONTS, UnicodeFonts};
use image::{Rgb, RgbImage};

/// Okabe and Ito's colours, the strong ones first; then golden-angle hues.
const PALETTE: [[u8; 3]; 7] = [[213, 94, 0], [0, 114, 178], [0, 158, 115], [230, 159, 0], [204, 121, 167], [86, 180, 233], [240, 228, 66]];

/// The colour of a class.
pub fn class_color(class: u16) -> [u8; 3] {
    if let Some(color) = PALETTE.get(usize::from(class)) {
        return *color;
    }
    // Hue by the golden angle, saturation .75, value .9.
    let hue = (usize::from(class) * 137 + 20) % 360;
    let (sector, within) = (hue / 60, (hue % 60) as f32 / 60.0);
    let (high, low) = (229.0, 57.0);
    let (rise, fall) = (low + (high - low) * within, high - (high - low) * within);
    let [r, g, b] = match sector {
        0 => [high, rise, low],
        1 => [fall, high, low],
        2 => [low, high, rise],
        3 => [low, fall, high],
        4 => [rise, low, high],
        _ => [high, low, fall],
    };
    [r as u8, g as u8, b as u8]
}

/// A box to draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// [x1, y1, x2, y2] in pixels of the image.
    pub corners: [f32; 4],
    /// Which colour it has.
    pub class: u16,
    /// What stands on its tag, at most 64 letters.
    pub text: String,
    /// Marks of a higher rank lie above others.
    pub rank: f32,
}

/// A copy of the image with boxes and labels such as "RBC 0.87". Better boxes lie above worse ones; labels keep clear of each
/// other, the better ones choosing first; boxes that are not finite are left out, others are clipped.
pub fn draw(image: &RgbImage, detections: &[Detection], classes: &[String]) -> RgbImage {
    let mark = |d: &Detection| Mark {
        corners: [d.x1, d.y1, d.x2, d.y2],
        class: d.class,
        text: format!("{} {:.2}", class_name(classes, d.class), d.rank_score()),
        rank: d.rank_score(),
    };
    draw_marks(image, detections.iter().map(mark).collect())
}

/// The same with any texts.
pub fn draw_marks(image: &RgbImage, mut marks: Vec<Mark>) -> RgbImage {
    let mut canvas = image.clone();
    let longer = image.width().max(image.height());
    let line = i64::from((longer + 150) / 300).clamp(2, 12);
    let scale = i64::from((longer + 200) / 400).clamp(1, 10);
    marks.retain(|m| m.corners.iter().all(|v| v.is_finite()));
    marks.sort_by(|a, b| a.rank.total_cmp(&b.rank));
    for m in &marks {
        frame(&mut canvas, whole(m.corners), line, class_color(m.class));
    }
    marks.reverse();
    let boxes: Vec<[i64; 4]> = marks.iter().map(|m| visible(whole(m.corners), &canvas)).collect();
    let texts: Vec<Vec<Glyph>> = marks.iter().map(|m| m.text.chars().take(64).map(Glyph::of).collect()).collect();
    let sizes: Vec<(i64, i64)> = texts.iter().map(|t| size(t, scale)).collect();
    let picture = (i64::from(canvas.width()), i64::from(canvas.height()));
    let places = tags::places(&boxes, &sizes, picture, line);
    // The better ones last, so that they lie above where there was no room.
    for ((m, glyphs), place) in marks.iter().zip(&texts).zip(places).rev() {
        tag(&mut canvas, place, scale, glyphs, class_color(m.class));
    }
    canvas
}

/// Writes a line of text, cut where it would be wider than `width` pixels. Its letters are `8 × scale` pixels high.
pub(super) fn write_line(canvas: &mut RgbImage, (x, y): (i64, i64), width: i64, scale: i64, text: &str, ink: [u8; 3]) {
    let mut at = x;
    for glyph in text.chars().take(200).map(Glyph::of) {
        if at + glyph.columns * scale > x + width {
            return;
        }
        glyph.draw(canvas, at, y, scale, ink);
        at += glyph.advance() * scale;
    }
}

/// Whole pixels, within what any image can have.
fn whole(corners: [f32; 4]) -> [i64; 4] {
    corners.map(|v| v.clamp(-1e6, 1e7).round() as i64)
}

fn fill(canvas: &mut RgbImage, [x1, y1, x2, y2]: [i64; 4], color: [u8; 3]) {
    let (w, h) = (i64::from(canvas.width()), i64::from(canvas.height()));
    for y in y1.clamp(0, h)..y2.clamp(0, h) {
        for x in x1.clamp(0, w)..x2.clamp(0, w) {
            canvas.put_pixel(x as u32, y as u32, Rgb(color));
        }
    }
}

/// The line lies inside the box, so that a box at the border shows.
fn frame(canvas: &mut RgbImage, [x1, y1, x2, y2]: [i64; 4], line: i64, color: [u8; 3]) {
    let (right, bottom) = (x2.max(x1 + 1), y2.max(y1 + 1));
    let (inner_top, inner_bottom) = ((y1 + line).min(bottom), (bottom - line).max(y1));
    fill(canvas, [x1, y1, right, inner_top], color);
    fill(canvas, [x1, inner_bottom, right, bottom], color);
    fill(canvas, [x1, y1, (x1 + line).min(right), bottom], color);
    fill(canvas, [(right - line).max(x1), y1, right, bottom], color);
}

/// What of a box lies in the picture.
fn visible([x1, y1, x2, y2]: [i64; 4], canvas: &RgbImage) -> [i64; 4] {
    let (w, h) = (i64::from(canvas.width()), i64::from(canvas.height()));
    [x1.clamp(0, w), y1.clamp(0, h), x2.clamp(0, w), y2.clamp(0, h)]
}

/// Width and height of a tag.
fn size(glyphs: &[Glyph], scale: i64) -> (i64, i64) {
    (glyphs.iter().map(Glyph::advance).sum::<i64>() * scale + 3 * scale, 10 * scale)
}

/// A filled rectangle with the text in it.
fn tag(canvas: &mut RgbImage, place: [i64; 4], scale: i64, glyphs: &[Glyph], color: [u8; 3]) {
    let [left, top, ..] = place;
    fill(canvas, place, color);
    let brightness = 299 * u32::from(color[0]) + 587 * u32::from(color[1]) + 114 * u32::from(color[2]);
    let ink = if brightness > 140_000 { [0, 0, 0] } else { [255, 255, 255] };
    let mut x = left + 2 * scale;
    for glyph in glyphs {
        glyph.draw(canvas, x, top + scale, scale, ink);
        x += glyph.advance() * scale;
    }
}

/// A letter of the 8 × 8 font, cut to the columns that it uses.
struct Glyph {
    rows: [u8; 8],
    first: i64,
    columns: i64,
}

impl Glyph {
    fn of(c: char) -> Glyph {
        let rows = BASIC_FONTS.get(c).or_else(|| LATIN_FONTS.get(c)).or_else(|| BASIC_FONTS.get('?')).unwrap_or([0; 8]);
        let used = rows.iter().fold(0, |all, row| all | row);
        match used {
            0 => Glyph { rows, first: 0, columns: 3 },
            _ => {
                let (first, beyond) = (used.trailing_zeros(), 8 - used.leading_zeros());
                Glyph { rows, first: i64::from(first), columns: i64::from(beyond - first) }
            }
        }
    }

    fn advance(&self) -> i64 {
        self.columns + 1
    }

    fn draw(&self, canvas: &mut RgbImage, x: i64, y: i64, scale: i64, ink: [u8; 3]) {
        for (row, bits) in (0i64..).zip(self.rows) {
            for column in (0..self.columns).filter(|c| bits >> (c + self.first) & 1 == 1) {
                let (x, y) = (x + column * scale, y + row * scale);
                fill(canvas, [x, y, x + scale, y + scale], ink);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(x1: f32, y1: f32, x2: f32, y2: f32, class: u16, score: f32) -> Detection {
        Detection { x1, y1, x2, y2, score, class }
    }

    #[test]
    fn frames_lie_inside_their_boxes_and_the_rest_is_untouched() {
        let image = RgbImage::from_pixel(300, 200, Rgb([9, 9, 9]));
        let out = draw(&image, &[found(50.0, 60.0, 150.0, 160.0, 1, 0.5)], &[]);
        let color = Rgb(class_color(1));
        for (x, y) in [(50, 100), (51, 100), (149, 100), (100, 159), (100, 158), (149, 159)] {
            assert_eq!(*out.get_pixel(x, y), color, "{x} {y}");
        }
        for (x, y) in [(49, 100), (52, 100), (147, 100), (150, 100), (100, 160), (100, 100)] {
            assert_eq!(*out.get_pixel(x, y), Rgb([9, 9, 9]), "{x} {y}");
        }
        assert_eq!(*image.get_pixel(50, 100), Rgb([9, 9, 9]));
    }

    #[test]
    fn labels_hold_their_letters_and_stay_in_the_picture() {
        let image = RgbImage::from_pixel(300, 200, Rgb([9, 9, 9]));
        // At the right border and at the top: the tag is moved inside.
        let out = draw(&image, &[found(290.0, 0.0, 300.0, 20.0, 0, 0.87)], &["RBC".into()]);
        let ink = out.pixels().filter(|p| **p == Rgb([255, 255, 255])).count();
        let dots: u32 = "RBC 0.87".chars().flat_map(|c| Glyph::of(c).rows).map(u8::count_ones).sum();
        assert_eq!(ink, dots as usize);
    }

    #[test]
    fn colors_of_many_classes_differ() {
        let colors: std::collections::BTreeSet<[u8; 3]> = (0..80).map(class_color).collect();
        assert_eq!(colors.len(), 80);
    }

    #[test]
    fn hostile_boxes_and_tiny_images_do_not_fail() {
        let huge = f32::MAX;
        let boxes = [
            found(f32::NAN, 0.0, 1.0, 1.0, 0, 0.5),
            found(-huge, -huge, huge, huge, u16::MAX, f32::NAN),
            found(5.0, 5.0, -5.0, -5.0, 3, 2.0),
            found(huge, huge, huge, huge, 3, 0.1),
        ];
        for (w, h) in [(0, 0), (1, 1), (3, 200), (200, 3)] {
            let out = draw(&RgbImage::new(w, h), &boxes, &["a name that is far too long for any of these pictures ✓é".into()]);
            assert_eq!(out.dimensions(), (w, h));
        }
    }
}

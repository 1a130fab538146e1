//! A contact sheet: many small pictures on one, each with its boxes and a line below.

use super::draw::{Mark, class_color, draw_marks, write_line};
use image::{Rgb, RgbImage};

/// Around every picture, in pixels.
const GAP: u32 = 8;
/// Height of the line below a picture.
const LINE: u32 = 14;
/// Most pixels of a sheet's side.
const MOST: u32 = 16_000;

/// One picture of a sheet.
#[derive(Clone, Debug)]
pub struct Tile {
    /// The picture, as large as it is shown.
    pub image: RgbImage,
    /// Its boxes.
    pub marks: Vec<Mark>,
    /// The line below it.
    pub caption: String,
    /// The colour of the class that it is of as a whole.
    pub class: Option<u16>,
}

/// The sheet, about three to two. Tiles beyond what fits are left out.
pub fn sheet(tiles: &[Tile]) -> RgbImage {
    let widest = tiles.iter().map(|t| t.image.width()).max().unwrap_or(1).clamp(1, MOST / 2);
    let highest = tiles.iter().map(|t| t.image.height()).max().unwrap_or(1).clamp(1, MOST / 2);
    let (wide, high) = (widest + GAP, highest + GAP + LINE);
    let count = tiles.len().max(1) as f64;
    // About 3 : 2.
    let columns = (1.5 * count * f64::from(high) / f64::from(wide)).sqrt().round().max(1.0) as u32;
    let columns = columns.min(tiles.len().max(1) as u32).clamp(1, ((MOST - GAP) / wide).max(1));
    let rows = (tiles.len() as u32).div_ceil(columns).clamp(1, ((MOST - GAP) / high).max(1));
    let mut canvas = RgbImage::from_pixel(columns * wide + GAP, rows * high + GAP, Rgb([255, 255, 255]));
    for (number, tile) in (0..columns * rows).zip(tiles) {
        let (left, top) = (GAP + number % columns * wide, GAP + number / columns * high);
        let picture = draw_marks(&tile.image, tile.marks.clone());
        for (x, y, pixel) in picture.enumerate_pixels().filter(|(x, y, _)| *x < widest && *y < highest) {
            canvas.put_pixel(left + x, top + y, *pixel);
        }
        let below = top + picture.height().min(highest);
        let indent = if let Some(class) = tile.class {
            for (x, y) in (0..8).flat_map(|x| (0..8).map(move |y| (x, y))) {
                canvas.put_pixel(left + x, below + 4 + y, Rgb(class_color(class)));
            }
            11
        } else {
            0
        };
        let place = (i64::from(left + indent), i64::from(below + 4));
        write_line(&mut canvas, place, i64::from(widest.saturating_sub(indent)), 1, &tile.caption, [0, 0, 0]);
    }
    canvas
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(width: u32, height: u32, shade: u8) -> Tile {
        let mark = Mark { corners: [2.0, 2.0, 12.0, 12.0], class: 1, text: "dot".into(), rank: 1.0 };
        let image = RgbImage::from_pixel(width, height, Rgb([shade; 3]));
        Tile { image, marks: vec![mark], caption: "train: a name that is longer than its picture is wide".into(), class: None }
    }

    #[test]
    fn every_picture_has_its_place_and_its_boxes() {
        let tiles: Vec<Tile> = (1..=6).map(|i| tile(60, 40, i * 20)).collect();
        let sheet = sheet(&tiles);
        for tile in &tiles {
            let shade = tile.image.get_pixel(0, 0);
            assert!(sheet.pixels().filter(|p| *p == shade).count() > 1000, "{shade:?}");
        }
        let color = Rgb(class_color(1));
        assert!(sheet.pixels().filter(|p| **p == color).count() >= 6 * 60);
        // Letters stand below pictures, and none beside them.
        assert!(sheet.enumerate_pixels().any(|(_, _, p)| *p == Rgb([0, 0, 0])));
        let last = sheet.width() - 1;
        assert!((0..sheet.height()).all(|y| *sheet.get_pixel(last, y) == Rgb([255, 255, 255])));
    }

    #[test]
    fn odd_pictures_do_not_fail() {
        assert!(sheet(&[]).width() > 0);
        for (width, height) in [(0, 0), (1, 1), (1, 3000), (9000, 2)] {
            let of_class = Tile { class: Some(9), ..tile(width, height, 9) };
            assert!(sheet(&vec![of_class; 3]).height() <= MOST + LINE);
        }
    }
}

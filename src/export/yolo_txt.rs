//! Detections as lines of text in YOLO's form, as upstream's `detect.py --save-txt --save-conf` writes them.

use crate::metrics::Detection;
use std::fmt::Write;

/// A line a detection: `class cx cy w h confidence`, the box as shares of the picture's width and height. Boxes that are not finite,
/// and those of a picture without pixels, are left out; others are clipped to the picture.
pub fn yolo_txt(width: usize, height: usize, detections: &[Detection]) -> String {
    let mut text = String::new();
    let (w, h) = (width as f32, height as f32);
    if width == 0 || height == 0 {
        return text;
    }
    for d in detections.iter().filter(|d| [d.x1, d.y1, d.x2, d.y2, d.score].iter().all(|v| v.is_finite())) {
        let (x1, x2) = (d.x1.clamp(0.0, w) / w, d.x2.clamp(0.0, w) / w);
        let (y1, y2) = (d.y1.clamp(0.0, h) / h, d.y2.clamp(0.0, h) / h);
        let (cx, cy) = ((x1 + x2) / 2.0, (y1 + y2) / 2.0);
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{} {cx:.6} {cy:.6} {:.6} {:.6} {:.6}", d.class, x2 - x1, y2 - y1, d.score);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_shares_of_the_picture() {
        let one = Detection { x1: 10.0, y1: 20.0, x2: 30.0, y2: 60.0, score: 0.875, class: 2 };
        let over = Detection { x1: -5.0, x2: 500.0, y1: 0.0, y2: 50.0, score: 0.5, class: 0 };
        let odd = Detection { x1: f32::NAN, ..one };
        let text = yolo_txt(200, 100, &[one, odd, over]);
        assert_eq!(text, "2 0.100000 0.400000 0.100000 0.400000 0.875000\n0 0.500000 0.250000 1.000000 0.500000 0.500000\n");
        assert_eq!(yolo_txt(0, 100, &[one]), "");
    }
}

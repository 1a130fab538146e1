//! Whether the boxes of a file are what they are taken for: left, top, width and height in pixels. Nothing in a table says so, and other
//! forms are common: corners, or shares of the image. What cannot be COCO's form is refused, before a network learns it.

use super::super::decode;
use super::super::truth::RawBox;

/// What was seen of the boxes of a file.
#[derive(Debug, Default)]
pub(super) struct Form {
    boxes: usize,
    /// Of images whose size is known.
    measured: usize,
    /// Those that reach beyond their image by more than a pixel.
    beyond: usize,
    /// Those that would fit as corners.
    corners: usize,
    /// Those of which no number is above 1.
    shares: usize,
}

impl Form {
    /// Looks at the boxes of an image, whose size is stated or in the head of its file.
    pub fn look(&mut self, boxes: &[RawBox], stated: Option<(f64, f64)>, file: &[u8]) {
        if boxes.is_empty() {
            return;
        }
        let size = stated.or_else(|| decode::size(file).map(|(w, h)| (f64::from(w), f64::from(h))));
        for b in boxes {
            // What would be the right and lower edge if these were corners.
            let (right, bottom) = (b.x2 - b.x1, b.y2 - b.y1);
            self.boxes += 1;
            self.shares += usize::from([b.x1, b.y1, right, bottom].iter().all(|v| *v <= 1.0));
            let Some((w, h)) = size else { continue };
            self.measured += 1;
            self.beyond += usize::from(b.x2 > w + 1.0 || b.y2 > h + 1.0);
            self.corners += usize::from(right >= b.x1 && bottom >= b.y1 && right <= w + 1.0 && bottom <= h + 1.0);
        }
    }

    /// Refuses what cannot be in pixels, and what reaches beyond its image and would fit as corners.
    ///
    /// # Errors
    /// What they seem to be.
    pub fn check(&self) -> Result<(), String> {
        let expected = "left, top, width, height in pixels are expected, as COCO writes boxes";
        if self.boxes > 0 && self.shares == self.boxes {
            return Err(format!("no number of its {} boxes is above 1: they seem to be shares of the image; {expected}", self.boxes));
        }
        let (beyond, measured) = (self.beyond, self.measured);
        if beyond * 4 > measured && self.corners == measured {
            return Err(format!("{beyond} of {measured} boxes reach beyond their image, and all would fit as corners; {expected}"));
        }
        if beyond * 2 > measured {
            return Err(format!("{beyond} of {measured} boxes reach beyond their image; {expected}"));
        }
        Ok(())
    }
}

//! Boxes as annotation files write them, and their canonical form: sixteenths of a pixel, clipped, sorted.

use super::decode::Turn;
use super::error::FindingKind;
use super::pack::Object;

/// How an annotation names a class.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClassRef {
    /// By name (VOC).
    Name(String),
    /// By its place among the declared names (YOLO).
    Index(usize),
}

/// A box in pixels of the image, edges (0 is the left edge of the first pixel), before rounding and clipping.
#[derive(Clone, Debug, PartialEq)]
pub struct RawBox {
    /// Class.
    pub class: ClassRef,
    /// Left.
    pub x1: f64,
    /// Top.
    pub y1: f64,
    /// Right.
    pub x2: f64,
    /// Bottom.
    pub y2: f64,
}

/// What an annotation file says.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Annotation {
    /// Its boxes.
    pub boxes: Vec<RawBox>,
    /// What was skipped or corrected, one entry each time.
    pub notes: Vec<FindingKind>,
}

/// The picture that an annotation belongs to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Width in pixels, upright.
    pub width: usize,
    /// Height in pixels, upright.
    pub height: usize,
    /// How EXIF turned it to be upright.
    pub turn: Option<Turn>,
}

impl Annotation {
    /// Moves boxes that were written for an image of another (width, height) to the image as it is, and notes it: they turn
    /// with it where the size is the one before EXIF turns it by a quarter, else they are scaled.
    pub fn placed(mut self, stated: Option<(f64, f64)>, frame: Frame) -> Annotation {
        let (width, height) = (frame.width as f64, frame.height as f64);
        let Some((w, h)) = stated.filter(|&(w, h)| w >= 1.0 && h >= 1.0 && (w != width || h != height)) else { return self };
        let turn = frame.turn.filter(|_| (w, h) == (height, width));
        self.notes.insert(0, if turn.is_some() { FindingKind::Turned } else { FindingKind::SizeMismatch });
        for b in &mut self.boxes {
            match turn {
                // What has no area keeps none: a turn must not mend it.
                Some(_) if b.x2 <= b.x1 || b.y2 <= b.y1 => {}
                Some(turn) => {
                    let (p, q) = (turn.point(b.x1, b.y1, width, height), turn.point(b.x2, b.y2, width, height));
                    (b.x1, b.y1, b.x2, b.y2) = (p.0.min(q.0), p.1.min(q.1), p.0.max(q.0), p.1.max(q.1));
                }
                None => {
                    let (sx, sy) = (width / w, height / h);
                    (b.x1, b.y1, b.x2, b.y2) = (b.x1 * sx, b.y1 * sy, b.x2 * sx, b.y2 * sy);
                }
            }
        }
        self
    }
}

/// Rounded to 1/16 pixel and clipped to the image; what is left of it, or why it is dropped.
pub fn canonical(raw: &RawBox, class: u16, width: usize, height: usize) -> Result<(Object, bool), FindingKind> {
    let round = |v: f64| libm::floor(v * 16.0 + 0.5).clamp(-1e9, 1e9) as i32;
    let (x1, y1, x2, y2) = (round(raw.x1), round(raw.y1), round(raw.x2), round(raw.y2));
    if x2 <= x1 || y2 <= y1 {
        return Err(FindingKind::ZeroArea);
    }
    let (w, h) = (width as i32 * 16, height as i32 * 16);
    let object = Object { class, x1: x1.clamp(0, w), y1: y1.clamp(0, h), x2: x2.clamp(0, w), y2: y2.clamp(0, h) };
    if object.x2 <= object.x1 || object.y2 <= object.y1 {
        return Err(FindingKind::Outside);
    }
    // One pixel is what VOC's convention alone can overshoot (coordinates from 0 in files that should count from 1).
    let clipped = x1 < -16 || y1 < -16 || x2 > w + 16 || y2 > h + 16;
    Ok((object, clipped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_clips_and_drops() {
        let raw = |x1, y1, x2, y2| RawBox { class: ClassRef::Index(0), x1, y1, x2, y2 };
        let object = |x1, y1, x2, y2| Object { class: 3, x1, y1, x2, y2 };
        let ok = |r: &RawBox| canonical(r, 3, 100, 50);
        assert_eq!(ok(&raw(1.0, 2.03, 10.5, 20.0)), Ok((object(16, 32, 168, 320), false)));
        assert_eq!(ok(&raw(-1.0, -1.0, 101.0, 51.0)), Ok((object(0, 0, 1600, 800), false)));
        assert_eq!(ok(&raw(-9.0, 0.0, 5.0, 5.0)), Ok((object(0, 0, 80, 80), true)));
        assert_eq!(ok(&raw(5.0, 5.0, 5.0, 9.0)), Err(FindingKind::ZeroArea));
        assert_eq!(ok(&raw(9.0, 5.0, 5.0, 9.0)), Err(FindingKind::ZeroArea));
        assert_eq!(ok(&raw(5.0, 5.0, 5.01, 9.0)), Err(FindingKind::ZeroArea));
        assert_eq!(ok(&raw(100.0, 5.0, 120.0, 9.0)), Err(FindingKind::Outside));
        assert_eq!(ok(&raw(-1e300, 0.0, 1e300, 9.0)), Ok((object(0, 0, 1600, 144), true)));
    }
}

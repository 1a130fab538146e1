//! A pack: one split of a data set, decoded at training size, in canonical order. The only form that training and
//! evaluation read (invariant 4); a blob of the store.

use crate::base::Digest;
use serde::{Deserialize, Serialize};

/// A box of the ground truth, corners in sixteenths of a pixel of the original image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Object {
    /// Index into [`Pack::classes`].
    pub class: u16,
    /// Left.
    pub x1: i32,
    /// Top.
    pub y1: i32,
    /// Right.
    pub x2: i32,
    /// Bottom.
    pub y2: i32,
}

/// One image of a pack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PackImage {
    /// blake3 of the image file's bytes (of its pixels where it was generated).
    pub digest: Digest,
    /// Original width in pixels.
    pub width: usize,
    /// Original height in pixels.
    pub height: usize,
    /// Stored width: the longer side is the pack's image size (YOLOv5: r = size / max(w, h)).
    pub w: usize,
    /// Stored height.
    pub h: usize,
    /// Where its RGB bytes start in [`Pack::pixels`]; h · w · 3 of them, rows first.
    pub offset: usize,
    /// Its boxes, sorted.
    pub objects: Vec<Object>,
}

/// One split at one size.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    /// The longer side in pixels.
    pub image_size: usize,
    /// Class names in declared order.
    pub classes: Vec<String>,
    /// Images in the order of their digests.
    pub images: Vec<PackImage>,
    /// All pixels.
    pub pixels: Vec<u8>,
}

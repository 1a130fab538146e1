//! A pack: one split of a data set, decoded at training size, in canonical order. The only form that training and
//! evaluation read (invariant 4); a blob of the store.

use super::error::DataError;
use super::pixels::Pixels;
use crate::base::Digest;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

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
    /// Stored width: the longer side is the pack's image size (YOLOv5: r = size / max(w, h)); of images with a label the
    /// shorter one is, and the longer one at most twice that.
    pub w: usize,
    /// Stored height.
    pub h: usize,
    /// Where its bytes start in [`Pack::pixels`]; h · w · channels of them, rows first.
    pub offset: usize,
    /// Its boxes, sorted.
    pub objects: Vec<Object>,
    /// Its class, where images are of one class each; they have no boxes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<u16>,
}

/// One split at one size.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    /// The longer side in pixels; of images with a label the shorter one.
    pub image_size: usize,
    /// Channels: 3 (RGB) or 1.
    pub channels: usize,
    /// Class names in declared order.
    pub classes: Vec<String>,
    /// Images in the order of their digests.
    pub images: Vec<PackImage>,
    /// All pixels, in memory or on disk.
    pub pixels: Pixels,
}

impl Pack {
    /// Whether its images are of one class each (else they have boxes).
    pub fn is_labelled(&self) -> bool {
        self.images.first().is_some_and(|i| i.label.is_some())
    }

    /// Where the bytes of an image lie in [`Pack::pixels`].
    fn range(&self, image: &PackImage) -> std::ops::Range<usize> {
        image.offset..image.offset.saturating_add(image.w * image.h * self.channels)
    }

    /// The bytes of one image, rows first.
    ///
    /// # Errors
    /// Those of the disk that they are on.
    pub fn pixels_of(&self, image: &PackImage) -> Result<Cow<'_, [u8]>, DataError> {
        self.pixels.get(self.range(image))
    }

    /// Has the system read an image soon, where it is on disk.
    pub fn ahead(&self, image: usize) {
        if let Some(image) = self.images.get(image) {
            self.pixels.ahead(self.range(image));
        }
    }

    /// Some of its images, in its order, with their pixels, which are shared.
    pub fn part(&self, images: std::ops::Range<usize>) -> Pack {
        let images = self.images.get(images).unwrap_or_default();
        let start = images.first().map_or(0, |i| i.offset);
        let end = images.last().map_or(start, |i| self.range(i).end);
        let moved = |image: &PackImage| PackImage { offset: image.offset.saturating_sub(start), ..image.clone() };
        Pack { classes: self.classes.clone(), images: images.iter().map(moved).collect(), pixels: self.pixels.part(start..end), ..*self }
    }
}

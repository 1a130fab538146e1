//! Evaluation batches: square letterboxes in the pack's order, nothing random.

use super::batch::{Batch, UNIT};
use super::error::DataError;
use super::label::{Label, stored_labels};
use super::letterbox::{self, Fit};
use super::loader::target;
use super::pack::{Pack, PackImage};
use std::ops::Range;
use std::sync::Arc;

/// How an image lies in its square, to map boxes back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Letterbox {
    /// Pixels of the square a pixel of the original image, along the longer side.
    pub gain: f32,
    /// Left padding in pixels; may be half a pixel, as upstream's.
    pub pad_x: f32,
    /// Top padding.
    pub pad_y: f32,
    /// Original width in pixels.
    pub width: usize,
    /// Original height in pixels.
    pub height: usize,
    /// Width of the image in the square.
    pub inner_width: usize,
    /// Height of the image in the square.
    pub inner_height: usize,
}

impl Letterbox {
    /// Corners in pixels of the square → corners in pixels of the original image, clipped to it. Each axis has its own
    /// scale, because the stored shorter side is rounded up (upstream uses one scale for both, up to a pixel off).
    pub fn to_original(&self, [x1, y1, x2, y2]: [f32; 4]) -> [f32; 4] {
        let (w, h) = (self.width as f32, self.height as f32);
        let (kx, ky) = (w / self.inner_width as f32, h / self.inner_height as f32);
        let x = |v: f32| ((v - self.pad_x) * kx).clamp(0.0, w);
        let y = |v: f32| ((v - self.pad_y) * ky).clamp(0.0, h);
        [x(x1), y(y1), x(x2), y(y2)]
    }
}

/// A pack cut into evaluation batches.
#[derive(Clone, Debug)]
pub struct EvalBatches {
    pack: Arc<Pack>,
    size: usize,
    batch: usize,
}

impl EvalBatches {
    /// Squares of `size` pixels, `batch` at a time. Images are never scaled up beyond their stored size (upstream).
    ///
    /// # Errors
    /// A batch or size of 0.
    pub fn new(pack: Arc<Pack>, size: usize, batch: usize) -> Result<Self, DataError> {
        if batch == 0 || size == 0 {
            return Err(DataError::Invalid(format!("no batches of {batch} at {size} pixels")));
        }
        Ok(EvalBatches { pack, size, batch })
    }

    /// Number of batches; the last one may be short.
    pub fn len(&self) -> usize {
        self.pack.images.len().div_ceil(self.batch)
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.pack.images.is_empty()
    }

    /// Which images of the pack batch `index` holds.
    pub fn range(&self, index: usize) -> Range<usize> {
        let n = self.pack.images.len();
        let start = index.saturating_mul(self.batch).min(n);
        start..start.saturating_add(self.batch).min(n)
    }

    /// Batch `index`, and how each of its images lies in its square.
    ///
    /// # Errors
    /// A disk that does not give the pack's pixels.
    pub fn batch(&self, index: usize) -> Result<(Batch, Vec<Letterbox>), DataError> {
        let range = self.range(index);
        self.range(index.saturating_add(1)).for_each(|i| self.pack.ahead(i));
        let mut batch = Batch { n: range.len(), images: Vec::with_capacity(range.len() * self.size * self.size * 3), ..Batch::default() };
        let mut boxes = Vec::with_capacity(range.len());
        for (slot, image) in self.pack.images[range].iter().enumerate() {
            let fit = letterbox::fit(image.w, image.h, (self.size, self.size), false, false, 32);
            let pixels = letterbox::draw(&self.pack.pixels_of(image)?, image.w, image.h, &fit);
            batch.images.extend(pixels.iter().map(|&p| UNIT[p as usize]));
            batch.targets.extend(labels(image, &fit).iter().map(|l| target(l, slot, self.size)));
            boxes.push(Letterbox {
                gain: (fit.inner.0.max(fit.inner.1) as f64 / image.width.max(image.height) as f64) as f32,
                pad_x: fit.pad.0 as f32,
                pad_y: fit.pad.1 as f32,
                width: image.width,
                height: image.height,
                inner_width: fit.inner.0,
                inner_height: fit.inner.1,
            });
        }
        Ok((batch, boxes))
    }
}

fn labels(image: &PackImage, fit: &Fit) -> Vec<Label> {
    let (kx, ky) = (fit.inner.0 as f64 / image.w as f64, fit.inner.1 as f64 / image.h as f64);
    let moved = |l: Label| Label {
        class: l.class,
        x1: l.x1 * kx + fit.pad.0,
        y1: l.y1 * ky + fit.pad.1,
        x2: l.x2 * kx + fit.pad.0,
        y2: l.y2 * ky + fit.pad.1,
    };
    stored_labels(image, 0.0, 0.0).into_iter().map(moved).collect()
}

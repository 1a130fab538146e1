//! A detector that runs: an [`Artefact`] with an executor.

use super::{Artefact, ExportError};
use crate::data::Pack;
use crate::data::decode::Rgb;
use crate::evaluate::{NmsOptions, batches, predict};
use crate::metrics::Detection;
use crate::nn::{Executor, NormOptions};
use image::RgbImage;
use std::sync::Arc;

/// A network with its weights, ready for images of any size.
pub struct Detector {
    /// What it is, and its tensors.
    pub artefact: Artefact,
    pub(super) executor: Box<dyn Executor>,
}

impl Detector {
    /// From parts that are at hand; `executor` runs the artefact's program.
    pub fn new(artefact: Artefact, executor: Box<dyn Executor>) -> Self {
        Detector { artefact, executor }
    }

    /// Class names in the order of [`Detection::class`].
    pub fn classes(&self) -> &[String] {
        &self.artefact.card.classes
    }

    /// What a person looks at: confidence .25, IoU .45, the best class of each box.
    pub fn detect(&mut self, image: &RgbImage) -> Result<Vec<Detection>, ExportError> {
        self.detect_with(image, NmsOptions::DETECT)
    }

    /// Detections in pixels of `image`, highest score first. The pixels go the same way as in evaluation, so that a
    /// split's image gives the split's predictions.
    pub fn detect_with(&mut self, image: &RgbImage, options: NmsOptions) -> Result<Vec<Detection>, ExportError> {
        let card = &self.artefact.card;
        let pack = single(image, card.image_size()).map_err(ExportError::Run)?;
        let batch: Result<Vec<_>, _> = batches(&pack, card.image_size(), 1).and_then(Iterator::collect);
        let batch = batch.map_err(|e| ExportError::Run(e.to_string()))?;
        let norm = NormOptions { eps: card.norm_eps, momentum: 0.0 };
        let (params, program) = (&self.artefact.params, &self.artefact.program);
        let found = predict(self.executor.as_mut(), params, program, norm, batch, options).map_err(|e| ExportError::Run(e.to_string()))?;
        Ok(found.images.into_iter().next().map(|(_, detections)| detections).unwrap_or_default())
    }
}

/// The image as a split of one, so that its pixels go the way of evaluation: stored with the longer side at `size`.
fn single(image: &RgbImage, size: usize) -> Result<Arc<Pack>, String> {
    let picture = Rgb { width: image.width() as usize, height: image.height() as usize, pixels: image.as_raw().clone() };
    Pack::of_one(picture, 3, size, false).map(Arc::new)
}

#[cfg(test)]
#[path = "detector_tests.rs"]
mod tests;

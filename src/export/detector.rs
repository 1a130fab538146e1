//! A detector that runs: an [`Artefact`] with an executor.

use super::{Artefact, ExportError};
use crate::base::Digest;
use crate::data::decode::Rgb;
use crate::data::{Pack, PackImage, resize};
use crate::evaluate::{NmsOptions, batches, predict};
use crate::metrics::Detection;
use crate::nn::{Executor, NormOptions};
use crate::space::Program;
use image::RgbImage;
use std::sync::Arc;

/// A network with its weights, ready for images of any size.
pub struct Detector {
    /// What it is, and its tensors.
    pub artefact: Artefact,
    executor: Box<dyn Executor>,
}

impl Detector {
    /// Reads a detector file; `executor` makes what runs its program, for batches of one.
    pub fn load(bytes: &[u8], executor: impl FnOnce(&Program) -> Result<Box<dyn Executor>, String>) -> Result<Self, ExportError> {
        let artefact = Artefact::from_bytes(bytes)?;
        let executor = executor(&artefact.program).map_err(ExportError::Run)?;
        Ok(Detector { artefact, executor })
    }

    /// From parts that are at hand.
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
    let (width, height) = (image.width() as usize, image.height() as usize);
    if width == 0 || height == 0 {
        return Err("the image has no pixels".into());
    }
    let (w, h) = resize::stored_size(width, height, size);
    let pixels = resize::resize(&Rgb { width, height, pixels: image.as_raw().clone() }, w, h).pixels;
    // The digest only labels the image, and there is one.
    let one = PackImage { digest: Digest([0; 32]), width, height, w, h, offset: 0, objects: vec![], label: None };
    Ok(Arc::new(Pack { image_size: size, channels: 3, classes: vec![], images: vec![one], pixels: pixels.into() }))
}

#[cfg(test)]
#[path = "detector_tests.rs"]
mod tests;

//! A classifier that runs: an [`Artefact`] with an executor.

use super::{Artefact, ExportError};
use crate::data::decode::Rgb;
use crate::data::{Pack, classify};
use crate::nn::{Executor, NormOptions};
use crate::space::Head;
use image::RgbImage;

/// A network with its weights, ready for images of any size.
pub struct Classifier {
    /// What it is, and its tensors.
    pub artefact: Artefact,
    pub(super) executor: Box<dyn Executor>,
}

impl Classifier {
    /// From parts that are at hand; `executor` runs the artefact's program.
    pub fn new(artefact: Artefact, executor: Box<dyn Executor>) -> Self {
        Classifier { artefact, executor }
    }

    /// Class names in the order of the classes.
    pub fn classes(&self) -> &[String] {
        &self.artefact.card.classes
    }

    /// Every class with its probability, the likeliest first. The pixels go the same way as in evaluation, so that a split's image
    /// gives the split's logits.
    pub fn classify(&mut self, image: &RgbImage) -> Result<Vec<(u16, f32)>, ExportError> {
        let mut logits: Vec<(u16, f32)> = (0..=u16::MAX).zip(self.logits(image)?).collect();
        // Of equal ones the class that is declared first counts as the higher, as in `accuracy`.
        logits.sort_by(|a, b| b.1.total_cmp(&a.1));
        let highest = logits.first().map_or(0.0, |l| l.1);
        let parts: Vec<f32> = logits.iter().map(|l| libm::expf(l.1 - highest)).collect();
        let sum: f32 = parts.iter().sum();
        Ok(logits.iter().zip(parts).map(|((class, _), part)| (*class, part / sum)).collect())
    }

    /// The network's raw output for an image.
    fn logits(&mut self, image: &RgbImage) -> Result<Vec<f32>, ExportError> {
        let card = &self.artefact.card;
        let Head::Classify { classes } = self.artefact.program.head else {
            return Err(ExportError::Run("the network does not end in a classifier".into()));
        };
        let picture = Rgb { width: image.width() as usize, height: image.height() as usize, pixels: image.as_raw().clone() };
        let pack = Pack::of_one(picture, card.architecture.input.channels, card.image_size(), true).map_err(ExportError::Run)?;
        let batch = classify::evaluation(&pack, card.image_size(), 0..1).map_err(|e| ExportError::Run(e.to_string()))?;
        let norm = NormOptions { eps: card.norm_eps, momentum: card.norm_momentum };
        self.executor.forward_eval(&self.artefact.params, &batch.images, 1, norm).map_err(ExportError::Run)?;
        let logits = self.executor.output(0).get(..classes);
        Ok(logits.ok_or_else(|| ExportError::Run("the executor returned too few logits".into()))?.to_vec())
    }
}

#[cfg(test)]
#[path = "classifier_tests.rs"]
mod tests;

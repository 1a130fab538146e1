//! The batches of a step: each network is run on images of its own size.

use crate::data::{Batch, DataError};
use crate::train::Batches;
use std::sync::Arc;

/// Batches that are kept: one of either kind of images, at two sizes.
const KEPT: usize = 4;

/// A batch, before it is known at which size it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Of the images that choices learn from, else of the weights'.
    pub held: bool,
    pub epoch: usize,
    pub index: usize,
}

/// Where batches come from, and the last ones.
pub(super) struct Sources {
    weights: Box<dyn Batches>,
    held: Option<Box<dyn Batches>>,
    kept: Vec<(Asked, usize, Arc<Batch>)>,
}

impl Sources {
    /// Of the weights' images, and of those that choices learn from.
    pub fn new(weights: Box<dyn Batches>, held: Option<Box<dyn Batches>>) -> Self {
        Sources { weights, held, kept: Vec::with_capacity(KEPT) }
    }

    /// Batches of an epoch of the weights' images.
    pub fn per_epoch(&self) -> usize {
        self.weights.per_epoch()
    }

    /// Batch `number` of the held-out images, counted over all epochs; none where none are held out.
    pub fn held(&self, number: u64) -> Option<Asked> {
        let per_epoch = self.held.as_ref()?.per_epoch() as u64;
        Some(Asked { held: true, epoch: (number / per_epoch) as usize, index: (number % per_epoch) as usize })
    }

    /// Whether images are held out.
    pub fn holds_out(&self) -> bool {
        self.held.is_some()
    }

    /// A batch at a size; an error where the disk does not give its images.
    pub fn get(&mut self, asked: Asked, size: usize) -> Result<Arc<Batch>, DataError> {
        if let Some((_, _, batch)) = self.kept.iter().find(|(known, at, _)| (*known, *at) == (asked, size)) {
            return Ok(batch.clone());
        }
        let source = match &mut self.held {
            Some(held) if asked.held => held,
            _ => &mut self.weights,
        };
        let batch = Arc::new(source.batch_at(asked.epoch, asked.index, size)?);
        self.kept.truncate(KEPT - 1);
        self.kept.insert(0, (asked, size, batch.clone()));
        Ok(batch)
    }

    /// A batch of a test's own, and what asks for it.
    #[cfg(test)]
    pub fn with(&mut self, batch: Batch, size: usize) -> Asked {
        let asked = Asked { held: false, epoch: usize::MAX, index: 0 };
        self.kept.insert(0, (asked, size, Arc::new(batch)));
        asked
    }
}

//! Measuring untrained networks: predictors that need no training.

use super::{Fed, Metric, Reads};

/// `untrained …`: how untrained networks are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UntrainedBy {
    /// `batch` [32]: images, or pieces of noise, that are looked at.
    pub batch: usize,
    /// `seed` [0]: of the weights, of the batch, and of noise.
    pub seed: u64,
    /// `seeds` [1]: how often, each time with the next seed.
    pub seeds: usize,
}

impl Default for UntrainedBy {
    fn default() -> Self {
        UntrainedBy { batch: 32, seed: 0, seeds: 1 }
    }
}

impl Metric {
    /// What it shows an untrained network; none where it is no measure of such.
    pub fn fed(&self) -> Option<Fed> {
        match self.reads() {
            Reads::Untrained(fed) => Some(fed),
            _ => None,
        }
    }

    /// Whether it is worked out of the network's shapes.
    pub fn is_of_shapes(&self) -> bool {
        self.reads() == Reads::Shapes
    }
}

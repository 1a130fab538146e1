//! Measuring untrained networks: predictors that need no training.

use super::{Metric, Reads};

/// What an untrained network is given to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fed {
    /// One image of ones.
    Ones,
    /// A batch of noise.
    Noise,
    /// A batch of images.
    Images,
    /// A batch of images, and its truth, which the loss reads.
    Truth,
}

impl Fed {
    /// In words, as a metric's source.
    pub fn words(self) -> &'static str {
        match self {
            Fed::Ones => "an untrained network",
            Fed::Noise => "an untrained network and noise",
            Fed::Images => "an untrained network and a batch of images",
            Fed::Truth => "an untrained network's loss of a batch",
        }
    }

    /// Whether it is made of a data set's images.
    pub fn reads_images(self) -> bool {
        matches!(self, Fed::Images | Fed::Truth)
    }
}

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

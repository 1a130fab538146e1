//! What a metric of an untrained network looks at.

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

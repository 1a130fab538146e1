//! What a worker is given of a command of one's own.

use crate::base::Digest;
use crate::space::Architecture;
use serde::{Deserialize, Serialize};

/// A command with its files, which are blobs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CommandSpec {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// What it uses: names from its folder on, and blobs.
    pub files: Vec<(String, Digest)>,
    /// What the command is given of the network that is not in its architecture.
    pub about: About,
}

/// A network, for whoever is given it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct About {
    /// The model, for people: `trials #12`.
    pub model: String,
    /// Names of classes.
    pub classes: Vec<String>,
    /// What its space decided, by label.
    pub decisions: Vec<(String, String)>,
    /// The digest of the network.
    pub candidate: Digest,
    /// Multiply-adds of an image.
    pub macs: u64,
    /// The images, where it reads some.
    pub images: Option<Images>,
}

/// Images that a command reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Images {
    /// The `data` node.
    pub data: String,
    /// The split.
    pub split: String,
    /// The split's digest.
    pub digest: Digest,
    /// `format=`, or what is generated.
    pub format: String,
    /// Paths of the images' files in the order of the pack, as JSON: none of those that have no file of their own.
    pub files: Digest,
}

/// A trainer of one's own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunnerJob {
    /// What trains.
    pub command: CommandSpec,
    /// The figures that it must report.
    pub reports: Vec<String>,
    /// Whether it must leave weights of the network.
    pub weights: bool,
}

/// A measurement by a command of one's own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CommandJob {
    /// What measures.
    pub command: CommandSpec,
    /// The metric.
    pub metric: String,
    /// What is measured.
    pub architecture: Architecture,
    /// Its weights; none: fresh ones.
    pub weights: Option<Digest>,
    /// The seed of fresh ones.
    pub seed: u64,
    /// What a trainer of one's own left beside its weights.
    pub checkpoint: Option<Digest>,
    /// Batch norm's epsilon and momentum.
    pub norm: (f64, f64),
    /// The images: a pack's blob.
    pub pack: Option<Digest>,
}

/// A question for a command of one's own that proposes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProposeJob {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// What it uses: names from its folder on, and blobs.
    pub files: Vec<(String, Digest)>,
    /// What it is told: JSON.
    pub ask: String,
}

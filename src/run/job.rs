//! What a worker is given and what it leaves: one assignment file, one result file. The same files serve a cluster later.

use crate::base::Digest;
use crate::document::{OneShot, Recipe, SpaceNode};
use crate::evaluate::Observed;
use crate::nn::DeviceChoice;
use crate::space::{Architecture, InputSpec, Sample};
use serde::{Deserialize, Serialize};

/// The version of both files; a worker refuses another.
pub const FORMAT: u32 = 2;

/// What a worker is given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Assignment {
    /// [`FORMAT`].
    pub format: u32,
    /// The key whose result is wanted; names the result file.
    pub key: Digest,
    /// What a lock is held on while it is computed: the chain of a training, else the key. Names the attempt folder.
    pub lock: Digest,
    /// The executor, and the device it runs on.
    pub executor: DeviceChoice,
    /// What to do.
    pub job: Job,
}

/// What to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Job {
    /// Train to the last rung.
    Train(Box<TrainJob>),
    /// Detect over a pack.
    Predict(Box<PredictJob>),
    /// Train a supernet to the last rung.
    Supernet(Box<SupernetJob>),
    /// Detect over a pack with a network of a supernet.
    Subnet(Box<SubnetJob>),
    /// Measure the latency of a network, alone on the machine.
    Latency(Box<LatencyJob>),
}

impl Job {
    /// Whether its worker waits for another of its kind when it has finished: it is one of many small ones.
    pub fn stays(&self) -> bool {
        matches!(self, Job::Subnet(_))
    }
}

/// A training.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrainJob {
    /// What is trained.
    pub architecture: Architecture,
    /// How.
    pub recipe: Recipe,
    /// Seed of weights and batches.
    pub seed: u64,
    /// Weights to start from.
    pub init: Option<Digest>,
    /// The training images: a pack's blob.
    pub pack: Digest,
    /// Iterations an epoch.
    pub per_epoch: usize,
    /// Epochs at which weights are wanted, ascending.
    pub rungs: Vec<usize>,
    /// A state to start from: iterations done, blob.
    pub resume: Option<(u64, Digest)>,
    /// The epochs that led to `resume`.
    pub curve: Vec<Epoch>,
    /// Write a checkpoint at least so often within an epoch, in seconds.
    pub checkpoint_seconds: f64,
}

/// Detection over a split.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PredictJob {
    /// What detects.
    pub architecture: Architecture,
    /// Its weights.
    pub weights: Digest,
    /// Batch norm's epsilon.
    pub bn_eps: f64,
    /// The images.
    pub pack: Digest,
}

/// A space, as a worker compiles it again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SpaceSpec {
    /// The node of the document.
    pub node: SpaceNode,
    /// What the data fixes, with the anchors that were found.
    pub input: InputSpec,
}

/// A supernet's training.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SupernetJob {
    /// What is trained.
    pub space: SpaceSpec,
    /// By which method.
    pub oneshot: OneShot,
    /// How.
    pub recipe: Recipe,
    /// Seed of weights, batches and paths.
    pub seed: u64,
    /// Weights of another supernet to start from, where tensors of one name and shape are in both.
    pub init: Option<Digest>,
    /// What that supernet is called, for people.
    #[serde(default)]
    pub init_name: String,
    /// The training images: a pack's blob.
    pub pack: Digest,
    /// Iterations an epoch.
    pub per_epoch: usize,
    /// Epochs at which weights are wanted, ascending.
    pub rungs: Vec<usize>,
    /// A state to start from: iterations done, blob.
    pub resume: Option<(u64, Digest)>,
    /// The epochs that led to `resume`.
    pub curve: Vec<Epoch>,
    /// Write a checkpoint at least so often within an epoch, in seconds.
    pub checkpoint_seconds: f64,
}

/// Detection over a split with a network of a supernet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SubnetJob {
    /// The supernet's space: the blob of a [`SpaceSpec`] as JSON, because many jobs have one.
    pub space: Digest,
    /// What was decided.
    pub sample: Sample,
    /// The supernet's weights.
    pub weights: Digest,
    /// How batch norm comes to statistics; none: the supernet's own.
    pub recalibration: Option<RecalibrationJob>,
    /// Batch norm's epsilon.
    pub bn_eps: f64,
    /// The images.
    pub pack: Digest,
}

/// Batch norm's statistics over the first batches of a training's first epoch, without augmentation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecalibrationJob {
    /// The images.
    pub pack: Digest,
    /// Batches.
    pub batches: usize,
    /// Images a batch.
    pub batch: usize,
    /// The seed of their order.
    pub seed: u64,
}

/// A latency measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LatencyJob {
    /// What is measured.
    pub architecture: Architecture,
    /// Its weights.
    pub weights: Digest,
    /// Batch norm's epsilon.
    pub bn_eps: f64,
}

/// One epoch of a learning curve: mean losses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: usize,
    /// Box loss.
    pub r#box: f64,
    /// Objectness loss.
    pub obj: f64,
    /// Class loss.
    pub cls: f64,
}

/// Weights at an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rung {
    /// The epoch.
    pub epoch: usize,
    /// The weights to evaluate.
    pub weights: Digest,
    /// The whole training state.
    pub state: Digest,
    /// Of a supernet whose method learns choices: their distribution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choices: Option<Digest>,
}

/// What a worker leaves.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "done", rename_all = "kebab-case")]
pub enum JobResult {
    /// Trained to the last rung.
    Trained {
        /// All rungs asked for.
        rungs: Vec<Rung>,
        /// The learning curve from the first epoch.
        curve: Vec<Epoch>,
    },
    /// The loss was not finite, or above the recipe's bound.
    Diverged {
        /// At this iteration.
        iteration: u64,
        /// In words.
        reason: String,
        /// The curve until then.
        curve: Vec<Epoch>,
        /// The rungs passed before.
        rungs: Vec<Rung>,
    },
    /// Detected.
    Predicted {
        /// The blob.
        predictions: Digest,
    },
    /// Observed alone on the machine.
    Measured(Observed),
}

/// Where a training in progress may go on: written after every checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Iterations done.
    pub iteration: u64,
    /// The digest of the state's bytes.
    pub state: Digest,
    /// The file of the attempt that holds them; none where they are a blob, at a rung.
    pub file: Option<String>,
    /// The curve so far.
    pub curve: Vec<Epoch>,
    /// Rungs passed.
    pub rungs: Vec<Rung>,
}

/// A line that a worker prints for its parent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Line {
    /// Waiting for another run that computes the same.
    Waiting,
    /// The lock is held: work begins.
    Began,
    /// Progress of a training.
    Iteration {
        /// Iterations done.
        done: u64,
        /// Iterations asked for.
        of: u64,
        /// The last loss.
        loss: f64,
    },
    /// Images detected.
    Images {
        /// Done.
        done: usize,
        /// All.
        of: usize,
    },
    /// Something to know.
    Note {
        /// In words.
        message: String,
    },
    /// A checkpoint is durable.
    Checkpoint {
        /// At this iteration.
        iteration: u64,
    },
    /// The result file is written.
    Done {
        /// Seconds of work in this attempt, without waiting and loading.
        seconds: f64,
        /// Iterations (trainings) or images (detections) of this attempt.
        count: u64,
    },
    /// This attempt failed.
    Failed {
        /// In words.
        message: String,
    },
    /// Something that is not this trial's fault: the run stops.
    Broken {
        /// In words.
        message: String,
    },
}

/// Exit codes of a worker.
pub mod exit {
    /// The result file is there.
    pub const DONE: i32 = 0;
    /// Told to stop; a checkpoint is there.
    pub const STOPPED: i32 = 3;
    /// The run cannot go on (disk full, store damaged, another version): see the `broken` line.
    pub const BROKEN: i32 = 4;
    /// This attempt failed; another may not.
    pub const FAILED: i32 = 5;
}

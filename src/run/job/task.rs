//! What a worker is given: one assignment file. The same file serves a worker on another machine.

use super::command::{CommandJob, ProposeJob, RunnerJob};
use super::untrained::UntrainedJobs;
use crate::base::Digest;
use crate::document::{Distillation, LossGains, OneShot, Recipe, SpaceNode};
use crate::nn::DeviceChoice;
use crate::results::Epoch;
use crate::space::warm::Transfer;
use crate::space::{Architecture, InputSpec, Sample, Space, Supernet};
use serde::{Deserialize, Serialize};

/// The version of assignments and results; a worker refuses another.
pub const FORMAT: u32 = 8;

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
    /// Detect over a pack with a network of a supernet.
    Subnet(Box<SubnetJob>),
    /// Measure the latency of a network, alone on the machine.
    Latency(Box<LatencyJob>),
    /// Measure a network by a command of one's own.
    Command(Box<CommandJob>),
    /// Ask a command of one's own for a candidate.
    Propose(Box<ProposeJob>),
    /// Measure networks with fresh weights.
    Untrained(Box<UntrainedJobs>),
}

impl Job {
    /// Whether it asks for a loss in place of predictions; none where it asks for neither.
    pub fn loss(&self) -> Option<bool> {
        match self {
            Job::Predict(job) => Some(job.loss.is_some()),
            Job::Subnet(job) => Some(job.loss.is_some()),
            Job::Train(_) | Job::Latency(_) | Job::Command(_) | Job::Propose(_) | Job::Untrained(_) => None,
        }
    }

    /// Whether it is one of many small ones, after which its worker waits for the next.
    pub fn small(&self) -> bool {
        matches!(self, Job::Subnet(_) | Job::Untrained(_))
    }
}

/// A training, of a network or of a supernet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrainJob {
    /// What is trained.
    pub trainee: Trainee,
    /// How.
    pub recipe: Recipe,
    /// Seed of weights and batches; of a supernet, of paths, too.
    pub seed: u64,
    /// Weights to start from: of a network its own, of a supernet those of another, where tensors of one name and shape are in both.
    pub init: Option<Digest>,
    /// What of them is taken over, and what they are called for people; none: as `init` says.
    pub warm: Option<Warm>,
    /// The training images: a pack's blob.
    pub pack: Digest,
    /// Iterations an epoch.
    pub per_epoch: usize,
    /// How many of the pack's images are trained on, where not all: the first of them.
    #[serde(default)]
    pub images: Option<usize>,
    /// Epochs at which weights are wanted, ascending.
    pub rungs: Vec<usize>,
    /// A state to start from: iterations done, blob.
    pub resume: Option<(u64, Digest)>,
    /// The epochs that led to `resume`.
    pub curve: Vec<Epoch>,
    /// Write a checkpoint at least so often within an epoch, in seconds.
    pub checkpoint_seconds: f64,
    /// Who teaches, beside the labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<TeacherJob>,
    /// Where a command of one's own trains: which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<RunnerJob>,
}

/// A part of other weights, over fresh ones.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Warm {
    /// What is copied.
    pub transfer: Transfer,
    /// What the weights are called, for people.
    pub from: String,
}

/// A trained network that is learned from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TeacherJob {
    /// What teaches.
    pub architecture: Architecture,
    /// Its weights.
    pub weights: Digest,
    /// Batch norm's epsilon in its own training.
    pub bn_eps: f64,
    /// How its outputs count.
    pub how: Distillation,
}

/// What a training trains.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trainee {
    /// One network.
    Network(Architecture),
    /// The supernet of a space.
    Supernet(Box<SupernetTrainee>),
}

/// A supernet that is trained.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SupernetTrainee {
    /// Its space.
    pub space: SpaceSpec,
    /// By which method.
    pub oneshot: OneShot,
    /// The training images at each of its sizes, that of the reference first.
    pub packs: Vec<(usize, Digest)>,
    /// What the supernet that it starts from is called, for people.
    pub starts_from: String,
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
    /// In place of detections, the loss by these gains.
    pub loss: Option<LossGains>,
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

impl SpaceSpec {
    /// Compiles it and makes its supernet, with the findings in words where that cannot be.
    ///
    /// # Errors
    /// What is wrong with the space.
    pub fn supernet(&self) -> Result<Supernet, String> {
        let words = |found: Vec<crate::document::Diagnostic>| found.into_iter().map(|d| d.message).collect::<Vec<_>>().join("; ");
        let (space, _) = Space::compile(&self.node, &self.input).map_err(words)?;
        Supernet::of(&space).map_err(words)
    }
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
    /// In place of detections, the loss by these gains.
    pub loss: Option<LossGains>,
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

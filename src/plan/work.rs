//! What is to be executed: an action with everything that an executor needs beside its key.

use super::action::Action;
use super::candidate::Candidate;
use super::command::{Command, RunnerWork};
use super::lesson::Lesson;
pub use super::request::Request;
use crate::base::Digest;
use crate::document::{LossGains, Metric, OneShot, Prune, Recipe};
use crate::space::Sample;
use crate::space::warm::Transfer;
use std::sync::Arc;

/// Something whose inputs are all known and whose result is not.
#[derive(Clone, Debug)]
pub enum Work {
    /// Train (in a worker).
    Train(Box<TrainWork>),
    /// Detect (in a worker).
    Predict(Box<PredictWork>),
    /// Compute one metric.
    Metric(Box<MetricWork>),
    /// Record a choice.
    Select(Box<SelectWork>),
    /// Cut a network's weights out of a supernet's.
    Cut(Box<CutWork>),
    /// Prune a trained network.
    Prune(Box<PruneWork>),
    /// Detect with a network of a supernet (in a worker).
    Subnet(Box<SubnetWork>),
    /// Compare a network with others.
    Compare(Box<CompareWork>),
    /// Measure a network by a command of one's own (in a worker).
    Command(Box<CommandWork>),
    /// Have a command of one's own propose a candidate (in a worker).
    Propose(Box<ProposeWork>),
    /// Measure networks with fresh weights (in a worker).
    Untrained(Box<UntrainedWork>),
}

impl Work {
    /// What is asked for, by whom.
    pub fn request(&self) -> &Request {
        match self {
            Work::Train(w) => &w.request,
            Work::Predict(w) => &w.request,
            Work::Metric(w) => &w.request,
            Work::Select(w) => &w.request,
            Work::Cut(w) => &w.request,
            Work::Prune(w) => &w.request,
            Work::Subnet(w) => &w.request,
            Work::Compare(w) => &w.request,
            Work::Command(w) => &w.request,
            Work::Propose(w) => &w.request,
            Work::Untrained(w) => &w.request,
        }
    }

    /// The same, to change it.
    pub(super) fn request_mut(&mut self) -> &mut Request {
        match self {
            Work::Train(w) => &mut w.request,
            Work::Predict(w) => &mut w.request,
            Work::Metric(w) => &mut w.request,
            Work::Select(w) => &mut w.request,
            Work::Cut(w) => &mut w.request,
            Work::Prune(w) => &mut w.request,
            Work::Subnet(w) => &mut w.request,
            Work::Compare(w) => &mut w.request,
            Work::Command(w) => &mut w.request,
            Work::Propose(w) => &mut w.request,
            Work::Untrained(w) => &mut w.request,
        }
    }

    /// The key of its action.
    pub fn key(&self) -> Digest {
        self.request().key
    }

    /// The action.
    pub fn action(&self) -> &Action {
        &self.request().action
    }

    /// The stage that asked first, and for which model.
    pub fn label(&self) -> String {
        self.request().label()
    }

    /// The index of the stage that asked first.
    pub fn stage(&self) -> usize {
        self.request().stage
    }
}

/// A checkpoint that a training may start from.
#[derive(Clone, Debug, PartialEq)]
pub struct Resume {
    /// Iterations done.
    pub iteration: u64,
    /// The state's blob.
    pub state: Digest,
    /// The record that it belongs to.
    pub key: Digest,
}

/// What a training trains.
#[derive(Clone, Debug)]
pub enum Trainee {
    /// One network.
    Candidate(Arc<Candidate>),
    /// The supernet of a space.
    Supernet {
        /// The space.
        space: String,
        /// How.
        oneshot: OneShot,
        /// What an image costs in the mean, in multiply-adds.
        macs: u64,
    },
}

impl Trainee {
    /// What an image costs, in multiply-adds; of a supernet, a path in the mean.
    pub fn macs(&self) -> u64 {
        match self {
            Trainee::Candidate(candidate) => candidate.macs,
            Trainee::Supernet { macs, .. } => *macs,
        }
    }
}

/// Train a candidate or a supernet to an epoch.
#[derive(Clone, Debug)]
pub struct TrainWork {
    /// What is asked for: the last rung.
    pub request: Request,
    /// The chain: the action without its iteration.
    pub chain: Digest,
    /// What is trained.
    pub trainee: Trainee,
    /// `data` node and split.
    pub data: (String, String),
    /// How.
    pub recipe: Recipe,
    /// Seed of weights and batches.
    pub seed: u64,
    /// Weights to start from; none: fresh.
    pub init: Option<Digest>,
    /// What of them is taken over; none: all, or of a supernet's tensors those of one name and shape.
    pub transfer: Option<Arc<Transfer>>,
    /// Iterations an epoch.
    pub per_epoch: usize,
    /// How many of the split's images are trained on, where not all: the first of them.
    pub images: Option<usize>,
    /// Epochs at which weights are published, ascending, with their actions; the last is this action.
    pub rungs: Vec<(usize, Action)>,
    /// The furthest recorded point of the chain before the first rung that is missing.
    pub resume: Option<Resume>,
    /// The furthest recorded point beyond that whose state is not there any more: what lies between is trained again.
    pub stateless: Option<u64>,
    /// Iterations at the checkpoint that an interrupted attempt left; its worker goes on from there by itself.
    pub checkpoint: Option<u64>,
    /// Who teaches, beside the labels.
    pub teacher: Option<Lesson>,
    /// Where a command of one's own trains: which.
    pub runner: Option<RunnerWork>,
    /// Whether a search that stops early sent it so far, and perhaps no further.
    pub rung: bool,
}

impl TrainWork {
    /// What an image costs, in multiply-adds of a pass forward, of which a training takes three. A teacher's one pass is a third of that.
    pub fn macs(&self) -> u64 {
        self.trainee.macs() + self.teacher.as_ref().map_or(0, |lesson| lesson.candidate.macs / 3)
    }

    /// Iterations that are there already.
    pub fn done(&self) -> u64 {
        self.resume.as_ref().map_or(0, |r| r.iteration).max(self.checkpoint.unwrap_or(0))
    }

    /// Iterations asked for.
    pub fn end(&self) -> u64 {
        (self.rungs.last().map_or(0, |r| r.0) * self.per_epoch) as u64
    }
}

/// Detect over a split with trained weights.
#[derive(Clone, Debug)]
pub struct PredictWork {
    /// What is asked for.
    pub request: Request,
    /// What detects.
    pub candidate: Arc<Candidate>,
    /// Its weights.
    pub weights: Digest,
    /// Batch norm's epsilon.
    pub bn_eps: f64,
    /// In place of detections, the loss by these gains.
    pub loss: Option<LossGains>,
    /// `data` node and split.
    pub data: (String, String),
}

/// Compute one metric from predictions.
#[derive(Clone, Debug)]
pub struct MetricWork {
    /// What is asked for.
    pub request: Request,
    /// The metric.
    pub metric: Metric,
    /// The predictions' blob.
    pub predictions: Digest,
    /// `data` node and split.
    pub data: (String, String),
}

/// Measure a network by a command of one's own.
#[derive(Clone, Debug)]
pub struct CommandWork {
    /// What is asked for.
    pub request: Request,
    /// The metric.
    pub metric: Metric,
    /// What measures it.
    pub command: Command,
    /// What is measured.
    pub candidate: Arc<Candidate>,
    /// Its weights; none where it has none that fit it: fresh ones stand for them.
    pub weights: Option<Digest>,
    /// The seed of fresh weights.
    pub seed: u64,
    /// What a trainer of one's own left beside its weights.
    pub checkpoint: Option<Digest>,
    /// Batch norm's epsilon and momentum.
    pub norm: (f64, f64),
    /// `data` node and split, where the stage reads one.
    pub data: Option<(String, String)>,
    /// Whether nothing else may go on meanwhile.
    pub alone: bool,
}

/// Have a command propose the next candidate of a search.
#[derive(Clone, Debug)]
pub struct ProposeWork {
    /// What is asked for.
    pub request: Request,
    /// What proposes.
    pub command: Command,
    /// What it is told: JSON.
    pub ask: String,
}

/// Measure a network with fresh weights.
#[derive(Clone, Debug)]
pub struct UntrainedWork {
    /// What is asked for.
    pub request: Request,
    /// The metric.
    pub metric: Metric,
    /// What is measured.
    pub candidate: Arc<Candidate>,
    /// The seed of weights, batch and noise.
    pub seed: u64,
    /// Images, or pieces of noise.
    pub batch: usize,
    /// Batch norm's epsilon.
    pub bn_eps: f64,
    /// The gains of the loss, where it is read.
    pub loss: Option<LossGains>,
    /// `data` node and split, where images are read.
    pub data: Option<(String, String)>,
    /// Others that the same worker measures after it; in a plan each is a work of its own.
    pub more: Vec<UntrainedWork>,
}

impl UntrainedWork {
    /// All that are measured.
    pub fn all(&self) -> impl Iterator<Item = &UntrainedWork> {
        std::iter::once(self).chain(&self.more)
    }
}

/// Compare a network with others.
#[derive(Clone, Debug)]
pub struct CompareWork {
    /// What is asked for.
    pub request: Request,
    /// The metric.
    pub metric: Metric,
    /// Both sides.
    pub sides: Sides,
    /// `data` node and split; none where nothing is read.
    pub data: Option<(String, String)>,
}

/// What a comparison reads: of one network by seed, of the others by network and seed.
#[derive(Clone, Debug, PartialEq)]
pub enum Sides {
    /// Blobs of predictions.
    Predictions {
        /// Of the one.
        ours: Vec<Digest>,
        /// Of the others.
        theirs: Vec<Vec<Digest>>,
    },
    /// Values that no images stand behind.
    Values {
        /// Of the one.
        ours: Vec<f64>,
        /// Of the others.
        theirs: Vec<Vec<f64>>,
    },
}

/// Record a choice: it is computed while planning, and its record is what makes it a result.
#[derive(Clone, Debug)]
pub struct SelectWork {
    /// What is asked for.
    pub request: Request,
    /// The identities of the chosen models, in order.
    pub chosen: Vec<Digest>,
}

/// Prune a trained network.
#[derive(Clone, Debug)]
pub struct PruneWork {
    /// What is asked for.
    pub request: Request,
    /// The network.
    pub candidate: Arc<Candidate>,
    /// Its weights.
    pub weights: Digest,
    /// By what, and how far.
    pub how: Prune,
}

/// Cut a network's weights out of a supernet's.
#[derive(Clone, Debug)]
pub struct CutWork {
    /// What is asked for.
    pub request: Request,
    /// The space.
    pub space: String,
    /// What was decided.
    pub sample: Sample,
    /// The supernet's weights.
    pub weights: Digest,
}

/// How a subnet comes to statistics of batch norm.
#[derive(Clone, Debug, PartialEq)]
pub struct Recalibration {
    /// Batches; at most those of one epoch.
    pub batches: usize,
    /// Images a batch.
    pub batch: usize,
    /// The seed of the order.
    pub seed: u64,
    /// `data` node and split.
    pub data: (String, String),
}

/// Detect over a split with a network of a supernet.
#[derive(Clone, Debug)]
pub struct SubnetWork {
    /// What is asked for.
    pub request: Request,
    /// What detects.
    pub candidate: Arc<Candidate>,
    /// The space.
    pub space: String,
    /// What was decided.
    pub sample: Sample,
    /// The supernet's weights.
    pub weights: Digest,
    /// None: the supernet's own statistics.
    pub recalibration: Option<Recalibration>,
    /// Batch norm's epsilon.
    pub bn_eps: f64,
    /// In place of detections, the loss by these gains.
    pub loss: Option<LossGains>,
    /// `data` node and split.
    pub data: (String, String),
}

impl SubnetWork {
    /// Images that are looked at: those of the split, and those that statistics are taken of.
    pub fn images(&self, split: usize) -> usize {
        split + self.recalibration.as_ref().map_or(0, |r| r.batches * r.batch)
    }
}

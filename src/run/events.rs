//! What a run tells while it goes on. The command line draws bars or lines or JSON from these; nothing decides by them.

use super::options::RunEnd;
use super::todo::{Speed, Todo};
use crate::plan::Told;
use crate::plan::answer::Verdict;
use crate::results::GivenUp;
use serde::Serialize;
use std::collections::BTreeMap;

/// Something happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The run begins.
    Begin {
        /// Pipeline name.
        pipeline: String,
        /// Numerics class.
        numerics: String,
        /// Worker processes at a time.
        jobs: usize,
        /// Threads each.
        threads: usize,
        /// Where results are kept.
        store: String,
    },
    /// What is to be done, and how long it will take: once, before anything is.
    Estimate {
        /// In the units of `cost`.
        #[serde(flatten)]
        todo: Todo,
        /// Seconds, and what they rest on; none where something computes whose speed is not known.
        time: Option<Time>,
    },
    /// Why a stage runs: as its first action starts.
    Reasons {
        /// The stage.
        stage: String,
        /// Of all that it would run now: equal ones together.
        reasons: Vec<Told>,
    },
    /// How far the stages are, after each replay.
    Stages {
        /// One for each stage.
        stages: Vec<StageProgress>,
        /// The run as a whole.
        whole: Whole,
    },
    /// A worker began.
    Started {
        /// On what.
        #[serde(flatten)]
        subject: Subject,
        /// 1 for the first.
        attempt: usize,
        /// Where it starts from, in iterations.
        from: u64,
    },
    /// A worker goes on.
    Progress {
        /// On what.
        #[serde(flatten)]
        subject: Subject,
        /// Iterations or images done.
        done: u64,
        /// Of.
        of: u64,
        /// Loss, where it trains.
        loss: Option<f64>,
    },
    /// A result is in the store.
    Finished {
        /// Of what.
        #[serde(flatten)]
        subject: Subject,
        /// The metric, where one was computed.
        metric: Option<String>,
        /// Its value; in JSON `null` where it does not exist.
        value: Option<f64>,
        /// Why the trial failed for good, where that is the result.
        failed: Option<String>,
        /// Results of this run that failed alike before.
        alike: usize,
        /// In words: `map50 0.412`, `4 epochs, loss 0.21`.
        result: String,
        /// Seconds of this attempt.
        seconds: f64,
    },
    /// An attempt ended without a result, or was not made.
    AttemptFailed {
        /// On what.
        #[serde(flatten)]
        subject: Subject,
        /// Which attempt; 0 where none was made.
        attempt: usize,
        /// Why.
        reason: String,
        /// Attempts of this run that failed alike before.
        alike: usize,
        /// Whether another follows.
        again: bool,
    },
    /// Something to know.
    Note {
        /// In words.
        message: String,
    },
    /// Asked to stop; workers write checkpoints.
    Stopping,
    /// The run is over.
    Ended {
        /// `finished`, `interrupted` or `paused`.
        how: RunEnd,
        /// Actions that this run computed: kind → how many.
        executed: BTreeMap<&'static str, usize>,
        /// Trials out of attempts.
        given_up: Vec<GivenUp>,
    },
    /// What the pipeline ends in.
    Answer {
        /// The stage that chose it.
        stage: String,
        /// The model: `trials #12`.
        model: String,
        /// The digest of its architecture.
        architecture: String,
        /// The digests of its weights, one a seed.
        weights: Vec<String>,
        /// Of a network that has the weights of a supernet: the supernet's.
        supernet: Vec<String>,
        /// The metric that decided.
        metric: Option<String>,
        /// Its mean over seeds.
        value: Option<f64>,
        /// Its deviation over seeds.
        deviation: Option<f64>,
        /// What it is compared with.
        baselines: Vec<Compared>,
    },
}

/// The answer beside a baseline.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    /// The node that `against` names.
    pub name: String,
    /// The baseline's metric: its mean over seeds and models.
    pub value: Option<f64>,
    /// The answer's value minus this one.
    pub difference: Option<f64>,
    /// Where its 95 % interval begins; none where the difference was not tested.
    pub low: Option<f64>,
    /// Where it ends.
    pub high: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
}

/// What is worked on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Subject {
    /// The key of the action.
    pub key: String,
    /// The kind of action: `train`, `predict`, `metric`, …
    pub kind: &'static str,
    /// The stage that asked first.
    pub stage: String,
    /// The model, as people call it: `trials #12`.
    pub model: Option<String>,
    /// Both in one, for people.
    pub label: String,
}

/// How far the run is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Whole {
    /// Models done or failed, over all stages that train or measure.
    pub done: usize,
    /// Models that these stages will have, at most.
    pub of: usize,
    /// The best so far, by the metric that decides.
    pub best: Option<Best>,
    /// How long it will still take, at what this machine reached before; none where that is not known.
    pub seconds_left: Option<f64>,
}

/// The best model so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Best {
    /// The stage that measured it.
    pub stage: String,
    /// The model.
    pub model: String,
    /// The metric that decides.
    pub metric: String,
    /// Its mean over seeds.
    pub value: f64,
}

/// How long something takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Time {
    /// Seconds.
    pub seconds: f64,
    /// What they rest on.
    pub speed: Speed,
}

/// How far a stage is.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct StageProgress {
    /// Its name.
    pub stage: String,
    /// Models done or failed.
    pub done: usize,
    /// Models known so far.
    pub known: usize,
    /// Models that it will have, at most.
    pub of: usize,
    /// Whether no further model can come.
    pub complete: bool,
}

/// Who listens.
pub trait Events {
    /// Something happened.
    fn on(&mut self, event: Event);
}

/// Nobody listens.
pub struct Silent;

impl Events for Silent {
    fn on(&mut self, _: Event) {}
}

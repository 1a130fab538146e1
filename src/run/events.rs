//! What a run tells while it goes on. The command line draws bars or lines or JSON from these; nothing decides by them.

use serde::Serialize;

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
    /// How far the stages are, after each replay.
    Stages {
        /// Name, done, known so far, final count or none.
        stages: Vec<StageProgress>,
    },
    /// A worker began.
    Started {
        /// The key.
        key: String,
        /// For people.
        label: String,
        /// 1 for the first.
        attempt: usize,
        /// Where it starts from, in iterations.
        from: u64,
    },
    /// A worker goes on.
    Progress {
        /// The key.
        key: String,
        /// For people.
        label: String,
        /// Done.
        done: u64,
        /// Of.
        of: u64,
        /// Loss, where it trains.
        loss: Option<f64>,
    },
    /// A result is in the store.
    Finished {
        /// The key.
        key: String,
        /// For people.
        label: String,
        /// In words: `map50 0.412`, `4 epochs, loss 0.21`.
        result: String,
        /// Seconds of this attempt.
        seconds: f64,
    },
    /// An attempt ended without a result.
    AttemptFailed {
        /// The key.
        key: String,
        /// For people.
        label: String,
        /// Which attempt.
        attempt: usize,
        /// Why.
        reason: String,
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

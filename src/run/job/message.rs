//! What a worker says on its way.

use serde::{Deserialize, Serialize};

/// A line that a worker says to whoever follows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum WorkerMessage {
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
    /// Over files: the assignment is done, and the worker waits for another one, for a while.
    Waits,
    /// This attempt failed.
    Failed {
        /// In words.
        message: String,
    },
    /// The disk is full: whatever was not written is done again once there is room.
    Full {
        /// In words.
        message: String,
        /// Bytes that it takes to go on.
        needed: u64,
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
    /// Over files: another process has taken the attempt of this name, or it was called off before it began.
    pub const TAKEN: i32 = 6;
}

//! What a launcher is, and how it says that attempts ended.

use crate::base::Digest;
use crate::run::job::WorkerMessage;
use crate::store::{Attempt, StoreError};
use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The number of an attempt in this run.
pub type Id = u64;

/// An attempt to be started. Its assignment lies in its folder.
#[derive(Clone)]
pub struct Start {
    /// The store's directory.
    pub root: PathBuf,
    /// The folder of the attempt.
    pub attempt: Attempt,
    /// What a lock is held on while it works; names the folder.
    pub lock: Digest,
    /// The key whose result is wanted; names the assignment and the result.
    pub key: Digest,
    /// Threads.
    pub threads: usize,
    /// Whether it is one of many small ones: a worker that has finished may take the next.
    pub small: bool,
    /// Whether it has to run on this machine, of which it says something.
    pub here: bool,
    /// The digest of the assignment's bytes: only an attempt on the same bytes is the same.
    pub assignment: Digest,
}

/// Whose attempts these are.
#[derive(Clone, Debug)]
pub struct Whose {
    /// The store's directory.
    pub root: PathBuf,
    /// The pipeline.
    pub pipeline: String,
    /// What names this run: no other had or will have it.
    pub token: String,
}

/// Starts, stops and follows attempts.
pub trait Launcher {
    /// A run begins. A launcher whose attempts outlive their run looks for those that earlier runs of this pipeline have left.
    ///
    /// # Errors
    /// What the store cannot say.
    fn begin(&mut self, _: &Whose) -> Result<(), LaunchError> {
        Ok(())
    }

    /// Whether an earlier run has left an attempt on this, which [`Launcher::start`] would take up.
    fn left(&self, _lock: Digest, _key: Digest) -> bool {
        false
    }

    /// Whether attempts may outlive their run, or work on machines that go on where this one stops.
    fn outlives(&self) -> bool {
        false
    }

    /// What the run wants first; attempts that earlier runs have left on anything else are ended.
    fn wanted(&mut self, _: &HashSet<Digest>) {}

    /// Starts an attempt.
    ///
    /// # Errors
    /// An attempt that cannot be started at all: the run cannot go on.
    fn start(&mut self, start: &Start) -> Result<Id, LaunchError>;

    /// Waits for the next thing that an attempt says or does, at most so long.
    fn listen(&mut self, wait: Duration) -> Option<Heard>;

    /// Tells all attempts to write a checkpoint and end. Their ends are heard later.
    fn stop(&mut self);

    /// Ends an attempt at once. Its end is heard later.
    fn kill(&mut self, id: Id);

    /// Bytes of memory that an attempt takes; none where the launcher cannot say.
    fn memory(&mut self, _: Id) -> Option<u64> {
        None
    }
}

/// Something that an attempt said or did.
#[derive(Clone, Debug)]
pub enum Heard {
    /// It said something.
    Line(Id, WorkerMessage),
    /// It ended; nothing more is heard of it.
    Ended(Id, Ended),
    /// Something that people should know of the launcher itself.
    Note(String),
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// Its result file is there.
    Done {
        /// Seconds of work, without waiting and loading.
        seconds: f64,
        /// Iterations or images of this attempt; none where the result was there already.
        count: u64,
    },
    /// Told to stop; a checkpoint is there.
    Stopped,
    /// Something that is not this trial's fault: the run cannot go on. In its words.
    Broken(String),
    /// The disk is full.
    Full {
        /// In its words.
        why: String,
        /// Bytes that it takes to go on.
        needed: u64,
    },
    /// It said that it failed, or left an error code: why.
    Failed(String),
    /// It was ended from outside, or crashed: how.
    Killed(String),
    /// The memory did not suffice.
    OutOfMemory(String),
    /// The launcher's own limit of time was over.
    TimedOut,
    /// Nobody knows what became of it: why it is given up.
    Lost(String),
    /// Taken away from outside, and not in vain: it left a checkpoint, or had not begun. It goes on, and no failure is counted.
    Interrupted(String),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ended::Done { .. } => f.write_str("ended without a result"),
            Ended::Stopped => f.write_str("stopped"),
            Ended::Interrupted(why) | Ended::Broken(why) | Ended::Failed(why) | Ended::Killed(why) | Ended::OutOfMemory(why) => {
                f.write_str(why)
            }
            Ended::Full { why, .. } => f.write_str(why),
            Ended::TimedOut => f.write_str("its time was over"),
            Ended::Lost(why) => write!(f, "lost: {why}"),
        }
    }
}

/// Why an attempt could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The program of workers does not start.
    #[error("a worker could not be started: {}: {source}", .program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// What is known of attempts cannot be written or read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What an attempt has said that matters for how it ended.
#[derive(Clone, Debug, Default)]
pub struct LastWords {
    failure: Option<Ended>,
    done: Option<(f64, u64)>,
}

impl LastWords {
    /// Takes note of a line.
    pub fn hear(&mut self, line: &WorkerMessage) {
        match line {
            WorkerMessage::Done { seconds, count } => self.done = Some((*seconds, *count)),
            WorkerMessage::Failed { message } => {
                self.failure.get_or_insert(Ended::Failed(message.clone()));
            }
            WorkerMessage::Full { message, needed } => self.failure = Some(Ended::Full { why: message.clone(), needed: *needed }),
            WorkerMessage::Broken { message } => self.failure = Some(Ended::Broken(message.clone())),
            _ => {}
        }
    }

    /// How an attempt ended that had no more to say: by its last words, else by `otherwise`.
    pub fn ended(self, otherwise: Ended) -> Ended {
        match (otherwise, self.failure) {
            (Ended::Done { .. }, _) => {
                let (seconds, count) = self.done.unwrap_or((0.0, 0));
                Ended::Done { seconds, count }
            }
            (Ended::Stopped, _) => Ended::Stopped,
            (_, Some(last_words)) => last_words,
            (otherwise, None) => otherwise,
        }
    }
}

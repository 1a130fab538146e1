//! The worker's side: one assignment, blobs, one result file. Never opens the database, never prints, dies with its parent.

mod chain;
mod latency;
mod memory;
mod predict;
mod subnet;
mod supernet;
mod training;

pub use memory::Memory;

use super::job::{Assignment, FORMAT, Job, JobResult, Line, exit};
use crate::base::Digest;
use crate::nn::{self, DeviceChoice, Executor};
use crate::space::Program;
use crate::store::{Attempt, Blobs, StoreError};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Why a worker ends without a result.
pub enum Failure {
    /// Told to stop; a checkpoint is there.
    Stopped,
    /// The run cannot go on.
    Broken(String),
    /// This attempt failed.
    Attempt(String),
}

impl From<StoreError> for Failure {
    fn from(e: StoreError) -> Self {
        Failure::Broken(e.to_string())
    }
}

/// What a job needs beside its own description.
pub struct Context<'a> {
    /// The store's blobs.
    pub blobs: Blobs,
    /// The folder of this attempt.
    pub attempt: Attempt,
    /// Set when the parent says stop.
    pub stop: Arc<AtomicBool>,
    /// Kept between assignments.
    pub memory: &'a mut Memory,
    /// Says something to the parent.
    pub say: &'a mut dyn FnMut(&Line),
    /// The executor, and its device.
    pub executor: DeviceChoice,
}

impl Context<'_> {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// A blob that must be there; a damaged or missing one fails the attempt, because the parent can have it made again.
    fn blob(&self, digest: Digest, what: &str) -> Result<Vec<u8>, Failure> {
        match self.blobs.get(&digest) {
            Ok(bytes) => Ok(bytes),
            Err(e @ (StoreError::Missing { .. } | StoreError::Damaged { .. })) => Err(Failure::Attempt(format!("{what}: {e}"))),
            Err(e) => Err(e.into()),
        }
    }

    /// A device that cannot be opened is no network's fault: the run stops.
    fn executor(&self, program: &Program, batch: usize) -> Result<Box<dyn Executor>, Failure> {
        self.executor.usable().map_err(Failure::Broken)?;
        nn::executor(program, self.executor, batch).map_err(Failure::Attempt)
    }
}

/// Does the assignment of `key` in the attempt folder of `lock`; returns the exit code. `say` receives every line.
pub fn work(root: &Path, lock: Digest, key: Digest, stop: Arc<AtomicBool>, memory: &mut Memory, say: &mut dyn FnMut(&Line)) -> i32 {
    let opened = Blobs::open(root).and_then(|blobs| Ok((Attempt::open(&blobs, lock)?, blobs)));
    let result = match opened {
        Ok((attempt, blobs)) => perform(blobs, attempt, key, stop, memory, say),
        Err(e) => Err(e.into()),
    };
    match result {
        Ok((seconds, count)) => {
            say(&Line::Done { seconds, count });
            exit::DONE
        }
        Err(Failure::Stopped) => exit::STOPPED,
        Err(Failure::Broken(message)) => {
            say(&Line::Broken { message });
            exit::BROKEN
        }
        Err(Failure::Attempt(message)) => {
            say(&Line::Failed { message });
            exit::FAILED
        }
    }
}

/// The name of the result file of a key.
pub fn result_file(key: Digest) -> String {
    format!("result-{}.json", key.hex())
}

/// The name of the assignment file of a key.
pub fn assignment_file(key: Digest) -> String {
    format!("assignment-{}.json", key.hex())
}

fn perform(
    blobs: Blobs,
    attempt: Attempt,
    key: Digest,
    stop: Arc<AtomicBool>,
    memory: &mut Memory,
    say: &mut dyn FnMut(&Line),
) -> Result<(f64, u64), Failure> {
    let bytes =
        attempt.read(&assignment_file(key))?.ok_or_else(|| Failure::Broken(format!("there is no assignment for {}", key.short())))?;
    let assignment: Assignment =
        serde_json::from_slice(&bytes).map_err(|e| Failure::Broken(format!("the assignment of {} cannot be read: {e}", key.short())))?;
    if assignment.format != FORMAT {
        return Err(Failure::Broken(format!("the assignment is of format {}, this nasflow reads {FORMAT}", assignment.format)));
    }
    // Whoever holds the lock computes; the others wait, and find the result.
    let mut told = false;
    let _guard = loop {
        if let Some(guard) = attempt.try_lock()? {
            break guard;
        }
        if !told {
            say(&Line::Waiting);
            told = true;
        }
        if stop.load(Ordering::Relaxed) {
            return Err(Failure::Stopped);
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    say(&Line::Began);
    memory.stays = assignment.job.stays();
    if let Some(result) = read_result(&attempt, key)?
        && answers(&result, &assignment.job)
        && outputs(&result).iter().all(|d| blobs.has(d))
    {
        return Ok((0.0, 0));
    }
    let mut context = Context { blobs, attempt, stop, memory, say, executor: assignment.executor };
    let begun = Instant::now();
    let (result, count) = match &assignment.job {
        Job::Train(job) => training::train(job, &mut context)?,
        Job::Predict(job) => predict::predict(job, &mut context)?,
        Job::Supernet(job) => supernet::train(job, &mut context)?,
        Job::Subnet(job) => subnet::predict(job, &mut context)?,
        Job::Latency(job) => latency::measure(job, &mut context)?,
    };
    let bytes = serde_json::to_vec_pretty(&result).map_err(|e| Failure::Broken(e.to_string()))?;
    context.attempt.write(&result_file(key), &bytes)?;
    chain::forget(&context)?;
    Ok((begun.elapsed().as_secs_f64(), count))
}

/// The result file of a key, where it is there and whole.
pub fn read_result(attempt: &Attempt, key: Digest) -> Result<Option<JobResult>, StoreError> {
    Ok(attempt.read(&result_file(key))?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Whether a result that is there already has all that the job asks for.
fn answers(result: &JobResult, job: &Job) -> bool {
    match (result, job) {
        (JobResult::Trained { rungs, .. }, Job::Train(job)) => job.rungs.iter().all(|e| rungs.iter().any(|r| r.epoch == *e)),
        (JobResult::Trained { rungs, .. }, Job::Supernet(job)) => job.rungs.iter().all(|e| rungs.iter().any(|r| r.epoch == *e)),
        (JobResult::Diverged { .. }, Job::Train(_) | Job::Supernet(_)) => true,
        (JobResult::Predicted { .. }, Job::Predict(_) | Job::Subnet(_)) => true,
        _ => false,
    }
}

/// The blobs that a result names.
pub fn outputs(result: &JobResult) -> Vec<Digest> {
    match result {
        JobResult::Trained { rungs, .. } => rungs.iter().flat_map(|r| [r.weights, r.state].into_iter().chain(r.choices)).collect(),
        JobResult::Predicted { predictions } => vec![*predictions],
        JobResult::Diverged { .. } | JobResult::Measured(_) => Vec::new(),
    }
}

/// The checkpoint that an interrupted training left, where there is one.
pub fn checkpoint_of(root: &Path, chain: Digest) -> Option<super::job::Checkpoint> {
    let bytes = Attempt::peek(root, chain, chain::CHECKPOINT)?;
    serde_json::from_slice(&bytes).ok()
}

//! One assignment from its file to its result file.

use super::chain;
use super::context::Context;
use super::failure::Failure;
use super::memory::Memory;
use super::{latency, own, predict, subnet, supernet, training, untrained};
use crate::base::Digest;
use crate::run::job::files::{assignment_file, read_result, result_file};
use crate::run::job::{Assignment, FORMAT, Job, Trainee, WorkerMessage, exit};
use crate::store::{Attempt, Blobs, StoreError};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Does the assignment of `key` in the attempt folder of `lock`; returns the exit code. `say` receives every line.
pub fn work(
    root: &Path,
    lock: Digest,
    key: Digest,
    stop: Arc<AtomicBool>,
    memory: &mut Memory,
    say: &mut dyn FnMut(&WorkerMessage),
) -> i32 {
    work_on(Blobs::open(root), lock, key, stop, memory, say)
}

/// As [`work`], with blobs that were opened, or could not be: tests open them on a disk whose operations fail.
pub fn work_on(
    blobs: Result<Blobs, StoreError>,
    lock: Digest,
    key: Digest,
    stop: Arc<AtomicBool>,
    memory: &mut Memory,
    say: &mut dyn FnMut(&WorkerMessage),
) -> i32 {
    let opened = blobs.and_then(|blobs| Ok((Attempt::open(&blobs, lock)?, blobs)));
    let result = match opened {
        Ok((attempt, blobs)) => perform(blobs, attempt, key, stop, memory, say),
        Err(e) => Err(e.into()),
    };
    match result {
        Ok((seconds, count)) => {
            say(&WorkerMessage::Done { seconds, count });
            exit::DONE
        }
        Err(Failure::Stopped) => exit::STOPPED,
        Err(Failure::Broken(message)) => {
            say(&WorkerMessage::Broken { message });
            exit::BROKEN
        }
        Err(Failure::Full(message, needed)) => {
            say(&WorkerMessage::Full { message, needed });
            exit::BROKEN
        }
        Err(Failure::Attempt(message)) => {
            say(&WorkerMessage::Failed { message });
            exit::FAILED
        }
    }
}

fn perform(
    blobs: Blobs,
    attempt: Attempt,
    key: Digest,
    stop: Arc<AtomicBool>,
    memory: &mut Memory,
    say: &mut dyn FnMut(&WorkerMessage),
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
            say(&WorkerMessage::Waiting);
            told = true;
        }
        if stop.load(Ordering::Relaxed) {
            return Err(Failure::Stopped);
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    say(&WorkerMessage::Began);
    memory.small = assignment.job.small();
    if let Some(result) = read_result(&attempt, key)?
        && result.answers(&assignment.job)
        && blobs.has_all(&result.outputs())?
    {
        return Ok((0.0, 0));
    }
    let mut context = Context { blobs, attempt, stop, memory, say, executor: assignment.executor };
    let begun = Instant::now();
    let (result, count) = match &assignment.job {
        Job::Train(job) => match &job.trainee {
            Trainee::Network(architecture) if job.runner.is_some() => own::train(job, architecture, &mut context)?,
            Trainee::Network(architecture) => training::train(job, architecture, &mut context)?,
            Trainee::Supernet(supernet) => supernet::train(job, supernet, &mut context)?,
        },
        Job::Predict(job) => predict::predict(job, &mut context)?,
        Job::Subnet(job) => subnet::predict(job, &mut context)?,
        Job::Latency(job) => latency::measure(job, &mut context)?,
        Job::Command(job) => own::measure(job, &mut context)?,
        Job::Propose(job) => own::propose(job, &mut context)?,
        Job::Untrained(jobs) => untrained::measure(jobs, &mut context)?,
    };
    let bytes = serde_json::to_vec_pretty(&result).map_err(|e| Failure::Broken(e.to_string()))?;
    context.attempt.write(&result_file(key), &bytes)?;
    chain::forget(&context)?;
    Ok((begun.elapsed().as_secs_f64(), count))
}

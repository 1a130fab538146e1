//! Trains a supernet to the last rung.

use super::super::job::{JobResult, SupernetJob};
use super::{Context, Failure};

/// Trains; returns the result and the iterations of this attempt.
pub fn train(job: &SupernetJob, _context: &mut Context) -> Result<(JobResult, u64), Failure> {
    let space = job.space.compile().map_err(Failure::Attempt)?;
    Err(Failure::Attempt(format!("the training of supernets is not built yet (`{}`, {})", space.name, job.one_shot.method.word())))
}

//! Detects with a network of a supernet.

use super::super::job::{JobResult, SubnetJob};
use super::{Context, Failure};

/// Detects; returns the result and the number of images looked at.
pub fn predict(job: &SubnetJob, _context: &mut Context) -> Result<(JobResult, u64), Failure> {
    let space = job.space.compile().map_err(Failure::Attempt)?;
    Err(Failure::Attempt(format!("networks of the supernet of `{}` cannot be evaluated yet", space.name)))
}

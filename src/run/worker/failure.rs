//! Why a worker ends without a result.

use crate::base::Digest;
use crate::evaluate::EvaluateError;
use crate::store::{Blobs, StoreError};

/// Why a worker ends without a result.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Told to stop; a checkpoint is there.
    #[error("told to stop")]
    Stopped,
    /// The run cannot go on.
    #[error("{0}")]
    Broken(String),
    /// This attempt failed.
    #[error("{0}")]
    Attempt(String),
}

impl From<StoreError> for Failure {
    fn from(e: StoreError) -> Self {
        Failure::Broken(e.to_string())
    }
}

impl From<EvaluateError> for Failure {
    fn from(e: EvaluateError) -> Self {
        Failure::Attempt(e.to_string())
    }
}

/// A blob that must be there; a damaged or missing one fails the attempt, because the coordinator can have it made again.
pub fn blob(blobs: &Blobs, digest: Digest, what: &str) -> Result<Vec<u8>, Failure> {
    match blobs.get(&digest) {
        Ok(bytes) => Ok(bytes),
        Err(e @ (StoreError::Missing { .. } | StoreError::Damaged { .. })) => Err(Failure::Attempt(format!("{what}: {e}"))),
        Err(e) => Err(e.into()),
    }
}

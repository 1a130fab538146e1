//! Why a worker ends without a result.

use crate::base::Digest;
use crate::data::Pack;
use crate::evaluate::EvaluateError;
use crate::store::{Blobs, StoreError};

/// Bytes of a pack that a worker holds in memory; of a longer one it reads what it needs, when it needs it.
const IN_MEMORY: u64 = 256 << 20;

/// Why a worker ends without a result.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Told to stop; a checkpoint is there.
    #[error("told to stop")]
    Stopped,
    /// The run cannot go on.
    #[error("{0}")]
    Broken(String),
    /// The disk is full; in words, and bytes that it takes to go on.
    #[error("{0}")]
    Full(String, u64),
    /// This attempt failed.
    #[error("{0}")]
    Attempt(String),
}

impl From<StoreError> for Failure {
    fn from(e: StoreError) -> Self {
        match e.room() {
            Some(needed) => Failure::Full(e.to_string(), needed),
            None => Failure::Broken(e.to_string()),
        }
    }
}

impl From<EvaluateError> for Failure {
    fn from(e: EvaluateError) -> Self {
        Failure::Attempt(e.to_string())
    }
}

/// A blob that must be there; a damaged or missing one fails the attempt, because the coordinator can have it made again.
pub fn blob(blobs: &Blobs, digest: Digest, what: &str) -> Result<Vec<u8>, Failure> {
    there(blobs.get(&digest), what)
}

/// A pack that must be there. A large one stays on disk: it is verified as a whole, and its images are read when they are asked for.
pub fn pack(blobs: &Blobs, digest: Digest) -> Result<Pack, Failure> {
    let pack = if blobs.size(&digest).is_some_and(|size| size > IN_MEMORY) {
        Pack::from_file(there(blobs.file(&digest), "the pack")?)
    } else {
        Pack::from_bytes(blob(blobs, digest, "the pack")?)
    };
    pack.map_err(Failure::Attempt)
}

fn there<T>(found: Result<T, StoreError>, what: &str) -> Result<T, Failure> {
    match found {
        Ok(found) => Ok(found),
        Err(e @ (StoreError::Missing { .. } | StoreError::Damaged { .. })) => Err(Failure::Attempt(format!("{what}: {e}"))),
        Err(e) => Err(e.into()),
    }
}

//! The files of an attempt's folder.

use super::result::{Checkpoint, JobResult};
use crate::base::Digest;
use crate::store::{Attempt, StoreError};
use std::path::Path;

/// The name of the file that says where to go on.
pub const CHECKPOINT: &str = "checkpoint.json";
/// The name of the file that counts the iterations executed: one line each.
pub const JOURNAL: &str = "iterations";

/// The name of the result file of a key.
pub fn result_file(key: Digest) -> String {
    format!("result-{}.json", key.hex())
}

/// The name of the assignment file of a key.
pub fn assignment_file(key: Digest) -> String {
    format!("assignment-{}.json", key.hex())
}

/// The result file of a key, where it is there and whole.
///
/// # Errors
/// A file that cannot be read.
pub fn read_result(attempt: &Attempt, key: Digest) -> Result<Option<JobResult>, StoreError> {
    Ok(attempt.read(&result_file(key))?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// The checkpoint of a training, where there is one.
///
/// # Errors
/// A file that cannot be read.
pub fn read_checkpoint(attempt: &Attempt) -> Result<Option<Checkpoint>, StoreError> {
    Ok(attempt.read(CHECKPOINT)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// The checkpoint that an interrupted training left, for somebody who only looks.
pub fn checkpoint_of(root: &Path, chain: Digest) -> Option<Checkpoint> {
    let bytes = Attempt::peek(root, chain, CHECKPOINT)?;
    serde_json::from_slice(&bytes).ok()
}

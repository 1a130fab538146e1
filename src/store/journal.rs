//! What happened, as lines of JSON in files: attempts at an action, and what machines said about themselves.
//!
//! Neither is ever part of a digest. A line is written whole or not at all as far as a reader can tell: a torn
//! one is skipped. A writer that retries after an error may leave a line twice.

use super::StoreError;
use super::blobs::Blobs;
use super::disk::{again, append_line, entries, name};
use crate::base::Digest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Bytes at the end of a journal that are read after a writer died.
const TAIL: u64 = 1 << 17;

/// What a machine measured, beside any result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// What was measured: "latency", "memory", "seconds", …
    pub kind: String,
    /// Of what: an action or a candidate.
    pub key: Digest,
    /// On which machine.
    pub machine: String,
    /// When, in seconds since 1970.
    pub time: u64,
    /// What came out.
    pub value: Value,
}

/// The journals of a store. Usable by worker processes: they share the handle of their blobs.
#[derive(Clone)]
pub struct Journal(pub(super) Blobs);

impl Journal {
    /// The journals beside these blobs.
    pub fn of(blobs: &Blobs) -> Journal {
        Journal(blobs.clone())
    }

    /// Adds an attempt at an action: iterations done, how it ended.
    ///
    /// # Errors
    /// [`StoreError::Io`]; [`StoreError::ReadOnly`].
    pub fn attempt(&self, key: &Digest, value: &Value) -> Result<(), StoreError> {
        self.append(&self.attempts_path(key), &[value])
    }

    /// The attempts at an action, oldest first.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn attempts(&self, key: &Digest) -> Result<Vec<Value>, StoreError> {
        self.lines(&self.attempts_path(key))
    }

    pub(super) fn observe(&self, observations: &[Observation]) -> Result<(), StoreError> {
        let mut kinds: Vec<&str> = observations.iter().map(|o| o.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        for kind in kinds {
            // Kinds are any text; a file's name is not.
            let path = self.0.layout.folder("observations").join(format!("{}.jsonl", Digest::of(kind.as_bytes()).short()));
            let lines: Vec<_> = observations.iter().filter(|o| o.kind == kind).collect();
            self.append(&path, &lines)?;
        }
        Ok(())
    }

    /// Every observation that was ever made, to build the index from.
    pub(super) fn observations(&self) -> Result<Vec<Observation>, StoreError> {
        self.observed(|path| self.lines(path))
    }

    /// The last ones, for a writer that died before they were in the index: it was at most one call behind.
    pub(super) fn last_observations(&self) -> Result<Vec<Observation>, StoreError> {
        self.observed(|path| {
            let failed = |e| StoreError::io("read", path, None, e);
            let mut file = again(|| self.0.disk.open(path)).map_err(failed)?;
            let length = file.metadata().map_err(failed)?.len();
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).and_then(|_| file.read_to_end(&mut bytes)).map_err(failed)?;
            // What is left of the line before is no line of JSON.
            Ok(parsed(&bytes))
        })
    }

    fn observed(&self, read: impl Fn(&Path) -> Result<Vec<Observation>, StoreError>) -> Result<Vec<Observation>, StoreError> {
        let mut all = Vec::new();
        for path in entries(&self.0.layout.folder("observations"))? {
            if name(&path).ends_with(".jsonl") {
                all.extend(read(&path)?);
            }
        }
        Ok(all)
    }

    fn attempts_path(&self, key: &Digest) -> PathBuf {
        self.0.layout.folder("attempts").join(format!("{}.jsonl", key.hex()))
    }

    fn append<T: Serialize>(&self, path: &Path, values: &[T]) -> Result<(), StoreError> {
        self.0.writer()?.writing()?;
        let mut text = String::new();
        for value in values {
            text += &serde_json::to_string(value).map_err(|e| StoreError::Invalid { message: format!("cannot be journaled: {e}") })?;
            text.push('\n');
        }
        append_line(self.0.disk.as_ref(), path, text.as_bytes())
    }

    fn lines<T: DeserializeOwned>(&self, path: &Path) -> Result<Vec<T>, StoreError> {
        match again(|| self.0.disk.read(path)) {
            Ok(bytes) => Ok(parsed(&bytes)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(e) => Err(StoreError::io("read", path, None, e)),
        }
    }
}

/// The lines that are whole.
fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Vec<T> {
    bytes.split(|&b| b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

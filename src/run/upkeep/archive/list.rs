//! What an archive says of itself.

use crate::base::Digest;
use crate::store::{RunRecord, StoreError};
use serde::{Deserialize, Serialize};

/// The version of the form.
pub const FORMAT: u32 = 1;
/// The first entry.
pub const LIST: &str = "nasflow-run/run.json";
/// What machines measured, a line of JSON each.
pub const OBSERVATIONS: &str = "nasflow-run/observations.jsonl";
/// The folder of blobs.
pub const BLOBS: &str = "nasflow-run/blobs/";
/// Bytes of the first two entries, at most.
pub const LARGEST: u64 = 32 << 20;

/// The first entry of an archive.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct List {
    /// [`FORMAT`].
    pub format: u32,
    /// The run's record.
    pub run: RunRecord,
    /// The manifests of its results: blobs, too.
    pub manifests: Vec<Digest>,
    /// Every blob and its bytes, in the order in which they come.
    pub blobs: Vec<(Digest, u64)>,
    /// States that results name and that are not here.
    pub lacking: Vec<Digest>,
    /// Bytes of the observations.
    pub observations: u64,
    /// The pipeline's files, as they were when the run was exported: name and text.
    pub files: Vec<(String, String)>,
}

/// Why an archive was not written or not taken.
#[derive(Debug)]
pub enum Halt {
    /// The archive's own fault, or that of its file.
    Archive(String),
    /// The store's.
    Store(StoreError),
}

impl From<StoreError> for Halt {
    fn from(e: StoreError) -> Self {
        Halt::Store(e)
    }
}

//! Whether everything that a pipeline's results need is there and whole.

use crate::base::Digest;
use crate::document::Pipeline;
use crate::plan::Replay;
use crate::store::{Store, StoreError};
use serde::Serialize;
use std::collections::BTreeSet;

/// What was looked through.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Looked {
    /// Records.
    pub results: usize,
    /// Blobs, each once.
    pub blobs: usize,
    /// Their bytes.
    pub bytes: u64,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

/// An output that is damaged or gone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fault {
    /// The stage and model that asked.
    pub label: String,
    /// The kind of action.
    pub kind: String,
    /// Its key.
    pub key: Digest,
    /// The output, and what is wrong with it.
    pub what: String,
}

/// Reads every record and blob of a pipeline's actions, also of those that the replay takes for unknown because an output is not
/// there. A training's state may have been dropped: that is no fault.
///
/// # Errors
/// What cannot be read for another reason than damage.
pub fn looked_through(pipeline: &Pipeline, replay: &Replay, store: &Store) -> Result<Looked, StoreError> {
    let mut looked = Looked::default();
    let (mut met, mut blobs) = (BTreeSet::new(), BTreeSet::new());
    for (index, stage) in pipeline.stages.iter().enumerate() {
        for slot in replay.all(index) {
            let label = format!("{}: {}", stage.name.value, slot.model.label());
            let keys: Vec<Digest> = slot.steps.iter().map(|s| s.key).filter(|key| met.insert(*key)).collect();
            for record in store.lookup_many(&keys)?.into_iter().flatten() {
                looked.results += 1;
                for (name, blob) in record.outputs.iter().filter(|(_, blob)| blobs.insert(**blob)) {
                    let size = store.blobs().size(blob);
                    match store.blobs().file(blob) {
                        Ok(_) => {
                            looked.blobs += 1;
                            looked.bytes += size.unwrap_or(0);
                        }
                        Err(StoreError::Missing { .. }) if name == "state" => {}
                        Err(e @ (StoreError::Missing { .. } | StoreError::Damaged { .. })) => {
                            let what = format!("`{name}`: {e}");
                            looked.faults.push(Fault { label: label.clone(), kind: record.kind.clone(), key: record.key, what });
                        }
                        Err(e) => return Err(e),
                    }
                }
            }
        }
    }
    Ok(looked)
}

//! Results as a list: which there are, how large, how old, and whose.

use super::census::each;
use super::roots::{age, keys_of};
use crate::base::Digest;
use crate::store::{RunRecord, Store, StoreError};
use serde::Serialize;
use std::collections::HashMap;

/// A result.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Line {
    /// Its key.
    pub key: Digest,
    /// The kind of action.
    pub kind: String,
    /// Bytes of its blobs that are there, its manifest's among them.
    pub bytes: u64,
    /// Bytes of the state among them.
    pub state_bytes: u64,
    /// Names of its outputs that are not there.
    pub gone: Vec<String>,
    /// Seconds since it was written.
    pub age: u64,
    /// The pipeline and the stage that used it last; none where no run names it.
    pub used_by: Option<(String, String)>,
    /// How many runs used it.
    pub runs: usize,
}

/// Which results are listed.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// Of this kind of action.
    pub kind: Option<String>,
    /// Used by a run of this pipeline.
    pub pipeline: Option<String>,
    /// Used by this run.
    pub run: Option<RunRecord>,
    /// Whose keys begin so.
    pub key: Option<String>,
}

/// Lists them, in the order of their keys.
///
/// # Errors
/// Those of the store.
pub fn list(store: &Store, which: &Which, told: &mut dyn FnMut(usize, usize)) -> Result<Vec<Line>, StoreError> {
    // Of each key: the last pipeline and stage, and how many runs; whether one of the runs is wanted.
    let mut uses: HashMap<Digest, ((String, String), usize, bool)> = HashMap::new();
    for run in store.runs(None)? {
        let wanted = which.run.as_ref().map_or_else(|| which.pipeline.as_ref().is_none_or(|p| *p == run.pipeline), |r| r.id == run.id);
        let mut stages: Vec<(String, Digest)> = Vec::new();
        for (stage, listed) in run.values.get("stages").and_then(|s| s.as_object()).into_iter().flatten() {
            let keys = listed.as_array().into_iter().flatten().filter_map(|key| key.as_str()?.parse().ok());
            stages.extend(keys.map(|key| (stage.clone(), key)));
        }
        for key in keys_of(&run).unwrap_or_default() {
            let used = uses.entry(key).or_default();
            used.0.0.clone_from(&run.pipeline);
            used.1 += 1;
            used.2 |= wanted;
        }
        for (stage, key) in stages {
            if let Some(used) = uses.get_mut(&key) {
                used.0.1 = stage;
            }
        }
    }
    let narrowed = which.pipeline.is_some() || which.run.is_some();
    let mut lines = Vec::new();
    each(store, told, &mut |record| {
        let used = uses.get(&record.key);
        let out = which.kind.as_ref().is_some_and(|kind| *kind != record.kind)
            || which.key.as_ref().is_some_and(|key| !record.key.hex().starts_with(key.as_str()))
            || narrowed && !used.is_some_and(|u| u.2);
        if out {
            return Ok(());
        }
        let blobs = store.blobs();
        let mut bytes = blobs.size(&Digest::of(&record.manifest()?)).unwrap_or(0);
        let (mut state_bytes, mut gone) = (0, Vec::new());
        for (output, digest) in &record.outputs {
            match blobs.size(digest) {
                Some(size) => {
                    bytes += size;
                    state_bytes += if output == "state" { size } else { 0 };
                }
                None => gone.push(output.clone()),
            }
        }
        lines.push(Line {
            key: record.key,
            kind: record.kind.clone(),
            bytes,
            state_bytes,
            gone,
            age: age(store, record)?.as_secs(),
            used_by: used.map(|u| u.0.clone()),
            runs: used.map_or(0, |u| u.1),
        });
        Ok(())
    })?;
    Ok(lines)
}

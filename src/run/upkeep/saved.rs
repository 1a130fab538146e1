//! What was not done twice, over all pipelines of a store: from the records of its runs.

use super::roots::keys_of;
use crate::base::Digest;
use crate::run::cost;
use crate::store::{Store, StoreError};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What reuse saved. A run that found everything and made nothing leaves no record, so it is not counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Saved {
    /// Runs with a record.
    pub runs: usize,
    /// Pipelines among them.
    pub pipelines: usize,
    /// Results that runs found instead of making them.
    pub results: usize,
    /// Training iterations in these, and below what went on from them.
    pub iterations: u64,
    /// Hours of workers.
    pub hours: f64,
}

/// From the records.
///
/// # Errors
/// Those of the store.
pub fn saved(store: &Store) -> Result<Saved, StoreError> {
    let runs = store.runs(None)?;
    let times = cost::times(store)?;
    let chains: HashMap<Digest, (Digest, u64)> = store.chained()?.into_iter().filter_map(|r| Some((r.key, r.chain?))).collect();
    let (mut known, mut furthest): (HashSet<Digest>, HashMap<Digest, u64>) = Default::default();
    let mut saved = Saved { runs: runs.len(), ..Saved::default() };
    saved.pipelines = runs.iter().map(|run| run.pipeline.as_str()).collect::<HashSet<_>>().len();
    let mut seconds = 0.0;
    for run in &runs {
        let keys = keys_of(run).unwrap_or_default();
        let mut reached: BTreeMap<Digest, u64> = BTreeMap::new();
        for key in &keys {
            if known.contains(key) {
                saved.results += 1;
                seconds += times.get(key).map_or(0.0, |(seconds, _)| *seconds);
            }
            if let Some((chain, iteration)) = chains.get(key) {
                let end = reached.entry(*chain).or_default();
                *end = (*iteration).max(*end);
            }
        }
        // A training that went on from a checkpoint of an earlier run did not do again what lies below it.
        for (chain, end) in reached {
            let before = furthest.entry(chain).or_default();
            saved.iterations += end.min(*before);
            *before = end.max(*before);
        }
        known.extend(keys);
    }
    saved.hours = seconds / 3600.0;
    Ok(saved)
}

//! What runs did, from their records, so that reasons can say what changed since.

use super::record;
use crate::base::Digest;
use crate::document::Pipeline;
use crate::plan::past::{Done, Past, Seen};
use crate::results::{GivenUp, RunSummary};
use crate::store::{RunRecord, Store, StoreError};
use std::collections::BTreeSet;

/// Runs that are remembered, at most: back to the last that finished.
const RUNS: usize = 20;

/// What the last run of this pipeline did.
pub fn summary(store: &Store, pipeline: &str) -> Result<Option<RunSummary>, StoreError> {
    Ok(store.runs_back(Some(pipeline), |_| true)?.pop().and_then(|run| record::read_run(&run.values)))
}

/// Whether the last run of this pipeline finished, and what it did.
///
/// # Errors
/// Those of the store.
pub fn last(store: &Store, pipeline: &str) -> Result<Option<(bool, RunSummary)>, StoreError> {
    let run = store.runs_back(Some(pipeline), |_| true)?.pop();
    Ok(run.and_then(|run| Some((run.outcome == "finished", record::read_run(&run.values)?))))
}

/// The kind of memo that holds what the last run used, in one digest.
const LAST: &str = "last-run";

/// Whether the record of this pipeline's last run is whole, finished, and of a run that used this, as [`keep_last`] was told of it. What
/// it says is not read: a record of 10,000 candidates takes longer to read than the rest of an idle run.
///
/// # Errors
/// Those of the store.
pub fn is_last(store: &Store, pipeline: &str, used: &Digest) -> Result<bool, StoreError> {
    let Some(remembered) = store.memo(LAST, &Digest::of(pipeline.as_bytes()))? else { return Ok(false) };
    Ok(store.last_run_seal(pipeline)?.is_some_and(|seal| remembered == [seal.0, used.0].concat()))
}

/// Remembers what this pipeline's last run, which has finished and whose record has this seal, used. A memo that cannot be written is
/// as one that is lost: the next run reads the record.
pub fn keep_last(store: &Store, pipeline: &str, seal: &Digest, used: &Digest) {
    let _ = store.put_memo(LAST, &Digest::of(pipeline.as_bytes()), &[seal.0, used.0].concat());
}

/// Tells a past what the last runs of this pipeline did, back to the last that finished: a run that was cut short knows of few models.
/// The keys whose results these runs had and the store has no more: removed, or lost with a damaged index.
///
/// # Errors
/// Those of the store.
pub fn remember(store: &Store, pipeline: &Pipeline, past: &mut Past) -> Result<BTreeSet<Digest>, StoreError> {
    let (mut read, mut gone) = (0, BTreeSet::new());
    let enough = |run: &RunRecord| {
        read += 1;
        run.outcome == "finished" || read == RUNS
    };
    for run in store.runs_back(Some(&pipeline.name), enough)? {
        let Some(summary) = record::read_run(&run.values) else { continue };
        for (stage, keys) in &summary.stages {
            for (key, record) in keys.iter().zip(store.lookup_many(keys)?) {
                match record {
                    Some(record) => past.add(stage, Done { key: record.key, text: record.text }),
                    None => drop(gone.insert(*key)),
                }
            }
        }
        for (data, splits) in summary.described.into_iter().flat_map(|d| d.data) {
            for (split, read) in splits {
                past.saw(read.digest, Seen { data: data.clone(), split, images: read.images });
            }
        }
    }
    Ok(gone)
}

/// The trials that the last run of this pipeline gave up. Whoever only looks sees what that run saw; the next run tries them
/// again.
pub fn given_up(store: &Store, pipeline: &Pipeline) -> Result<Vec<GivenUp>, StoreError> {
    Ok(summary(store, &pipeline.name)?.unwrap_or_default().given_up)
}

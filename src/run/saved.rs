//! What the store saved a pipeline: results that several places need and that were made once, results that other pipelines had made,
//! and trainings that went on from checkpoints.

use super::cost::Ledger;
use super::record;
use crate::base::Digest;
use crate::document::Pipeline;
use crate::plan::{Kind, Replay};
use crate::store::{Store, StoreError};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Results that were not made again, and what that would have taken.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reused {
    /// How many.
    pub results: usize,
    /// Worker seconds that making them took, as far as these were kept.
    pub seconds: f64,
}

/// One run of a pipeline, from its record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ran {
    /// When it began, in seconds since 1970.
    pub begun: u64,
    /// When it ended; none where it was killed, or goes on.
    pub ended: Option<u64>,
    /// `finished`, `paused`, `interrupted` or `failed` (of older programs `stopped`); empty of one that did not end.
    pub outcome: String,
    /// Results that it made.
    pub made: usize,
    /// Results that were there already.
    pub found: usize,
}

/// What was saved.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Saved {
    /// Results of this pipeline that are known, each once.
    pub results: usize,
    /// Worker seconds that making them took, as far as these were kept.
    pub seconds: f64,
    /// Of these, needed in more than one place and made once; counted as often as they were not made again.
    pub within: Reused,
    /// Of these, made by runs of other pipelines before this one ran first.
    pub elsewhere: Reused,
    /// Iterations that trainings did not repeat, because they went on from a checkpoint of themselves.
    pub continued: u64,
    /// The runs that made something, oldest first.
    pub runs: Vec<Ran>,
}

/// Runs that are told, at most.
const RUNS: usize = 20;

/// From the records.
///
/// # Errors
/// Those of the store.
pub fn saved(pipeline: &Pipeline, replay: &Replay, ledger: &Ledger, store: &Store) -> Result<Saved, StoreError> {
    let mut places: BTreeMap<Digest, usize> = BTreeMap::new();
    let mut chains: BTreeMap<Digest, BTreeSet<u64>> = BTreeMap::new();
    for index in 0..pipeline.stages.len() {
        for step in replay.all(index).flat_map(|slot| &slot.steps).filter(|s| s.known) {
            *places.entry(step.key).or_default() += 1;
            if step.action.kind == Kind::Train
                && let Some((chain, iteration)) = ledger.training(step.key)?
            {
                chains.entry(chain).or_default().insert(iteration);
            }
        }
    }
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for run in store.runs(None)? {
        let Some(summary) = record::read_run(&run.values) else { continue };
        if run.pipeline == pipeline.name { own.push((run, summary)) } else { others.push((run, summary)) }
    }
    let first = own.first().map(|(run, _)| run.begun);
    let before = others.iter().filter(|(run, _)| first.is_some_and(|first| run.begun < first));
    let foreign: BTreeSet<Digest> = before.flat_map(|(_, summary)| summary.stages.values().flatten().copied()).collect();
    let mut saved = Saved { results: places.len(), ..Saved::default() };
    for (key, count) in &places {
        let seconds = ledger.seconds(key);
        saved.seconds += seconds;
        if *count > 1 {
            saved.within.results += count - 1;
            saved.within.seconds += seconds * (count - 1) as f64;
        }
        if foreign.contains(key) {
            saved.elsewhere.results += 1;
            saved.elsewhere.seconds += seconds;
        }
    }
    // Without its checkpoint, every further rung would start from nothing.
    saved.continued = chains.values().map(|rungs| rungs.iter().rev().skip(1).sum::<u64>()).sum();
    let told = own.len().saturating_sub(RUNS);
    saved.runs = own
        .into_iter()
        .skip(told)
        .map(|(run, summary)| {
            let keys: BTreeSet<Digest> = summary.stages.values().flatten().copied().collect();
            let made: usize = summary.executed.values().sum();
            Ran { begun: run.begun, ended: run.ended, outcome: run.outcome, made, found: keys.len().saturating_sub(made) }
        })
        .collect();
    Ok(saved)
}

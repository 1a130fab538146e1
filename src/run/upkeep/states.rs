//! Optimiser states: what a training goes on from. Once a search is over nothing needs them, unless somebody asks for more epochs.
//! So the most useful ones stay, as many as fit a bound, and the others are dropped.
//!
//! A state of a search that is not over stays, whatever the bound: a rung above, or the next run, goes on from it. So does, for a while,
//! one that no run names: its run was killed.

use super::attempts;
use super::gc::YOUNG;
use super::roots::{age, keys_of};
use crate::base::Digest;
use crate::plan::Replay;
use crate::run::options::{Report, RunEnd};
use crate::store::{Record, Store, StoreError, Usage};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What was dropped, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trimmed {
    /// What went.
    pub dropped: Usage,
    /// What stays although no stage needs it.
    pub kept: Usage,
    /// What stays because a search is not over.
    pub needed: Usage,
}

/// How useful a state is: more is more useful.
type Worth = (bool, usize, u64);

/// The stage that each training of a replay belongs to; of several the last. Finals come after what was tried first.
pub fn stages_of(replay: &Replay) -> HashMap<Digest, usize> {
    let mut stages = HashMap::new();
    for index in 0..replay.stages.len() {
        for step in replay.all(index).flat_map(|slot| &slot.steps).filter(|step| step.chain.is_some()) {
            stages.insert(step.key, index + 1);
        }
    }
    stages
}

/// After a run: drops what does not fit the bound. None where there was nothing to look at: the run is not over, it trained nothing
/// and nobody asked, or other runs are at work, which may go on from what is here.
///
/// # Errors
/// Those of the store.
pub fn after(store: &Store, report: &Report, bound: u64, asked: bool) -> Result<Option<Trimmed>, StoreError> {
    let over = report.ended == RunEnd::Finished && (asked || report.executed.contains_key("train"));
    if !over || store.any_at_work()? {
        return Ok(None);
    }
    trim(store, bound, &stages_of(&report.replay), false).map(Some)
}

/// Drops the least useful states until those that are left fit the bound. `stages` says which trainings belong to the run that has
/// just ended, and to which of its stages: its finals are the most useful.
///
/// # Errors
/// Those of the store.
pub fn trim(store: &Store, bound: u64, stages: &HashMap<Digest, usize>, dry: bool) -> Result<Trimmed, StoreError> {
    let uses = Uses::of(store)?;
    let held = attempts::folders(store, None)?.named;
    let records = store.chained()?;
    let mut last: HashMap<Digest, u64> = HashMap::new();
    for (chain, iteration) in records.iter().filter_map(|r| r.chain) {
        let furthest = last.entry(chain).or_default();
        *furthest = iteration.max(*furthest);
    }
    let (mut needed, mut worth): (BTreeSet<Digest>, BTreeMap<Digest, Worth>) = (held, BTreeMap::new());
    for record in &records {
        let (Some(&state), Some((chain, iteration))) = (record.outputs.get("state"), record.chain) else { continue };
        if uses.need(store, record)? {
            needed.insert(state);
        }
        let furthest = last.get(&chain).is_some_and(|end| *end == iteration);
        let this: Worth = (furthest, stages.get(&record.key).copied().unwrap_or(0), iteration);
        let best = worth.entry(state).or_insert(this);
        *best = this.max(*best);
    }
    let mut trimmed = Trimmed::default();
    // Of equally useful ones the small: so more trainings can go on.
    let mut rest: Vec<(Worth, Reverse<u64>, Digest)> = Vec::new();
    for (state, worth) in worth {
        let Some(bytes) = store.blobs().size(&state) else { continue };
        if needed.contains(&state) {
            trimmed.needed += Usage { files: 1, bytes };
        } else {
            rest.push((worth, Reverse(bytes), state));
        }
    }
    rest.sort_unstable_by(|a, b| b.cmp(a));
    let mut going = Vec::new();
    for (_, Reverse(bytes), state) in rest {
        let usage = Usage { files: 1, bytes };
        // Once one does not fit, the less useful go too: what stays is the same whatever their sizes are.
        if going.is_empty() && trimmed.kept.bytes.saturating_add(bytes) <= bound {
            trimmed.kept += usage;
        } else {
            trimmed.dropped += usage;
            going.push(state);
        }
    }
    // A run that has begun meanwhile may go on from any of them.
    if !dry && !going.is_empty() && store.any_at_work()? {
        trimmed.kept += std::mem::take(&mut trimmed.dropped);
    } else if !dry {
        store.drop_blobs(&going)?;
    }
    Ok(trimmed)
}

/// What runs say that they used.
struct Uses {
    /// By any run.
    any: HashSet<Digest>,
    /// By the last run of a pipeline, where it did not come to its end, and by pinned runs.
    unfinished: HashSet<Digest>,
}

impl Uses {
    fn of(store: &Store) -> Result<Uses, StoreError> {
        let (mut any, mut last) = (HashSet::new(), BTreeMap::new());
        for run in store.runs(None)? {
            let keys = keys_of(&run).unwrap_or_default();
            any.extend(keys.iter().copied());
            last.insert(run.pipeline, (run.outcome, keys));
        }
        // A pin keeps what its run used as it is.
        let pins: HashSet<(String, String)> = store.pins()?.into_iter().map(|pin| (pin.run, pin.pipeline)).collect();
        let mut unfinished: HashSet<Digest> = HashSet::new();
        for run in store.runs(None)?.into_iter().filter(|run| pins.contains(&(run.id.clone(), run.pipeline.clone()))) {
            unfinished.extend(keys_of(&run).unwrap_or_default());
        }
        let last = last.into_values().filter(|(outcome, _)| outcome != "finished").flat_map(|(_, keys)| keys);
        unfinished.extend(last);
        Ok(Uses { any, unfinished })
    }

    /// Whether a search may go on from this training. One that no run names is of a run that was killed, as long as it is young.
    fn need(&self, store: &Store, record: &Record) -> Result<bool, StoreError> {
        Ok(self.unfinished.contains(&record.key) || !self.any.contains(&record.key) && age(store, record)? < YOUNG)
    }
}

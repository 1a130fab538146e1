//! `verify --rebuild`: runs actions again in a scratch store, over the same inputs, and compares what they leave.
//!
//! The scratch store has the records of everything else, and their blobs as links, so that a run over it computes exactly what is to be
//! compared. Where a result comes out otherwise, the known one is put in its place before the run goes on: one difference must not look
//! like many, and a search must not go another way because of it. Nothing in the user's store is written.

use super::coordinator;
use super::differing::{Differing, differing};
use super::error::RunError;
use super::events::{Event, Events};
use super::known::StoreKnown;
use super::launch::Launcher;
use super::options::{Options, RunEnd};
use super::prepare::Prepared;
use super::scratch::Scratch;
use crate::base::Digest;
use crate::document::StageId;
use crate::plan::past::is_exempt;
use crate::plan::{Kind, Replay};
use crate::store::{self, Record, Store};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is rebuilt.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// The stage; none: all.
    pub stage: Option<StageId>,
    /// So many of its results, the same ones each time; none: all.
    pub sample: Option<usize>,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rebuilt {
    /// Results that came out the same, bit by bit, by kind.
    pub same: BTreeMap<String, usize>,
    /// Those that did not.
    pub different: Vec<Differing>,
    /// Those that need not, by kind: a command of one's own says them.
    pub exempt: BTreeMap<String, usize>,
    /// Those that could not be made again, and why.
    pub unmade: Vec<(String, String)>,
    /// Whether the user ended it before all were made.
    pub interrupted: bool,
}

/// A known result.
struct Target {
    label: String,
    kind: Kind,
    chain: Option<Digest>,
}

/// Runs what is asked again. `options.stop` is set where the user wants to stop.
///
/// # Errors
/// Those of a run, and of the scratch store.
pub fn rebuild(
    prepared: &Prepared,
    store: &Store,
    asked: Asked,
    options: &Options,
    launcher: &mut dyn Launcher,
    events: &mut dyn Events,
) -> Result<Rebuilt, RunError> {
    let mut rebuilt = Rebuilt::default();
    let mut known = StoreKnown::new(Some(store));
    let replay = &prepared.engine(options.executor.numerics()).replay(&mut known);
    if let Some(error) = known.error.take() {
        return Err(error.into());
    }
    let all = targets(prepared, replay, None, &mut BTreeMap::new());
    let wanted = chosen(targets(prepared, replay, asked.stage, &mut rebuilt.exempt), &all, asked.sample);
    let mut open: BTreeSet<Digest> = wanted.keys().copied().collect();
    if open.is_empty() {
        return Ok(rebuilt);
    }
    let folder = Scratch::new(&std::env::temp_dir()).map_err(RunError::Scratch)?;
    let scratch = Store::open_with(&folder.path().join("cache"), store::Options { allow_network: true, ..store::Options::default() })?;
    // What a command said is taken as it was said: its results are exempt, and what follows from them is not.
    let others: Vec<Digest> = known.found().into_iter().filter(|key| !open.contains(key)).collect();
    lend(store, &scratch, &others)?;
    // Made again here, not fetched.
    let options = &Options { team: None, ..options.clone() };
    while !open.is_empty() {
        let before = open.len();
        let stopped = Arc::new(AtomicUsize::new(0));
        let mut watch =
            Watch { events: &mut *events, store, scratch: &scratch, open: open.clone(), stop: &options.stop, stopped: &stopped };
        let report = coordinator::run(prepared, &scratch, options, launcher, &mut watch)?;
        // What the listener asked for is taken back; what the user asked for stays.
        options.stop.fetch_sub(stopped.load(Ordering::Relaxed), Ordering::Relaxed);
        for key in open.clone() {
            let (Some(again), Some(kept)) = (scratch.lookup(&key)?, store.lookup(&key)?) else { continue };
            open.remove(&key);
            let Some(target) = wanted.get(&key) else { continue };
            match differing(&target.label, &kept, &again, &store.blobs(), &scratch.blobs())? {
                None => *rebuilt.same.entry(target.kind.word().to_string()).or_default() += 1,
                Some(found) => {
                    rebuilt.different.push(found);
                    lend(store, &scratch, &[key])?;
                }
            }
        }
        for failed in &report.given_up {
            if open.remove(&failed.key) {
                rebuilt.unmade.push((failed.label.clone(), failed.reason.clone()));
            }
        }
        if options.stop.load(Ordering::Relaxed) > 0 || report.ended == RunEnd::Paused {
            rebuilt.interrupted = true;
            break;
        }
        if open.len() == before {
            let unreached = |key: &Digest| wanted.get(key).map(|t| (t.label.clone(), "the run did not come to it again".to_string()));
            rebuilt.unmade.extend(open.iter().filter_map(unreached));
            break;
        }
    }
    Ok(rebuilt)
}

/// What can be rebuilt of one stage, or all; exempt kinds are counted instead.
fn targets(prepared: &Prepared, replay: &Replay, only: Option<StageId>, exempt: &mut BTreeMap<String, usize>) -> BTreeMap<Digest, Target> {
    let mut found = BTreeMap::new();
    let mut left_out: BTreeMap<Digest, Kind> = BTreeMap::new();
    for index in (0..prepared.pipeline.stages.len()).filter(|index| only.is_none_or(|only| only == *index)) {
        let name = &prepared.pipeline.stages[index].name.value;
        for slot in replay.all(index) {
            for step in slot.steps.iter().filter(|s| s.known && s.action.kind != Kind::Table) {
                let kind = step.action.kind;
                if is_exempt(kind, &step.action.text()) {
                    left_out.insert(step.key, kind);
                    continue;
                }
                let label = format!("{name}: {}", slot.model.label());
                found.entry(step.key).or_insert(Target { label, kind, chain: step.chain });
            }
        }
    }
    if only.is_none() {
        for (name, compared) in &replay.compared {
            found.entry(compared.key).or_insert(Target { label: format!("answer: against {name}"), kind: Kind::Compare, chain: None });
        }
    }
    for kind in left_out.values() {
        *exempt.entry(kind.word().to_string()).or_default() += 1;
    }
    found
}

/// So many of them, by the digests of their keys: the same each time, and no one's choice. A training is made again from its beginning,
/// and so with all its rungs.
fn chosen(targets: BTreeMap<Digest, Target>, all: &BTreeMap<Digest, Target>, sample: Option<usize>) -> BTreeMap<Digest, Target> {
    let mut order: Vec<(Digest, Target)> = targets.into_iter().collect();
    if let Some(sample) = sample {
        order.sort_by_key(|(key, _)| Digest::of(&key.0));
        order.truncate(sample);
    }
    let chains: BTreeSet<Digest> = order.iter().filter_map(|(_, t)| t.chain).collect();
    let mut wanted: BTreeMap<Digest, Target> = order.into_iter().collect();
    for (key, target) in all.iter().filter(|(_, t)| t.chain.is_some_and(|chain| chains.contains(&chain))) {
        let Target { label, kind, chain } = target;
        wanted.entry(*key).or_insert(Target { label: label.clone(), kind: *kind, chain: *chain });
    }
    wanted
}

/// Gives the scratch store these records, and their blobs as links.
fn lend(from: &Store, to: &Store, keys: &[Digest]) -> Result<(), RunError> {
    for keys in keys.chunks(500) {
        let mut records: Vec<Record> = Vec::new();
        for mut record in from.lookup_many(keys)?.into_iter().flatten() {
            // A training's state may have been dropped.
            let mut gone = Vec::new();
            for (name, blob) in &record.outputs {
                if !from.blobs().has(blob)? {
                    gone.push(name.clone());
                } else if !to.blobs().has(blob)? {
                    link(&from.blobs().path(blob), &to.blobs().path(blob)).map_err(RunError::Scratch)?;
                }
            }
            record.outputs.retain(|name, _| !gone.contains(name));
            records.push(record);
        }
        to.publish_many(&records)?;
    }
    Ok(())
}

fn link(from: &std::path::Path, to: &std::path::Path) -> std::io::Result<()> {
    let from = std::path::absolute(from)?;
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    #[cfg(unix)]
    return std::os::unix::fs::symlink(from, to);
    #[cfg(not(unix))]
    return std::fs::copy(from, to).map(drop);
}

/// Ends the run when everything wanted is there, or something came out otherwise.
struct Watch<'w> {
    events: &'w mut dyn Events,
    store: &'w Store,
    scratch: &'w Store,
    open: BTreeSet<Digest>,
    stop: &'w AtomicUsize,
    stopped: &'w AtomicUsize,
}

/// Of so many that are open, all are looked for after each result.
const FEW: usize = 64;

impl Watch<'_> {
    fn finished(&mut self, key: &str) -> Result<(), store::StoreError> {
        let Ok(key) = Digest::from_str(key) else { return Ok(()) };
        let same = |a: &Record, b: &Record| a.values == b.values && a.outputs.iter().all(|(n, d)| b.outputs.get(n).is_none_or(|o| o == d));
        let differs = match (self.store.lookup(&key)?, self.scratch.lookup(&key)?) {
            (Some(kept), Some(again)) => !same(&kept, &again),
            _ => false,
        };
        self.open.remove(&key);
        // One worker may leave several results.
        if self.open.len() <= FEW {
            let keys: Vec<Digest> = self.open.iter().copied().collect();
            let there = self.scratch.lookup_many(&keys)?;
            self.open = keys.into_iter().zip(there).filter(|(_, found)| found.is_none()).map(|(key, _)| key).collect();
        }
        if (differs || self.open.is_empty()) && self.stopped.load(Ordering::Relaxed) == 0 {
            self.stopped.fetch_add(1, Ordering::Relaxed);
            self.stop.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Events for Watch<'_> {
    fn on(&mut self, event: Event) {
        if let Event::Finished { subject, .. } = &event {
            // What cannot be read here is read again, and said, when the run is over.
            let _ = self.finished(&subject.key);
        }
        match event {
            Event::Begin { .. } | Event::Reasons { .. } | Event::Estimate { .. } | Event::Answer { .. } | Event::Ended { .. } => {}
            Event::Stopping if self.stopped.load(Ordering::Relaxed) > 0 => {}
            other => self.events.on(other),
        }
    }
}

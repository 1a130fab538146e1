//! The record of a run while it goes on: what it computes and why, written when it begins to compute, every few seconds, and at its
//! end. A run that is killed leaves what it had done by then; one that computes nothing leaves one only where the last used other results.

use super::describe::described;
use super::history;
use super::options::{Report, RunEnd};
use super::prepare::Prepared;
use super::record;
use super::trust::trusted;
use super::why::Why;
use crate::base::Digest;
use crate::plan::{Group, Groups, Reason, Replay, Work};
use crate::results::{GivenUp, RanFor, RunSummary};
use crate::store::{RunRecord, Store, StoreError};
use serde_json::json;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

/// How often the record is written while the run goes on, at most.
const OFTEN: Duration = Duration::from_secs(2);
/// Of the run's time, one part in so many goes into that, at most.
const SHARE: u32 = 50;

/// A run's record.
pub struct Recording<'a> {
    prepared: &'a Prepared,
    store: &'a Store,
    numerics: String,
    begun: u64,
    alive: String,
    record: Option<RunRecord>,
    why: Option<Why<'a>>,
    /// Of what was started or is about to be.
    reasons: HashMap<Digest, Reason>,
    /// The stages of which was said why they run.
    said: HashSet<usize>,
    ran: BTreeMap<String, Groups>,
    under_way: BTreeMap<Digest, String>,
    /// When it was written last, and how long that took.
    written: Option<(Instant, Duration)>,
}

/// What a record says beside the replay.
pub struct SoFar<'r> {
    /// Actions computed: kind → how many.
    pub executed: &'r BTreeMap<&'static str, usize>,
    /// Trials out of attempts.
    pub given_up: &'r [GivenUp],
}

impl<'a> Recording<'a> {
    /// Of a run that began then, in seconds since 1970, and is known as `alive` while it lives.
    pub fn new(prepared: &'a Prepared, store: &'a Store, numerics: &str, begun: u64, alive: String) -> Self {
        Recording {
            prepared,
            store,
            numerics: numerics.to_string(),
            begun,
            alive,
            record: None,
            why: None,
            reasons: HashMap::new(),
            said: HashSet::new(),
            ran: BTreeMap::new(),
            under_way: BTreeMap::new(),
            written: None,
        }
    }

    /// A work of this replay is started. The first of a stage gives the reasons of all that the stage would run now, to be said.
    ///
    /// # Errors
    /// Those of the store.
    pub fn starts(&mut self, work: &Work, replay: &Replay, so_far: &SoFar) -> Result<Option<Vec<Group>>, StoreError> {
        let request = work.request();
        self.under_way.insert(request.key, work.label());
        if self.record.is_none() {
            let why = Why::new(self.prepared, replay, Some(self.store))?;
            if why.lacks() {
                // Removed, or lost in a damaged index: the results' own files may have them yet.
                self.store.check_index()?;
            }
            self.why = Some(why);
            let run = record::run(&self.summary(replay, so_far));
            let source = self.prepared.pipeline.sources.files.first().map(|f| f.0.clone()).unwrap_or_default();
            self.record = Some(self.store.run_begin(&self.prepared.pipeline.name, &source, run)?);
        }
        let Some(why) = &self.why else { return Ok(None) };
        if let Entry::Vacant(unsaid) = self.reasons.entry(request.key) {
            unsaid.insert(why.of(work)?.0);
        }
        let first = self.said.insert(request.stage);
        if first { Ok(Some(why.stage(replay, request.stage)?)) } else { Ok(None) }
    }

    /// A work was computed, and these keys are known by it.
    pub fn done(&mut self, work: &Work, keys: &[Digest]) {
        let request = work.request();
        self.under_way.remove(&request.key);
        let reason = self.reasons.remove(&request.key).unwrap_or(Reason::NewModel);
        let groups = self.ran.entry(request.name.clone()).or_default();
        for key in keys {
            groups.add(request.action.kind.word(), reason.clone(), request.model.as_deref(), *key, None);
        }
    }

    /// An attempt ended without a result.
    pub fn ended(&mut self, key: Digest) {
        self.under_way.remove(&key);
    }

    /// Writes the record anew, where enough time went by.
    ///
    /// # Errors
    /// Those of the store.
    pub fn keep(&mut self, replay: &Replay, so_far: &SoFar) -> Result<(), StoreError> {
        let due = |&(when, took): &(Instant, Duration)| when.elapsed() >= OFTEN.max(took * SHARE);
        if self.record.is_none() || !self.written.as_ref().is_none_or(due) {
            return Ok(());
        }
        let began = Instant::now();
        let values = record::run(&self.summary(replay, so_far));
        if let Some(run) = &mut self.record {
            (run.begun, run.values) = (self.begun, values);
            self.store.run_update(run)?;
        }
        self.written = Some((Instant::now(), began.elapsed()));
        Ok(())
    }

    /// Ends the record. `error` is why the run could not go on. Where the disk had no room for it, it may be ended again.
    ///
    /// # Errors
    /// Those of the store.
    pub fn end(&mut self, report: &Report, error: Option<String>) -> Result<(), StoreError> {
        self.under_way.clear();
        let trust = json!(trusted(&self.prepared.pipeline, &report.replay));
        let name = &self.prepared.pipeline.name;
        let finished = error.is_none() && report.ended == RunEnd::Finished;
        let used = used(self.prepared, &report.replay, &trust);
        if self.record.is_none() {
            // It found everything. What it used stays as long as its record does, so one is left, unless the last says the same.
            if !finished || history::is_last(self.store, name, &used)? {
                return Ok(());
            }
            let seal = self.store.last_run_seal(name)?;
            if let Some((true, last)) = history::last(self.store, name)?
                && last.trust == trust
                && last.stages == stages(self.prepared, &report.replay)
            {
                // Where another run has begun since, it is not known whose record was read.
                if let Some(read) = seal
                    && self.store.last_run_seal(name)? == seal
                {
                    history::keep_last(self.store, name, &read, &used);
                }
                return Ok(());
            }
        }
        let mut summary = self.summary(&report.replay, &SoFar { executed: &report.executed, given_up: &report.given_up });
        summary.trust = trust;
        let outcome = match (&error, report.ended) {
            (Some(_), _) => "failed",
            (None, RunEnd::Finished) => "finished",
            (None, RunEnd::Paused) => "paused",
            (None, RunEnd::Interrupted) => "interrupted",
        };
        summary.error = error.unwrap_or_default();
        let run = match &mut self.record {
            Some(run) => run,
            none => {
                let source = self.prepared.pipeline.sources.files.first().map(|f| f.0.clone()).unwrap_or_default();
                none.insert(self.store.run_begin(name, &source, json!({}))?)
            }
        };
        (run.begun, run.values) = (self.begun, record::run(&summary));
        let seal = self.store.run_end(run, outcome)?;
        if finished {
            history::keep_last(self.store, name, &seal, &used);
        }
        Ok(())
    }

    fn summary(&self, replay: &Replay, so_far: &SoFar) -> RunSummary {
        let ran = |groups: &Groups| groups.finish().into_iter().map(ran_for).collect();
        RunSummary {
            reproducible: so_far.given_up.is_empty(),
            given_up: so_far.given_up.to_vec(),
            executed: so_far.executed.iter().map(|(kind, n)| (kind.to_string(), *n)).collect(),
            ran: self.ran.iter().map(|(stage, groups)| (stage.clone(), ran(groups))).collect(),
            under_way: self.under_way.values().cloned().collect(),
            alive: self.alive.clone(),
            ..of_replay(self.prepared, replay, &self.numerics)
        }
    }
}

/// What a record says of a pipeline that nobody runs.
pub fn of_replay(prepared: &Prepared, replay: &Replay, numerics: &str) -> RunSummary {
    RunSummary {
        stages: stages(prepared, replay),
        trust: json!([]),
        program: env!("CARGO_PKG_VERSION").to_string(),
        described: Some(described(prepared, replay, numerics)),
        ..RunSummary::default()
    }
}

/// The keys that each stage consisted of.
fn stages(prepared: &Prepared, replay: &Replay) -> BTreeMap<String, Vec<Digest>> {
    let stages = prepared.pipeline.stages.iter().enumerate();
    stages.map(|(index, stage)| (stage.name.value.clone(), known(replay, index).collect())).collect()
}

fn known(replay: &Replay, stage: usize) -> impl Iterator<Item = Digest> {
    replay.all(stage).flat_map(|s| &s.steps).filter(|s| s.known).map(|s| s.key)
}

/// One digest for what a record says was used and found.
fn used(prepared: &Prepared, replay: &Replay, trust: &serde_json::Value) -> Digest {
    let mut bytes = Vec::new();
    for (index, stage) in prepared.pipeline.stages.iter().enumerate() {
        let from = bytes.len();
        bytes.extend(known(replay, index).flat_map(|key| key.0));
        // Each part is followed by how long it is, so that no two lists give the same bytes.
        let keys = bytes.len() - from;
        bytes.extend(stage.name.value.as_bytes());
        bytes.extend([keys, stage.name.value.len()].map(|n| (n as u64).to_le_bytes()).concat());
    }
    bytes.extend(trust.to_string().as_bytes());
    Digest::of(&bytes)
}

fn ran_for(group: Group) -> RanFor {
    RanFor { kind: group.kind, reason: json!(group.reason), candidates: group.candidates, keys: group.keys }
}

/// The same as the plan has it; none of a record whose reasons this program does not know.
pub fn group_of(ran: &RanFor) -> Option<Group> {
    let reason = serde_json::from_value(ran.reason.clone()).ok()?;
    Some(Group { kind: ran.kind.clone(), reason, candidates: ran.candidates, keys: ran.keys.clone(), before: Vec::new() })
}

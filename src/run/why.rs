//! Why what runs has to run: the plan's reasons, over what a store knows of the last runs.

use super::{Prepared, elsewhere, history, record};
use crate::base::Digest;
use crate::plan::past::{Done, Found, Past};
use crate::plan::{Group, Groups, Reason, Replay, Work};
use crate::store::{Store, StoreError};
use std::collections::BTreeSet;

/// The reasons of a replay's works.
pub struct Why<'a> {
    store: Option<&'a Store>,
    past: Past,
    /// Keys whose results the last runs had, and that the store does not know any more.
    gone: BTreeSet<Digest>,
}

impl<'a> Why<'a> {
    /// Over what the last runs of the pipeline did, as far as its works ask.
    ///
    /// # Errors
    /// Those of the store.
    pub fn new(prepared: &Prepared, replay: &Replay, store: Option<&'a Store>) -> Result<Self, StoreError> {
        let (mut past, mut gone) = (Past::default(), BTreeSet::new());
        past.see(&prepared.data);
        let asked: BTreeSet<usize> = replay.works.iter().map(Work::stage).collect();
        if let Some(store) = store.filter(|_| !asked.is_empty()) {
            gone = history::remember(store, &prepared.pipeline, &mut past)?;
        }
        for &index in &asked {
            // What is known of a stage without a record of a run (from an older program, or another pipeline) tells as much.
            let name = &prepared.pipeline.stages[index].name.value;
            if !past.has(name) {
                for step in replay.all(index).flat_map(|slot| &slot.steps).filter(|s| s.known) {
                    past.add(name, Done { key: step.key, text: step.action.text() });
                }
            }
        }
        Ok(Why { store, past, gone })
    }

    /// Whether the last runs had results that the store does not know any more.
    pub fn lacks(&self) -> bool {
        !self.gone.is_empty()
    }

    /// Why a work has to run, and the action that is known in its place, where the reason compares with one.
    ///
    /// # Errors
    /// Those of the store.
    pub fn of(&self, work: &Work) -> Result<(Reason, Option<Digest>), StoreError> {
        let Some(store) = self.store else { return Ok(self.past.reason(work, Found::default())) };
        // A training's result is gone only where every rung asked for was recorded.
        let keys = match work {
            Work::Train(t) => t.rungs.iter().map(|(_, action)| action.key()).collect(),
            other => vec![other.key()],
        };
        let recorded = keys.iter().zip(store.lookup_many(&keys)?).all(|(key, found)| found.is_some() || self.gone.contains(key));
        Ok(self.past.reason(work, Found { others: elsewhere::classes(work, store)?, recorded }))
    }

    /// Why what a stage would run now has to run: equal reasons together.
    ///
    /// # Errors
    /// Those of the store.
    pub fn stage(&self, replay: &Replay, index: usize) -> Result<Vec<Group>, StoreError> {
        let mut groups = Groups::default();
        for work in replay.works.iter().filter(|w| w.stage() == index) {
            let (reason, before) = self.of(work)?;
            groups.add(work.action().kind.word(), reason, work.request().model.as_deref(), work.key(), before);
        }
        Ok(groups.finish())
    }

    /// What an upgrade of the program makes run again: for each kind its actions, and the worker seconds that their known results took
    /// (as far as these were kept).
    ///
    /// # Errors
    /// Those of the store.
    pub fn upgraded(&self, groups: &[Group]) -> Result<Vec<Upgraded>, StoreError> {
        let Some(store) = self.store else { return Ok(Vec::new()) };
        let mut out: Vec<Upgraded> = Vec::new();
        for group in groups {
            let Reason::Otherwise { kind, .. } = &group.reason else { continue };
            let before: BTreeSet<Digest> = group.before.iter().copied().collect();
            let mut seconds = 0.0;
            for observed in ["train-time", "predict-time", "runner-time", "command-time", "untrained-time"] {
                let timings = store.all_observations(observed)?.into_iter().filter_map(|o| record::read_timing(&o.value));
                seconds += timings.filter(|t| t.action.is_some_and(|a| before.contains(&a))).map(|t| t.seconds).sum::<f64>();
            }
            out.push(Upgraded { kind: kind.clone(), actions: group.keys.len(), seconds });
        }
        Ok(out)
    }
}

/// Results of an older program that this one would make again.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Upgraded {
    /// The kind of action.
    pub kind: String,
    /// How many.
    pub actions: usize,
    /// Worker seconds that the known ones took.
    pub seconds: f64,
}

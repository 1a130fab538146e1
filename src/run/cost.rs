//! What a pipeline's results have cost, from the store's own records: by stage, and by way to what the answer compares.

use super::{Prepared, record};
use crate::base::Digest;
use crate::document::{Pipeline, Recalibrate};
use crate::plan::lead::{leading_to, supernets};
use crate::plan::{Kind, Replay, Slot, Step};
use crate::store::{Store, StoreError};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What some actions have cost, each counted once.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Spent {
    /// Training iterations; of a training that others go on from, once.
    pub iterations: u64,
    /// Images that trainings read: iterations × batch.
    pub trained_images: u64,
    /// Images that evaluations read, those that batch norm is recalibrated on included.
    pub evaluated_images: u64,
    /// Seconds that workers took, on whatever machine, summed over workers; attempts that were interrupted are not in it.
    pub seconds: f64,
    /// Trainings and evaluations whose time was not kept in full (made before times were kept, or interrupted).
    pub untimed: usize,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Line {
    /// The stage; of a way, the node that the answer names.
    pub name: String,
    /// Models that are done or failed.
    pub models: usize,
    /// Its cost: of a stage its own, of a way that of all that led to it.
    pub spent: Spent,
}

/// What was spent.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Costs {
    /// Every `train` and every `evaluate` that reads images.
    pub stages: Vec<Line>,
    /// The answer and what it is compared with, as far as the stage that compares them: searches included.
    pub ways: Vec<Line>,
}

/// A training, all its rungs together.
#[derive(Default)]
struct Training {
    iterations: u64,
    batch: u64,
    /// Images whose time is known.
    timed: u64,
}

/// Known actions with their costs.
pub struct Ledger<'a> {
    pipeline: &'a Pipeline,
    prepared: &'a Prepared,
    replay: &'a Replay,
    store: &'a Store,
    /// Seconds and images by action.
    times: BTreeMap<Digest, (f64, u64)>,
}

/// Seconds and images by action, as far as they were kept.
///
/// # Errors
/// Those of the store.
pub fn times(store: &Store) -> Result<BTreeMap<Digest, (f64, u64)>, StoreError> {
    let mut times: BTreeMap<Digest, (f64, u64)> = BTreeMap::new();
    for kind in ["train-time", "predict-time", "runner-time", "command-time", "untrained-time"] {
        for timing in store.all_observations(kind)?.iter().filter_map(|o| record::read_timing(&o.value)) {
            if let Some(action) = timing.action {
                let sum = times.entry(action).or_default();
                *sum = (sum.0 + timing.seconds, sum.1 + timing.images);
            }
        }
    }
    Ok(times)
}

impl<'a> Ledger<'a> {
    /// Over a replay of a pipeline.
    ///
    /// # Errors
    /// Those of the store.
    pub fn new(prepared: &'a Prepared, replay: &'a Replay, store: &'a Store) -> Result<Self, StoreError> {
        let times = times(store)?;
        Ok(Ledger { pipeline: &prepared.pipeline, prepared, replay, store, times })
    }

    /// The chain of a training and how far this action took it.
    ///
    /// # Errors
    /// Those of the store.
    pub fn training(&self, key: Digest) -> Result<Option<(Digest, u64)>, StoreError> {
        Ok(self.store.lookup(&key)?.and_then(|record| record.chain))
    }

    /// Worker seconds that an action took; 0 where they were not kept.
    pub fn seconds(&self, key: &Digest) -> f64 {
        self.times.get(key).map_or(0.0, |(seconds, _)| *seconds)
    }

    /// What training a model has cost so far: iterations of all its seeds and folds, and images × 3 × FLOPs of one image (a backward pass costs
    /// about two forward ones). None of a model without a training of its own.
    ///
    /// # Errors
    /// Those of the store.
    pub fn trained(&self, slot: &Slot) -> Result<Option<(u64, f64)>, StoreError> {
        let Some(trained) = &slot.model.trained else { return Ok(None) };
        let mut chains: BTreeMap<Digest, u64> = BTreeMap::new();
        for run in &trained.runs {
            if let Some((chain, iteration)) = self.training(run.key)? {
                let reached = chains.entry(chain).or_default();
                *reached = iteration.max(*reached);
            }
        }
        let iterations: u64 = chains.values().sum();
        let images = (iterations * self.batch(trained.stage, slot)) as f64;
        Ok((iterations > 0).then(|| (iterations, images * 6.0 * slot.model.candidate.macs as f64)))
    }

    /// All lines.
    ///
    /// # Errors
    /// Those of the store.
    pub fn costs(&self) -> Result<Costs, StoreError> {
        let mut costs = Costs { stages: Vec::new(), ways: Vec::new() };
        for (index, stage) in self.pipeline.stages.iter().enumerate() {
            let untrained = stage.evaluate().is_some_and(|e| e.metrics.iter().any(|m| m.value.fed().is_some()));
            if !stage.reads().is_empty() || untrained {
                costs.stages.push(self.line(index, self.slots(index).collect())?);
            }
        }
        if let Some(answer) = &self.pipeline.answer {
            for name in std::iter::once(&answer.name.value).chain(answer.against.iter().map(|b| &b.value)) {
                if let Some(index) = self.pipeline.stage(name) {
                    costs.ways.push(self.line(index, self.way(name, index, &answer.r#in.value))?);
                }
            }
        }
        Ok(costs)
    }

    /// The slots of a stage, with its index; trials that are trained once more among them.
    fn slots(&self, index: usize) -> impl Iterator<Item = (usize, &'a Slot)> + use<'a> {
        self.replay.all(index).map(move |slot| (index, slot))
    }

    /// All that a model of the answer, or of what it is compared with, has cost: whatever led to the node that is named, and
    /// from there to the stage that compares what its own models went through.
    fn way(&self, name: &str, index: usize, compared_in: &str) -> Vec<(usize, &'a Slot)> {
        let mut before = leading_to(self.pipeline, index);
        let after = self.pipeline.stage(compared_in).map(|end| leading_to(self.pipeline, end)).unwrap_or_default();
        // Its own models may have started from other trainings, or learned from them, on the way.
        let links = &self.pipeline.links;
        let own = |i: usize| self.slots(i).any(|(_, slot)| slot.model.via.contains(name));
        let starts = after.difference(&before).filter(|&&i| own(i)).flat_map(|&i| [links.starts[i], links.teachers[i]]);
        let from: Vec<usize> = starts.flatten().collect();
        before.extend(from.into_iter().flat_map(|source| leading_to(self.pipeline, source)));
        let own = after.difference(&before).flat_map(|&i| self.slots(i)).filter(|(_, slot)| slot.model.via.contains(name));
        before.iter().flat_map(|&i| self.slots(i)).chain(own).collect()
    }

    fn line(&self, index: usize, slots: Vec<(usize, &Slot)>) -> Result<Line, StoreError> {
        let models = self.replay.stages[index].slots.iter().filter(|s| s.state != crate::plan::State::Pending).count();
        Ok(Line { name: self.pipeline.stages[index].name.value.clone(), models, spent: self.spent(&slots)? })
    }

    fn spent(&self, slots: &[(usize, &Slot)]) -> Result<Spent, StoreError> {
        let mut spent = Spent::default();
        let mut met: BTreeSet<Digest> = BTreeSet::new();
        let mut trainings: BTreeMap<Digest, Training> = BTreeMap::new();
        for &(index, slot) in slots {
            for step in slot.steps.iter().filter(|s| s.known) {
                if !met.insert(step.key) {
                    continue;
                }
                let (seconds, timed) = self.times.get(&step.key).copied().unwrap_or_default();
                match step.action.kind {
                    Kind::Train => {
                        let Some((chain, iteration)) = self.training(step.key)? else { continue };
                        let training = trainings.entry(chain).or_default();
                        training.iterations = training.iterations.max(iteration);
                        training.batch = self.batch(index, slot);
                        training.timed += timed;
                    }
                    Kind::Predict | Kind::PredictSubnet | Kind::Loss => {
                        let images = self.images(index, step);
                        spent.evaluated_images += images;
                        spent.untimed += usize::from(timed < images);
                    }
                    Kind::Command | Kind::Propose | Kind::Untrained => {}
                    _ => continue,
                }
                spent.seconds += seconds;
            }
        }
        for training in trainings.values() {
            spent.iterations += training.iterations;
            spent.trained_images += training.iterations * training.batch;
            spent.untimed += usize::from(training.timed < training.iterations * training.batch);
        }
        Ok(spent)
    }

    /// Images a batch of a model's training.
    fn batch(&self, index: usize, slot: &Slot) -> u64 {
        self.pipeline.stages[index].train().map_or(0, |train| train.recipe_of(&slot.model.recipe).batch as u64)
    }

    fn images(&self, index: usize, step: &Step) -> u64 {
        let Some(evaluate) = self.pipeline.stages[index].evaluate() else { return 0 };
        let Some((data, split)) = &evaluate.data else { return 0 };
        let of = |split: &str| self.prepared.data.get(&data.value).and_then(|d| d.splits.get(split)).map_or(0, |s| s.images);
        let recalibrated = match evaluate.recalibrate.as_ref().map(|r| &r.value) {
            Some(Recalibrate::Batches { batches, batch, split }) if step.action.inputs.iter().any(|i| i.0 == "recalibrate") => {
                let own = || {
                    supernets(self.pipeline, index)
                        .first()
                        .map_or(1, |&s| self.pipeline.stages[s].train().map_or(0, |train| train.recipe.batch))
                };
                (batches * batch.unwrap_or_else(own)).min(of(&split.value))
            }
            _ => 0,
        };
        // Of a fold, its own images.
        let digest = step.action.inputs.iter().find(|i| i.0 == "split").map(|i| i.1).filter(|_| evaluate.folds.is_some());
        let splits = || self.prepared.data.get(&data.value).into_iter().flat_map(|d| d.splits.values());
        let read = digest.and_then(|digest| splits().find(|s| s.digest == digest)).map_or_else(|| of(&split.value), |s| s.images);
        (read + recalibrated) as u64
    }
}

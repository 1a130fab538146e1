//! What a run still has to do, in the units in which `cost` counts what was done.

use super::prepare::Prepared;
use crate::document::{Pipeline, Recalibrate, SelectBy, Stage, StageKind, Train};
use crate::plan::lead::spaces_of;
use crate::plan::{Replay, State, Work};
use serde::Serialize;

/// What is left of a pipeline. What searches will propose counts as much as the costliest reference of their spaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Todo {
    /// Training iterations.
    pub iterations: u64,
    /// Images that trainings read: iterations × batch.
    pub trained_images: u64,
    /// Images that evaluations read, those that batch norm is recalibrated on included.
    pub evaluated_images: u64,
    /// Multiply-adds of the forward passes of the trainings.
    #[serde(skip)]
    pub training: f64,
    /// Multiply-adds of the evaluations.
    #[serde(skip)]
    pub evaluation: f64,
}

impl Todo {
    /// From a replay.
    pub fn of(prepared: &Prepared, replay: &Replay) -> Todo {
        let mut todo = Todo::default();
        for (index, stage) in prepared.pipeline.stages.iter().enumerate() {
            if let Some(train) = stage.train() {
                todo.trainings(prepared, replay, index, train);
            }
            todo.evaluations(prepared, replay, index);
        }
        todo
    }

    /// Whether neither training nor evaluation is left.
    pub fn is_nothing(&self) -> bool {
        self.iterations == 0 && self.evaluated_images == 0
    }

    fn trainings(&mut self, prepared: &Prepared, replay: &Replay, index: usize, train: &Train) {
        let mut listed = 0;
        for work in &replay.works {
            let Work::Train(work) = work else { continue };
            if work.request.stage == index {
                listed += 1;
                self.train(work.end().saturating_sub(work.done()), work.recipe.batch, work.trainee.macs() as f64);
            }
        }
        // Trainings of models that are still to come.
        let images = images(prepared, &train.data.value, &train.split.value);
        let per_epoch = images.div_ceil(train.recipe.batch.max(1));
        let missing = (missing(&prepared.pipeline, replay, index) * train.seeds).saturating_sub(listed);
        self.train((missing * train.epochs * per_epoch) as u64, train.recipe.batch, macs(prepared, &prepared.pipeline.stages[index]));
    }

    fn train(&mut self, iterations: u64, batch: usize, macs: f64) {
        let images = iterations * batch as u64;
        self.iterations += iterations;
        self.trained_images += images;
        self.training += images as f64 * macs;
    }

    fn evaluations(&mut self, prepared: &Prepared, replay: &Replay, index: usize) {
        let stage = &prepared.pipeline.stages[index];
        let Some(evaluate) = stage.evaluate() else { return };
        let (Some((data, split)), None) = (&evaluate.data, &evaluate.table) else { return };
        let of = |split: &str| images(prepared, &data.value, split);
        let recalibrated = match evaluate.recalibrate.as_ref().map(|r| &r.value) {
            Some(Recalibrate::Batches { batches, batch, split }) => {
                (batches * batch.unwrap_or_else(|| supernet_batch(&prepared.pipeline))).min(of(&split.value))
            }
            _ => 0,
        };
        let models = missing(&prepared.pipeline, replay, index) * evaluate.at.len().max(1) * seeds(&prepared.pipeline, stage, 0);
        let read = models * (of(&split.value) + recalibrated);
        self.evaluated_images += read as u64;
        self.evaluation += read as f64 * macs(prepared, stage);
    }
}

/// What an estimate rests on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// What this machine took for its last works.
    History,
    /// This machine's matrix products, and how near training comes to them.
    Products {
        /// FLOP/s of all processors together.
        rate: f64,
    },
}

/// How fast this machine goes: multiply-adds of forward passes a second, with all its workers together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Speed {
    /// While it trains.
    pub training: f64,
    /// While it evaluates.
    pub evaluation: f64,
    /// Where that is from.
    pub basis: Basis,
}

impl Speed {
    /// Seconds for what is left.
    pub fn seconds(&self, todo: &Todo) -> f64 {
        todo.training / self.training + todo.evaluation / self.evaluation
    }
}

/// Images of a split.
fn images(prepared: &Prepared, data: &str, split: &str) -> usize {
    prepared.data.get(data).and_then(|d| d.splits.get(split)).map_or(0, |s| s.images)
}

/// Multiply-adds of the costliest reference among the spaces that a stage's models come from.
fn macs(prepared: &Prepared, stage: &Stage) -> f64 {
    let names = spaces_of(&prepared.pipeline, &stage.name.value);
    let costs = names.iter().filter_map(|name| prepared.spaces.get(name)).map(|s| s.reference_cost().macs as f64);
    costs.fold(0.0, f64::max)
}

/// Models that a stage will leave and has not left yet, at most.
fn missing(pipeline: &Pipeline, replay: &Replay, index: usize) -> usize {
    let finished = replay.stages[index].slots.iter().filter(|s| s.state != State::Pending).count();
    let expected: usize = pipeline.stages[index].from.iter().map(|f| expected(pipeline, &f.value)).sum();
    expected.saturating_sub(finished)
}

/// How many models a stage will leave, at most.
pub fn expected(pipeline: &Pipeline, stage: &str) -> usize {
    count(pipeline, stage, 0)
}

fn count(pipeline: &Pipeline, name: &str, depth: usize) -> usize {
    let Some(stage) = pipeline.stages.iter().find(|s| s.name.value == name) else { return 0 };
    // A circle is refused when the document is read.
    if depth > pipeline.stages.len() {
        return 0;
    }
    let incoming = || stage.from.iter().map(|f| count(pipeline, &f.value, depth + 1)).sum::<usize>();
    match &stage.kind {
        StageKind::Sample(s) => s.trials,
        StageKind::Select(s) => match &s.by {
            SelectBy::Top(n, _) => incoming().min(*n),
            _ => incoming(),
        },
        _ => incoming(),
    }
}

/// Trained copies of each model that a stage evaluates: those of the nearest `train` before it.
fn seeds(pipeline: &Pipeline, stage: &Stage, depth: usize) -> usize {
    let before = stage.from.iter().filter_map(|f| pipeline.stages.iter().find(|s| s.name.value == f.value));
    let of = |s: &Stage| match &s.kind {
        StageKind::Train(train) => train.seeds,
        StageKind::Sample(_) => 1,
        _ if depth < pipeline.stages.len() => seeds(pipeline, s, depth + 1),
        _ => 1,
    };
    before.map(of).max().unwrap_or(1)
}

/// Images a batch of the first supernet.
fn supernet_batch(pipeline: &Pipeline) -> usize {
    let batch = |s: &Stage| s.train().filter(|_| pipeline.supernet(s).is_some()).map(|t| t.recipe.batch);
    pipeline.stages.iter().find_map(batch).unwrap_or(1)
}

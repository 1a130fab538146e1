//! What a run still has to do, in the units in which `cost` counts what was done.

use super::prepare::Prepared;
use crate::document::{Fed, Metric, Pipeline, Recalibrate, SelectBy, Stage, StageKind, Task, Train};
use crate::plan::budget::affordable;
use crate::plan::lead::{spaces_of, supernets};
use crate::plan::repeats::through;
use crate::plan::stopping::stopped_by;
use crate::plan::{Raced, Replay, Slot, State, Work};
use serde::Serialize;
use std::collections::BTreeSet;

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
    /// Multiply-adds of the forward passes of the trainings. Those of a stage in which fewer can run together than there are workers
    /// (a supernet, the last of a search) count so many times more as workers are idle: time is this ÷ the speed of all of them.
    #[serde(skip)]
    pub training: f64,
    /// Those of trainings by commands of one's own, which have a speed of their own.
    #[serde(skip)]
    pub commanded: f64,
    /// Multiply-adds of the evaluations, counted likewise.
    #[serde(skip)]
    pub evaluation: f64,
}

impl Todo {
    /// From a replay, for a run with so many workers.
    pub fn of(prepared: &Prepared, replay: &Replay, jobs: usize) -> Todo {
        let mut todo = Todo::default();
        for (index, stage) in prepared.pipeline.stages.iter().enumerate() {
            let mut part = Todo::default();
            let mut together = stage.train().map_or(0, |train| part.trainings(prepared, replay, index, train));
            together += part.evaluations(prepared, replay, index);
            let together = together.min(window(&prepared.pipeline, stage)).clamp(1, jobs.max(1));
            let idle = jobs.max(1) as f64 / together as f64;
            todo.iterations += part.iterations;
            todo.trained_images += part.trained_images;
            todo.evaluated_images += part.evaluated_images;
            match stage.train().is_some_and(|t| t.runner.is_some()) {
                true => todo.commanded += part.training * idle,
                false => todo.training += part.training * idle,
            }
            todo.evaluation += part.evaluation * idle;
        }
        todo
    }

    /// Whether neither training nor evaluation is left.
    pub fn is_nothing(&self) -> bool {
        self.iterations == 0 && self.evaluated_images == 0
    }

    /// Adds a stage's trainings; how many they are.
    fn trainings(&mut self, prepared: &Prepared, replay: &Replay, index: usize, train: &Train) -> usize {
        let mut listed = 0;
        for work in &replay.works {
            let Work::Train(work) = work else { continue };
            if work.request.stage == index {
                listed += usize::from(!work.request.replica);
                self.train(work.end().saturating_sub(work.done()), work.recipe.batch, work.macs() as f64);
            }
        }
        // Trainings of models that are still to come.
        let folds = prepared.pipeline.folds(&prepared.pipeline.stages[index]);
        let split = folds.map_or_else(|| train.split.value.clone(), |folds| folds.without(0));
        let runs = prepared.pipeline.runs(index);
        let images = train.taken(images(prepared, &train.data.value, &split));
        let per_epoch = images.div_ceil(train.recipe.batch.max(1));
        let finished = replay.stages[index].slots.iter().filter(|s| s.state != State::Pending).count();
        let missing = (incoming(&prepared.pipeline, index).saturating_sub(finished) * runs).saturating_sub(listed);
        let epochs = match stopped_by(&prepared.pipeline, index) {
            Some(_) if replay.stages[index].complete => 0,
            Some(stops) => {
                let asked = |s: &Slot| s.model.raced.as_ref().map_or(train.epochs, Raced::epochs);
                stops.epochs.saturating_sub(replay.stages[index].slots.iter().map(asked).sum()) * runs
            }
            None => missing * train.epochs,
        };
        let teacher = prepared.pipeline.links.teachers[index].map(|teacher| &prepared.pipeline.stages[teacher]);
        // One pass forward, where a training takes as much as three.
        let teaching = teacher.map_or(0.0, |teacher| macs(prepared, teacher) / 3.0);
        let (again, more) = again(&prepared.pipeline, replay, index, train);
        self.train(((epochs + more) * per_epoch) as u64, train.recipe.batch, macs(prepared, &prepared.pipeline.stages[index]) + teaching);
        listed + missing + again
    }

    fn train(&mut self, iterations: u64, batch: usize, macs: f64) {
        let images = iterations * batch as u64;
        self.iterations += iterations;
        self.trained_images += images;
        self.training += images as f64 * macs;
    }

    /// Adds what a stage infers; how many networks.
    fn evaluations(&mut self, prepared: &Prepared, replay: &Replay, index: usize) -> usize {
        let pipeline = &prepared.pipeline;
        let stage = &pipeline.stages[index];
        let Some(evaluate) = stage.evaluate() else { return 0 };
        self.evaluation += replay.works.iter().filter(|w| w.stage() == index).map(untrained).sum::<f64>();
        let (Some((data, split)), None) = (&evaluate.data, &evaluate.table) else { return 0 };
        let of = |split: &str| images(prepared, &data.value, split);
        let recalibrated = match evaluate.recalibrate.as_ref().map(|r| &r.value) {
            Some(Recalibrate::Batches { batches, batch, split }) => {
                let own = || supernets(pipeline, index).first().and_then(|&s| pipeline.stages[s].train()).map_or(1, |t| t.recipe.batch);
                (batches * batch.unwrap_or_else(own)).min(of(&split.value))
            }
            _ => 0,
        };
        let ours = || replay.works.iter().filter(|w| w.stage() == index);
        let listed = ours().filter(|w| matches!(w, Work::Predict(_) | Work::Subnet(_))).count();
        // Models whose weights are still to come. Of those at hand that have no result yet, only a metric may be missing.
        let slots = &replay.stages[index].slots;
        let names: BTreeSet<&str> = ours().filter(|w| !w.request().replica).filter_map(|w| w.request().model.as_deref()).collect();
        // The names that begin so are the first that are not before it.
        let at_work = |label: &str| names.range(label..).next().is_some_and(|name| name.starts_with(label));
        let waiting = slots.iter().filter(|s| s.state == State::Pending && !at_work(&s.model.label())).count();
        let held_out = pipeline.folds(stage).map_or_else(|| split.value.clone(), |folds| folds.held_out(0));
        let points = evaluate.at.len().max(1);
        let unknown = (incoming(pipeline, index) * points).saturating_sub(slots.len());
        // A detector's loss takes a pass of its own beside the one for its predictions.
        let of_detectors = prepared.data.get(&data.value).is_some_and(|d| d.task == Task::Detect);
        let loss = |m: &Metric| of_detectors && m.is_loss();
        let reading = || evaluate.metrics.iter().map(|m| &m.value).filter(|m| m.reads_predictions());
        let passes = usize::from(reading().any(|m| !loss(m))) + usize::from(reading().any(loss));
        let networks = listed + (waiting + unknown) * copies(pipeline, stage, 0) * passes + inferred_again(pipeline, replay, index);
        let read = networks * (of(&held_out) + recalibrated);
        self.evaluated_images += read as u64;
        self.evaluation += read as f64 * macs(prepared, stage);
        networks
    }
}

/// Multiply-adds of a network that is measured untrained, as passes forward: a step back costs two, and f64 as much again.
fn untrained(work: &Work) -> f64 {
    let Work::Untrained(w) = work else { return 0.0 };
    let images = match w.metric.fed() {
        Some(Fed::Ones) | None => 4,
        Some(Fed::Noise) => 2 * w.batch,
        Some(Fed::Images | Fed::Truth) => 3 * w.batch,
    };
    w.candidate.macs as f64 * images as f64
}

/// Of trials that are trained once more: how many trainings of a stage are left, those that can run now and those to come; and how
/// many epochs those to come take.
fn again(pipeline: &Pipeline, replay: &Replay, index: usize, train: &Train) -> (usize, usize) {
    let all: usize = through(pipeline, replay, index).map(|(asked, _)| asked).sum();
    let done = replay.copies(index).filter(|s| s.state != State::Pending).count();
    let listed = replay.works.iter().filter(|w| w.stage() == index && w.request().replica).count();
    let left = all.saturating_sub(done);
    // Where a search stops its trials early, to the epoch at which they are measured first.
    let epochs = stopped_by(pipeline, index).and_then(|stops| stops.rungs.first().copied()).unwrap_or(train.epochs);
    (left, left.saturating_sub(listed) * epochs)
}

/// Of such trials: how many networks a stage still infers beside those that can be inferred now.
fn inferred_again(pipeline: &Pipeline, replay: &Replay, index: usize) -> usize {
    let measures = |sample: usize| {
        let objective = pipeline.stages[sample].sample().and_then(|s| s.objective.as_ref());
        let evaluate = pipeline.stages[index].evaluate();
        objective.zip(evaluate).is_some_and(|(o, e)| e.metrics.iter().any(|m| m.value == o.metric.value && m.value.reads_predictions()))
    };
    let all: usize = through(pipeline, replay, index).filter(|(_, sample)| measures(*sample)).map(|(asked, _)| asked).sum();
    let ours = replay.works.iter().filter(|w| w.stage() == index && w.request().replica);
    let names: BTreeSet<&str> = ours.filter_map(|w| w.request().model.as_deref()).collect();
    // What is done, failed, inferred now, or inferred and short of its metric.
    let begun = replay.copies(index).filter(|s| s.state != State::Pending || names.contains(s.model.label().as_str())).count();
    all.saturating_sub(begun)
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
    /// While commands of one's own train, where they have; what others' programs will take is not known before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commanded: Option<f64>,
    /// Where that is from.
    pub basis: Basis,
}

impl Speed {
    /// Seconds for what is left; none where a command's are not known.
    pub fn seconds(&self, todo: &Todo) -> Option<f64> {
        let commanded = if todo.commanded > 0.0 { todo.commanded / self.commanded? } else { 0.0 };
        Some(todo.training / self.training + commanded + todo.evaluation / self.evaluation)
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

/// How many models come to a stage, at most.
fn incoming(pipeline: &Pipeline, index: usize) -> usize {
    pipeline.stages[index].from.iter().map(|f| expected(pipeline, &f.value)).sum()
}

/// How many models of a stage can be worked on together: as many as the searches that they come from propose at a time.
fn window(pipeline: &Pipeline, stage: &Stage) -> usize {
    let of = |name: &str| {
        let source = pipeline.stages.iter().find(|s| s.name.value == name);
        source.and_then(|s| s.sample()).map_or(usize::MAX, |s| if s.objective.is_some() { s.window } else { s.trials })
    };
    stage.from.iter().map(|f| of(&f.value)).fold(0, usize::saturating_add)
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
        StageKind::Sample(s) => pipeline.stage(name).map_or(s.trials, |index| affordable(pipeline, index, s)),
        StageKind::Select(s) => match &s.by {
            SelectBy::Top(n, _) => incoming().min(*n),
            _ => incoming(),
        },
        _ => incoming(),
    }
}

/// Trained copies of each model that a stage evaluates: those of the nearest `train` before it.
fn copies(pipeline: &Pipeline, stage: &Stage, depth: usize) -> usize {
    let before = stage.from.iter().filter_map(|f| pipeline.stage(&f.value));
    let of = |index: usize| match &pipeline.stages[index].kind {
        StageKind::Train(_) => pipeline.runs(index),
        StageKind::Sample(_) => 1,
        _ if depth < pipeline.stages.len() => copies(pipeline, &pipeline.stages[index], depth + 1),
        _ => 1,
    };
    before.map(of).max().unwrap_or(1)
}

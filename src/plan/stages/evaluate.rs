//! `evaluate`: predictions are one action, each metric a pure action over them.

use super::super::Figure;
use super::super::action::{Action, Kind};
use super::super::choose::value_of;
use super::super::engine::{DataInfo, Engine, Known, SplitInfo};
use super::super::evaluation::{self, Asked};
use super::super::model::{Model, SeedRun, Slot, State, Step, Subnet, Trained};
use super::super::work::{MetricWork, PredictWork, Work};
use super::folds::run_note;
use crate::base::{Canon, Digest};
use crate::document::{Evaluate, Metric, Recalibrate, Task, measure};
use crate::results::Outcome;
use crate::search::LEARNED;

impl Engine<'_> {
    /// One slot for each epoch asked for.
    pub(in super::super) fn evaluate(
        &mut self,
        index: usize,
        evaluate: &Evaluate,
        slot: Slot,
        known: &mut dyn Known,
        works: &mut Vec<Work>,
    ) -> Vec<Slot> {
        if let Some(source) = &evaluate.table {
            return vec![self.look_up(index, evaluate, source, slot)];
        }
        if evaluate.at.is_empty() {
            let mut steps = self.rungs_before(index, evaluate, &slot, known);
            let mut done = self.evaluate_one(index, evaluate, slot, known, works);
            steps.append(&mut done.steps);
            return vec![Slot { steps, ..done }];
        }
        evaluate
            .at
            .iter()
            .map(|epoch| {
                let mut at = slot.clone();
                match slot.model.points.get(epoch) {
                    Some(point) => {
                        at.model.trained = Some(point.clone());
                        self.evaluate_one(index, evaluate, at, known, works)
                    }
                    None => Slot { state: State::Failed(format!("not trained to epoch {epoch}")), ..at },
                }
            })
            .collect()
    }

    /// What measured a trial of a search that stops early before it went on: known, and part of what the stage has done.
    fn rungs_before(&mut self, index: usize, evaluate: &Evaluate, slot: &Slot, known: &mut dyn Known) -> Vec<Step> {
        let Some(raced) = slot.model.raced.as_ref().filter(|r| r.rungs.len() > 1) else { return Vec::new() };
        if !self.measures(index, &slot.model) {
            return Vec::new();
        }
        let before = raced.rungs[..raced.rungs.len() - 1].iter().filter_map(|rung| slot.model.points.get(rung).cloned());
        let (mut steps, mut unasked) = (Vec::new(), Vec::new());
        for point in before.collect::<Vec<_>>() {
            let mut at = slot.clone();
            at.model.trained = Some(point);
            steps.extend(self.evaluate_one(index, evaluate, at, known, &mut unasked).steps.into_iter().filter(|step| step.known));
        }
        steps
    }

    fn evaluate_one(&mut self, index: usize, evaluate: &Evaluate, mut slot: Slot, known: &mut dyn Known, works: &mut Vec<Work>) -> Slot {
        let name = self.pipeline.stages[index].name.value.clone();
        slot.model.via.insert(name.clone());
        let mut state = State::Ready;
        for metric in evaluate.metrics.iter().map(|m| &m.value).filter(|m| m.is_cost()) {
            let figure = Figure::exact(value_of(&slot.model, metric));
            slot.model.figures.insert(metric.clone(), figure);
        }
        for metric in evaluate.metrics.iter().map(|m| &m.value).filter(|m| m.is_table_latency()) {
            match self.table_latency(&name, metric, &mut slot) {
                Ok(ms) => drop(slot.model.figures.insert(metric.clone(), Figure::exact(ms))),
                Err(why) => state = State::Failed(why),
            }
        }
        let learned: Vec<&Metric> = evaluate.metrics.iter().map(|m| &m.value).filter(|m| m.is_learned()).collect();
        if !learned.is_empty() {
            match self.learned_paths(&slot.model, known) {
                Ok(paths) => slot.model.figures.extend(learned.into_iter().map(|metric| {
                    let values = paths.iter().map(|path| measure(LEARNED, metric, path).unwrap_or(f64::NAN)).collect();
                    (metric.clone(), Figure::of(values))
                })),
                Err(why) => state = State::Failed(why),
            }
        }
        state = self.own_figures(index, evaluate, &mut slot, state, known, works);
        state = self.untrained_figures(index, evaluate, &mut slot, state, known, works);
        let measured: Vec<Metric> = evaluate.metrics.iter().map(|m| m.value.clone()).filter(Metric::reads_predictions).collect();
        // Once trained, a model has weights of its own.
        let subnet = slot.model.subnet.clone().filter(|_| slot.model.trained.is_none());
        let trained = slot.model.trained.clone().or_else(|| Some(subnet.as_ref()?.supernet.clone()));
        if let (Some(trained), false) = (trained.filter(|_| evaluate.data.is_some()), measured.is_empty()) {
            let folds = trained.folds();
            let mut values: Vec<Vec<f64>> = vec![Vec::new(); measured.len()];
            for run in &trained.runs {
                let note = run_note(&trained, run);
                let data = match self.measured_on(index, evaluate, run) {
                    Ok(Some(data)) => data,
                    Ok(None) => continue,
                    Err(why) => {
                        state = State::Failed(why);
                        continue;
                    }
                };
                let how = evaluate.recalibrate.as_ref().map(|r| &r.value);
                let one = Run { index, note, model: &slot.model, trained: &trained, run, subnet: subnet.as_deref(), how, data: &data };
                // A detector's loss is of its raw outputs, which its predictions do not hold.
                let outputs = |m: &Metric| m.is_loss() && self.data.get(&data.0).is_some_and(|d| d.task == Task::Detect);
                if measured.iter().any(|m| !outputs(m)) {
                    match self.said(&one, Asked::Predictions, Outcome::predictions, known, works, &mut slot.steps) {
                        Found::Known(predictions) => {
                            for (metric, values) in measured.iter().zip(&mut values).filter(|(m, _)| !outputs(m)) {
                                match self.metric(&one, metric, predictions, known, works, &mut slot.steps) {
                                    Found::Known(value) => values.push(value),
                                    Found::Pending => state = pending(state),
                                    Found::Failed(why) => state = State::Failed(why),
                                }
                            }
                        }
                        Found::Pending => state = pending(state),
                        Found::Failed(why) => state = State::Failed(why),
                    }
                }
                for (_, values) in measured.iter().zip(&mut values).filter(|(m, _)| outputs(m)) {
                    match self.said(&one, Asked::Loss, Outcome::value, known, works, &mut slot.steps) {
                        Found::Known(value) => values.push(value),
                        Found::Pending => state = pending(state),
                        Found::Failed(why) => state = State::Failed(why),
                    }
                }
            }
            if state == State::Ready {
                for (metric, values) in measured.iter().zip(values) {
                    slot.model.figures.insert(metric.clone(), Figure { values, folds });
                }
            }
        }
        Slot { state, ..slot }
    }

    /// What a run says of a split, or its loss, as `read` finds it in the outcome.
    fn said<T>(
        &self,
        one: &Run,
        asked: Asked,
        read: impl Fn(&Outcome) -> Option<T>,
        known: &mut dyn Known,
        works: &mut Vec<Work>,
        steps: &mut Vec<Step>,
    ) -> Found<T> {
        match one.subnet {
            Some(subnet) => self.subnet(one, subnet, asked, read, known, works, steps),
            None => self.own(one, asked, read, known, works, steps),
        }
    }

    /// A data set and one of its splits; the error says what is not there.
    pub(super) fn images_of(&self, data: &(String, String)) -> Result<(&DataInfo, &SplitInfo), String> {
        let info = self.data.get(&data.0).ok_or_else(|| format!("no data `{}`", data.0))?;
        Ok((info, info.splits.get(&data.1).ok_or_else(|| format!("no split `{}`", data.1))?))
    }

    /// The same of a run with weights of its own.
    fn own<T>(
        &self,
        one: &Run,
        asked: Asked,
        read: impl Fn(&Outcome) -> Option<T>,
        known: &mut dyn Known,
        works: &mut Vec<Work>,
        steps: &mut Vec<Step>,
    ) -> Found<T> {
        let data = one.data;
        let Some(train) = self.pipeline.stages[one.trained.stage].train() else { return Found::Failed("not trained".into()) };
        let (info, split) = match self.images_of(data) {
            Ok(found) => found,
            Err(why) => return Found::Failed(why),
        };
        // The gains of the loss may be a choice: the model's own are those that it was trained by.
        let (candidate, recipe) = (one.run.candidate(one.model), train.recipe_of(&one.model.recipe));
        let action = Action {
            kind: if asked == Asked::Loss { Kind::Loss } else { Kind::Predict },
            config: Canon::Map(evaluation::config(asked, info, candidate.image_size(), &recipe)),
            inputs: vec![("architecture", candidate.digest), ("weights", one.run.weights), ("split", split.digest)],
            seed: None,
            numerics: Some(self.numerics.clone()),
        };
        let (key, found) = Found::output(&action, read, known, steps);
        if !matches!(found, Found::Pending) {
            return found;
        }
        works.push(Work::Predict(Box::new(PredictWork {
            request: self.request(one.index, action, key, Some(one.model.label()), one.note.clone()),
            candidate: candidate.clone(),
            weights: one.run.weights,
            bn_eps: recipe.bn_eps,
            loss: (asked == Asked::Loss).then_some(recipe.loss),
            data: data.clone(),
        })));
        Found::Pending
    }

    fn metric(
        &self,
        one: &Run,
        metric: &Metric,
        predictions: Digest,
        known: &mut dyn Known,
        works: &mut Vec<Work>,
        steps: &mut Vec<Step>,
    ) -> Found<f64> {
        let data = one.data;
        let split = match self.images_of(data) {
            Ok((_, split)) => split,
            Err(why) => return Found::Failed(why),
        };
        let action = Action {
            kind: Kind::Metric,
            config: Canon::map([("metric", metric.name().into())]),
            inputs: vec![("predictions", predictions), ("split", split.digest)],
            seed: None,
            numerics: None,
        };
        let key = action.key();
        let outcome = known.outcome(key);
        steps.push(Step { action: action.clone(), key, known: outcome.is_some(), chain: None, fold: None });
        match outcome {
            Some(Outcome::Measured { value, .. }) => Found::Known(value),
            _ => {
                let (metric, data) = (metric.clone(), data.clone());
                let request = self.request(one.index, action, key, Some(one.model.label()), one.note.clone());
                works.push(Work::Metric(Box::new(MetricWork { request, metric, predictions, data })));
                Found::Pending
            }
        }
    }
}

/// One trained copy of a model, at a stage that measures it.
pub(super) struct Run<'m> {
    /// The stage.
    pub index: usize,
    /// What tells it from the model's others.
    pub note: String,
    /// The model.
    pub model: &'m Model,
    /// Its training, or that of its supernet.
    pub trained: &'m Trained,
    /// Which copy.
    pub run: &'m SeedRun,
    /// Its place in a supernet, where it has that one's weights.
    pub subnet: Option<&'m Subnet>,
    /// How it comes to statistics of batch norm there.
    pub how: Option<&'m Recalibrate>,
    /// `data` node and split.
    pub data: &'m (String, String),
}

/// A look-up's result.
pub(super) enum Found<T> {
    Known(T),
    Pending,
    Failed(String),
}

impl<T> Found<T> {
    /// What is known of what an action makes, as `read` finds it in the outcome, noted as a step; with it the action's key.
    pub(super) fn output(
        action: &Action,
        read: impl Fn(&Outcome) -> Option<T>,
        known: &mut dyn Known,
        steps: &mut Vec<Step>,
    ) -> (Digest, Self) {
        let key = action.key();
        let found = known.outcome(key).and_then(|o| read(&o));
        steps.push(Step { action: action.clone(), key, known: found.is_some(), chain: None, fold: None });
        let found = match found {
            Some(found) => Found::Known(found),
            None => known.given_up(key).map_or(Found::Pending, Found::Failed),
        };
        (key, found)
    }
}

/// Pending, unless it has failed.
pub(super) fn pending(state: State) -> State {
    if matches!(state, State::Failed(_)) { state } else { State::Pending }
}

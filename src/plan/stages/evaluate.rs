//! `evaluate`: predictions are one action, each metric a pure action over them.

use super::super::Figure;
use super::super::action::{Action, Kind};
use super::super::choose::value_of;
use super::super::engine::{Engine, Known};
use super::super::evaluation;
use super::super::model::{Model, SeedRun, Slot, State, Step, Trained};
use super::super::work::{MetricWork, PredictWork, Work};
use crate::base::{Canon, Digest};
use crate::document::{Evaluate, Metric, measure};
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
            return vec![self.evaluate_one(index, evaluate, slot, known, works)];
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
                    (metric.clone(), Figure { values })
                })),
                Err(why) => state = State::Failed(why),
            }
        }
        let measured: Vec<Metric> = evaluate.metrics.iter().map(|m| m.value.clone()).filter(Metric::reads_predictions).collect();
        // Once trained, a model has weights of its own.
        let subnet = slot.model.subnet.clone().filter(|_| slot.model.trained.is_none());
        let trained = slot.model.trained.clone().or_else(|| Some(subnet.as_ref()?.supernet.clone()));
        if let (Some((data, split)), Some(trained), false) = (&evaluate.data, trained, measured.is_empty()) {
            let data = (data.value.clone(), split.value.clone());
            let mut values: Vec<Vec<f64>> = vec![Vec::new(); measured.len()];
            for run in &trained.runs {
                let note = seed_note(&trained, run);
                let found = match &subnet {
                    Some(subnet) => {
                        let how = evaluate.recalibrate.as_ref().map(|r| &r.value);
                        self.subnet(index, note.clone(), &slot.model, subnet, run, how, &data, known, works, &mut slot.steps)
                    }
                    None => self.predictions(index, note.clone(), &slot.model, &trained, run, &data, known, works, &mut slot.steps),
                };
                match found {
                    Found::Known(predictions) => {
                        for (metric, values) in measured.iter().zip(&mut values) {
                            let (model, note) = (slot.model.label(), note.clone());
                            match self.metric(index, model, note, metric, predictions, &data, known, works, &mut slot.steps) {
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
            if state == State::Ready {
                for (metric, values) in measured.iter().zip(values) {
                    slot.model.figures.insert(metric.clone(), Figure { values });
                }
            }
        }
        Slot { state, ..slot }
    }

    fn predictions(
        &self,
        index: usize,
        note: String,
        model: &Model,
        trained: &Trained,
        run: &SeedRun,
        data: &(String, String),
        known: &mut dyn Known,
        works: &mut Vec<Work>,
        steps: &mut Vec<Step>,
    ) -> Found<Digest> {
        let Some(train) = self.pipeline.stages[trained.stage].train() else { return Found::Failed("not trained".into()) };
        let Some(info) = self.data.get(&data.0) else { return Found::Failed(format!("no data `{}`", data.0)) };
        let Some(split) = info.splits.get(&data.1) else { return Found::Failed(format!("no split `{}`", data.1)) };
        let action = Action {
            kind: Kind::Predict,
            config: Canon::Map(evaluation::config(info, model.candidate.image_size(), train.recipe.bn_eps)),
            inputs: vec![("architecture", model.candidate.digest), ("weights", run.weights), ("split", split.digest)],
            seed: None,
            numerics: Some(self.numerics.clone()),
        };
        let (key, found) = Found::output(&action, Outcome::predictions, known, steps);
        if !matches!(found, Found::Pending) {
            return found;
        }
        works.push(Work::Predict(Box::new(PredictWork {
            request: self.request(index, action, key, Some(model.label()), note),
            candidate: model.candidate.clone(),
            weights: run.weights,
            bn_eps: train.recipe.bn_eps,
            data: data.clone(),
        })));
        Found::Pending
    }

    fn metric(
        &self,
        index: usize,
        model: String,
        note: String,
        metric: &Metric,
        predictions: Digest,
        data: &(String, String),
        known: &mut dyn Known,
        works: &mut Vec<Work>,
        steps: &mut Vec<Step>,
    ) -> Found<f64> {
        let Some(split) = self.data.get(&data.0).and_then(|d| d.splits.get(&data.1)) else {
            return Found::Failed(format!("no split `{}`", data.1));
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
        steps.push(Step { action: action.clone(), key, known: outcome.is_some(), chain: None });
        match outcome {
            Some(Outcome::Measured { value, .. }) => Found::Known(value),
            _ => {
                let (metric, data) = (metric.clone(), data.clone());
                let request = self.request(index, action, key, Some(model), note);
                works.push(Work::Metric(Box::new(MetricWork { request, metric, predictions, data })));
                Found::Pending
            }
        }
    }
}

/// `, seed 1` where there are several.
fn seed_note(trained: &Trained, run: &SeedRun) -> String {
    if trained.runs.len() > 1 { format!(", seed {}", run.seed) } else { String::new() }
}

/// A look-up's result.
pub(super) enum Found<T> {
    Known(T),
    Pending,
    Failed(String),
}

impl Found<Digest> {
    /// What is known of a blob that an action makes, noted as a step; with it the action's key.
    pub(super) fn output(
        action: &Action,
        blob: impl Fn(&Outcome) -> Option<Digest>,
        known: &mut dyn Known,
        steps: &mut Vec<Step>,
    ) -> (Digest, Self) {
        let key = action.key();
        let blob = known.outcome(key).and_then(|o| blob(&o));
        steps.push(Step { action: action.clone(), key, known: blob.is_some(), chain: None });
        let found = match blob {
            Some(blob) => Found::Known(blob),
            None => known.given_up(key).map_or(Found::Pending, Found::Failed),
        };
        (key, found)
    }
}

fn pending(state: State) -> State {
    if matches!(state, State::Failed(_)) { state } else { State::Pending }
}

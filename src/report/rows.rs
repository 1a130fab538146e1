//! Every model at every measuring stage as one row: what tables, CSV and JSON are made from.

use crate::base::Digest;
use crate::document::{Metric, Pipeline, StageKind};
use crate::plan::{Figure, Replay, State};
use crate::run::observe::Shown;
use crate::space::{Cost, costs};
use serde::Serialize;
use std::collections::BTreeMap;

/// One model at one stage.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The stage that this row is of: an `evaluate`, or a `train` that nothing evaluates.
    pub stage: String,
    /// `trials #3`
    pub model: String,
    /// The sample stage that proposed it.
    pub sample: String,
    /// Its ticket there, from 0.
    pub trial: usize,
    /// `ready`, `stopped` (measured, and not trained to the end), `failed` or `pending`.
    pub state: &'static str,
    /// Why it failed.
    pub reason: Option<String>,
    /// Digest of the canonical architecture.
    pub architecture: String,
    /// Trainable parameters.
    pub params: u64,
    /// 2 × multiply-adds, one image.
    pub flops: u64,
    /// Epochs trained.
    pub epochs: Option<usize>,
    /// Over how many folds it was trained; 1 where over none.
    #[serde(skip_serializing_if = "is_one")]
    pub folds: usize,
    /// Digests of the weights, one a seed; over folds, for each fold one a seed.
    pub weights: Vec<String>,
    /// Metric → values over seeds, or over folds and seeds.
    pub metrics: BTreeMap<Metric, Figure>,
    /// Metric → what this machine said.
    pub observations: BTreeMap<Metric, Shown>,
    /// The decisions that led to it.
    pub choices: Vec<(String, String)>,
    /// Those that are not the reference's.
    pub edits: Vec<(String, String)>,
}

fn is_one(n: &usize) -> bool {
    *n == 1
}

impl Row {
    /// A metric of it: measured, or following from its architecture; NaN where it is not there.
    pub fn value(&self, metric: &Metric) -> f64 {
        let counted = || costs::cost_as(metric, &Cost { params: self.params, macs: self.flops / 2 });
        self.metrics.get(metric).map(Figure::mean).or_else(counted).unwrap_or(f64::NAN)
    }
}

/// All rows in the order of the stages and their models. `observed` gives a model's observation of a metric.
pub fn rows(pipeline: &Pipeline, replay: &Replay, observed: &dyn Fn(Digest, &Metric) -> Option<Shown>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (stage, seen) in pipeline.stages.iter().zip(&replay.stages) {
        let observations: Vec<&Metric> = match &stage.kind {
            StageKind::Evaluate(e) => e.observed().collect(),
            // A supernet is no network.
            StageKind::Train(_) if pipeline.supernet(stage).is_none() && !is_evaluated(pipeline, &stage.name.value) => Vec::new(),
            _ => continue,
        };
        for slot in &seen.slots {
            let model = &slot.model;
            let (state, reason) = match &slot.state {
                State::Ready if model.cut().is_some_and(|cut| !cut.open) => ("stopped", None),
                State::Ready => ("ready", None),
                State::Pending => ("pending", None),
                State::Failed(why) => ("failed", Some(why.clone())),
            };
            let own = |all: &[(String, String)]| all.iter().filter(|(label, _)| model.has(label)).cloned().collect();
            let weights: Vec<Digest> = model.trained.iter().flat_map(|t| t.runs.iter().map(|r| r.weights)).collect();
            let observations = observations.iter().filter_map(|m| Some(((*m).clone(), observed(*weights.first()?, m)?))).collect();
            rows.push(Row {
                stage: stage.name.value.clone(),
                model: at_epoch(stage, model),
                sample: model.origin.0.clone(),
                trial: model.origin.1,
                state,
                reason,
                architecture: model.candidate.digest.hex(),
                params: model.candidate.params,
                flops: 2 * model.candidate.macs,
                epochs: model.trained.as_ref().map(|t| t.epochs),
                folds: model.trained.as_ref().map_or(1, crate::plan::Trained::folds),
                weights: weights.iter().map(Digest::hex).collect(),
                metrics: model.figures.clone(),
                observations,
                choices: own(&model.candidate.choices),
                edits: own(&model.candidate.edits),
            });
        }
    }
    rows
}

/// `trials #3`, with its epoch where the stage evaluates several.
fn at_epoch(stage: &crate::document::Stage, model: &crate::plan::Model) -> String {
    let several = stage.evaluate().is_some_and(|e| !e.at.is_empty());
    match model.trained.as_ref().filter(|_| several) {
        Some(trained) => format!("{} @{}", model.label(), trained.epochs),
        None => model.label(),
    }
}

fn is_evaluated(pipeline: &Pipeline, name: &str) -> bool {
    pipeline.stages.iter().any(|s| s.evaluate().is_some() && s.from.iter().any(|f| f.value == name))
}

/// The rows as CSV (RFC 4180): fixed columns, then one for each metric's mean and deviation, observation and choice met.
pub fn csv(rows: &[Row]) -> String {
    // Costs have columns of their own.
    let own = [costs::PARAMS.metric(), costs::FLOPS.metric()];
    let metrics = distinct(rows.iter().flat_map(|r| r.metrics.keys()).filter(|m| !own.contains(m)));
    let observations = distinct(rows.iter().flat_map(|r| r.observations.keys()));
    let choices = distinct(rows.iter().flat_map(|r| r.choices.iter().map(|c| &c.0)));
    let mut head: Vec<String> =
        ["stage", "model", "state", "reason", "architecture", "params", "flops", "epochs", "seeds"].map(String::from).to_vec();
    head.extend(metrics.iter().flat_map(|m| [m.name(), format!("{m}_sd")]));
    head.extend(observations.iter().map(|o| o.name()));
    head.extend(choices.iter().map(|c| format!("choice:{c}")));
    let mut out = line(&head);
    for r in rows {
        let mut cells = vec![
            r.stage.clone(),
            r.model.clone(),
            r.state.to_string(),
            r.reason.clone().unwrap_or_default(),
            r.architecture.clone(),
            r.value(&own[0]).to_string(),
            r.value(&own[1]).to_string(),
            r.epochs.map(|e| e.to_string()).unwrap_or_default(),
            r.metrics.values().map(|f| f.by_seed().len()).chain([r.weights.len() / r.folds.max(1)]).max().unwrap_or(0).to_string(),
        ];
        for m in &metrics {
            let figure = r.metrics.get(*m);
            // A mean of nothing but zeros has no sign.
            cells.push(figure.map(|f| (f.mean() + 0.0).to_string()).unwrap_or_default());
            cells.push(figure.and_then(Figure::deviation).map(|d| d.to_string()).unwrap_or_default());
        }
        for o in &observations {
            cells.push(r.observations.get(*o).map(|seen| seen.median.to_string()).unwrap_or_default());
        }
        for c in &choices {
            cells.push(r.choices.iter().find(|(label, _)| label == *c).map(|(_, v)| v.clone()).unwrap_or_default());
        }
        out += &line(&cells);
    }
    out
}

/// Each once, in the order in which they are met.
pub(super) fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut once = Vec::new();
    for item in all {
        if !once.contains(&item) {
            once.push(item);
        }
    }
    once
}

fn line(cells: &[String]) -> String {
    let quoted: Vec<String> = cells
        .iter()
        .map(|c| if c.contains([',', '"', '\n', '\r']) { format!("\"{}\"", c.replace('"', "\"\"")) } else { c.clone() })
        .collect();
    quoted.join(",") + "\r\n"
}

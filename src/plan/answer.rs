//! The answer of a pipeline: one model beside its baselines, and whether the difference was tested.

use super::choose::{better, value_of};
use super::engine::{Replay, StageReplay};
use super::figures::{Figure, pooled};
use super::model::{Model, State};
use crate::document::{Answer, Metric, Pipeline};

/// How a baseline compares.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Better by more than the pooled deviation over seeds.
    Better,
    /// Within the pooled deviation, or worse.
    NoBetter,
    /// One run each: the difference was not tested.
    NotTested,
    /// The answer is this baseline's own model.
    Same,
    /// Its models failed: why.
    Failed(String),
}

/// One baseline beside the answer.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// The node that `against` names.
    pub name: String,
    /// The metric of its model over seeds; of several models, their means.
    pub figure: Figure,
    /// How many models it stands for.
    pub models: usize,
    /// The deviation over seeds, within its models.
    pub deviation: Option<f64>,
    /// How the answer compares.
    pub verdict: Verdict,
    /// FLOPs of the answer ÷ mean FLOPs of the baseline.
    pub cost_ratio: f64,
}

/// The answer with its baselines.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The node that `answer` names.
    pub name: String,
    /// The metric.
    pub metric: Metric,
    /// The model.
    pub model: Model,
    /// Its figure.
    pub figure: Figure,
    /// In the order of `against`.
    pub baselines: Vec<Baseline>,
}

/// Finds the answer; none while its stage is not done, or where the pipeline names none. Where several models came by way of the
/// node that `answer` names, it is the best of them.
pub fn answered(pipeline: &Pipeline, replay: &Replay) -> Option<Answered> {
    let answer = pipeline.answer.as_ref()?;
    let measured: &StageReplay = replay.stages.get(pipeline.links.answer.as_ref()?.within)?;
    if !measured.complete || measured.slots.iter().any(|s| s.state == State::Pending) {
        return None;
    }
    let ready = || measured.slots.iter().filter(|s| s.state == State::Ready).map(|s| &s.model);
    let ours: Vec<&Model> = ready().filter(|m| m.via.contains(&answer.name.value)).collect();
    let metric = &answer.by.value;
    let sound = ours.iter().filter(|m| !value_of(m, metric).is_nan());
    let model = (**sound.min_by(|a, b| better(metric, a, b))?).clone();
    let figure = figure_of(&model, metric);
    let baselines = answer
        .against
        .iter()
        .filter_map(|name| {
            let name = &name.value;
            let theirs: Vec<&Model> = ready().filter(|m| m.via.contains(name)).collect();
            let others: Vec<&Model> = theirs.iter().filter(|m| !ours.iter().any(|o| o.identity() == m.identity())).copied().collect();
            let failed = || {
                let slots = measured.slots.iter().filter(|s| s.model.via.contains(name));
                slots.into_iter().find_map(|s| if let State::Failed(why) = &s.state { Some(why.clone()) } else { None })
            };
            match (others.is_empty(), theirs.is_empty()) {
                (false, _) => baseline(answer, name, &model, &figure, &others),
                (true, false) => Some(without(name, &figure, Verdict::Same)),
                (true, true) => failed().map(|why| without(name, &Figure { values: Vec::new() }, Verdict::Failed(why))),
            }
        })
        .collect();
    Some(Answered { name: answer.name.value.clone(), metric: metric.clone(), model, figure, baselines })
}

/// Why there is no answer though everything is done: how the models of the node that `answer` names failed.
pub fn unanswered(pipeline: &Pipeline, replay: &Replay) -> Option<String> {
    let answer = pipeline.answer.as_ref()?;
    let measured: &StageReplay = replay.stages.get(pipeline.links.answer.as_ref()?.within)?;
    let ours = measured.slots.iter().filter(|s| s.model.via.contains(&answer.name.value));
    ours.into_iter().find_map(|s| if let State::Failed(why) = &s.state { Some(format!("{}: {why}", s.model.label())) } else { None })
}

/// The model that a pipeline ends in: its answer's; where it names none, the first that its last `select` chose.
pub fn winner<'v>(pipeline: &Pipeline, replay: &'v Replay) -> Option<&'v Model> {
    if pipeline.answer.is_some() {
        let identity = answered(pipeline, replay)?.model.identity();
        return replay.stages.iter().flat_map(|s| &s.slots).map(|s| &s.model).rfind(|m| m.identity() == identity);
    }
    let last = pipeline.stages.iter().rposition(|s| s.select().is_some())?;
    replay.stages.get(last)?.slots.first().map(|s| &s.model)
}

/// A baseline that there is nothing to compare with.
fn without(name: &str, figure: &Figure, verdict: Verdict) -> Baseline {
    Baseline { name: name.to_string(), figure: figure.clone(), models: 0, deviation: None, verdict, cost_ratio: 1.0 }
}

fn figure_of(model: &Model, metric: &Metric) -> Figure {
    model.figures.get(metric).cloned().unwrap_or_else(|| Figure::exact(value_of(model, metric)))
}

fn baseline(answer: &Answer, name: &str, model: &Model, figure: &Figure, models: &[&Model]) -> Option<Baseline> {
    let metric = &answer.by.value;
    let figures: Vec<Figure> = models.iter().map(|m| figure_of(m, metric)).collect();
    let theirs = match figures.as_slice() {
        [] => return None,
        [one] => one.clone(),
        many => Figure { values: many.iter().map(Figure::mean).collect() },
    };
    let gain = metric.as_cost(theirs.mean()) - metric.as_cost(figure.mean());
    let tested = figure.values.len() > 1 && figures.iter().all(|f| f.values.len() > 1);
    let verdict = match pooled(figures.iter().chain([figure])).filter(|_| tested) {
        Some(deviation) if gain > deviation => Verdict::Better,
        Some(_) => Verdict::NoBetter,
        None if gain <= 0.0 => Verdict::NoBetter,
        None => Verdict::NotTested,
    };
    let macs = models.iter().map(|m| m.candidate.macs as f64).sum::<f64>() / models.len() as f64;
    let cost_ratio = model.candidate.macs as f64 / macs;
    Some(Baseline { name: name.to_string(), figure: theirs, models: models.len(), deviation: pooled(&figures), verdict, cost_ratio })
}

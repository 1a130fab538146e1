//! The best model so far, by the metric that decides: what a reader wants to know while a run goes on.

use super::choose::{better, value_of};
use super::engine::Replay;
use super::model::{Model, State};
use crate::document::{Metric, Pipeline};

/// The stage that measured it, the model, the metric and its value; none while nothing is measured.
pub fn best<'v>(pipeline: &'v Pipeline, replay: &'v Replay) -> Option<(&'v str, &'v Model, &'v Metric, f64)> {
    let (stages, metric) = decides(pipeline)?;
    let measured = stages.into_iter().flat_map(|i| {
        let slots = replay.stages.get(i).map_or(&[][..], |seen| seen.slots.as_slice());
        slots.iter().filter(|s| s.state == State::Ready).map(move |s| (i, &s.model))
    });
    let (stage, model) = measured.filter(|(_, model)| !value_of(model, metric).is_nan()).min_by(|(_, a), (_, b)| better(metric, a, b))?;
    Some((&pipeline.stages[stage].name.value, model, metric, value_of(model, metric)))
}

/// The stages whose models are compared, and by which metric: those of the first search's objective, else of the first
/// `select`, else of the answer.
fn decides(pipeline: &Pipeline) -> Option<(Vec<usize>, &Metric)> {
    let objective = pipeline.stages.iter().find_map(|s| s.sample()?.objective.as_ref());
    if let Some(objective) = objective {
        return Some((pipeline.stage(&objective.stage.value).into_iter().collect(), &objective.metric.value));
    }
    let selected = pipeline.stages.iter().find_map(|s| {
        let metric = s.select()?.metric()?;
        Some((s.from.iter().filter_map(|f| pipeline.stage(&f.value)).collect(), metric))
    });
    let answer = || pipeline.answer.as_ref().map(|a| (pipeline.stage(&a.r#in.value).into_iter().collect(), &a.by.value));
    selected.or_else(answer)
}

//! Who is compared in an answer: the answered model, the models behind each baseline, and what a comparison of them reads.

use super::Figure;
use super::action::Kind;
use super::choose::value_of;
use super::engine::StageReplay;
use super::model::{Model, Slot, State};
use super::work::Sides;
use crate::base::{Canon, Digest};
use crate::document::{Metric, Pipeline};

/// The answered model and what it is compared with, at the stage that measures them.
pub(super) struct Standing<'v> {
    /// The index of that stage.
    pub within: usize,
    /// The answered model.
    pub ours: &'v Slot,
    /// In the order of `against`.
    pub baselines: Vec<(&'v str, Others<'v>)>,
}

/// What is behind a name of `against`.
pub(super) enum Others<'v> {
    /// These models, which are not the answer's.
    Models(Vec<&'v Slot>),
    /// The answer's own model.
    Same,
    /// Models that failed: why.
    Failed(String),
    /// No model.
    Nobody,
}

/// None while the stage is not done, where it left no model of the answer, or where the pipeline has no answer. Where several
/// models came by way of the node that `answer` names, the first of them is the answered one: of a `select` the one that it ranks
/// first. To take the best by the answer's own figure would choose on the split that nothing may choose by.
pub(super) fn standing<'v>(pipeline: &'v Pipeline, stages: &'v [StageReplay]) -> Option<Standing<'v>> {
    let answer = pipeline.answer.as_ref()?;
    let within = pipeline.links.answer.as_ref()?.within;
    let measured: &StageReplay = stages.get(within)?;
    if !measured.complete || measured.slots.iter().any(|s| s.state == State::Pending) {
        return None;
    }
    let came_through = |slot: &&Slot, name: &str| slot.model.via.contains(name);
    let ready = || measured.slots.iter().filter(|s| s.state == State::Ready);
    let ours: Vec<&Slot> = ready().filter(|s| came_through(s, &answer.name.value)).collect();
    let metric = &answer.by.value;
    let first = *ours.iter().find(|s| !value_of(&s.model, metric).is_nan())?;
    let behind = |name: &str| {
        let theirs: Vec<&Slot> = ready().filter(|s| came_through(s, name)).collect();
        let is_ours = |slot: &Slot| ours.iter().any(|o| o.model.identity() == slot.model.identity());
        let others: Vec<&Slot> = theirs.iter().filter(|s| !is_ours(s)).copied().collect();
        if !others.is_empty() {
            return Others::Models(others);
        }
        if !theirs.is_empty() {
            return Others::Same;
        }
        let failed = measured.slots.iter().filter(|s| came_through(s, name));
        let why = failed.into_iter().find_map(|s| if let State::Failed(why) = &s.state { Some(why.clone()) } else { None });
        why.map_or(Others::Nobody, Others::Failed)
    };
    let baselines = answer.against.iter().map(|name| (name.value.as_str(), behind(&name.value))).collect();
    Some(Standing { within, ours: first, baselines })
}

/// A metric of a model, over its seeds.
pub(super) fn figure_of(model: &Model, metric: &Metric) -> Figure {
    model.figures.get(metric).cloned().unwrap_or_else(|| Figure::exact(value_of(model, metric)))
}

/// What a comparison of these reads; none where there is nothing to be told: a value does not exist, or stands alone and was not
/// computed from images.
pub(super) fn sides(metric: &Metric, ours: &Slot, others: &[&Slot]) -> Option<Sides> {
    let mut others = others.to_vec();
    others.sort_by_key(|s| s.model.identity());
    let figures: Vec<Figure> = others.iter().map(|s| figure_of(&s.model, metric)).collect();
    let own = figure_of(&ours.model, metric);
    if figures.iter().chain([&own]).any(|f| !f.mean().is_finite()) {
        return None;
    }
    if metric.reads_predictions()
        && let Some(ours) = predictions(ours, metric)
        && let Some(theirs) = others.iter().map(|s| predictions(s, metric)).collect()
    {
        return Some(Sides::Predictions { ours, theirs });
    }
    let several = own.values.len() > 1 && (figures.len() > 1 || figures.iter().any(|f| f.values.len() > 1));
    several.then(|| Sides::Values { ours: own.values, theirs: figures.into_iter().map(|f| f.values).collect() })
}

/// The predictions that a stage computed this metric of a model from, one a seed.
fn predictions(slot: &Slot, metric: &Metric) -> Option<Vec<Digest>> {
    let config = Canon::map([("metric", metric.name().into())]);
    let steps = slot.steps.iter().filter(|s| s.action.kind == Kind::Metric && s.action.config == config);
    let read: Vec<Digest> = steps.filter_map(|s| s.action.inputs.iter().find(|i| i.0 == "predictions").map(|i| i.1)).collect();
    (!read.is_empty()).then_some(read)
}

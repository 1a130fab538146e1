//! The metric that a stage is read by.

use crate::document::{Metric, Pipeline, StageKind};

/// The metric by which a search or a `select` ranks the models of a stage.
pub fn ranked_by<'p>(pipeline: &'p Pipeline, stage: &str) -> Option<&'p Metric> {
    pipeline.stages.iter().find_map(|s| match &s.kind {
        StageKind::Sample(sample) => sample.objective.as_ref().filter(|o| o.stage.value == stage).map(|o| &o.metric.value),
        StageKind::Select(select) if s.from.iter().any(|f| f.value == stage) => select.metric(),
        _ => None,
    })
}

/// The metric that a stage is read by: what a search, a `select` or the `answer` takes from it, else the first that reads images.
pub fn headline(pipeline: &Pipeline, stage: &str) -> Option<Metric> {
    let chosen = ranked_by(pipeline, stage);
    let answered = || pipeline.answer.as_ref().filter(|a| a.r#in.value == stage).map(|a| &a.by.value);
    let first = || {
        let evaluate = pipeline.stages.iter().find(|s| s.name.value == stage)?.evaluate()?;
        evaluate.metrics.iter().map(|m| &m.value).find(|m| m.reads_predictions())
    };
    let measured = |m: &&Metric| !m.is_of_network();
    chosen.filter(measured).or_else(|| answered().filter(measured)).or_else(first).cloned()
}

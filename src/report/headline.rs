//! The metric that a stage is read by.

use crate::document::{Metric, Pipeline};
use crate::run::reliability::ranked_by;

/// The metric that a stage is read by: what a search, a `select` or the `answer` takes from it, else the first that is measured on trained networks.
pub fn headline(pipeline: &Pipeline, stage: &str) -> Option<Metric> {
    let chosen = ranked_by(pipeline, stage);
    let answered = || pipeline.answer.as_ref().filter(|a| a.r#in.value == stage).map(|a| &a.by.value);
    let first = || {
        let evaluate = pipeline.stages.iter().find(|s| s.name.value == stage)?.evaluate()?;
        evaluate.metrics.iter().map(|m| &m.value).find(|m| m.reads_predictions() || m.is_own())
    };
    let measured = |m: &&Metric| !m.is_of_network();
    chosen.filter(measured).or_else(|| answered().filter(measured)).or_else(first).cloned()
}

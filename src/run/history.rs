//! What a run did, kept as a file of the store, so that `plan` can say what changed since.

use super::options::{Report, RunEnd};
use super::record;
use super::trust::trusted;
use crate::document::Pipeline;
use crate::plan::reason::History;
use crate::results::{GivenUp, RunSummary};
use crate::store::{Store, StoreError};
use serde_json::json;

/// Keeps a run's record; a run that executed nothing and learnt nothing leaves none. `begun` is when it began, in seconds since 1970.
pub fn keep(store: &Store, pipeline: &Pipeline, report: &Report, begun: u64) -> Result<(), StoreError> {
    let trust = trusted(pipeline, &report.replay);
    let (quiet, trust) = (trust.is_empty(), json!(trust));
    if report.executed.is_empty()
        && report.given_up.is_empty()
        && (quiet || summary(store, pipeline)?.is_some_and(|last| last.trust == trust))
    {
        return Ok(());
    }
    let stages = pipeline.stages.iter().enumerate().map(|(index, stage)| {
        let keys = report.replay.all(index).flat_map(|s| &s.steps).filter(|s| s.known).map(|s| s.key).collect();
        (stage.name.value.clone(), keys)
    });
    let summary = RunSummary {
        reproducible: report.given_up.is_empty(),
        given_up: report.given_up.clone(),
        executed: report.executed.iter().map(|(kind, n)| (kind.to_string(), *n)).collect(),
        stages: stages.collect(),
        trust,
    };
    let file = pipeline.sources.files.first().map(|f| f.0.clone());
    let mut run = store.run_begin(&pipeline.name, &file.unwrap_or_default(), record::run(&summary))?;
    run.begun = begun;
    store.run_end(&mut run, if report.ended == RunEnd::Finished { "finished" } else { "stopped" })
}

/// What the last run of this pipeline did.
fn summary(store: &Store, pipeline: &Pipeline) -> Result<Option<RunSummary>, StoreError> {
    Ok(store.last_run(&pipeline.name)?.and_then(|run| record::read_run(&run.values)))
}

/// The actions of the last run of this pipeline, by stage.
pub fn last(store: &Store, pipeline: &Pipeline) -> Result<History, StoreError> {
    let mut history = History::new();
    for (stage, keys) in summary(store, pipeline)?.unwrap_or_default().stages {
        let texts = store.lookup_many(&keys)?.into_iter().flatten().map(|record| record.text).collect();
        history.insert(stage, texts);
    }
    Ok(history)
}

/// The trials that the last run of this pipeline gave up. Whoever only looks sees what that run saw; the next run tries them
/// again.
pub fn given_up(store: &Store, pipeline: &Pipeline) -> Result<Vec<GivenUp>, StoreError> {
    Ok(summary(store, pipeline)?.unwrap_or_default().given_up)
}

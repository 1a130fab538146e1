//! What a run did, kept as a file of the store, so that `plan` can say what changed since.

use super::options::{Ended, Report};
use super::trust::trusted;
use crate::base::Digest;
use crate::document::Pipeline;
use crate::plan::reason::History;
use crate::store::{Store, StoreError};
use serde_json::{Value, json};

/// Keeps a run's record; a run that executed nothing and learnt nothing leaves none. `begun` is when it began, in seconds since 1970.
pub fn keep(store: &Store, pipeline: &Pipeline, report: &Report, begun: u64) -> Result<(), StoreError> {
    let trust = json!(trusted(pipeline, &report.replay));
    if report.executed.is_empty() && report.given_up.is_empty() {
        let last = || store.runs(Some(&pipeline.name)).map(|mut runs| runs.pop().map(|r| r.values["trust"].clone()));
        if trust.as_array().is_none_or(Vec::is_empty) || last()?.is_some_and(|t| t == trust) {
            return Ok(());
        }
    }
    let stages: serde_json::Map<String, Value> = pipeline
        .stages
        .iter()
        .zip(&report.replay.stages)
        .map(|(stage, seen)| {
            let keys: Vec<String> = seen.slots.iter().flat_map(|s| &s.steps).filter(|s| s.known).map(|s| s.key.hex()).collect();
            (stage.name.value.clone(), keys.into())
        })
        .collect();
    let given_up: Vec<Value> = report.given_up.iter().map(|g| json!({ "key": g.key, "trial": g.label, "reason": g.reason })).collect();
    let file = pipeline.sources.files.first().map(|f| f.0.clone());
    let values = json!({
        "reproducible": report.given_up.is_empty(),
        "given-up": given_up,
        "executed": report.executed,
        "stages": stages,
        "trust": trust,
    });
    let mut run = store.run_begin(&pipeline.name, &file.unwrap_or_default(), values)?;
    run.begun = begun;
    store.run_end(&mut run, if report.ended == Ended::Finished { "finished" } else { "stopped" })
}

/// The actions of the last run of this pipeline, by stage.
pub fn last(store: &Store, pipeline: &Pipeline) -> Result<History, StoreError> {
    let Some(run) = store.runs(Some(&pipeline.name))?.pop() else { return Ok(History::new()) };
    let mut history = History::new();
    for (stage, keys) in run.values["stages"].as_object().into_iter().flatten() {
        let keys = keys.as_array().into_iter().flatten().filter_map(|k| k.as_str()?.parse::<Digest>().ok());
        let mut texts = Vec::new();
        for key in keys {
            texts.extend(store.lookup(&key)?.map(|r| r.text));
        }
        history.insert(stage.clone(), texts);
    }
    Ok(history)
}

/// The trials that the last run of this pipeline gave up: key, label, reason. Whoever only looks sees what that run saw; the
/// next run tries them again.
pub fn given_up(store: &Store, pipeline: &Pipeline) -> Result<Vec<(Digest, String, String)>, StoreError> {
    let Some(run) = store.runs(Some(&pipeline.name))?.pop() else { return Ok(Vec::new()) };
    let trials = run.values["given-up"].as_array().into_iter().flatten();
    Ok(trials
        .filter_map(|t| {
            let text = |name: &str| t[name].as_str().map(str::to_string);
            Some((text("key")?.parse().ok()?, text("trial")?, text("reason")?))
        })
        .collect())
}

//! `run --smoke`: one batch through every stage in a scratch store, to see that everything works and how long it takes.

use super::coordinator;
use super::error::RunError;
use super::events::Events;
use super::launch::Launcher;
use super::options::{Options, RunEnd};
use super::prepare::Prepared;
use super::scratch::Scratch;
use crate::data::{Scan, scanned::content_digest};
use crate::document::{Pipeline, Recalibrate, StageKind};
use crate::plan::{Replay, SplitInfo, State};
use crate::store::{self, Store};
use std::collections::BTreeMap;

/// Trials of every sample in a smoke run.
const TRIALS: usize = 2;

/// Runs the shortened pipeline; its timings are kept in `store`, nothing else is. A trial that fails is an error here.
pub fn smoke(
    prepared: &Prepared,
    store: &Store,
    options: &Options,
    launcher: &mut dyn Launcher,
    events: &mut dyn Events,
) -> Result<RunEnd, RunError> {
    let folder = Scratch::new(&std::env::temp_dir()).map_err(RunError::Scratch)?;
    let short = short(prepared)?;
    // On whatever file system: nobody else uses it.
    let scratch = Store::open_with(&folder.path().join("cache"), store::Options { allow_network: true, ..store::Options::default() })?;
    // What is made of one batch is nobody's result.
    let options = &Options { team: None, ..options.clone() };
    let report = coordinator::run(&short, &scratch, options, launcher, events)?;
    for kind in ["train-time", "predict-time"] {
        super::estimate::copy(&scratch, store, kind)?;
    }
    let failed: Vec<String> = report.given_up.iter().map(|g| format!("  {}: {}\n", g.label, g.reason)).collect();
    if !failed.is_empty() {
        return Err(RunError::Worker(format!("the smoke run failed:\n{}", failed.concat())));
    }
    match idle(&short.pipeline, &report.replay) {
        Some(why) if report.ended == RunEnd::Finished => Err(RunError::Worker(format!("the smoke run failed: {why}"))),
        _ => Ok(report.ended),
    }
}

/// The first stage that worked for no model, and why: that every model fails is a result of a search, and no sign that it works.
fn idle(pipeline: &Pipeline, replay: &Replay) -> Option<String> {
    let mut stages = pipeline.stages.iter().zip(&replay.stages);
    let (stage, seen) = stages.find(|(_, seen)| seen.slots.iter().all(|slot| slot.state != State::Ready))?;
    let name = &stage.name.value;
    let failed = seen.slots.iter().find_map(|slot| match &slot.state {
        State::Failed(why) => Some(format!("{name}: {}: {why}", slot.model.label())),
        _ => None,
    });
    Some(failed.unwrap_or_else(|| match stage.select() {
        Some(_) => format!("{name} had nothing to choose: on one batch no model has the values that it reads"),
        None => format!("{name}: no model came to it"),
    }))
}

/// The same pipeline with two trials a sample, one epoch, and one batch a split.
fn short(prepared: &Prepared) -> Result<Prepared, RunError> {
    let mut pipeline = prepared.pipeline.clone();
    let mut batch = 1;
    for stage in &mut pipeline.stages {
        match &mut stage.kind {
            StageKind::Sample(sample) => sample.trials = sample.trials.min(TRIALS),
            StageKind::Train(train) => {
                batch = batch.max(train.largest_batch());
                train.epochs = 1;
                train.seeds = 1;
            }
            StageKind::Evaluate(evaluate) => {
                evaluate.at.clear();
                if let Some(Recalibrate::Batches { batches, .. }) = evaluate.recalibrate.as_mut().map(|r| &mut r.value) {
                    *batches = 1;
                }
            }
            StageKind::Select(select) => select.bounds.clear(),
        }
    }
    let scans: BTreeMap<String, Scan> = prepared.scans.iter().map(|(name, scan)| (name.clone(), first(scan, batch))).collect();
    let mut data = prepared.data.clone();
    for (name, info) in &mut data {
        let Some(scan) = scans.get(name) else { continue };
        info.splits = scan
            .splits
            .iter()
            .map(|s| {
                let anchors = info.splits.get(&s.name).map_or(Vec::new(), |known| known.anchors.clone());
                (s.name.clone(), SplitInfo { digest: s.digest, images: s.images.len(), objects: s.boxes(), anchors })
            })
            .collect();
    }
    Ok(Prepared {
        pipeline,
        data,
        scans,
        spaces: prepared.spaces.clone(),
        tables: prepared.tables.clone(),
        latencies: prepared.latencies.clone(),
        weights: prepared.weights.clone(),
        teachers: prepared.teachers.clone(),
        earlier: prepared.earlier.clone(),
        commands: prepared.commands.clone(),
        warnings: Vec::new(),
        notes: Vec::new(),
    })
}

/// The first images of every split.
fn first(scan: &Scan, images: usize) -> Scan {
    let mut scan = scan.clone();
    for split in &mut scan.splits {
        split.images.truncate(images);
        split.digest = content_digest(&scan.classes, scan.channels, &split.images);
    }
    scan
}

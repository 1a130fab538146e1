//! A pipeline as two runs, or two files, are compared: what is written, what enters keys, what is read, and what it came to.

use super::Prepared;
use crate::base::{Canon, Digest};
use crate::document::Metric;
use crate::plan::{Figure, Kind, Model, Replay, State, winner};
use crate::results::{Described, ReadSplit, Winner};
use std::collections::BTreeMap;

/// Describes a prepared pipeline and how far a replay of it is.
pub fn described(prepared: &Prepared, replay: &Replay, numerics: &str) -> Described {
    let data = prepared.data.iter().map(|(name, info)| {
        let split = |(name, s): (&String, &crate::plan::SplitInfo)| {
            (name.clone(), ReadSplit { digest: s.digest, images: s.images, objects: s.objects })
        };
        (name.clone(), info.splits.iter().map(split).collect())
    });
    let models = prepared.pipeline.stages.iter().zip(&replay.stages).map(|(stage, seen)| {
        let count = |wanted: fn(&State) -> bool| seen.slots.iter().filter(|s| wanted(&s.state)).count();
        let ready = count(|s| *s == State::Ready);
        let failed = count(|s| matches!(s, State::Failed(_)));
        (stage.name.value.clone(), [ready, failed, seen.slots.len() - ready - failed])
    });
    Described {
        numerics: numerics.to_string(),
        written: prepared.pipeline.written.iter().cloned().collect(),
        canonical: canonical(prepared, replay),
        data: data.collect(),
        files: files(prepared),
        models: models.collect(),
        winner: winner(&prepared.pipeline, replay).map(won),
    }
}

/// Actions of a kind that are looked at: what candidates differ in shows in a few, and a stage may have tens of thousands.
const LOOKED_AT: usize = 64;

/// By stage and kind of action, the leaves that all its actions have, with the values that all of them have.
fn canonical(prepared: &Prepared, replay: &Replay) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut out = BTreeMap::new();
    for (index, stage) in prepared.pipeline.stages.iter().enumerate() {
        let mut common: BTreeMap<Kind, BTreeMap<String, String>> = BTreeMap::new();
        let mut looked: BTreeMap<Kind, usize> = BTreeMap::new();
        for step in replay.all(index).flat_map(|slot| &slot.steps) {
            let looked = looked.entry(step.action.kind).or_default();
            *looked += 1;
            if *looked > LOOKED_AT {
                continue;
            }
            // Inputs are told as data, files and models. A training's rungs differ in nothing but their iteration.
            let leaves = || own(step.action.kind, &step.action.canon());
            match common.get_mut(&step.action.kind) {
                None => drop(common.insert(step.action.kind, leaves())),
                Some(kept) => {
                    let other = leaves();
                    kept.retain(|path, value| other.get(path) == Some(value));
                }
            }
        }
        let named = |(kind, leaves): (Kind, BTreeMap<String, String>)| {
            leaves.into_iter().map(move |(path, value)| (format!("{} {path}", kind.word()), value))
        };
        let leaves: BTreeMap<String, String> = common.into_iter().flat_map(named).collect();
        if !leaves.is_empty() {
            out.insert(stage.name.value.clone(), leaves);
        }
    }
    out
}

fn own(kind: Kind, canon: &Canon) -> BTreeMap<String, String> {
    let lists =
        |path: &str| kind == Kind::Select && path.starts_with("config.models") || kind == Kind::Compare && path.starts_with("config.");
    let kept = |(path, _): &(String, String)| !path.starts_with("inputs.") && path != "kind" && !lists(path);
    canon.lines().into_iter().filter(kept).collect()
}

fn files(prepared: &Prepared) -> BTreeMap<String, Digest> {
    let mut files: BTreeMap<String, Digest> = BTreeMap::new();
    let mut add = |what: &str, name: &str, digest: Digest| {
        files.insert(format!("{what} of `{name}`"), digest);
    };
    prepared.tables.iter().for_each(|(stage, t)| add("table", stage, t.digest));
    prepared.latencies.iter().for_each(|(stage, t)| add("latency table", stage, t.digest()));
    prepared.weights.iter().for_each(|(stage, w)| add("weights", stage, w.digest));
    prepared.teachers.iter().for_each(|(stage, w)| add("teacher", stage, w.digest));
    prepared.earlier.iter().for_each(|(stage, e)| add("earlier results", stage, e.digest));
    let used = prepared.commands.runners.iter().chain(&prepared.commands.metrics).chain(&prepared.commands.proposers);
    used.for_each(|(name, used)| add("files of the command", name, used.digest()));
    files
}

fn won(model: &Model) -> Winner {
    let weights = model.trained.iter().flat_map(|t| &t.runs).map(|r| r.weights).collect();
    let value = |figure: &Figure| figure.values.iter().map(|v| Some(*v).filter(|v| v.is_finite())).collect();
    // A machine says something else every time.
    let kept = |(metric, _): &(&Metric, &Figure)| !metric.is_observation();
    let metrics = model.figures.iter().filter(kept).map(|(metric, figure)| (metric.name(), value(figure))).collect();
    Winner { model: model.label(), architecture: model.candidate.digest, weights, metrics }
}

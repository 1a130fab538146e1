//! Before a replay: data sets are scanned (or known from last time), anchors found, spaces compiled.

use super::error::RunError;
use super::packs::boxes;
use super::scans::{self, Look};
use super::{supernet, tables};
use crate::base::{Canon, Digest, counted};
use crate::data::{self, Scan};
use crate::document::{Diagnostic, Diagnostics, Pipeline, Severity, StageKind, Task, nearest};
use crate::plan::{Action, DataInfo, Kind, Table};
use crate::space::{Head, InputSpec, Space};
use crate::store::{Record, Store};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Anchors by level: (w, h) in pixels.
pub type Anchors = Vec<Vec<(f32, f32)>>;

/// A pipeline with everything that its keys need.
pub struct Prepared {
    /// The document.
    pub pipeline: Pipeline,
    /// Data sets, as far as keys need them.
    pub data: BTreeMap<String, DataInfo>,
    /// Data sets, as far as decoding needs them.
    pub scans: BTreeMap<String, Scan>,
    /// Compiled spaces.
    pub spaces: BTreeMap<String, Space>,
    /// Tables that `evaluate` stages read, by stage.
    pub tables: BTreeMap<String, Arc<Table>>,
    /// What the reader should know: warnings of the document, with their places.
    pub warnings: Vec<Diagnostic>,
    /// What the reader should know of the data: one line a finding.
    pub notes: Vec<String>,
}

/// Scans and compiles. With a store, scans and anchors are remembered there.
pub fn prepare(mut pipeline: Pipeline, store: Option<&Store>, look: Look) -> Result<Prepared, RunError> {
    let mut errors = Vec::new();
    let (mut infos, mut scans, mut notes) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for node in &pipeline.data {
        match scans::scan(&pipeline, node, store, look)? {
            Err(message) => errors.push(Diagnostic::error(
                "data-broken",
                format!("the data set `{}` cannot be used", node.name.value),
                node.name.span,
                message,
            )),
            Ok(scan) => {
                let name = node.name.value.clone();
                notes.extend(scan.findings.iter().map(|f| format!("{name}: {f}")));
                let info = scans::info(node, &scan);
                scans::check_splits(&pipeline, &name, &info, &scan, &mut errors);
                infos.insert(name.clone(), info);
                scans.insert(name, scan);
            }
        }
    }
    let mut warnings = pipeline.warnings.clone();
    let mut spaces = BTreeMap::new();
    let mut wrong = BTreeSet::new();
    for node in &pipeline.spaces {
        // What is wrong with a space, those over it need not say again.
        if node.over().is_some_and(|from| wrong.contains(&from.value)) {
            wrong.insert(node.name.value.clone());
            continue;
        }
        let Some(info) = infos.get(&node.input.value) else { continue };
        let input = InputSpec { channels: info.channels, image_size: info.image_size, classes: info.classes.len(), anchors: None };
        match Space::compile(node, &input) {
            Ok((mut space, more)) => {
                warnings.extend(more);
                // How many anchors k-means is to find, only the compiled space says.
                if let (Some(levels), Some(scan)) = (space.awaits_anchors(), scans.get(&node.input.value)) {
                    space = match anchors_of(scan, info.image_size, levels, store)? {
                        Some(anchors) => space.with_anchors(anchors),
                        None => space,
                    };
                }
                spaces.insert(node.name.value.clone(), space);
            }
            Err(more) => {
                wrong.insert(node.name.value.clone());
                errors.extend(more);
            }
        }
    }
    check_class_fit(&pipeline, &infos, &mut errors);
    check_heads(&pipeline, &infos, &spaces, &mut errors);
    check_metric_classes(&pipeline, &infos, &mut errors);
    let mut said = Vec::new();
    let tables = tables::read(&pipeline, &spaces, &mut said);
    let (more, faults): (Vec<_>, Vec<_>) = said.into_iter().partition(|d| d.severity == Severity::Warning);
    warnings.extend(more);
    errors.extend(faults);
    supernet::penalties(&mut pipeline, &spaces, &mut errors);
    supernet::check(&pipeline, &spaces, store, &mut errors)?;
    if errors.is_empty() {
        return Ok(Prepared { pipeline, data: infos, scans, spaces, tables, warnings, notes });
    }
    errors.extend(warnings);
    errors.sort_by_key(|d| (d.severity == Severity::Warning, d.labels.first().map(|l| l.0)));
    Err(Diagnostics { sources: pipeline.sources, items: errors }.into())
}

/// Training on data with other classes than the space's input is an error at the line.
fn check_class_fit(pipeline: &Pipeline, infos: &BTreeMap<String, DataInfo>, errors: &mut Vec<Diagnostic>) {
    for stage in &pipeline.stages {
        let data = match &stage.kind {
            StageKind::Train(t) => &t.data,
            StageKind::Evaluate(e) => match &e.data {
                Some((d, _)) => d,
                None => continue,
            },
            _ => continue,
        };
        let Some(info) = infos.get(&data.value) else { continue };
        for space in spaces_of(pipeline, &stage.name.value, 0) {
            let Some(input) = pipeline.spaces.iter().find(|s| s.name.value == space).map(|s| &s.input) else { continue };
            let Some(built_for) = infos.get(&input.value) else { continue };
            let shape = |i: &DataInfo| {
                format!("{} at {} px{}", counted(i.classes.len(), "class"), i.image_size, if i.channels == 1 { ", grey" } else { "" })
            };
            let same = |a: &DataInfo, b: &DataInfo| a.classes == b.classes && a.image_size == b.image_size && a.channels == b.channels;
            if !same(built_for, info) {
                errors.push(
                    Diagnostic::error(
                        "other-classes",
                        format!("the networks of `{space}` are built for `{}`, not for `{}`", input.value, data.value),
                        data.span,
                        shape(info),
                    )
                    .also(input.span, shape(built_for)),
                );
            }
        }
    }
}

/// What a network ends in must be what its data is for: `detect` for images with boxes, a `linear` layer with as many
/// outputs as there are classes for images of one class each.
fn check_heads(pipeline: &Pipeline, infos: &BTreeMap<String, DataInfo>, spaces: &BTreeMap<String, Space>, errors: &mut Vec<Diagnostic>) {
    for stage in &pipeline.stages {
        let StageKind::Train(train) = &stage.kind else { continue };
        let Some(info) = infos.get(&train.data.value) else { continue };
        for name in spaces_of(pipeline, &stage.name.value, 0) {
            let Some(space) = spaces.get(&name) else { continue };
            let head = space.architecture(&space.reference()).ok().and_then(|a| a.program().ok()).map(|p| p.head);
            let classes = info.classes.len();
            let (message, help) = match (info.task, head) {
                (Task::Detect, Some(Head::Detect { .. })) => continue,
                (Task::Classify, Some(Head::Classify { classes: outputs })) if outputs == classes => continue,
                (Task::Detect, _) => (
                    format!("the networks of `{name}` do not end in `detect`"),
                    "end the network with `detect`, or train on images of one class each",
                ),
                (Task::Classify, Some(Head::Classify { classes: outputs })) => (
                    format!(
                        "the networks of `{name}` have {}, `{}` has {}",
                        counted(outputs, "output"),
                        train.data.value,
                        counted(classes, "class")
                    ),
                    "write `linear` without a number: it has as many outputs as the data has classes",
                ),
                (Task::Classify, _) => (
                    format!("the networks of `{name}` do not end in a classifier"),
                    "end the network with `global-pool; linear`, or train on images with boxes",
                ),
            };
            let d = Diagnostic::error("other-head", message, stage.name.span, "trains them");
            errors.push(d.also(train.data.span, "on this data").help(help));
        }
    }
}

/// `ap50 class=` names a class of the data.
fn check_metric_classes(pipeline: &Pipeline, infos: &BTreeMap<String, DataInfo>, errors: &mut Vec<Diagnostic>) {
    for stage in &pipeline.stages {
        let StageKind::Evaluate(evaluate) = &stage.kind else { continue };
        let Some(info) = evaluate.data.as_ref().and_then(|(d, _)| infos.get(&d.value)) else { continue };
        for metric in &evaluate.metrics {
            let Some(class) = metric.value.class() else { continue };
            if info.classes.iter().any(|c| c == class) {
                continue;
            }
            let d = Diagnostic::error("unknown-class", format!("the data has no class `{class}`"), metric.span, "no such class");
            let known = info.classes.iter().map(String::as_str);
            let near = nearest(class, known).map(|n| format!("did you mean `{n}`? ")).unwrap_or_default();
            errors.push(d.help(format!("{near}its classes: {}", info.classes.join(", "))));
        }
    }
}

/// The spaces that the models of a stage come from.
pub(super) fn spaces_of(pipeline: &Pipeline, name: &str, depth: usize) -> Vec<String> {
    if pipeline.spaces.iter().any(|s| s.name.value == name) {
        return vec![name.to_string()];
    }
    let from = pipeline.stages.iter().find(|s| s.name.value == name).map_or(&[][..], |s| s.from.as_slice());
    if depth > pipeline.stages.len() {
        return Vec::new();
    }
    let mut spaces: Vec<String> = from.iter().flat_map(|f| spaces_of(pipeline, &f.value, depth + 1)).collect();
    spaces.sort();
    spaces.dedup();
    spaces
}

/// k-means anchors over the train split (the first split where none is called so), an action of its own.
fn anchors_of(scan: &Scan, image_size: usize, levels: usize, store: Option<&Store>) -> Result<Option<Anchors>, RunError> {
    let Some(split) = scan.splits.iter().find(|s| s.name == "train").or(scan.splits.first()) else { return Ok(None) };
    // The detect head's strides: 8 for its first level, doubled for each further one. Only their number matters here.
    let strides: Vec<usize> = (0..levels).map(|l| 8 << l).collect();
    let action = Action {
        kind: Kind::Anchors,
        config: Canon::map([("image-size", image_size.into()), ("strides", strides.clone().into())]),
        inputs: vec![("split", split.digest)],
        seed: None,
        numerics: None,
    };
    let key: Digest = action.key();
    let stored = |e: crate::store::StoreError| RunError::Store(e.to_string());
    if let Some(store) = store
        && let Some(record) = store.lookup(&key).map_err(stored)?
        && let Ok(anchors) = serde_json::from_value(record.values["anchors"].clone())
    {
        return Ok(Some(anchors));
    }
    let found = data::auto_anchors(&boxes(scan, split, image_size), &strides);
    if let Some(store) = store.filter(|s| !s.is_read_only()) {
        let values = json!({ "anchors": found.anchors, "best-possible-recall": found.bpr });
        store.publish(&record(&action, None, BTreeMap::new(), values)).map_err(stored)?;
    }
    Ok(Some(found.anchors))
}

/// The record of an action's result.
pub fn record(action: &Action, chain: Option<(Digest, u64)>, outputs: BTreeMap<String, Digest>, values: serde_json::Value) -> Record {
    Record {
        key: action.key(),
        what: action.what(),
        numerics: action.numerics.clone().unwrap_or_default(),
        kind: action.kind.word().to_string(),
        chain,
        text: action.text(),
        outputs,
        values,
    }
}

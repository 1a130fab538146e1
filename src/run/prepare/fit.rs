//! What the data must have for the stages that read it: known only now that it was scanned.

use crate::base::counted;
use crate::document::{Diagnostic, Pipeline, Task, nearest};
use crate::plan::DataInfo;
use crate::plan::lead::spaces_of;
use crate::space::{Head, Space};
use std::collections::BTreeMap;

/// Training on data with other classes than the space's input is an error at the line.
pub(super) fn class_fit(
    pipeline: &Pipeline,
    infos: &BTreeMap<String, DataInfo>,
    spaces: &BTreeMap<String, Space>,
    errors: &mut Vec<Diagnostic>,
) {
    for stage in &pipeline.stages {
        let Some((data, _)) = stage.reads().first().copied() else { continue };
        let Some(info) = infos.get(&data.value) else { continue };
        for space in spaces_of(pipeline, &stage.name.value) {
            let Some(input) = pipeline.spaces.iter().find(|s| s.name.value == space).map(|s| &s.input) else { continue };
            let Some(built_for) = infos.get(&input.value) else { continue };
            // A network that states its size reads any data at that size.
            let sized = spaces.get(&space).is_some_and(Space::states_size);
            let shape = |i: &DataInfo| {
                format!("{} at {} px{}", counted(i.classes.len(), "class"), i.image_size, if i.channels == 1 { ", grey" } else { "" })
            };
            let same =
                |a: &DataInfo, b: &DataInfo| a.classes == b.classes && (sized || a.image_size == b.image_size) && a.channels == b.channels;
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
pub(super) fn heads(
    pipeline: &Pipeline,
    infos: &BTreeMap<String, DataInfo>,
    spaces: &BTreeMap<String, Space>,
    errors: &mut Vec<Diagnostic>,
) {
    for stage in &pipeline.stages {
        let Some(train) = stage.train() else { continue };
        let Some(info) = infos.get(&train.data.value) else { continue };
        for name in spaces_of(pipeline, &stage.name.value) {
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
pub(super) fn metric_classes(pipeline: &Pipeline, infos: &BTreeMap<String, DataInfo>, errors: &mut Vec<Diagnostic>) {
    for stage in &pipeline.stages {
        let Some(evaluate) = stage.evaluate() else { continue };
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

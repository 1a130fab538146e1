//! Detection and classification do not mix: a recipe and the metrics of a stage are of the task that its data is for.

use super::super::context::Context;
use super::super::pipeline::{Data, StageKind, Task};
use super::super::shorten::shorten;
use super::super::typed::Draft;
use super::super::{Diagnostic, Spanned};

/// Every `train` and `evaluate` against the data that it names.
pub fn check(context: &mut Context, draft: &Draft) {
    for stage in &draft.stages {
        match &stage.kind {
            StageKind::Train(train) => {
                let Some(data) = data(draft, &train.data).filter(|d| d.source.task() != train.recipe.task) else { continue };
                let message = format!(
                    "this recipe trains {}, `{}` is for {}",
                    networks(train.recipe.task),
                    shown(data),
                    networks(data.source.task())
                );
                let d = Diagnostic::error("other-task", message, train.data.span, holds(data.source.task()));
                let recipe = if data.source.task() == Task::Classify { "classify" } else { "yolov5" };
                context.push(d.also(data.name.span, "declared here").help(format!("write `recipe {recipe}`, or name other data")));
            }
            StageKind::Evaluate(evaluate) => {
                let Some(data) = evaluate.data.as_ref().and_then(|(name, _)| data(draft, name)) else { continue };
                let task = data.source.task();
                for metric in evaluate.metrics.iter().filter(|m| m.value.task().is_some_and(|t| t != task)) {
                    let measured = networks(metric.value.task().unwrap_or_default());
                    let message =
                        format!("`{}` is a measure of {measured}, `{}` is for {}", metric.value.name(), shown(data), networks(task));
                    let d = Diagnostic::error("other-task", message, metric.span, format!("not for {}", networks(task)));
                    let known = if task == Task::Classify { "`accuracy`, `top5` and `loss`" } else { "`map50`, `map50-95` and the like" };
                    context.push(d.also(data.name.span, holds(task)).help(format!("what is measured there: {known}")));
                }
            }
            _ => {}
        }
    }
}

fn data<'d>(draft: &'d Draft, name: &Spanned<String>) -> Option<&'d Data> {
    draft.data.iter().find(|d| d.name.value == name.value)
}

fn shown(data: &Data) -> String {
    shorten(&data.name.value)
}

fn networks(task: Task) -> &'static str {
    match task {
        Task::Detect => "detectors",
        Task::Classify => "classifiers",
    }
}

fn holds(task: Task) -> &'static str {
    match task {
        Task::Detect => "images with boxes",
        Task::Classify => "images of one class each",
    }
}

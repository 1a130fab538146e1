//! The loss of detectors is weighted by head, size and gains: it is compared among networks that share them, and nowhere else.

use crate::document::{Diagnostic, LossGains, Metric, Pipeline, SelectBy, Spanned, StageId, StageKind, Task};
use crate::plan::DataInfo;
use crate::plan::lead::spaces_of;
use crate::space::{HeadShape, Space};
use std::collections::{BTreeMap, BTreeSet};

/// Every place where models are compared by a detector's loss.
pub(super) fn comparable(
    pipeline: &Pipeline,
    infos: &BTreeMap<String, DataInfo>,
    spaces: &BTreeMap<String, Space>,
    errors: &mut Vec<Diagnostic>,
) {
    let mut known: BTreeMap<String, BTreeSet<HeadShape>> = BTreeMap::new();
    'uses: for (metric, stages, how) in uses(pipeline) {
        let detects = |&stage: &StageId| {
            let evaluate = pipeline.stages[stage].evaluate().filter(|e| e.table.is_none());
            let data = evaluate.and_then(|e| e.data.as_ref()).and_then(|(data, _)| infos.get(&data.value));
            data.is_some_and(|info| info.task == Task::Detect)
        };
        let stages: Vec<StageId> = stages.into_iter().filter(detects).collect();
        let names: BTreeSet<String> = stages.iter().flat_map(|&s| spaces_of(pipeline, &pipeline.stages[s].name.value)).collect();
        let mut heads: BTreeSet<HeadShape> = BTreeSet::new();
        for name in &names {
            let Some(space) = spaces.get(name) else { continue };
            heads.extend(known.entry(name.clone()).or_insert_with(|| space.heads()).iter().cloned());
        }
        let mut shapes = heads.iter();
        if let (Some(first), Some(second)) = (shapes.next(), shapes.next()) {
            let message = format!("`loss` does not compare these networks: it is weighted by {}", differs(first, second));
            let d = Diagnostic::error("loss", message, metric.span, how);
            let d = stages
                .first()
                .map_or(d.clone(), |&s| d.also(pipeline.stages[s].name.span, format!("{} and {}", told(first), told(second))));
            errors.push(
                d.help("use `map50` here, or fix the levels of the head and `image-size` in the space; `loss` may still be measured"),
            );
            continue;
        }
        let mut gains: Vec<(LossGains, Spanned<String>)> = Vec::new();
        for train in stages.iter().flat_map(|&s| trainings(pipeline, s)) {
            let Some(trained) = pipeline.stages[train].train() else { continue };
            if let Some(choice) = trained.choices.iter().find(|c| c.field.line == "loss") {
                let message = format!("`loss` does not compare these networks: `{}` is a choice, and weights it", choice.field.path());
                let d = Diagnostic::error("loss", message, metric.span, how).also(choice.label.span, "chosen anew in every trial");
                errors.push(d.help("use `map50` here, or write one number in its place"));
                continue 'uses;
            }
            let own = trained.recipe.loss;
            if !gains.iter().any(|(known, _)| *known == own) {
                gains.push((own, pipeline.stages[train].name.clone()));
            }
        }
        if let [(_, first), (_, second), ..] = gains.as_slice() {
            let message = "`loss` does not compare these networks: they were trained by other gains of the loss";
            let d = Diagnostic::error("loss", message, metric.span, how).also(first.span, "by these").also(second.span, "by others");
            errors.push(d.help("use `map50` here, or train both by the same `loss`"));
        }
    }
}

/// In what two heads differ.
fn differs(a: &HeadShape, b: &HeadShape) -> &'static str {
    match (a.image_size == b.image_size, a.strides == b.strides) {
        (true, _) => "the levels of the head, which differ",
        (_, true) => "the size of the image, which differs",
        _ => "the levels of the head and the size of the image, which differ",
    }
}

fn told(head: &HeadShape) -> String {
    let strides: Vec<String> = head.strides.iter().map(usize::to_string).collect();
    format!("strides {} at {} px", strides.join(" "), head.image_size)
}

/// Where the loss compares models: its place, the stages that measure them, and what is done.
fn uses(pipeline: &Pipeline) -> Vec<(&Spanned<Metric>, Vec<StageId>, &'static str)> {
    let mut uses: Vec<(&Spanned<Metric>, Vec<StageId>, &'static str)> = Vec::new();
    for (index, stage) in pipeline.stages.iter().enumerate() {
        match &stage.kind {
            StageKind::Sample(sample) => {
                let stages: Vec<StageId> = pipeline.links.objective[index].into_iter().collect();
                let goals = sample.objective.iter().flat_map(|o| o.goals());
                uses.extend(goals.map(|(metric, _)| (metric, stages.clone(), "guides a search")));
            }
            StageKind::Select(select) => {
                let by = match &select.by {
                    SelectBy::Top(_, metric) => std::slice::from_ref(metric),
                    SelectBy::Pareto(all) => all.as_slice(),
                    SelectBy::All => &[],
                };
                let metrics = by.iter().chain(select.bounds.iter().map(|b| &b.metric));
                uses.extend(metrics.map(|metric| (metric, measures(pipeline, index), "chooses")));
            }
            _ => {}
        }
    }
    if let (Some(answer), Some(links)) = (&pipeline.answer, &pipeline.links.answer) {
        uses.push((&answer.by, vec![links.within], "compares"));
        for (line, (ranking, truth)) in answer.trust.iter().zip(&links.trust) {
            uses.push((&line.using, vec![*ranking], "ranks"));
            uses.push((&line.by, vec![*truth], "ranks"));
        }
    }
    uses.retain(|(metric, _, _)| metric.value.is_loss());
    uses
}

/// The stages that measured what a `select` chooses from.
fn measures(pipeline: &Pipeline, select: StageId) -> Vec<StageId> {
    upstream(pipeline, select, |stage| pipeline.stages[stage].select().is_none())
}

/// The trainings that gave a stage's models their weights; of networks of a supernet, the supernet's.
fn trainings(pipeline: &Pipeline, stage: StageId) -> Vec<StageId> {
    upstream(pipeline, stage, |stage| pipeline.stages[stage].train().is_some())
}

/// The nearest stages of a kind before one.
fn upstream(pipeline: &Pipeline, stage: StageId, wanted: impl Fn(StageId) -> bool) -> Vec<StageId> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    let mut next = pipeline.links.reads[stage].clone();
    while let Some(stage) = next.pop() {
        if !seen.insert(stage) {
            continue;
        }
        if wanted(stage) {
            found.push(stage);
        } else {
            next.extend(&pipeline.links.reads[stage]);
        }
    }
    found.sort_unstable();
    found
}

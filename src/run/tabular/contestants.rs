//! Which searches of a pipeline are on a table, and what each is told and judged by.

use super::asked::Asked;
use crate::document::{Diagnostic, Diagnostics, Evaluate, Metric, Sample, Span, StageId, StageKind, nearest};
use crate::run::error::RunError;
use crate::run::prepare::Prepared;
use crate::space::Space;

/// A search on a table.
pub(super) struct Contestant<'p> {
    pub name: &'p str,
    pub sample: &'p Sample,
    pub space: &'p Space,
    /// The stage whose table tells it, the metric, and whether more is better.
    pub told: (StageId, Metric, bool),
    /// The same of what it is judged by.
    pub judged: (StageId, Metric, bool),
}

/// Those that can be compared, and what to say of the others.
pub(super) fn contestants<'p>(prepared: &'p Prepared, asked: &Asked) -> Result<(Vec<Contestant<'p>>, Vec<String>), RunError> {
    let pipeline = &prepared.pipeline;
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    // What a search without an objective is told by where it stands beside others.
    let usual = pipeline.stages.iter().find_map(|s| match &s.kind {
        StageKind::Sample(sample) => sample.objective.as_ref().map(|o| (o.metric.value.clone(), o.maximize)),
        _ => None,
    });
    for (index, stage) in pipeline.stages.iter().enumerate() {
        let StageKind::Sample(sample) = &stage.kind else { continue };
        let name = stage.name.value.as_str();
        let needs = sample.strategy.strategy.needs();
        let left_out = match () {
            () if !needs.trials => Some("its strategy has one candidate"),
            () if sample.reads_learned() => Some("its strategy draws from a supernet"),
            () if sample.objective.as_ref().is_some_and(|o| o.stop.is_some()) => Some("`stop-early` has no epochs on a table"),
            () if !sample.recipe.is_empty() => Some("it searches a recipe, too"),
            () if sample.objective.as_ref().is_some_and(|o| o.goals().count() > 1) => Some("it has several objectives"),
            () if sample.proposer.is_some() => Some("a program of one's own proposes"),
            () if !sample.start.is_empty() || sample.earlier.is_some() => Some("it begins with what is known"),
            () => None,
        };
        if let Some(why) = left_out {
            notes.push(format!("`{name}` is left out: {why}"));
            continue;
        }
        let Some(space) = stage.from.first().and_then(|from| prepared.spaces.get(&from.value)) else {
            notes.push(format!("`{name}` is left out: it does not draw from a space"));
            continue;
        };
        let on_table =
            |id: StageId| pipeline.stages[id].evaluate().is_some_and(|e| e.table.is_some()) && pipeline.links.reads[id].contains(&index);
        let objective =
            sample.objective.as_ref().and_then(|o| Some((pipeline.links.objective[index]?, o.metric.value.clone(), o.maximize)));
        let told = match objective {
            Some(told) => Some(told).filter(|told| on_table(told.0)),
            None => (0..pipeline.stages.len()).filter(|&id| on_table(id)).find_map(|id| {
                let evaluate = pipeline.stages[id].evaluate()?;
                let (metric, maximize) = match &usual {
                    Some((metric, maximize)) if has(evaluate, metric) => (metric.clone(), *maximize),
                    _ => first(evaluate)?,
                };
                Some((id, metric, maximize))
            }),
        };
        match told {
            Some(told) => {
                let judged = match &asked.by {
                    None => told.clone(),
                    Some(by) => judge(prepared, by, &told)?,
                };
                found.push(Contestant { name, sample, space, told, judged });
            }
            None => notes.push(format!("`{name}` is left out: no `evaluate` with `method table` measures what it proposes")),
        }
    }
    if !found.is_empty() {
        return Ok((found, notes));
    }
    let place = pipeline.stages.iter().find(|s| s.sample().is_some()).map_or(Span::default(), |s| s.name.span);
    let why = if notes.is_empty() { "the pipeline has no `sample`".to_string() } else { notes.join("; ") };
    let d = Diagnostic::error("compare", "there is no search on a table to compare", place, why);
    let d = d.help("a search on a table: `sample \"a\" { …; objective \"found\" maximize=accuracy }` and `evaluate \"found\" { from \"a\"; method table … }`");
    Err(Diagnostics { sources: pipeline.sources.clone(), items: vec![d] }.into())
}

fn has(evaluate: &Evaluate, metric: &Metric) -> bool {
    evaluate.metrics.iter().any(|m| m.value == *metric)
}

fn first(evaluate: &Evaluate) -> Option<(Metric, bool)> {
    let metric = &evaluate.metrics.first()?.value;
    Some((metric.clone(), metric.higher_is_better()))
}

/// What `--by` means for a search: a metric of the table that tells it, or a stage with a table.
fn judge(prepared: &Prepared, by: &str, told: &(StageId, Metric, bool)) -> Result<(StageId, Metric, bool), RunError> {
    let pipeline = &prepared.pipeline;
    let table = |id: StageId| pipeline.stages[id].evaluate().filter(|e| e.table.is_some());
    let own = table(told.0).and_then(|e| e.metrics.iter().map(|m| &m.value).find(|m| m.name() == by));
    if let Some(metric) = own {
        return Ok((told.0, metric.clone(), if *metric == told.1 { told.2 } else { metric.higher_is_better() }));
    }
    if let Some((id, evaluate)) = pipeline.stage(by).and_then(|id| Some((id, table(id)?))) {
        if has(evaluate, &told.1) {
            return Ok((id, told.1.clone(), told.2));
        }
        if let Some((metric, maximize)) = first(evaluate) {
            return Ok((id, metric, maximize));
        }
    }
    let stages = (0..pipeline.stages.len()).filter(|&id| table(id).is_some()).map(|id| pipeline.stages[id].name.value.clone());
    let metrics = table(told.0).into_iter().flat_map(|e| e.metrics.iter().map(|m| m.value.name()));
    let known: Vec<String> = metrics.chain(stages).collect();
    let near = nearest(by, known.iter().map(String::as_str)).map_or(String::new(), |n| format!("did you mean `{n}`? "));
    let place = pipeline.stages[told.0].name.span;
    let d =
        Diagnostic::error("compare", format!("`--by {by}` is neither a metric of this table nor a stage with one"), place, "this table");
    Err(Diagnostics { sources: pipeline.sources.clone(), items: vec![d.help(format!("{near}there are {}", known.join(", ")))] }.into())
}

//! `nasflow cost`: what the results have cost, and what one way of searching gains over another.

use super::arguments::CostArguments;
use super::failure::Failure;
use super::load;
use super::{print, show};
use crate::document::{Metric, Pipeline, StageKind, nearest};
use crate::report::cost;
use crate::run::cost::Ledger;
use crate::run::gain::way;
use serde_json::json;
use std::process::ExitCode;

pub fn run(arguments: &CostArguments) -> Result<ExitCode, Failure> {
    let pipeline = load::pipeline(&arguments.file)?;
    let store = load::needed_store(&arguments.file)?;
    let prepared = load::prepared(pipeline, Some(&store), &arguments.file, true)?;
    let view = show::replay(&prepared, Some(&store), load::device(&arguments.numerics)?)?;
    let ledger = Ledger::new(&prepared, &view, &store)?;
    let costs = ledger.costs()?;
    let mut ways = Vec::new();
    let mut by = None;
    for name in &arguments.gain {
        let stage = evaluate(&prepared.pipeline, name)?;
        let metric = match by.take() {
            Some(metric) => metric,
            None => metric(&prepared.pipeline, stage, arguments.by.as_deref())?,
        };
        ways.push(way(&prepared.pipeline, &view, &ledger, stage, &metric)?);
        by = Some(metric);
    }
    if arguments.json {
        let all = json!({ "pipeline": prepared.pipeline.name, "finished": view.finished(), "costs": costs, "ways": ways });
        print::out(&(serde_json::to_string_pretty(&all).map_err(|e| e.to_string())? + "\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = cost::costs(&costs, print::columns());
    if let Some(metric) = &by {
        text += "\n";
        text += &cost::gain(&ways, metric, print::columns());
    }
    print::out(&text);
    Ok(ExitCode::SUCCESS)
}

/// The index of an `evaluate` that reads images.
fn evaluate(pipeline: &Pipeline, name: &str) -> Result<usize, Failure> {
    let reads = |kind: &StageKind| matches!(kind, StageKind::Evaluate(e) if e.data.is_some());
    if let Some(index) = pipeline.stages.iter().position(|s| s.name.value == name && reads(&s.kind)) {
        return Ok(index);
    }
    let known: Vec<&str> = pipeline.stages.iter().filter(|s| reads(&s.kind)).map(|s| s.name.value.as_str()).collect();
    let near = nearest(name, known.iter().copied()).map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
    Err(format!("`--gain {name}`: no `evaluate` over images is called so{near} There are {}", known.join(", ")).into())
}

/// What ways are compared by: `--by`, else the answer's metric, else the first that the stage measures.
fn metric(pipeline: &Pipeline, stage: usize, by: Option<&str>) -> Result<Metric, Failure> {
    let StageKind::Evaluate(evaluate) = &pipeline.stages[stage].kind else { return Err("not an `evaluate`".to_string().into()) };
    let measured = || evaluate.metrics.iter().map(|m| &m.value).filter(|m| !m.is_observation());
    let wanted = match (by, &pipeline.answer) {
        (Some(name), _) => measured().find(|m| m.name() == name),
        (None, Some(answer)) => measured().find(|m| **m == answer.by.value),
        (None, None) => measured().next(),
    };
    wanted.cloned().ok_or_else(|| {
        let names: Vec<String> = measured().map(Metric::name).collect();
        format!("`{}` does not measure it: `--by` with one of {}", pipeline.stages[stage].name.value, names.join(", ")).into()
    })
}

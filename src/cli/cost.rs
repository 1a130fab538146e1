//! `nasflow cost`: what the results have cost, and what one way of searching gains over another.

use super::arguments::CostArguments;
use super::failure::Failure;
use super::load;
use super::{print, show};
use crate::document::{Metric, Pipeline, Stage, nearest};
use crate::report::cost;
use crate::run::cost::Ledger;
use crate::run::gain::way;
use serde_json::json;
use std::process::ExitCode;

pub fn run(arguments: &CostArguments) -> Result<ExitCode, Failure> {
    let pipeline = load::pipeline(&arguments.file)?;
    let store = load::needed_store(&arguments.file)?;
    let prepared = load::prepared(pipeline, Some(&store), &arguments.file, true)?;
    let replay = show::replay(&prepared, Some(&store), load::device(&arguments.numerics)?)?;
    let ledger = Ledger::new(&prepared, &replay, &store)?;
    let costs = ledger.costs()?;
    let mut ways = Vec::new();
    let mut by = None;
    for name in &arguments.gain {
        let stage = evaluate(&prepared.pipeline, name)?;
        let metric = match by.take() {
            Some(metric) => metric,
            None => metric(&prepared.pipeline, stage, arguments.by.as_deref())?,
        };
        ways.push(way(&prepared.pipeline, &replay, &ledger, stage, &metric)?);
        by = Some(metric);
    }
    if arguments.json {
        let all = json!({ "pipeline": prepared.pipeline.name, "finished": replay.finished(), "costs": costs, "ways": ways });
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
    let reads = |stage: &Stage| stage.evaluate().is_some_and(|e| e.data.is_some());
    if let Some(index) = pipeline.stages.iter().position(|s| s.name.value == name && reads(s)) {
        return Ok(index);
    }
    let known: Vec<&str> = pipeline.stages.iter().filter(|s| reads(s)).map(|s| s.name.value.as_str()).collect();
    let near = nearest(name, known.iter().copied()).map_or(".".to_string(), |n| format!("; did you mean `{n}`?"));
    let all = if known.is_empty() { "There is none".to_string() } else { format!("There are: {}", known.join(", ")) };
    Err(format!("`--gain {name}`: no `evaluate` over images is called so{near} {all}").into())
}

/// What ways are compared by: `--by`, else the answer's metric, else the first that the stage measures.
fn metric(pipeline: &Pipeline, stage: usize, by: Option<&str>) -> Result<Metric, Failure> {
    let Some(evaluate) = pipeline.stages[stage].evaluate() else { return Err("not an `evaluate`".to_string().into()) };
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

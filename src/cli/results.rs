//! `nasflow results`: the trials of a stage with their figures as a file, which another search knows by `earlier`.

use super::arguments::ResultsArguments;
use super::export::write;
use super::failure::Failure;
use super::{load, print, show};
use crate::base::counted;
use crate::document::{Pipeline, StageId, nearest};
use crate::plan::choose::value_of;
use crate::plan::earlier::{Results, Trial};
use crate::plan::way::way;
use crate::plan::{Replay, State};
use std::collections::BTreeMap;
use std::process::ExitCode;

pub fn run(arguments: &ResultsArguments) -> Result<ExitCode, Failure> {
    let pipeline = load::pipeline(&arguments.file)?;
    let store = load::needed_store(&arguments.file)?;
    let prepared = load::prepared(pipeline, Some(&store), &arguments.file, true)?;
    let replay = show::replay(&prepared, Some(&store), load::device(&arguments.numerics)?)?;
    let pipeline = &prepared.pipeline;
    let stage = stage(pipeline, arguments.stage.as_deref())?;
    let trials = trials(pipeline, &replay, stage);
    let name = &pipeline.stages[stage].name.value;
    if trials.is_empty() {
        return Err(format!("`{name}` has measured nothing yet: `nasflow run` does").into());
    }
    let failed = trials.iter().filter(|t| t.failed.is_some()).count();
    let said = format!("{}: {} of `{name}`, {failed} of them failed\n", arguments.output.display(), counted(trials.len(), "trial"));
    let way = way(pipeline, &prepared.data, &prepared.tables, stage);
    let results = Results::new(pipeline.name.clone(), name.clone(), way, trials);
    write(&arguments.output, results.to_json()?.as_bytes())?;
    print::out(&said);
    Ok(ExitCode::SUCCESS)
}

/// The stage of this name, else that of the first search's objective.
fn stage(pipeline: &Pipeline, name: Option<&str>) -> Result<StageId, Failure> {
    let measuring: Vec<&str> = pipeline.stages.iter().filter(|s| s.evaluate().is_some()).map(|s| s.name.value.as_str()).collect();
    let Some(name) = name else {
        let objective = pipeline.links.objective.iter().copied().flatten().next();
        let help =
            format!("no search of the pipeline has an `objective`: say which stage, by `--stage`; there are: {}", measuring.join(", "));
        return objective.ok_or_else(|| help.into());
    };
    if let (true, Some(stage)) = (measuring.contains(&name), pipeline.stage(name)) {
        return Ok(stage);
    }
    let near = nearest(name, measuring.iter().copied()).map_or(".".to_string(), |n| format!("; did you mean `{n}`?"));
    Err(format!("`--stage {name}`: no `evaluate` is called so{near} There are: {}", measuring.join(", ")).into())
}

/// What a stage has measured, in the order of the trials, and what failed before or in it. What a clock measured on this machine is left out, and so
/// are trials that were stopped early: others were measured at other epochs.
fn trials(pipeline: &Pipeline, replay: &Replay, stage: StageId) -> Vec<Trial> {
    let metrics = pipeline.stages[stage].evaluate().map_or(&[][..], |e| &e.metrics);
    let slots = replay.stages.get(stage).map_or(&[][..], |seen| seen.slots.as_slice());
    let trial = |slot: &crate::plan::Slot| {
        let model = &slot.model;
        let value = |name: &crate::document::Metric| Some((name.name(), value_of(model, name))).filter(|(_, x)| x.is_finite());
        let (figures, failed) = match &slot.state {
            State::Ready if model.cut().is_none() => {
                let figures: BTreeMap<String, f64> = metrics.iter().filter_map(|m| value(&m.value)).collect();
                (figures, None)
            }
            State::Failed(why) => (BTreeMap::new(), Some(why.clone())),
            _ => return None,
        };
        Some(Trial { network: model.candidate.digest, choices: model.candidate.choices.clone(), figures, failed })
    };
    slots.iter().filter_map(trial).collect()
}

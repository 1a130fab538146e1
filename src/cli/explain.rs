//! `nasflow explain`: why each stage will run, or ran, and which run made what is known.

use super::arguments::ExplainArguments;
use super::failure::Failure;
use super::load::{self, Access};
use super::{print, show};
use crate::document::nearest;
use crate::plan::Slot;
use crate::report::wrap;
use crate::run::StoreKnown;
use crate::run::explain::{self, Action, Candidate, Known, MadeBy, Makers, Stage};
use crate::run::runs;
use crate::run::why::Why;
use serde_json::json;
use std::process::ExitCode;

pub fn run(arguments: &ExplainArguments) -> Result<ExitCode, Failure> {
    let pipeline = load::pipeline(&arguments.file)?;
    let store = load::store(&arguments.file, Access::Read)?;
    let prepared = load::prepared(pipeline, store.as_ref(), &arguments.file, true)?;
    // As `run` sees it: trials that the last one gave up are tried again.
    let mut known = StoreKnown::new(store.as_ref());
    let replay = prepared.engine(load::device(&arguments.numerics)?.numerics()).replay(&mut known);
    if let Some(error) = known.error {
        return Err(error.into());
    }
    let pipeline = &prepared.pipeline;
    let runs = store.as_ref().map(runs::listed).transpose()?.unwrap_or_default();
    let (makers, why) = (Makers::of(&runs), Why::new(&prepared, &replay, store.as_ref())?);
    if let Some(prefix) = &arguments.action {
        let prefix = prefix.to_ascii_lowercase();
        let found = explain::actions(&prepared, &replay, store.as_ref(), &why, &makers, &prefix)?;
        let action = match found.as_slice() {
            [one] => one,
            [] => {
                return Err(format!("no action has a key that begins with `{prefix}`; `nasflow explain FILE STAGE` lists the keys").into());
            }
            several => {
                let keys: Vec<String> = several.iter().take(5).map(|a| a.key.short()).collect();
                return Err(format!("{} actions have keys that begin with `{prefix}`: {} …", several.len(), keys.join(", ")).into());
            }
        };
        let text = if arguments.json { pretty(&json!(action))? } else { self::action(action, &pipeline.name) };
        print::out(&text);
        return Ok(ExitCode::SUCCESS);
    }
    let only = match &arguments.stage {
        Some(name) => Some(pipeline.stage(name).ok_or_else(|| unknown(name, pipeline.stages.iter().map(|s| s.name.value.as_str())))?),
        None => None,
    };
    let trial = arguments.trial.as_ref().map(|trial| show::which(pipeline, trial)).transpose()?;
    if let Some((sample, ticket)) = &trial {
        show::slots_of(pipeline, &replay, sample, *ticket)?;
    }
    let detailed = only.is_some() || trial.is_some() || arguments.text;
    let each = |slot: &Slot| detailed && trial.as_ref().is_none_or(|(sample, ticket)| slot.model.origin == (sample.clone(), *ticket));
    let stages = (0..pipeline.stages.len()).filter(|index| only.is_none_or(|only| only == *index));
    let stages = stages.map(|index| explain::stage(pipeline, &replay, index, &why, &makers, &each, arguments.text));
    let stages = stages.collect::<Result<Vec<Stage>, _>>()?;
    if arguments.json {
        print::out(&pretty(&json!({ "pipeline": pipeline.name, "finished": replay.finished(), "stages": stages }))?);
        return Ok(ExitCode::SUCCESS);
    }
    let mut text: String = stages.iter().map(|s| self::stage(s, &pipeline.name)).collect();
    if replay.finished() {
        text += "nothing would run\n";
    }
    print::out(&wrap::wrapped(&text, print::columns()));
    Ok(ExitCode::SUCCESS)
}

fn pretty(value: &serde_json::Value) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(value).map_err(|e| e.to_string())? + "\n")
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let near = nearest(name, known.clone()).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
    format!("no stage is called `{name}`{near} There are: {}", known.collect::<Vec<_>>().join(", "))
}

/// `run 7f3k2 (2026-01-31 10:15)`, and of which pipeline where that is another.
fn made_by(run: Option<&MadeBy>, pipeline: &str) -> String {
    match run {
        Some(run) if run.pipeline == pipeline => format!("run {} ({})", run.id, runs::when(&run.record)),
        Some(run) => format!("run {} of pipeline `{}` ({})", run.id, run.pipeline, runs::when(&run.record)),
        None => "a run that left no record of it".to_string(),
    }
}

fn stage(stage: &Stage, pipeline: &str) -> String {
    let models = crate::base::counted(stage.models, "model");
    let more = if stage.complete { "" } else { " so far" };
    let mut out = format!("{} ({}): {models}{more}\n", stage.stage, stage.kind);
    for told in &stage.would_run {
        out += &format!("  would run {} {}: {}\n", told.actions, told.kind, told.sentence);
    }
    if stage.waits > 0 {
        out += &format!(
            "  {} for other results\n",
            if stage.waits == 1 { "1 model waits".into() } else { format!("{} models wait", stage.waits) }
        );
    }
    for Known { run, kind, actions, why } in &stage.known {
        let why = why.as_ref().map_or("why was not recorded then".to_string(), |told| told.sentence.clone());
        out += &format!("  known: {actions} {kind}, made by {}: {why}\n", made_by(run.as_ref(), pipeline));
    }
    if stage.would_run.is_empty() && stage.known.is_empty() && stage.waits == 0 && stage.candidates.is_empty() {
        out += if stage.complete { "  has nothing to compute\n" } else { "  waits for other stages\n" };
    }
    for Candidate { model, state, actions } in &stage.candidates {
        out += &format!("\n  {model}: {state}\n");
        for act in actions {
            let why = act.why.clone().unwrap_or_else(|| if act.known { "why was not recorded then".into() } else { "waits".into() });
            let how = if act.known { format!("made by {}", made_by(act.run.as_ref(), pipeline)) } else { "would run".to_string() };
            out += &format!("    {} {}  {how}: {why}\n", act.kind, act.key.short());
            for line in act.text.iter().flat_map(|t| t.lines()) {
                out += &format!("      {line}\n");
            }
        }
    }
    out + "\n"
}

fn action(action: &Action, pipeline: &str) -> String {
    let mut out = format!("key {}\n", action.key.hex());
    for label in &action.asked_by {
        out += &format!("asked by {label}\n");
    }
    let why = action.why.clone().unwrap_or_else(|| "not recorded".to_string());
    match (&action.run, action.outputs.is_empty()) {
        (Some(run), _) => out += &format!("made by {}: {why}\n", made_by(Some(run), pipeline)),
        (None, true) => out += &format!("why it runs: {why}\n"),
        (None, false) => out += "made by a run that left no record of it\n",
    }
    out += "\nThe canonical text, whose digest is the key:\n";
    for line in action.text.lines() {
        let fed = line.strip_prefix("inputs.").and_then(|l| l.split_once(" = "));
        let from = fed.and_then(|(name, _)| action.inputs.iter().find(|(input, ..)| input == name));
        out += &format!("  {line}{}\n", from.map_or(String::new(), |(.., origin)| format!("    ← {origin}")));
    }
    if !action.outputs.is_empty() {
        out += "\nIt left:\n";
        for (name, blob, bytes) in &action.outputs {
            let size = bytes.map_or("not there any more".to_string(), |b| format!("{} bytes", crate::base::grouped(b)));
            out += &format!("  {name} {}  {size}\n", blob.hex());
        }
    }
    out
}

//! `nasflow diff`: what differs between two runs, or two pipelines.

use super::arguments::{DiffArguments, FileArguments};
use super::failure::Failure;
use super::{load, print, runs, show};
use crate::report::table::Table;
use crate::run::diff::{Difference, Entry, Side, difference};
use crate::run::recording;
use crate::run::runs::{Run, listed, named};
use crate::store::Store;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// The exit code where something differs, as of `diff`.
const DIFFERS: u8 = 1;
/// Where it could not be compared.
const TROUBLE: u8 = 2;

pub fn run(arguments: &DiffArguments) -> Result<ExitCode, Failure> {
    match compare(arguments) {
        Ok(true) => Ok(ExitCode::SUCCESS),
        Ok(false) => Ok(ExitCode::from(DIFFERS)),
        Err(failure) => {
            print::failure(&failure);
            Ok(ExitCode::from(TROUBLE))
        }
    }
}

/// Whether both are equal.
fn compare(arguments: &DiffArguments) -> Result<bool, Failure> {
    let file = [&arguments.a, &arguments.b].into_iter().find(|name| is_file(name)).map(PathBuf::from);
    let store = runs::store(arguments.cache.as_deref(), file.as_deref())?;
    let all = store.as_ref().map(listed).transpose()?.unwrap_or_default();
    let (a, b) = (side(&arguments.a, arguments, store.as_ref(), &all)?, side(&arguments.b, arguments, store.as_ref(), &all)?);
    let found = difference(&a, &b);
    if arguments.json {
        let text = serde_json::to_string_pretty(&json!({ "a": a.label, "b": b.label, "equal": found.is_none(), "difference": found }));
        print::out(&(text.map_err(|e| e.to_string())? + "\n"));
    } else {
        print::out(&text(&a, &b, &found));
    }
    Ok(found.is_none())
}

fn is_file(name: &str) -> bool {
    name.ends_with(".kdl") || name.contains(std::path::MAIN_SEPARATOR)
}

fn side(name: &str, arguments: &DiffArguments, store: Option<&Store>, all: &[Run]) -> Result<Side, Failure> {
    if !is_file(name) {
        let run = named(all, name)?;
        let label = format!("run {} of `{}` ({})", run.id, run.record.pipeline, run.when());
        let side = Side::of_run(label.clone(), &run.summary);
        return side.ok_or_else(|| format!("{label} was recorded by an older nasflow, which did not keep what it was asked").into());
    }
    let file = FileArguments {
        file: PathBuf::from(name),
        params: arguments.params.clone(),
        allow_outside: false,
        cache: arguments.cache.clone(),
        allow_network: false,
        rehash: false,
    };
    let prepared = load::prepared(load::pipeline(&file)?, store, &file, true)?;
    let device = load::device(&arguments.numerics)?;
    let replay = show::replay(&prepared, store, device)?;
    let side = Side::of_run(name.to_string(), &recording::of_replay(&prepared, &replay, device.numerics()));
    side.ok_or_else(|| format!("{name} cannot be described").into())
}

fn text(a: &Side, b: &Side, found: &Difference) -> String {
    let mut out = format!("a: {}\nb: {}\n", a.label, b.label);
    let sections = [
        ("written in the files", &found.written),
        ("in the keys of actions", &found.canonical),
        ("inputs", &found.inputs),
        ("results", &found.results),
    ];
    for (title, entries) in sections.into_iter().filter(|(_, entries)| !entries.is_empty()) {
        let mut table = Table::new([format!("  {title}"), "a".to_string(), "b".to_string()]);
        for Entry { what, a, b } in entries {
            let shown = |side: &Option<String>| side.clone().unwrap_or_else(|| "–".to_string());
            table.row([format!("  {what}"), shown(a), shown(b)]);
        }
        out += &format!("\n{}", table.render(0, print::columns()));
    }
    if !found.actions.is_empty() {
        let mut table = Table::new(["  actions of", ">both", ">only a", ">only b"]);
        for actions in &found.actions {
            let counts = [actions.both, actions.only_a, actions.only_b].map(|n| n.to_string());
            table.row([format!("  {}", actions.stage), counts[0].clone(), counts[1].clone(), counts[2].clone()]);
        }
        out += &format!("\n{}", table.render(0, print::columns()));
    }
    if found.is_none() {
        out += "\nno difference\n";
    }
    out
}

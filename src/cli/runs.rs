//! `nasflow runs`: what ran here, when, for how long, and how it ended.

use super::arguments::RunsArguments;
use super::failure::Failure;
use super::{load, print};
use crate::report::number;
use crate::report::table::Table;
use crate::run::runs::{self, Run};
use crate::store::{Store, StoreError};
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

pub fn run(arguments: &RunsArguments) -> Result<ExitCode, Failure> {
    let store = store(arguments.cache.as_deref(), arguments.file.as_deref())?;
    let all = match &store {
        Some(store) => runs::listed(store)?,
        None => Vec::new(),
    };
    let pipeline = match &arguments.file {
        Some(file) => Some(load::file(file, &arguments.params, false)?.name),
        None => None,
    };
    let of: Vec<&Run> = all.iter().filter(|r| pipeline.as_ref().is_none_or(|name| r.record.pipeline == *name)).collect();
    let of = &of[of.len() - arguments.number.unwrap_or(of.len()).min(of.len())..];
    if arguments.json {
        let told: Vec<runs::Told> = of.iter().map(|r| r.told()).collect();
        print::out(&(serde_json::to_string_pretty(&json!({ "runs": told })).map_err(|e| e.to_string())? + "\n"));
        return Ok(ExitCode::SUCCESS);
    }
    print::out(&text(of));
    Ok(ExitCode::SUCCESS)
}

/// The store for commands that need no pipeline.
pub fn store(cache: Option<&Path>, file: Option<&Path>) -> Result<Option<Store>, Failure> {
    let here = std::env::current_dir().map_err(|e| format!("the working directory cannot be read: {e}"))?;
    let found = Store::find(&here, cache, file)?;
    if !Store::is_at(&found.root)? {
        return Ok(None);
    }
    let store = Store::open_read_only(&found.root).map_err(|e: StoreError| Failure::from(e))?;
    store.notices().iter().for_each(|notice| print::note(notice));
    Ok(Some(store))
}

fn text(runs: &[&Run]) -> String {
    if runs.is_empty() {
        return "no runs yet: `nasflow run FILE` makes the first (one that finds everything done leaves none)\n".to_string();
    }
    let mut table = Table::new(["run", "begun (UTC)", ">took", "pipeline", "outcome", "computed", ">given up"]);
    for run in runs {
        let told = run.told();
        let took = told.ended.map_or("–".to_string(), |ended| number::duration(ended.saturating_sub(told.begun) as f64));
        let computed: Vec<String> = told.executed.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
        table.row([
            told.id,
            run.when(),
            took,
            told.pipeline,
            told.outcome,
            if computed.is_empty() { "–".to_string() } else { computed.join(", ") },
            if told.given_up == 0 { "–".to_string() } else { told.given_up.to_string() },
        ]);
    }
    let mut out = table.render(0, print::columns());
    for run in runs {
        if run.outcome == "killed" && !run.summary.under_way.is_empty() {
            out += &format!("{} was killed at: {}\n", run.id, run.summary.under_way.join(", "));
        }
        if !run.summary.error.is_empty() {
            out += &format!("{} failed: {}\n", run.id, run.summary.error.lines().next().unwrap_or_default());
        }
    }
    out
}

//! `nasflow cache ls`

use super::place;
use super::told::Told;
use crate::base::counted;
use crate::base::units;
use crate::cli::arguments::CacheLsArguments;
use crate::cli::failure::Failure;
use crate::cli::print;
use crate::report::number;
use crate::report::table::Table;
use crate::run::runs;
use crate::run::upkeep::listing::{Line, Which, list};
use crate::store::Store;
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Digits of a key that are shown: as many as texts of actions have.
const SHORT: usize = 10;

pub fn run(arguments: &CacheLsArguments) -> Result<ExitCode, Failure> {
    let store = place::reading(&arguments.place)?;
    if arguments.runs {
        return runs(&store, arguments);
    }
    let run = arguments.run.as_deref().map(|name| runs::record_of(&store, name)).transpose()?;
    let which = Which { kind: arguments.kind.clone(), pipeline: arguments.pipeline.clone(), run, key: arguments.key.clone() };
    let mut told = Told::new("reading");
    let mut lines = list(&store, &which, &mut |done, all| told.results(done, all))?;
    drop(told);
    if arguments.largest {
        lines.sort_by(|a, b| b.bytes.cmp(&a.bytes).then(a.key.cmp(&b.key)));
    } else {
        lines.sort_by(|a, b| a.age.cmp(&b.age).then(a.key.cmp(&b.key)));
    }
    let (all, bytes) = (lines.len(), lines.iter().map(|l| l.bytes).sum());
    if arguments.number > 0 {
        lines.truncate(arguments.number);
    }
    if arguments.place.json {
        print::out(&format!("{}\n", json!({ "results": all, "bytes": bytes, "listed": lines })));
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(["key", "kind", ">bytes", ">age", ">runs", "used by", ""]);
    for line in &lines {
        table.row(row(line));
    }
    let more = if lines.len() < all { format!(", of which {} are listed (`-n 0` lists all)", lines.len()) } else { String::new() };
    let text = if table.is_empty() { String::new() } else { table.render(0, print::columns()) + "\n" };
    // What several results name is counted for each of them.
    print::out(&format!("{text}{}, {} with what they share{more}\n", counted(all, "result"), units::shown(bytes)));
    Ok(ExitCode::SUCCESS)
}

fn row(line: &Line) -> Vec<String> {
    let used = line.used_by.as_ref().map_or(String::new(), |(pipeline, stage)| match stage.is_empty() {
        true => pipeline.clone(),
        false => format!("{pipeline}: {stage}"),
    });
    let gone = if line.gone.is_empty() { String::new() } else { format!("without {}", line.gone.join(", ")) };
    let key = line.key.hex().chars().take(SHORT).collect();
    vec![key, line.kind.clone(), units::shown(line.bytes), number::duration(line.age as f64), line.runs.to_string(), used, gone]
}

fn runs(store: &Store, arguments: &CacheLsArguments) -> Result<ExitCode, Failure> {
    let mut pins: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pin in store.pins()? {
        pins.entry(pin.run).or_default().push(pin.name);
    }
    let mut runs = store.runs(arguments.pipeline.as_deref())?;
    runs.reverse();
    let all = runs.len();
    if arguments.number > 0 {
        runs.truncate(arguments.number);
    }
    let pinned = |id: &str| pins.get(id).map_or(&[][..], Vec::as_slice);
    if arguments.place.json {
        let listed: Vec<_> = runs
            .iter()
            .map(|r| json!({ "id": r.id, "pipeline": r.pipeline, "begun": r.begun, "ended": r.ended, "outcome": r.outcome, "pins": pinned(&r.id) }))
            .collect();
        print::out(&format!("{}\n", json!({ "runs": all, "listed": listed })));
        return Ok(ExitCode::SUCCESS);
    }
    let short = runs::short_ids(store)?;
    let mut table = Table::new(["run", "begun (UTC)", "pipeline", "outcome", "pins"]);
    for run in &runs {
        let id = short.get(&run.id).unwrap_or(&run.id).clone();
        table.row([id, runs::when(&run.id), run.pipeline.clone(), run.outcome.clone(), pinned(&run.id).join(", ")]);
    }
    let text = if table.is_empty() { String::new() } else { table.render(0, print::columns()) };
    print::out(&format!("{text}{}\n", counted(all, "run")));
    Ok(ExitCode::SUCCESS)
}

//! `nasflow cache pin` and `unpin`

use super::place;
use crate::base::counted;
use crate::cli::arguments::{CachePinArguments, CacheUnpinArguments};
use crate::cli::failure::Failure;
use crate::cli::print;
use crate::report::table::Table;
use crate::run::observe;
use crate::run::runs;
use crate::store::{Pin, Store};
use serde_json::json;
use std::process::ExitCode;

pub fn pin(arguments: &CachePinArguments) -> Result<ExitCode, Failure> {
    let Some(run) = &arguments.run else { return list(arguments) };
    let store = place::writing(&arguments.place, false)?;
    let run = runs::record_of(&store, run)?;
    let short = short(&store, &run.id)?;
    let name = arguments.name.clone().unwrap_or_else(|| short.clone());
    if let Some(other) = store.pins()?.into_iter().find(|p| p.name == name && p.run != run.id) {
        return Err(format!(
            "the pin `{name}` is there already, of the run {}: `nasflow cache unpin {name}` removes it",
            self::short(&store, &other.run)?
        )
        .into());
    }
    let pin = Pin { name, run: run.id, pipeline: run.pipeline, time: observe::now() };
    store.pin(&pin)?;
    print::out(&match arguments.place.json {
        true => format!("{}\n", json!({ "pin": pin.name, "run": pin.run, "pipeline": pin.pipeline })),
        false => format!("pinned: the run {short} of `{}`, as `{}`\n", pin.pipeline, pin.name),
    });
    Ok(ExitCode::SUCCESS)
}

/// The short id of a run, by its record's name.
fn short(store: &Store, id: &str) -> Result<String, Failure> {
    Ok(runs::short_ids(store)?.remove(id).unwrap_or_else(|| id.to_string()))
}

fn list(arguments: &CachePinArguments) -> Result<ExitCode, Failure> {
    let store = place::reading(&arguments.place)?;
    let pins = store.pins()?;
    if arguments.place.json {
        let pins: Vec<_> = pins.iter().map(|p| json!({ "pin": p.name, "run": p.run, "pipeline": p.pipeline, "time": p.time })).collect();
        print::out(&format!("{}\n", json!(pins)));
        return Ok(ExitCode::SUCCESS);
    }
    let short = runs::short_ids(&store)?;
    let mut table = Table::new(["pin", "run", "pipeline"]);
    pins.iter().for_each(|p| table.row([p.name.as_str(), short.get(&p.run).unwrap_or(&p.run), p.pipeline.as_str()]));
    let text = if table.is_empty() { String::new() } else { table.render(0, print::columns()) };
    print::out(&format!("{text}{}\n", counted(pins.len(), "pin")));
    Ok(ExitCode::SUCCESS)
}

pub fn unpin(arguments: &CacheUnpinArguments) -> Result<ExitCode, Failure> {
    let store = place::writing(&arguments.place, false)?;
    let pins = store.pins()?;
    let mut names: Vec<String> = pins.iter().filter(|p| p.name == arguments.name).map(|p| p.name.clone()).collect();
    if names.is_empty()
        && let Ok(run) = runs::record_of(&store, &arguments.name)
    {
        names = pins.iter().filter(|p| p.run == run.id).map(|p| p.name.clone()).collect();
    }
    if names.is_empty() {
        let there: Vec<&str> = pins.iter().map(|p| p.name.as_str()).collect();
        let there = if there.is_empty() { "there is none at all".to_string() } else { format!("there are: {}", there.join(", ")) };
        return Err(format!("no pin is called `{}`; {there}", arguments.name).into());
    }
    for name in &names {
        store.unpin(name)?;
    }
    print::out(&match arguments.place.json {
        true => format!("{}\n", json!({ "unpinned": names })),
        false => format!("unpinned: {}\n", names.join(", ")),
    });
    Ok(ExitCode::SUCCESS)
}

//! `nasflow cache stats`

use super::place;
use super::told::Told;
use crate::base::units;
use crate::base::{counted, grouped};
use crate::cli::arguments::CacheStatsArguments;
use crate::cli::failure::Failure;
use crate::cli::print;
use crate::report::table::Table;
use crate::run::upkeep::census::{Census, Part};
use crate::run::upkeep::{attempts, saved};
use crate::store::Usage;
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;

pub fn run(arguments: &CacheStatsArguments) -> Result<ExitCode, Failure> {
    let store = place::reading(&arguments.place)?;
    let mut told = Told::new("reading");
    let census = Census::of(&store, &mut |done, all| told.results(done, all))?;
    let parts = census.by_part(&|_| true);
    let folders = store.usage()?;
    let saved = saved::saved(&store)?;
    let under_way = attempts::folders(&store, None)?.useful;
    let pins = store.pins()?.len();
    drop(told);
    let all: u64 = parts.values().chain(folders.values()).map(|u| u.bytes).sum();
    if arguments.place.json {
        let usage = |u: &Usage| json!({ "files": u.files, "bytes": u.bytes });
        let value = json!({
            "store": store.root().display().to_string(),
            "bytes": all,
            "free": store.free(),
            "blobs": parts.iter().map(|(part, u)| (part.word(), usage(u))).collect::<BTreeMap<_, _>>(),
            "beside": folders.iter().map(|(name, u)| (name.as_str(), usage(u))).collect::<BTreeMap<_, _>>(),
            "results": census.results,
            "attempts-to-go-on-from": under_way,
            "pins": pins,
            "saved": saved,
        });
        print::out(&format!("{value}\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let free = store.free().map_or(String::new(), |free| format!(", {} free on its disk", units::shown(free)));
    let mut out = format!("{}: {}{free}\n\n", store.root().display(), units::shown(all));
    let mut table = Table::new(["what", ">files", ">bytes", ""]);
    for part in Part::ALL {
        if let Some(usage) = parts.get(&part) {
            table.row(vec![part.word().into(), grouped(usage.files as u64), units::shown(usage.bytes), about(part).into()]);
        }
    }
    for (name, usage) in folders.iter().filter(|(_, usage)| usage.bytes > 0) {
        table.row(vec![name.clone(), grouped(usage.files as u64), units::shown(usage.bytes), beside(name).into()]);
    }
    out += &table.render(0, print::columns());
    let kinds: Vec<String> = census.results.iter().map(|(kind, n)| format!("{} {kind}", grouped(*n as u64))).collect();
    let results: usize = census.results.values().sum();
    out += &format!("\n{}: {}\n", counted(results, "result"), kinds.join(", "));
    let (runs, pipelines) = (counted(saved.runs, "run"), counted(saved.pipelines, "pipeline"));
    out += &format!("{runs} of {pipelines} recorded, {}; ", counted(pins, "pin"));
    out += &format!("{} under way that a run goes on from\n", counted(under_way, "attempt"));
    out += &match saved.results {
        0 => "nothing was found that an earlier run had made, so far\n".to_string(),
        n => format!(
            "runs found {} instead of making them: {} training iterations, {:.2} hours of workers\n",
            counted(n, "result"),
            grouped(saved.iterations),
            saved.hours
        ),
    };
    print::out(&out);
    Ok(ExitCode::SUCCESS)
}

fn about(part: Part) -> &'static str {
    match part {
        Part::Weights => "trained networks",
        Part::States => "what trainings go on from; `cache gc --states` drops them",
        Part::Packs => "decoded images; made again where needed",
        Part::Predictions => "what metrics are worked out from",
        Part::Choices => "what supernets learned of their choices",
        Part::Checkpoints => "of trainers of one's own",
        Part::Fetched => "downloads",
        Part::Manifests => "a file for each result",
        Part::Other => "spaces, lists of data sets, files from outside",
    }
}

fn beside(name: &str) -> &'static str {
    match name {
        "index.sqlite" => "built again from the files where it is lost",
        "attempts" => "where workers work",
        "observations" => "what machines measured",
        "damaged" => "put aside",
        "memo" => "worked out again where it is lost",
        "unpacked" => "downloads, unpacked",
        "runs" => "records of runs",
        "pins" => "runs that are kept",
        "dropped" => "names of what was dropped on purpose",
        _ => "",
    }
}

//! `nasflow cache gc`

use super::place;
use super::told::Told;
use crate::base::{counted, grouped, units};
use crate::cli::arguments::CacheGcArguments;
use crate::cli::failure::Failure;
use crate::cli::{configuration, print};
use crate::report::table::Table;
use crate::run::upkeep::gc::{Gone, LAST, Wish, collect};
use crate::run::upkeep::roots::Why;
use crate::run::upkeep::states::{Trimmed, trim};
use crate::store::{Leftover, Store, StoreError, Usage};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::process::ExitCode;
use std::time::Duration;

/// How often it is tried to be alone.
const OFTEN: Duration = Duration::from_millis(300);

pub fn run(arguments: &CacheGcArguments) -> Result<ExitCode, Failure> {
    let older = arguments.older_than.as_deref().map(age).transpose()?;
    if arguments.dry_run {
        return work(arguments, &place::reading(&arguments.place)?, older);
    }
    let mut said = false;
    loop {
        let store = place::writing(&arguments.place, false)?;
        // Held until the end: a run that began in between would lose what it has just made.
        match store.alone("remove results") {
            Ok(_alone) => return work(arguments, &store, older),
            Err(StoreError::InUse { .. }) if arguments.wait => {}
            Err(StoreError::InUse { .. }) => return Ok(place::busy(store.root(), "remove results")),
            Err(e) => return Err(e.into()),
        }
        if !std::mem::replace(&mut said, true) {
            print::note("waiting until no run uses the store");
        }
        // Whoever waits holds nothing: two that wait would keep each other from being alone.
        drop(store);
        std::thread::sleep(OFTEN + Duration::from_millis(u64::from(std::process::id() % 200)));
    }
}

/// What is asked, in a store in which nobody else is.
fn work(arguments: &CacheGcArguments, store: &Store, older: Option<Duration>) -> Result<ExitCode, Failure> {
    if arguments.states {
        let trimmed = trim(store, 0, &HashMap::new(), arguments.dry_run)?;
        print::out(&states(&trimmed, arguments));
        return Ok(ExitCode::SUCCESS);
    }
    let mut told = Told::new("looking");
    let last = match arguments.keep {
        Some(runs) => runs,
        None => configuration::configuration()?.store.keep_runs.unwrap_or(LAST),
    };
    let wish = Wish { last, older, dry: arguments.dry_run };
    let gone = collect(store, wish, &mut |done, all| told.results(done, all))?;
    drop(told);
    print::out(&if arguments.place.json { json(&gone, arguments.dry_run) } else { text(&gone, store, arguments) });
    Ok(ExitCode::SUCCESS)
}

/// `12h`, `30d`, `0s`.
fn age(text: &str) -> Result<Duration, Failure> {
    let wrong = || Failure::Message(format!("`--older-than {text}` is no time: write `30d`, `12h`, `90m` or `0s`"));
    let unit = match text.chars().last().ok_or_else(wrong)? {
        's' => 1.0,
        'm' => 60.0,
        'h' => 3600.0,
        'd' => 86_400.0,
        _ => return Err(wrong()),
    };
    let number: f64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    if (0.0..1e7).contains(&number) { Ok(Duration::from_secs_f64(number * unit)) } else { Err(wrong()) }
}

fn states(trimmed: &Trimmed, arguments: &CacheGcArguments) -> String {
    if arguments.place.json {
        let usage = |u: Usage| json!({ "files": u.files, "bytes": u.bytes });
        let value = json!({ "dry-run": arguments.dry_run, "dropped": usage(trimmed.dropped), "needed": usage(trimmed.needed) });
        return format!("{value}\n");
    }
    let would = if arguments.dry_run { "would be dropped" } else { "dropped" };
    let mut out = format!("{} {would}: {}\n", counted(trimmed.dropped.files, "optimiser state"), units::shown(trimmed.dropped.bytes));
    if trimmed.needed.files > 0 {
        let (n, bytes) = (counted(trimmed.needed.files, "state"), units::shown(trimmed.needed.bytes));
        out += &format!("{n} ({bytes}) of searches that are not over stay\n");
    }
    out
}

fn left(what: Leftover) -> &'static str {
    match what {
        Leftover::Attempt => "attempts that nobody goes on from",
        Leftover::Damaged => "damaged, put aside long ago",
        Leftover::Temporary => "unfinished files",
        Leftover::Memo => "memos",
    }
}

fn json(gone: &Gone, dry: bool) -> String {
    let usage = |u: &Usage| json!({ "files": u.files, "bytes": u.bytes });
    let kept: Vec<_> =
        gone.roots.runs.iter().map(|(run, why)| json!({ "run": run.id, "pipeline": run.pipeline, "why": said(why) })).collect();
    let value = json!({
        "dry-run": dry,
        "results": gone.records,
        "bytes": gone.bytes(),
        "blobs": gone.parts.iter().map(|(part, u)| (part.word(), usage(u))).collect::<BTreeMap<_, _>>(),
        "beside": gone.leftovers.iter().map(|(what, u)| (left(*what), usage(u))).collect::<BTreeMap<_, _>>(),
        "stays": { "results": gone.stays.0, "blobs": gone.stays.1.files, "bytes": gone.stays.1.bytes, "attempts": gone.attempts, "young": gone.roots.young },
        "runs": kept,
        "everything-because": gone.roots.all,
    });
    format!("{value}\n")
}

fn said(why: &Why) -> String {
    match why {
        Why::Pinned(names) => format!("pinned: {}", names.join(", ")),
        Why::Recent => "recent".into(),
    }
}

fn text(gone: &Gone, store: &Store, arguments: &CacheGcArguments) -> String {
    let (would, dry) = if arguments.dry_run { ("would go", true) } else { ("gone", false) };
    let mut table = Table::new(["what", ">files", ">bytes"]);
    for (part, usage) in &gone.parts {
        table.row([part.word().to_string(), grouped(usage.files as u64), units::shown(usage.bytes)]);
    }
    for (what, usage) in &gone.leftovers {
        table.row([left(*what).to_string(), grouped(usage.files as u64), units::shown(usage.bytes)]);
    }
    let mut out = if table.is_empty() { String::new() } else { table.render(0, print::columns()) + "\n" };
    out += &format!("{} {would}, {} in all\n", counted(gone.records, "result"), units::shown(gone.bytes()));
    let pinned = gone.roots.runs.iter().filter(|(_, why)| matches!(why, Why::Pinned(_))).count();
    out += &format!(
        "{} and {} stay, for {} ({pinned} pinned)\n",
        counted(gone.stays.0, "result"),
        units::shown(gone.stays.1.bytes),
        counted(gone.roots.runs.len(), "run")
    );
    if gone.roots.young > 0 {
        out += &format!(
            "{} stay because they are young (`--older-than` says from which age on they go)\n",
            counted(gone.roots.young, "result")
        );
    }
    if gone.attempts > 0 {
        out += &format!("{} under way stay: a run goes on from them\n", counted(gone.attempts, "attempt"));
    }
    if let Some(why) = &gone.roots.all {
        out += &format!("every result stays, because {why}\n");
    }
    if dry {
        out += "nothing was removed (`--dry-run`)\n";
    } else if let Some(free) = store.free() {
        out += &format!("{} free on the store's disk\n", units::shown(free));
    }
    out
}

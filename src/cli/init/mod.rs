//! `nasflow init`: looks at a folder and writes a pipeline for it that runs, and takes about as long as is said.
//!
//! `look` reads the data set, `sizes` says at which sizes boxes can be seen, `measure` how fast this machine is, `budget` what fits the
//! time, `draft` with `detector` and `classifier` write the text; `work` goes that way, `said` says it.

mod bound;
mod budget;
mod classifier;
mod detector;
mod draft;
mod look;
mod measure;
mod place;
mod said;
mod sizes;
mod work;

use super::arguments::InitArguments;
use super::export::write;
use super::failure::Failure;
use super::{configuration, print};
use crate::report::wrap::wrapped;
use bound::Wanted;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use work::{Work, compile};

pub fn run(arguments: &InitArguments) -> Result<ExitCode, Failure> {
    let time = configuration::time(&arguments.time)?.as_secs_f64();
    let wanted = Wanted::of(arguments)?;
    let output = arguments.output.to_str().ok_or_else(|| format!("{}: the path is not UTF-8", arguments.output.display()))?;
    if !output.ends_with(".kdl") {
        return Err(format!("`-o {output}`: the name of a pipeline ends in .kdl").into());
    }
    let table = PathBuf::from(format!("{}-latency.json", output.trim_end_matches(".kdl")));
    let writes: Vec<&Path> = std::iter::once(arguments.output.as_path()).chain(wanted.is_latency().then_some(table.as_path())).collect();
    if let Some(there) = writes.iter().find(|p| std::fs::symlink_metadata(p).is_ok()).filter(|_| !arguments.force) {
        return Err(format!("{} is there already: name another file with -o, or write over it with --force", there.display()).into());
    }
    let looked = look::look(&arguments.dir, arguments.format.as_deref(), arguments.classify)?;
    say(&said::found(&looked));
    let mut work = Work::new(&looked, output, time)?;
    let (base, fixed) = work.base(&wanted)?;
    let rates = work.rates(base, arguments.speed)?;
    let draft = work.plan(base, fixed, &wanted, &rates, &table)?;
    let text = work::text(&draft);
    // What is written is what was checked.
    let checked = compile(output, &text, &looked);
    if let (Err(failure), true) = (checked, !wanted.is_latency()) {
        return Err(wanted.too_tight().map_or(failure, Failure::from));
    }
    if let Some(json) = &work.table {
        write(&table, json.as_bytes())?;
    }
    write(&arguments.output, text.as_bytes())?;
    say(&said::reckoning(&draft, output, time));
    Ok(ExitCode::SUCCESS)
}

fn say(text: &str) {
    print::out(&wrapped(text, print::columns()));
}

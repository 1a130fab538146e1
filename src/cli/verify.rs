//! `nasflow verify`: is what a pipeline's results need whole, and do they come out the same again?

use super::arguments::VerifyArguments;
use super::failure::Failure;
use super::{load, print, progress, show};
use crate::base::{Digest, counted, grouped};
use crate::plan::Replay;
use crate::run::launch::local::{Follow, Local};
use crate::run::options::Options;
use crate::run::rebuild::{Asked, Rebuilt, rebuild};
use crate::run::{Prepared, whole};
use crate::store::Store;
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The exit code where something is damaged or came out otherwise.
const WRONG: u8 = 1;
/// Where it could not be verified.
const TROUBLE: u8 = 2;
/// Where the user ended it.
const INTERRUPTED: u8 = 130;

pub fn run(arguments: &VerifyArguments) -> Result<ExitCode, Failure> {
    match verify(arguments) {
        Err(failure) => {
            print::failure(&failure);
            Ok(ExitCode::from(TROUBLE))
        }
        code => code,
    }
}

fn verify(arguments: &VerifyArguments) -> Result<ExitCode, Failure> {
    let pipeline = load::pipeline(&arguments.file)?;
    let store = load::needed_store(&arguments.file)?;
    let prepared = load::prepared(pipeline, Some(&store), &arguments.file, true)?;
    let device = load::device(&arguments.numerics)?;
    match &arguments.rebuild {
        None => looked_through(arguments, &prepared, &show::replay(&prepared, Some(&store), device)?, &store),
        Some(stage) => {
            let stage = stage.as_deref().map(|name| known_stage(&prepared, name)).transpose()?;
            let (jobs, threads) = load::shares(arguments.jobs, None, device)?;
            let stop = Arc::new(AtomicUsize::new(0));
            let asked = stop.clone();
            ctrlc::set_handler(move || {
                // The first ends it in order, so that its scratch store goes; a third does at once.
                if asked.fetch_add(1, Ordering::Relaxed) > 1 {
                    std::process::exit(i32::from(INTERRUPTED));
                }
            })
            .map_err(|e| format!("the interrupt handler could not be set: {e}"))?;
            let options = Options { jobs, threads, stop, ..Options::new(device) };
            let program = std::env::current_exe().map_err(|e| format!("the path of this program is not known: {e}"))?;
            let mut launcher = Local::new(program, Follow::Pipes);
            let mut listener = progress::listener(false);
            let asked = Asked { stage, sample: arguments.sample };
            let rebuilt = rebuild(&prepared, &store, asked, &options, &mut launcher, listener.as_mut())?;
            drop(listener);
            if arguments.json {
                print::out(&(serde_json::to_string_pretty(&json!(rebuilt)).map_err(|e| e.to_string())? + "\n"));
            } else {
                print::out(&text(&rebuilt));
            }
            Ok(match (rebuilt.different.is_empty(), rebuilt.unmade.is_empty(), rebuilt.interrupted) {
                (false, ..) => ExitCode::from(WRONG),
                (true, _, true) => ExitCode::from(INTERRUPTED),
                (true, false, false) => ExitCode::from(TROUBLE),
                (true, true, false) => ExitCode::SUCCESS,
            })
        }
    }
}

fn known_stage(prepared: &Prepared, name: &str) -> Result<usize, Failure> {
    let names: Vec<&str> = prepared.pipeline.stages.iter().map(|s| s.name.value.as_str()).collect();
    prepared.pipeline.stage(name).ok_or_else(|| format!("`--rebuild {name}`: there are the stages {}", names.join(", ")).into())
}

/// Reads everything that the results need.
fn looked_through(arguments: &VerifyArguments, prepared: &Prepared, replay: &Replay, store: &Store) -> Result<ExitCode, Failure> {
    let found = whole::looked_through(&prepared.pipeline, replay, store)?;
    if arguments.json {
        print::out(&(serde_json::to_string_pretty(&json!(found)).map_err(|e| e.to_string())? + "\n"));
    } else {
        let mut out = String::new();
        for fault in &found.faults {
            out += &format!("{}: {} {}: {}\n", fault.label, fault.kind, Digest::short(&fault.key), fault.what);
        }
        let (results, blobs) = (counted(found.results, "result"), counted(found.blobs, "blob"));
        out += &format!("{results} and {blobs} ({} bytes) that `{}` needs were read", grouped(found.bytes), prepared.pipeline.name);
        out += match found.faults.len() {
            0 => ": all are whole\n".to_string(),
            n => format!(": {} damaged or gone; `nasflow run` makes them again\n", counted(n, "output")),
        }
        .as_str();
        print::out(&out);
    }
    Ok(if found.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(WRONG) })
}

fn text(rebuilt: &Rebuilt) -> String {
    let counts = |of: &BTreeMap<String, usize>| of.iter().map(|(kind, n)| format!("{n} {kind}")).collect::<Vec<_>>().join(", ");
    let mut out = String::new();
    for differing in &rebuilt.different {
        out += &format!("{}: {} {} came out otherwise\n", differing.label, differing.kind, differing.key.short());
        differing.what.iter().for_each(|line| out += &format!("  {line}\n"));
    }
    for (label, why) in &rebuilt.unmade {
        out += &format!("{label}: could not be made again: {why}\n");
    }
    let same = if rebuilt.same.is_empty() { "nothing".to_string() } else { counts(&rebuilt.same) };
    out += &format!("the same bit by bit: {same}; otherwise: {}\n", rebuilt.different.len());
    if !rebuilt.exempt.is_empty() {
        out += &format!("not made again, because commands of your own say them: {}\n", counts(&rebuilt.exempt));
    }
    if rebuilt.interrupted {
        out += "interrupted: the rest was not compared\n";
    }
    out + "what this machine measured (latency, memory) is no result and was left out\n"
}

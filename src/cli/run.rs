//! `nasflow run`: the loop, with progress, and a closing table.

use super::arguments::RunArguments;
use super::load::{self, Access};
use super::{Failure, INTERRUPTED, NO_ANSWER, print, progress};
use crate::nn;
use crate::report::{number, show};
use crate::run::coordinator::{Options, Report};
use crate::run::{Ended, coordinator, estimate, history, observe, smoke};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

pub fn run(arguments: &RunArguments) -> Result<ExitCode, Failure> {
    let begun = Instant::now();
    let options = options(arguments)?;
    let pipeline = load::pipeline(&arguments.file)?;
    let store = load::store(&arguments.file, Access::Write)?.ok_or_else(|| "no store".to_string())?;
    let prepared = load::prepared(pipeline, Some(&store), &arguments.file, arguments.json)?;
    let numerics = nn::numerics(&arguments.numerics.executor)?;
    let mut listener = progress::listener(arguments.json);
    if arguments.smoke {
        let ended = smoke::smoke(&prepared, &store, &numerics, &options, listener.as_mut())?;
        drop(listener);
        if ended != Ended::Finished {
            print::out("interrupted\n");
            return Ok(ExitCode::from(INTERRUPTED));
        }
        let rate = estimate::rate(&store, "train-time");
        let speed = rate.map_or(String::new(), |r| format!(", forward at {}FLOP/s a worker while training", number::si(2.0 * r)));
        print::out(&format!("every stage worked on one batch{speed}; `nasflow plan` now says how long the run will take\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let report = coordinator::run(&prepared, &store, &numerics, &options, listener.as_mut())?;
    drop(listener);
    history::keep(&store, &prepared.pipeline, &report)?;
    if !arguments.json {
        print::out(&closing(&prepared.pipeline, &report, &store, begun));
    }
    Ok(match report.ended {
        Ended::Interrupted => ExitCode::from(INTERRUPTED),
        Ended::Paused => ExitCode::SUCCESS,
        Ended::Finished if show::winner(&prepared.pipeline, &report.view).is_none() && has_answer(&prepared.pipeline) => {
            ExitCode::from(NO_ANSWER)
        }
        Ended::Finished => ExitCode::SUCCESS,
    })
}

fn has_answer(pipeline: &crate::document::Pipeline) -> bool {
    pipeline.answer.is_some()
}

fn options(arguments: &RunArguments) -> Result<Options, Failure> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = arguments.jobs.unwrap_or(processors.min(4));
    if jobs == 0 {
        return Err("`--jobs 0`: at least one trial at a time was expected".to_string().into());
    }
    let stop = Arc::new(AtomicUsize::new(0));
    let asked = stop.clone();
    ctrlc::set_handler(move || {
        asked.fetch_add(1, Ordering::Relaxed);
    })
    .map_err(|e| format!("the interrupt handler could not be set: {e}"))?;
    let program = std::env::current_exe().map_err(|e| format!("the path of this program is not known: {e}"))?;
    Ok(Options {
        jobs,
        threads: (processors / jobs).max(1),
        executor: arguments.numerics.executor.clone(),
        timeout: arguments.timeout.as_deref().map(load::time).transpose()?,
        attempts: 3,
        until: arguments.until.as_deref().map(load::time).transpose()?,
        checkpoint_seconds: load::time(&arguments.checkpoint)?.as_secs_f64(),
        program,
        stop,
    })
}

fn closing(pipeline: &crate::document::Pipeline, report: &Report, store: &crate::store::Store, begun: Instant) -> String {
    let rows = crate::report::rows(pipeline, &report.view, &|weights, metric| observe::shown(store, weights, metric));
    let mut out = String::new();
    match report.ended {
        Ended::Finished => out += &show::head(pipeline, &report.view),
        ended => {
            let (done, all) = show::progress(&report.view);
            let how = if ended == Ended::Paused { "paused" } else { "interrupted" };
            out += &format!("{how}: {done} of the {all} models known so far are done; the same command goes on\n");
        }
    }
    for stage in &pipeline.stages {
        let of_stage: Vec<_> = rows.iter().filter(|r| r.stage == stage.name.value).collect();
        if !of_stage.is_empty() {
            out += &format!("\n{}\n{}", stage.name.value, show::stage_table(&of_stage));
        }
    }
    for (label, reason) in &report.given_up {
        out += &format!("\nnot reproducible: {label}: {reason}");
    }
    let executed: Vec<String> = report.executed.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
    let what = if executed.is_empty() { "nothing executed".to_string() } else { format!("executed {}", executed.join(", ")) };
    out + &format!("\n{what}, {}\n", number::duration(begun.elapsed().as_secs_f64()))
}

//! `nasflow run`: the loop, with progress, and a closing table.

use super::arguments::RunArguments;
use super::failure::Failure;
use super::launcher::Chosen;
use super::load::{self, Access};
use super::{bars, configuration, print, progress, sharing};
use crate::base::units;
use crate::document::configuration::Configuration;
use crate::report::wrap::wrapped;
use crate::report::{fronts, number, reliability, show};
use crate::run::events::Event;
use crate::run::options::{Options, Report, RunEnd, STATES};
use crate::run::upkeep::states::{self, Trimmed};
use crate::run::{coordinator, estimate, observe, smoke};
use crate::store::{Store, StoreError};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

/// The exit code of an interrupted run, as a shell has it for SIGINT.
const INTERRUPTED: u8 = 130;
/// Seconds between checkpoints where nothing is said.
const CHECKPOINT: f64 = 180.0;
/// The exit code of a pipeline that finished without an answer, because every candidate failed.
const NO_ANSWER: u8 = 2;

pub fn run(arguments: &RunArguments) -> Result<ExitCode, Failure> {
    let begun = Instant::now();
    let running = Arc::new(AtomicBool::new(false));
    let configured = configuration::configuration()?;
    let launcher = Chosen::new(arguments.limits.launcher.as_deref(), &configured)?;
    let options = options(arguments, &running, configured)?;
    match once(arguments, &options, &launcher, &running, begun) {
        // Whoever opens the store now looks at all of its index, and builds it anew.
        Err(Failure::Index(why)) => {
            print::note(&why);
            print::note("the index is built anew, and the run goes on");
            once(arguments, &options, &launcher, &running, begun)
        }
        ended => ended,
    }
}

/// The run, as far as the index of the store lets it.
fn once(arguments: &RunArguments, options: &Options, launcher: &Chosen, running: &AtomicBool, begun: Instant) -> Result<ExitCode, Failure> {
    let pipeline = load::pipeline(&arguments.file)?;
    let store = load::store(&arguments.file, Access::Write)?.ok_or_else(|| "no store".to_string())?;
    let look = load::Look { offline: arguments.remote.offline, ..load::look(&arguments.file) };
    let prepared = load::prepared_with(pipeline, Some(&store), look, false)?;
    let mut listener = progress::listener(arguments.json);
    let program = std::env::current_exe().map_err(|e| format!("the path of this program is not known: {e}"))?;
    // A trial run is of this machine: its store is nowhere else.
    let mut launcher = if arguments.smoke { Chosen::Local } else { launcher.clone() }.launcher(program);
    window_notes(&prepared.pipeline, options.jobs).iter().for_each(|n| print::note(n));
    running.store(true, Ordering::Relaxed);
    if arguments.smoke {
        let mut listener = progress::Smoke(listener);
        let ended = smoke::smoke(&prepared, &store, options, launcher.as_mut(), &mut listener)?;
        drop(listener);
        if ended != RunEnd::Finished {
            print::note("interrupted");
            return Ok(ExitCode::from(INTERRUPTED));
        }
        let rate = estimate::rate(&store, "train-time");
        let speed = rate.map_or(String::new(), |r| format!(", {}FLOP/s of forward passes while training", number::si(2.0 * r)));
        let say = if arguments.json { print::note } else { print::out };
        say(&format!("every stage worked on one batch{speed}; `nasflow plan` now says how long the run will take\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let report = coordinator::run(&prepared, &store, options, launcher.as_mut(), listener.as_mut())?;
    let trimmed = states::after(&store, &report, options.states, arguments.limits.states.is_some());
    let dropped = dropped(&trimmed);
    if let (true, Some(message)) = (arguments.json, &dropped) {
        listener.on(Event::Note { message: message.clone() });
    }
    let (executed, given_up) = (report.executed.clone(), report.given_up.clone());
    listener.on(Event::Ended { how: report.ended, executed, given_up });
    drop(listener);
    if !arguments.json {
        print::out(&closing(&prepared.pipeline, &report, &store, begun, dropped.as_deref()));
    }
    Ok(match report.ended {
        RunEnd::Interrupted => ExitCode::from(INTERRUPTED),
        RunEnd::Paused => ExitCode::SUCCESS,
        RunEnd::Finished if show::winner(&prepared.pipeline, &report.replay).is_none() && chooses(&prepared.pipeline) => {
            ExitCode::from(NO_ANSWER)
        }
        RunEnd::Finished => ExitCode::SUCCESS,
    })
}

fn chooses(pipeline: &crate::document::Pipeline) -> bool {
    pipeline.answer.is_some() || pipeline.stages.iter().any(|s| s.select().is_some())
}

/// What became of optimiser states, where there is something to say. That they could not be dropped ends no run.
fn dropped(trimmed: &Result<Option<Trimmed>, StoreError>) -> Option<String> {
    match trimmed {
        Ok(Some(trimmed)) if trimmed.dropped.files > 0 => Some(format!(
            "{} dropped ({}): networks whose state is gone would begin anew with more epochs (`--states` keeps more)",
            crate::base::counted(trimmed.dropped.files, "optimiser state"),
            units::shown(trimmed.dropped.bytes)
        )),
        Ok(_) => None,
        Err(e) => Some(format!("optimiser states could not be dropped: {e}")),
    }
}

/// More trials at a time than the search's window allows would only wait.
fn window_notes(pipeline: &crate::document::Pipeline, jobs: usize) -> Vec<String> {
    let search = |s: &crate::document::Stage| s.sample().filter(|sample| sample.objective.is_some()).map(|sample| sample.window);
    pipeline
        .stages
        .iter()
        .filter_map(|s| Some((&s.name.value, search(s)?)))
        .filter(|(_, window)| *window < jobs)
        .map(|(name, window)| {
            format!("note: {jobs} trials at a time, but `{name}` has window={window}: at most {window} of its trials run together")
        })
        .collect()
}

fn options(arguments: &RunArguments, running: &Arc<AtomicBool>, configured: Configuration) -> Result<Options, Failure> {
    let executor = load::device(&arguments.numerics)?;
    let (user, keeps) = (configured.run, configured.store);
    let limits = &arguments.limits;
    let (jobs, threads) = load::shares(limits.jobs.or(user.jobs), limits.threads.or(user.threads), executor)?;
    let time = |said: &Option<String>, set| said.as_deref().map(configuration::time).transpose().map(|t| t.or(set));
    let usual = Options::new(executor);
    let team = sharing::team(&arguments.remote, false)?;
    if let (Some(team), false) = (&team, arguments.smoke) {
        sharing::notes(team).iter().for_each(|note| print::note(note));
    }
    let stop = Arc::new(AtomicUsize::new(0));
    let asked = stop.clone();
    let begun = running.clone();
    // The second ends a trial run in order, so that its scratch store goes.
    let patience = usize::from(arguments.smoke);
    ctrlc::set_handler(move || {
        // The first: workers write checkpoints. The second, or one before anything runs: at once; workers die with their pipe.
        if asked.fetch_add(1, Ordering::Relaxed) > patience || !begun.load(Ordering::Relaxed) {
            bars::clear();
            std::process::exit(i32::from(INTERRUPTED));
        }
    })
    .map_err(|e| format!("the interrupt handler could not be set: {e}"))?;
    Ok(Options {
        jobs,
        threads,
        timeout: time(&limits.timeout, user.timeout)?,
        attempts: limits.retries.or(user.retries).map_or(usual.attempts, |n| n.saturating_add(1)),
        memory: limits.memory.as_deref().map(configuration::size).transpose()?.or(user.memory),
        wait_for_space: limits.wait_for_space.as_deref().map(configuration::wait).transpose()?.or(user.wait_for_space).unwrap_or_default(),
        until: time(&limits.until, user.until)?,
        checkpoint_seconds: time(&limits.checkpoint, user.checkpoint)?.map_or(CHECKPOINT, |t| t.as_secs_f64()),
        states: limits.states.as_deref().map(configuration::size).transpose()?.or(keeps.states).unwrap_or(STATES),
        team: team.map(Arc::new),
        stop,
        ..usual
    })
}

fn closing(pipeline: &crate::document::Pipeline, report: &Report, store: &Store, begun: Instant, dropped: Option<&str>) -> String {
    let rows = crate::report::rows(pipeline, &report.replay, &|weights, metric| observe::shown(store, weights, metric));
    let mut out = String::new();
    match report.ended {
        RunEnd::Finished => out += &wrapped(&show::head(pipeline, &report.replay), print::columns()),
        ended => {
            let (done, all) = show::progress(&report.replay);
            let how = if ended == RunEnd::Paused { "paused" } else { "interrupted" };
            out += &format!(
                "{how}: {done} of the {} known so far {}; the same command goes on\n",
                number::counted(all, "model"),
                show::are(done)
            );
        }
    }
    for stage in &pipeline.stages {
        let of_stage: Vec<_> = rows.iter().filter(|r| r.stage == stage.name.value).collect();
        if !of_stage.is_empty() {
            out += &format!("\n{}\n{}", stage.name.value, show::stage_table(pipeline, &of_stage, print::columns()));
            out += &wrapped(&reliability::line(pipeline, &report.replay, &stage.name.value), print::columns());
            out += &wrapped(&fronts::lines(pipeline, &report.replay, &stage.name.value), print::columns());
        }
    }
    for (trial, count) in report.failures() {
        let more = if count > 1 { format!(" (and {} more that failed alike)", count - 1) } else { String::new() };
        out += &format!("\nnot reproducible: {}: {}{more}", trial.label, trial.reason);
    }
    if let Some(dropped) = dropped {
        out += &wrapped(&format!("\n{dropped}"), print::columns());
    }
    let executed: Vec<String> = report.executed.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
    let what = if executed.is_empty() { "nothing executed".to_string() } else { format!("executed {}", executed.join(", ")) };
    out + &format!("\n{what}, {}\n", number::duration(begun.elapsed().as_secs_f64()))
}

//! `nasflow report`: a search as one page that holds everything.

use super::arguments::{FileArguments, ReportArguments};
use super::export::write;
use super::failure::Failure;
use super::report_pictures::pictures;
use super::{load, print, report_tensorboard, show};
use crate::base::Digest;
use crate::document::Metric;
use crate::nn::DeviceChoice;
use crate::plan::{Replay, State, winner};
use crate::report::graph;
use crate::report::page::{Drawing, Facts, Given, gathered, page};
use crate::run::kept::{Kept, kept};
use crate::run::{Prepared, observe};
use crate::store::Store;
use std::process::ExitCode;

pub fn run(arguments: &ReportArguments) -> Result<ExitCode, Failure> {
    let pipeline = load::pipeline(&arguments.file)?;
    let store = load::store(&arguments.file, super::load::Access::Read)?;
    if store.is_none() {
        print::note(&load::no_store(&arguments.file));
    }
    let prepared = load::prepared(pipeline, store.as_ref(), &arguments.file, true)?;
    let device = load::device(&arguments.numerics)?;
    let replay = show::replay(&prepared, store.as_ref(), device)?;
    let facts = facts(&prepared, &replay, store.as_ref(), device, &arguments.file)?;
    if arguments.json {
        print::out(&(crate::report::page::json(&facts) + "\n"));
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(folder) = &arguments.tensorboard {
        let runs = report_tensorboard::write_events(folder, &facts)?;
        print::note(&format!("{}: {runs} runs for `tensorboard --logdir`", folder.display()));
    }
    let html = page(&facts, None);
    write(&arguments.output, html.as_bytes())?;
    print::note(&format!("{}: {} kB; open it in a browser, it needs no network", arguments.output.display(), html.len() / 1000));
    Ok(ExitCode::SUCCESS)
}

/// Everything that the page shows, as it is now: what `report` writes, and what the live page asks for again and again.
pub fn facts(
    prepared: &Prepared,
    replay: &Replay,
    store: Option<&Store>,
    device: DeviceChoice,
    arguments: &FileArguments,
) -> Result<Facts, Failure> {
    let observed = |weights: Digest, metric: &Metric| store.and_then(|s| observe::shown(s, weights, metric));
    let rows = crate::report::rows(&prepared.pipeline, replay, &observed);
    let kept = store.map_or_else(|| Ok(Kept::default()), |store| kept(prepared, replay, store))?;
    let pictures = store.map_or(Ok(None), |store| pictures(prepared, replay, store)).unwrap_or_else(|why| {
        print::note(&format!("the page has no images: {why}"));
        None
    });
    let numerics = device.numerics().to_string();
    let command = command(arguments);
    Ok(gathered(Given { prepared, replay, rows: &rows, kept, pictures, drawings: drawings(prepared, replay), command, numerics }))
}

/// Spaces that are drawn, at most: files have one or two.
const SPACES: usize = 3;
/// The largest drawing that a page holds, in bytes: beyond that nobody can read it (`nasflow graph` writes it as a file).
const LARGEST: usize = 400_000;

/// Pipeline, spaces and network as pictures.
fn drawings(prepared: &Prepared, replay: &Replay) -> Vec<Drawing> {
    let pipeline = &prepared.pipeline;
    let stages = replay.stages.iter().map(|seen| {
        let done = seen.slots.iter().filter(|s| s.state != State::Pending).count();
        format!("{done} of {}{}", seen.slots.len(), if seen.complete { "" } else { "+" })
    });
    let progress: Vec<String> = if replay.finished() { Vec::new() } else { stages.collect() };
    let mut all = vec![Drawing { title: "The pipeline".into(), svg: graph::pipeline(pipeline, &prepared.spaces, &progress) }];
    for node in pipeline.spaces.iter().take(SPACES) {
        if let Some(space) = prepared.spaces.get(&node.name.value) {
            all.push(Drawing { title: format!("The space {}", space.name), svg: graph::space(space) });
        }
    }
    if let Some(Ok(architecture)) = winner(pipeline, replay).map(|m| m.candidate.architecture()) {
        all.push(Drawing { title: "The winning network".into(), svg: graph::network(architecture) });
    }
    all.retain(|drawing| drawing.svg.len() <= LARGEST);
    all
}

/// `nasflow run FILE -p a=b`
fn command(arguments: &FileArguments) -> String {
    let quoted = |text: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:+@%".contains(c);
        if !text.is_empty() && text.chars().all(plain) { text.to_string() } else { format!("'{}'", text.replace('\'', "'\\''")) }
    };
    let mut words = vec!["nasflow".to_string(), "run".into(), quoted(&arguments.file.to_string_lossy())];
    words.extend(arguments.params.iter().flat_map(|p| ["-p".to_string(), quoted(p)]));
    if arguments.allow_outside {
        words.push("--allow-outside".into());
    }
    words.join(" ")
}

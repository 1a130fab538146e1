//! `nasflow report`: a search as one page that holds everything.

use super::arguments::{FileArguments, ReportArguments};
use super::failure::Failure;
use super::report_pictures::pictures;
use super::{load, print, show};
use crate::base::Digest;
use crate::document::Metric;
use crate::nn::DeviceChoice;
use crate::plan::Replay;
use crate::report::page::{Drawing, Facts, Given, gathered, page};
use crate::run::kept::{Kept, kept};
use crate::run::{Prepared, observe};
use crate::store::Store;
use std::path::Path;
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
    let pictures = store.and_then(|store| pictures(prepared, replay, store));
    let numerics = device.numerics().to_string();
    let command = command(arguments);
    Ok(gathered(Given { prepared, replay, rows: &rows, kept, pictures, drawings: drawings(prepared, replay), command, numerics }))
}

/// Pipeline, space and network as pictures.
fn drawings(_prepared: &Prepared, _replay: &Replay) -> Vec<Drawing> {
    Vec::new()
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

/// Whole or not at all: beside the file first, then in its place.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::Message(format!("{}: {e}", path.display()));
    let mut name =
        path.file_name().map(std::ffi::OsStr::to_os_string).ok_or_else(|| format!("{}: not the name of a file", path.display()))?;
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    std::fs::write(&part, bytes).map_err(failed)?;
    std::fs::rename(&part, path).map_err(|e| {
        let _ = std::fs::remove_file(&part);
        failed(e)
    })
}

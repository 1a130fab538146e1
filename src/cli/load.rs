//! From a path to a prepared pipeline: reads files for the room `document`, finds the store.

use super::arguments::{FileArguments, NumericsArguments};
use super::failure::Failure;
use super::{download, print};
use crate::document::{self, Diagnostics, Files, Options, Params, Pipeline};
use crate::nn::{self, DeviceChoice};
pub use crate::run::Look;
use crate::run::{Prepared, prepare};
use crate::store::{self, How, Store};
use std::path::Path;

/// Files of the file system, at most 1 MiB each (the guard's bound: more is never read).
struct Disk;

impl Files for Disk {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        use std::io::Read;
        let file = std::fs::File::open(path).map_err(|e| format!("{path}: {e}"))?;
        if file.metadata().is_ok_and(|m| m.is_dir()) {
            return Err(format!("{path} is a folder; a KDL file was expected"));
        }
        let mut bytes = Vec::new();
        file.take(document::guard::MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|e| format!("{path}: {e}"))?;
        Ok(bytes)
    }
}

/// One text, whatever it is called.
struct Text<'t>(&'t str);

impl Files for Text<'_> {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.into())
    }
}

/// Decodes a text as a pipeline that stands, or will stand, in a file of this name.
pub fn text(path: &str, text: &str) -> Result<Pipeline, Failure> {
    let loaded = document::load(&crate::language(), path, &mut Text(text), &Params::default(), Options::default());
    loaded.map_err(|d| Failure::Document(Box::new(d)))
}

/// The values of `-p`.
fn params(given: &[String]) -> Result<Params, Failure> {
    let mut values = Vec::new();
    for p in given {
        let (name, value) = p.split_once('=').ok_or_else(|| format!("`-p {p}`: NAME=VALUE was expected"))?;
        values.push((name.to_string(), value.to_string()));
    }
    Ok(Params { values })
}

/// Reads and decodes a pipeline.
pub fn pipeline(arguments: &FileArguments) -> Result<Pipeline, Failure> {
    file(&arguments.file, &arguments.params, arguments.allow_outside)
}

/// The same of a path and the values of `-p`.
pub fn file(path: &Path, given: &[String], allow_outside: bool) -> Result<Pipeline, Failure> {
    let params = params(given)?;
    let path = path.to_str().ok_or_else(|| format!("{}: the path is not UTF-8", path.display()))?;
    document::load(&crate::language(), path, &mut Disk, &params, Options { allow_outside }).map_err(|d| Failure::Document(Box::new(d)))
}

/// How a command wants the store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Made where it is not there.
    Write,
    /// Read only; none where it is not there.
    Read,
}

/// Finds and opens the store.
pub fn store(arguments: &FileArguments, access: Access) -> Result<Option<Store>, Failure> {
    let here = std::env::current_dir().map_err(|e| format!("the working directory cannot be read: {e}"))?;
    let found = Store::find(&here, arguments.cache.as_deref(), Some(&arguments.file))?;
    let exists = Store::is_at(&found.root)?;
    if access == Access::Read {
        if !exists {
            return Ok(None);
        }
        let store = Store::open_read_only(&found.root)?;
        for notice in store.notices() {
            print::note(&notice);
        }
        return Ok(Some(store));
    }
    if !exists && matches!(found.how, How::WouldCreate) {
        print::note(&format!("made a store in {} (name another with --cache or NASFLOW_CACHE)", shown(&found.root, &here)));
    }
    let store = Store::open_with(&found.root, opening(arguments.allow_network))?;
    for notice in store.notices() {
        print::note(&notice);
    }
    Ok(Some(store))
}

/// How commands open a store that they write to.
pub fn opening(allow_network: bool) -> store::Options {
    let waits = |root: &Path| print::note(&format!("another command works on the whole store {}; waiting for it", root.display()));
    store::Options { allow_network, waits: Some(waits), ..store::Options::default() }
}

/// The store, for commands that have nothing to say without one.
pub fn needed_store(arguments: &FileArguments) -> Result<Store, Failure> {
    store(arguments, Access::Read)?.ok_or_else(|| Failure::Message(no_store(arguments)))
}

/// That there is none, and where it was looked for.
pub fn no_store(arguments: &FileArguments) -> String {
    let place = match &arguments.cache {
        Some(cache) => format!("at {}", cache.display()),
        None => "in a `cache/` here, beside the pipeline or above (name another with --cache or NASFLOW_CACHE)".to_string(),
    };
    format!("there is no store {place}, so no answer yet: `nasflow run` makes both")
}

fn shown(path: &Path, here: &Path) -> String {
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

/// Prepares a pipeline, and prints what the reader should know.
/// (To the error stream, so that `--json` may be as loud as any; `quiet` is for commands that look at what a run has left.)
pub fn prepared(pipeline: Pipeline, store: Option<&Store>, arguments: &FileArguments, quiet: bool) -> Result<Prepared, Failure> {
    prepared_with(pipeline, store, look(arguments), quiet)
}

/// How data sets are looked at.
pub fn look(arguments: &FileArguments) -> Look {
    Look { rehash: arguments.rehash, all: false, offline: false, watch: Some(download::watch) }
}

/// The same, of data sets that are looked at so.
pub fn prepared_with(pipeline: Pipeline, store: Option<&Store>, look: Look, quiet: bool) -> Result<Prepared, Failure> {
    let prepared = prepare(pipeline, store, look)?;
    if !quiet {
        if !prepared.warnings.is_empty() {
            let (sources, items) = (prepared.pipeline.sources.clone(), prepared.warnings.clone());
            print::diagnostics(&Diagnostics { sources, items });
        }
        for note in &prepared.notes {
            print::note(&format!("note: {note}"));
        }
    }
    Ok(prepared)
}

/// What computes: `--device` and `--executor` on this machine. Says where a GPU was looked for in vain.
pub fn device(arguments: &NumericsArguments) -> Result<DeviceChoice, Failure> {
    let chosen = nn::choose(arguments.executor.as_deref(), &arguments.device)?;
    if let Some(note) = &chosen.note {
        print::note(note);
    }
    Ok(chosen.device)
}

/// Worker processes at a time, and threads of each. A GPU has one worker unless `--jobs` says more. Where only the threads are
/// given, there are as many workers as the processors suffice for.
pub fn shares(jobs: Option<usize>, threads: Option<usize>, device: DeviceChoice) -> Result<(usize, usize), Failure> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let usual = if matches!(device, DeviceChoice::ReferenceCuda(_)) { 1 } else { processors.min(4) };
    let usual = threads.map_or(usual, |t| usual.min((processors / t.max(1)).max(1)));
    match (jobs.unwrap_or(usual), threads) {
        (0, _) => Err("`--jobs 0`: at least one trial at a time was expected".to_string().into()),
        (_, Some(0)) => Err("`--threads 0`: at least one thread a trial was expected".to_string().into()),
        (jobs, threads) => Ok((jobs, threads.unwrap_or_else(|| (processors / jobs).max(1)))),
    }
}

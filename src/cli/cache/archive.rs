//! `nasflow cache export` and `import`

use super::place;
use super::told::Told;
use crate::base::counted;
use crate::base::units;
use crate::cli::arguments::{CacheExportArguments, CacheImportArguments};
use crate::cli::failure::Failure;
use crate::cli::{load, print};
use crate::run::runs;
use crate::run::upkeep::archive::{Halt, Without, export as write, import as read};
use crate::store::{RunRecord, Store};
use serde_json::json;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Component, Path};
use std::process::ExitCode;

pub fn export(arguments: &CacheExportArguments) -> Result<ExitCode, Failure> {
    let store = place::reading(&arguments.place)?;
    let (run, files) = meant(&store, &arguments.run)?;
    let output = &arguments.output;
    let mut name = output.file_name().ok_or_else(|| format!("{} names no file", output.display()))?.to_os_string();
    name.push(".part");
    let part = output.with_file_name(name);
    let cannot = |e: std::io::Error| format!("{} cannot be written: {e}", output.display());
    let mut told = Told::new("writing");
    let without = Without { states: arguments.without_states, packs: arguments.without_packs };
    let written = File::create(&part).map_err(|e| Halt::Archive(cannot(e))).and_then(|file| {
        let mut out = BufWriter::with_capacity(1 << 20, file);
        let exported = write(&store, &run, files, without, &mut out, &mut |done, all| told.bytes(done, all))?;
        out.flush().and_then(|()| out.get_ref().sync_all()).map_err(|e| Halt::Archive(cannot(e)))?;
        std::fs::rename(&part, output).map_err(|e| Halt::Archive(cannot(e)))?;
        Ok(exported)
    });
    drop(told);
    let exported = written.map_err(|halt| {
        let _ = std::fs::remove_file(&part);
        failure(halt, "")
    })?;
    print::out(&if arguments.place.json {
        let value = json!({
            "run": run.id, "pipeline": run.pipeline, "results": exported.results, "blobs": exported.blobs,
            "bytes": exported.bytes, "lacking-states": exported.lacking,
        });
        format!("{value}\n")
    } else {
        let short = runs::short_ids(&store)?;
        let lacking = if exported.lacking > 0 { format!(", without {}", counted(exported.lacking, "state")) } else { String::new() };
        format!(
            "{}: the run {} of `{}`, {} in {} ({}){lacking}\n",
            output.display(),
            short.get(&run.id).unwrap_or(&run.id),
            run.pipeline,
            counted(exported.results, "result"),
            counted(exported.blobs, "file"),
            units::shown(exported.bytes)
        )
    });
    Ok(ExitCode::SUCCESS)
}

/// The run that is named, or the last one of the pipeline in a file, with the texts of that and of what it includes.
fn meant(store: &Store, name: &str) -> Result<(RunRecord, Vec<(String, String)>), Failure> {
    if !Path::new(name).is_file() {
        return Ok((runs::record_of(store, name)?, Vec::new()));
    }
    let pipeline = load::file(Path::new(name), &[], true)?;
    let run = store.runs(Some(&pipeline.name))?.pop();
    let run = run.ok_or_else(|| format!("no run of `{}` is recorded in the store: `nasflow run {name}` records one", pipeline.name))?;
    // Where they lie beside the pipeline's file, not where that lies here.
    let base = Path::new(name).parent().unwrap_or(Path::new(""));
    let mut files = Vec::new();
    for (path, text) in pipeline.sources.files.iter().filter(|(path, _)| Path::new(path).is_file()) {
        let place = Path::new(path).strip_prefix(base).unwrap_or(Path::new(path));
        let parts: Vec<_> = place.components().filter(|part| !matches!(part, Component::CurDir)).collect();
        if !parts.iter().all(|part| matches!(part, Component::Normal(_))) {
            let why = format!(
                "{path} lies outside the folder of {name}, so an archive cannot hold it: name the run (`latest`) instead of the file"
            );
            return Err(why.into());
        }
        let parts: Vec<_> = parts.iter().map(|part| part.as_os_str().to_string_lossy()).collect();
        files.push((parts.join("/"), text.to_string()));
    }
    Ok((run, files))
}

pub fn import(arguments: &CacheImportArguments) -> Result<ExitCode, Failure> {
    let path = arguments.archive.display();
    let file = File::open(&arguments.archive).map_err(|e| format!("{path}: {e}"))?;
    if let Some(folder) = &arguments.files {
        std::fs::create_dir(folder)
            .map_err(|e| format!("{} cannot be made: {e}; name a folder that is not there yet", folder.display()))?;
    }
    let store = place::writing(&arguments.place, true)?;
    let mut told = Told::new("reading");
    let imported = read(&store, BufReader::with_capacity(1 << 20, file), &mut |done, all| told.bytes(done, all));
    drop(told);
    let imported = imported.map_err(|halt| {
        // It is empty: nothing was written yet.
        let _ = arguments.files.as_ref().map(std::fs::remove_dir);
        failure(halt, &format!("{path}: "))
    })?;
    let (run, known) = (&imported.list.run, imported.known);
    if let Some(folder) = &arguments.files {
        write_files(folder, &imported.list.files)?;
    }
    print::out(&if arguments.place.json {
        let value = json!({ "run": run.id, "pipeline": run.pipeline, "new": imported.new, "known": known, "bytes": imported.bytes });
        format!("{value}\n")
    } else {
        let short = runs::short_ids(&store)?;
        let here = if known > 0 { format!(", {known} of them here already") } else { String::new() };
        format!(
            "the run {} of `{}`: {}{here}, {}\n",
            short.get(&run.id).unwrap_or(&run.id),
            run.pipeline,
            counted(imported.new + known, "result"),
            units::shown(imported.bytes)
        )
    });
    Ok(ExitCode::SUCCESS)
}

/// Writes the pipeline's files into an empty folder. Their names come from outside: only plain ones are written.
fn write_files(folder: &Path, files: &[(String, String)]) -> Result<(), Failure> {
    if files.is_empty() {
        print::note("the archive has no files of the pipeline: `cache export FILE` takes them in");
        return Ok(());
    }
    let cannot = |e: std::io::Error| Failure::Message(format!("{} cannot be written: {e}", folder.display()));
    for (name, text) in files {
        let plain = |c: char| c.is_alphanumeric() || "._-+ ".contains(c);
        let part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(plain);
        if name.len() > 200 || !name.split('/').all(part) {
            print::note(&format!("`{}` is no plain name of a file: it is left out", name.escape_debug()));
            continue;
        }
        let path = folder.join(name);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let written = made.and_then(|()| File::create_new(&path)).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(cannot)?;
    }
    Ok(())
}

fn failure(halt: Halt, place: &str) -> Failure {
    match halt {
        Halt::Archive(why) => Failure::Message(format!("{place}{why}")),
        Halt::Store(e) => e.into(),
    }
}

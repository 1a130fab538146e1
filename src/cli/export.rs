//! `nasflow export`: the answer's network with its weights, for other programs and for `predict`.

use super::arguments::ExportArguments;
use super::failure::Failure;
use super::load;
use super::{export_origin, print, show};
use crate::base::grouped;
use crate::document::nearest;
use crate::export::{Artefact, FORMATS, Format, ModelCard, Written, run_again, safetensors};
use crate::nn::{DeviceChoice, executor};
use crate::report::show::winner;
use crate::train::weights_from_bytes;
use std::process::ExitCode;

pub fn run(arguments: &ExportArguments) -> Result<ExitCode, Failure> {
    let format = format(arguments)?;
    let pipeline = load::pipeline(&arguments.file)?;
    let store = load::needed_store(&arguments.file)?;
    let prepared = load::prepared(pipeline, Some(&store), &arguments.file, true)?;
    let replay = show::replay(&prepared, Some(&store), load::device(&arguments.numerics)?)?;
    let name = &prepared.pipeline.name;
    let model = winner(&prepared.pipeline, &replay).ok_or_else(|| format!("{name} has no answer yet: `nasflow run` goes on"))?;
    if let Some(files) = export_origin::files(format, arguments, &prepared, &store, model)? {
        write_all(arguments, &files)?;
        print::out(&format!("{}: {} of {name}; read again, it is the same network\n", arguments.output.display(), model.label()));
        return Ok(ExitCode::SUCCESS);
    }
    let (trained, run) = model.trained.as_ref().and_then(|t| Some((t, t.runs.first()?))).ok_or_else(|| match &model.subnet {
        Some(_) => format!("{} has the weights of a supernet: train it (`init inherit`), and what comes of it is exported", model.label()),
        None => format!("{} was never trained, so there is nothing to export", model.label()),
    })?;
    if run.fold.is_some() {
        return Err(format!(
            "{} was trained over folds, once without each: there are {} networks, and none that saw all images; \
             train it on the whole split in a stage of its own, and name that in `answer` (or choose from it), and it is exported",
            model.label(),
            trained.runs.len()
        )
        .into());
    }
    let Some(train) = prepared.pipeline.stages[trained.stage].train() else {
        return Err(format!("{} was never trained", model.label()).into());
    };
    if train.runner.as_ref().is_some_and(|r| !r.value.weights) {
        let why = "its trainer leaves no weights of this network (`runner command weights=#false`), so there is nothing to export";
        return Err(format!("{}: {why}", model.label()).into());
    }
    let info = prepared.data.get(&train.data.value).ok_or_else(|| format!("no data `{}`", train.data.value))?;
    let split = info.splits.get(&train.split.value).ok_or_else(|| format!("no split `{}`", train.split.value))?;
    let architecture = model.candidate.architecture()?.clone();
    let program = architecture.program()?;
    let params = weights_from_bytes(&program, &store.blobs().get(&run.weights)?)?;
    let recipe = train.recipe_of(&trained.read);
    let per_epoch = train.taken(split.images).div_ceil(recipe.batch.max(1)).max(1);
    let metrics = model.figures.iter().map(|(metric, f)| (metric.name(), f.values.first().copied().unwrap_or(f64::NAN)));
    let space = model.drawn.as_ref().and_then(|drawn| Some((prepared.spaces.get(&drawn.space)?, drawn)));
    let choices = space.map_or(Vec::new(), |(space, drawn)| space.choices(&drawn.sample));
    let decisions = space.map_or(Vec::new(), |(space, drawn)| space.describe(&drawn.sample));
    let card = ModelCard {
        architecture,
        classes: info.classes.clone(),
        norm_eps: recipe.bn_eps,
        norm_momentum: recipe.bn_momentum,
        iterations: (trained.epochs * per_epoch) as u64,
        choices,
        decisions,
        candidate: model.candidate.digest,
        weights: run.weights,
        data: split.digest,
        recipe: train.chosen_of(&trained.read),
        metrics: metrics.filter(|(_, v)| v.is_finite()).collect(),
        nasflow: env!("CARGO_PKG_VERSION").to_string(),
    };
    let artefact = Artefact::new(card, params).map_err(|e| e.to_string())?;
    if let (true, Some(differs)) = (arguments.strict, format.differs) {
        let found = differs(&artefact);
        if !found.is_empty() {
            return Err(format!("`--strict`: `{}` would not be the same network there:\n  {}", format.name, found.join("\n  ")).into());
        }
    }
    let output = &arguments.output;
    let stem = output.file_stem().ok_or_else(|| format!("{} names no file", output.display()))?.to_string_lossy();
    let files = (format.write)(&artefact, &stem).map_err(|e| e.to_string())?;
    // What nasflow runs itself is run again before it is called written.
    let mut seen = Vec::new();
    for file in &files {
        seen.push(match format.needs {
            _ if file.ending == safetensors::FORMAT.ending => {
                let again = |program: &_| executor(program, DeviceChoice::Fast, 1);
                run_again(&artefact, &file.bytes, again).map_err(|e| e.to_string())?;
                "; read again, it gives the same outputs".to_string()
            }
            Some(needs) => format!("; not run here, which needs {needs}"),
            None => String::new(),
        });
    }
    write_all(arguments, &files)?;
    for (i, (file, seen)) in files.iter().zip(seen).enumerate() {
        let path = if i == 0 { output.clone() } else { output.with_extension(file.ending) };
        print::out(&format!("{}: {} of {name}, {} bytes{seen}\n", path.display(), model.label(), grouped(file.bytes.len() as u64)));
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the files of a format: its own where `-o` says, the others beside it.
fn write_all(arguments: &ExportArguments, files: &[Written]) -> Result<(), Failure> {
    for (i, file) in files.iter().enumerate() {
        let path = if i == 0 { arguments.output.clone() } else { arguments.output.with_extension(file.ending) };
        write(&path, &file.bytes)?;
    }
    Ok(())
}

/// The format that is asked for: `--format`, else that of the file's ending.
fn format(arguments: &ExportArguments) -> Result<&'static Format, Failure> {
    let output = &arguments.output;
    if let Some(name) = &arguments.format {
        let near = nearest(name, FORMATS.iter().map(|f| f.name)).map_or(".".to_string(), |n| format!("; did you mean `{n}`?"));
        return Format::named(name)
            .ok_or_else(|| format!("`--format {name}` is not known{near} What can be written is {}", Format::names()).into());
    }
    let ending = output.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
    Format::of_ending(&ending).ok_or_else(|| {
        let first = FORMATS[0];
        format!(
            "{}: `.{ending}` cannot be written yet; what can is {}: `-o {}` ({})",
            output.display(),
            Format::names(),
            output.with_extension(first.ending).display(),
            first.doc
        )
        .into()
    })
}

/// Writes a file whole: beside its place first, then renamed.
pub fn write(path: &std::path::Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::Message(format!("{} cannot be written ({} bytes): {e}", path.display(), bytes.len()));
    let mut name = path.file_name().ok_or_else(|| format!("{} names no file", path.display()))?.to_os_string();
    name.push(".part");
    let part = path.with_file_name(name);
    let written = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written.map_err(failed)
}

//! `nasflow export`: the answer's weights as one self-contained file.

use super::arguments::ExportArguments;
use super::failure::Failure;
use super::load;
use super::{print, show};
use crate::base::grouped;
use crate::document::StageKind;
use crate::export::{Artefact, ModelCard};
use crate::report::show::winner;
use crate::space::Head;
use crate::train::weights_from_bytes;
use std::process::ExitCode;

/// The ending of what can be written.
const WRITTEN: &str = "safetensors";
/// Endings that stand for formats of other programs.
const OTHERS: [&str; 17] = [
    "onnx",
    "pt",
    "pth",
    "ckpt",
    "torchscript",
    "engine",
    "trt",
    "tflite",
    "mlmodel",
    "mlpackage",
    "pb",
    "h5",
    "keras",
    "xml",
    "param",
    "npz",
    "gguf",
];

pub fn run(arguments: &ExportArguments) -> Result<ExitCode, Failure> {
    format(&arguments.output)?;
    let pipeline = load::pipeline(&arguments.file)?;
    let store = load::needed_store(&arguments.file)?;
    let prepared = load::prepared(pipeline, Some(&store), &arguments.file, true)?;
    let view = show::replay(&prepared, Some(&store), load::device(&arguments.numerics)?)?;
    let name = &prepared.pipeline.name;
    let model = winner(&prepared.pipeline, &view).ok_or_else(|| format!("{name} has no answer yet: `nasflow run` goes on"))?;
    let (trained, run) = model.trained.as_ref().and_then(|t| Some((t, t.runs.first()?))).ok_or_else(|| match &model.subnet {
        Some(_) => format!("{} has the weights of a supernet: train it (`init inherit`), and what comes of it is exported", model.label()),
        None => format!("{} was never trained, so there is nothing to export", model.label()),
    })?;
    let StageKind::Train(train) = &prepared.pipeline.stages[trained.stage].kind else {
        return Err(format!("{} was never trained", model.label()).into());
    };
    let info = prepared.data.get(&train.data.value).ok_or_else(|| format!("no data `{}`", train.data.value))?;
    let split = info.splits.get(&train.split.value).ok_or_else(|| format!("no split `{}`", train.split.value))?;
    let architecture = model.candidate.architecture.clone();
    let program = architecture.program()?;
    if matches!(program.head, Head::Classify { .. }) {
        return Err(format!(
            "{} is a classifier: exporting those is not supported yet; its weights are the blob {} of the store, in safetensors",
            model.label(),
            run.weights.hex()
        )
        .into());
    }
    let params = weights_from_bytes(&program, &store.blobs().get(&run.weights)?)?;
    let per_epoch = split.images.div_ceil(train.recipe.batch.max(1)).max(1);
    let metrics = model.figures.iter().map(|(metric, f)| (metric.name(), f.values.first().copied().unwrap_or(f64::NAN)));
    let card = ModelCard {
        architecture,
        classes: info.classes.clone(),
        norm_eps: train.recipe.bn_eps,
        iterations: (trained.epochs * per_epoch) as u64,
        candidate: model.candidate.digest,
        weights: run.weights,
        data: split.digest,
        metrics: metrics.filter(|(_, v)| v.is_finite()).collect(),
        nasflow: env!("CARGO_PKG_VERSION").to_string(),
    };
    let artefact = Artefact::new(card, params).map_err(|e| e.to_string())?;
    let bytes = artefact.to_bytes().map_err(|e| e.to_string())?;
    // What was written must load: better to hear of it now than on the target.
    Artefact::from_bytes(&bytes).map_err(|e| format!("the exported file does not load again, which is a bug: {e}"))?;
    write(&arguments.output, &bytes)?;
    print::out(&format!("{}: {} of {name}, {} bytes\n", arguments.output.display(), model.label(), grouped(bytes.len() as u64)));
    Ok(ExitCode::SUCCESS)
}

/// Refuses an ending that stands for another format than the one that is written.
fn format(output: &std::path::Path) -> Result<(), Failure> {
    let ending = output.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        other if OTHERS.contains(&other) => {
            let instead = output.with_extension(WRITTEN);
            Err(format!(
                "{}: `.{other}` cannot be written yet; what can is safetensors: `-o {}` (it holds weights, architecture and classes)",
                output.display(),
                instead.display()
            )
            .into())
        }
        _ => Ok(()),
    }
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

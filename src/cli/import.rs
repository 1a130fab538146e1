//! `nasflow import`: upstream's model YAML and hyper-parameters as KDL.

use super::arguments::ImportArguments;
use super::export::write;
use super::failure::Failure;
use super::print;
use crate::base::grouped;
use crate::export::import;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

pub fn run(arguments: &ImportArguments) -> Result<ExitCode, Failure> {
    let name = arguments.model.file_stem().map_or_else(|| "model".into(), |s| s.to_string_lossy().into_owned());
    let weights = ["pt", "pth", "safetensors", "onnx"];
    let ending = arguments.model.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    if weights.contains(&ending.as_str()) {
        let how = "the weights of a `.pt` are converted by scripts/convert_pt.py, and taken over by `init file=` in a `train`";
        return Err(format!("{}: a model YAML is expected; {how}", arguments.model.display()).into());
    }
    let imported = import::model(&text(&arguments.model)?).map_err(|e| format!("{}: {e}", arguments.model.display()))?;
    let recipe = match &arguments.hyp {
        Some(path) => Some(import::hyp(&text(path)?).map_err(|e| format!("{}: {e}", path.display()))?),
        None => None,
    };
    let file = import::file(&name, &imported, recipe.as_ref())?;
    write(&arguments.output, file.as_bytes())?;
    for note in &imported.notes {
        print::note(&format!("note: {note}"));
    }
    let cost = imported.architecture.cost()?;
    let (layers, params) = (imported.architecture.layers.len(), grouped(cost.params));
    print::out(&format!("{}: {layers} layers, {params} parameters with the classes of the YAML\n", arguments.output.display()));
    Ok(ExitCode::SUCCESS)
}

/// A text file, of which no more is read than a YAML may have.
fn text(path: &Path) -> Result<String, Failure> {
    let failed = |e: std::io::Error| Failure::Message(format!("{}: {e}", path.display()));
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(failed)?.take(import::MAX_YAML as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    String::from_utf8(bytes).map_err(|_| Failure::Message(format!("{}: the file is not UTF-8", path.display())))
}

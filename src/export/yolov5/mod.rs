//! `--format yolov5`: a model YAML that upstream's `models/yolo.py` reads, and weights with the names that it gives them.

mod differ;
mod rows;
mod yaml;

use super::{Artefact, ExportError, Format, Written};
use rows::{Rows, rows};

/// `--format yolov5`
pub const FORMAT: Format = Format {
    name: "yolov5",
    ending: "yaml",
    doc: "a model YAML for Ultralytics' YOLOv5 code, with its weights beside it",
    write,
    needs: Some("Python with YOLOv5's code"),
    differs: Some(differs),
    origin: None,
};

/// The YAML and the weights.
fn write(artefact: &Artefact, stem: &str) -> Result<Vec<Written>, ExportError> {
    let rows = rows_of(artefact)?;
    let differing = differ::differences(artefact, &rows)?;
    let yaml = yaml::text(artefact, &rows, &differing, stem);
    // nasflow's own file has the names that upstream's network has, and `nasflow predict` reads it, too.
    let weights = artefact.to_bytes()?;
    Ok(vec![Written { ending: "yaml", bytes: yaml.into_bytes() }, Written { ending: "safetensors", bytes: weights }])
}

/// What upstream computes otherwise; `--strict` refuses it.
fn differs(artefact: &Artefact) -> Vec<String> {
    rows_of(artefact).and_then(|rows| differ::differences(artefact, &rows)).unwrap_or_default()
}

/// The rows of the network, or the layers that upstream lacks.
fn rows_of(artefact: &Artefact) -> Result<Rows, ExportError> {
    let architecture = &artefact.card.architecture;
    if architecture.anchors().is_none() {
        let why = "YOLOv5's model YAML describes detectors, and this is a classifier; `--format pytorch`, `onnx` and `safetensors` take it";
        return Err(ExportError::CannotWrite(why.into()));
    }
    let mut shapes = vec![architecture.input.shape(); architecture.layers.len()];
    for node in &artefact.program.nodes {
        shapes[node.layer] = artefact.program.values[node.output];
    }
    rows(architecture, &shapes).map_err(|missing| {
        let list = missing.join("\n  ");
        ExportError::CannotWrite(format!(
            "YOLOv5's code cannot build these layers:\n  {list}\nThe other formats can: `--format pytorch` writes the network as one readable file"
        ))
    })
}

#[cfg(test)]
mod tests;

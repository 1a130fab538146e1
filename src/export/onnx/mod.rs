//! A model as an ONNX file, laid out as ultralytics' exporter does: batch norm folded into convolutions, input `images`
//! [batch, channels, h, w] in 0 … 1, output `output0` (boxes [batch, n, 5 + classes] in pixels, or logits), `stride` and `names`
//! in the metadata. The batch may have any size.
//!
//! From the bottom up: `wire` (protocol buffers), `graph` (ONNX's messages), `boxes` (the head's decoding), `network` (operators).

mod boxes;
mod graph;
mod network;
pub(super) mod wire;

use super::card::{python_dict, stride};
use super::{Artefact, ExportError, Format, Written};
use crate::space::Head;
use wire::Message;

/// `--format onnx`
pub const FORMAT: Format = Format {
    name: "onnx",
    ending: "onnx",
    doc: "a graph for other runtimes, batch norm folded, boxes decoded, with `stride` and `names` as ultralytics writes them",
    write,
    needs: Some("onnxruntime"),
    differs: None,
    origin: None,
};

fn write(artefact: &Artefact, _: &str) -> Result<Vec<Written>, ExportError> {
    Ok(vec![Written { ending: FORMAT.ending, bytes: file(artefact)? }])
}

/// The version of the file format, and of the operators.
const IR: i64 = 8;
const OPSET: i64 = 17;
/// The most that one protocol buffer may hold.
const MOST: usize = i32::MAX as usize;

/// The file. The same model gives the same bytes.
fn file(artefact: &Artefact) -> Result<Vec<u8>, ExportError> {
    let (card, program) = (&artefact.card, &artefact.program);
    let size = program.params.iter().map(|p| p.len() * 4).sum::<usize>();
    if size > MOST - (64 << 20) {
        return Err(ExportError::CannotWrite("it has more parameters than an ONNX file holds (2 GiB)".into()));
    }
    let graph = network::graph(program, &artefact.params, card.norm_eps).map_err(ExportError::CannotWrite)?;
    let metrics = card.metrics.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ");
    let mut entries = vec![
        ("names", python_dict(&card.classes)),
        ("task", if card.is_detector() { "detect" } else { "classify" }.to_string()),
        ("imgsz", format!("[{0}, {0}]", card.image_size())),
        ("preprocessing", card.preprocessing().to_string()),
        ("author", format!("nasflow {}", card.nasflow)),
        ("candidate", card.candidate.hex()),
        ("weights", card.weights.hex()),
        ("data", card.data.hex()),
        ("metrics", metrics),
    ];
    if let Head::Detect { strides, .. } = &program.head {
        entries.insert(0, ("stride", stride(strides).to_string()));
    }
    let entry = |(name, value): &(&str, String)| Message::default().bytes(1, name).bytes(2, value);
    let opset = Message::default().bytes(1, "").int(2, OPSET);
    let model = Message::default().int(1, IR).bytes(2, "nasflow").bytes(3, &card.nasflow).message(7, &graph).message(8, &opset);
    Ok(model.all(&entries, |m, e| m.message(14, &entry(e))).0)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

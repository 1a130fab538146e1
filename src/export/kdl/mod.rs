//! The winner as a pipeline to go on with: its network with nothing left open, its data, its recipe.

mod layer;
mod network;
mod pipeline;
mod recipe;
mod text;

pub use layer::usual_padding;
pub use network::{activation, network};
pub use pipeline::{Measured, Origin, Trained, pipeline};
pub use recipe::lines as recipe_lines;
pub use text::{aligned, comment, number, quoted, shortest};

use super::{Artefact, ExportError, Format, Written};

/// `--format kdl`
pub const FORMAT: Format = Format {
    name: "kdl",
    ending: "kdl",
    doc: "a pipeline that trains the network again: no weights",
    write: needs_origin,
    needs: None,
    differs: None,
    origin: Some(write),
};

fn write(origin: &Origin) -> Result<Vec<Written>, ExportError> {
    Ok(vec![Written { ending: FORMAT.ending, bytes: pipeline(origin)?.into_bytes() }])
}

fn needs_origin(_: &Artefact, _: &str) -> Result<Vec<Written>, ExportError> {
    Err(ExportError::CannotWrite("a pipeline is written from a pipeline".into()))
}

#[cfg(test)]
mod tests;

//! A format that a model is written in: a value, held by the file that writes it.

use super::{Artefact, ExportError};

/// A format of `nasflow export`.
#[derive(Debug)]
pub struct Format {
    /// Its word in `--format`, and the ending of its files.
    pub name: &'static str,
    /// What a file holds, for `--help` and messages.
    pub doc: &'static str,
    /// The file. It is read again before it is handed out, where that can be done: better to hear of a fault here than on the target.
    pub write: fn(&Artefact) -> Result<Vec<u8>, ExportError>,
}

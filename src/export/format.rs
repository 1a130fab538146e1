//! A format that a model is written in: a value, held by the file that writes it.

use super::kdl::Origin;
use super::{Artefact, ExportError};

/// A format of `nasflow export`.
#[derive(Debug)]
pub struct Format {
    /// Its word in `--format`.
    pub name: &'static str,
    /// The ending of its file.
    pub ending: &'static str,
    /// What a file holds, for `--help` and messages.
    pub doc: &'static str,
    /// The files, that of the format itself first; they will have one stem, which is given: a file may name another by it. A file is
    /// read again before it is handed out, where that can be done: better to hear of a fault here than on the target.
    pub write: fn(&Artefact, &str) -> Result<Vec<Written>, ExportError>,
    /// What else a user needs to run the format's own file; nothing of what nasflow runs itself.
    pub needs: Option<&'static str>,
    /// What the target computes otherwise than nasflow, a sentence each, though the file can be written; `--strict` refuses it.
    pub differs: Option<fn(&Artefact) -> Vec<String>>,
    /// Where it holds no weights: the files, from where the network comes from. [`write`](Self::write) is not asked then.
    pub origin: Option<fn(&Origin) -> Result<Vec<Written>, ExportError>>,
}

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// What follows the stem and a dot.
    pub ending: &'static str,
    /// What it holds.
    pub bytes: Vec<u8>,
}

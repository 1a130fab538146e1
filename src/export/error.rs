//! Why a model could not be written, read or run.

use std::fmt;

/// Each carries what is wrong in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportError {
    /// The bytes are not a safetensors file that this program reads.
    NotSafetensors(String),
    /// A safetensors file, but not one of nasflow's models: an entry of the metadata is missing or wrong.
    NotAModel(String),
    /// The tensors do not belong to the architecture, or were changed.
    WrongTensors(String),
    /// A model that this file cannot hold.
    CannotWrite(String),
    /// The executor failed.
    Run(String),
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExportError::NotSafetensors(why) => write!(f, "not a safetensors file: {why}"),
            ExportError::NotAModel(why) => write!(f, "not a model written by nasflow: {why}"),
            ExportError::WrongTensors(why) => write!(f, "the tensors do not fit the file's architecture: {why}"),
            ExportError::CannotWrite(why) => write!(f, "the model cannot be written: {why}"),
            ExportError::Run(why) => write!(f, "the model cannot run: {why}"),
        }
    }
}

impl std::error::Error for ExportError {}

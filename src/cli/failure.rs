//! Why a command failed.

use crate::document::Diagnostics;
use crate::run::RunError;
use crate::store::StoreError;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The document is wrong: shown with its places.
    Document(Box<Diagnostics>),
    /// Anything else, in words, with what to do.
    Message(String),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Failure::Message(message)
    }
}

impl From<RunError> for Failure {
    fn from(e: RunError) -> Self {
        match e {
            RunError::Document(d) => Failure::Document(d),
            other => coded(&other, other.code()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(e: StoreError) -> Self {
        coded(&e, e.code())
    }
}

/// A message with the code under which `nasflow help` explains it.
fn coded(error: &dyn std::fmt::Display, code: &str) -> Failure {
    Failure::Message(format!("{error}\n  (nasflow::{code}: `nasflow help {code}` explains it)"))
}

//! Why a command failed.

use crate::document::Diagnostics;
use crate::remote::RemoteError;
use crate::run::RunError;
use crate::store::StoreError;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The document is wrong: shown with its places.
    Document(Box<Diagnostics>),
    /// The store's index is damaged: a run that meets it builds it anew and goes on.
    Index(String),
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
            RunError::Store(e) => e.into(),
            other => Failure::Message(coded(&other, other.code())),
        }
    }
}

impl From<RemoteError> for Failure {
    fn from(e: RemoteError) -> Self {
        Failure::Message(coded(&e, e.code()))
    }
}

impl From<StoreError> for Failure {
    fn from(e: StoreError) -> Self {
        let message = coded(&e, e.code());
        if e.is_corrupt() { Failure::Index(message) } else { Failure::Message(message) }
    }
}

/// A message with the code under which `nasflow help` explains it.
fn coded(error: &dyn std::fmt::Display, code: &str) -> String {
    format!("{error}\n  (nasflow::{code}: `nasflow help {code}` explains it)")
}

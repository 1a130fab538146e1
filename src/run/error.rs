//! Errors of a run: what a trial did wrong is a result and never comes here.

use crate::document::Diagnostics;
use std::fmt;

/// Why a run could not go on. The same command goes on once the cause is gone.
#[derive(Debug)]
pub enum RunError {
    /// The document is wrong.
    Document(Box<Diagnostics>),
    /// The store cannot be read or written.
    Store(String),
    /// A data set is broken.
    Data(String),
    /// A worker could not be started, or said that the run cannot go on.
    Worker(String),
    /// A bug: the plan neither ends nor has work.
    Stuck(String),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Document(d) => write!(f, "{d}"),
            RunError::Store(m) | RunError::Data(m) | RunError::Worker(m) => f.write_str(m),
            RunError::Stuck(m) => write!(f, "nasflow is stuck, which is a bug of its own: {m}"),
        }
    }
}

impl std::error::Error for RunError {}

impl From<Diagnostics> for RunError {
    fn from(d: Diagnostics) -> Self {
        RunError::Document(Box::new(d))
    }
}

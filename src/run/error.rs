//! Errors of a run: what a trial did wrong is a result and never comes here.

use super::launch::LaunchError;
use crate::document::Diagnostics;
use crate::store::StoreError;

/// Why a run could not go on. The same command goes on once the cause is gone.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The document is wrong.
    #[error("{0}")]
    Document(Box<Diagnostics>),
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A result is there and whole, and cannot be understood.
    #[error("{what}: {why}")]
    Unreadable {
        /// Which result.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// A data set is broken.
    #[error("{0}")]
    Data(String),
    /// A worker could not be started.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// A worker said that the run cannot go on, or left something else than what was asked for.
    #[error("{0}")]
    Worker(String),
    /// A worker had no room on the disk.
    #[error("{why}")]
    Full {
        /// In the worker's words.
        why: String,
        /// Bytes that it takes to go on.
        needed: u64,
    },
    /// The scratch store of a trial run cannot be made.
    #[error("no scratch store: {0}")]
    Scratch(std::io::Error),
    /// A bug: the plan neither ends nor has work.
    #[error("nasflow is stuck, which is a bug of its own: {0}")]
    Stuck(String),
}

impl RunError {
    /// Bytes of room that it takes to go on, where a full disk is why the run cannot.
    pub fn room(&self) -> Option<u64> {
        match self {
            RunError::Store(e) | RunError::Launch(LaunchError::Store(e)) => e.room(),
            RunError::Full { needed, .. } => Some(*needed),
            _ => None,
        }
    }

    /// A stable code, which `docs/errors.md` explains.
    pub fn code(&self) -> &'static str {
        match self {
            RunError::Document(found) => found.items.first().map_or("syntax", |d| d.code),
            RunError::Store(e) => e.code(),
            RunError::Unreadable { .. } => "run::unreadable",
            RunError::Data(_) => "run::data",
            RunError::Launch(LaunchError::Store(e)) => e.code(),
            RunError::Launch(_) => "run::launch",
            RunError::Worker(_) => "run::worker",
            RunError::Full { .. } => "store::full",
            RunError::Scratch(_) => "run::scratch",
            RunError::Stuck(_) => "run::stuck",
        }
    }
}

impl From<Diagnostics> for RunError {
    fn from(d: Diagnostics) -> Self {
        RunError::Document(Box::new(d))
    }
}

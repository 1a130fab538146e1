//! Why a data set cannot be used.

pub use super::finding::{Finding, FindingKind, Findings};
use std::fmt;
use std::path::{Path, PathBuf};

/// Why a data set cannot be used.
#[derive(Clone, Debug, PartialEq)]
pub enum DataError {
    /// A file or folder could not be read.
    Io {
        /// Which.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
    /// A file is not what its format says, or the description asks for what is not there.
    Format {
        /// Which file or folder.
        path: PathBuf,
        /// What is wrong and what to do.
        cause: String,
    },
    /// A file's bytes are not those that were scanned.
    Changed {
        /// Which.
        path: PathBuf,
    },
    /// Whoever waited for it did not want it any more.
    Stopped,
    /// The description of the data set cannot be followed.
    Invalid(String),
    /// Errors among the findings (warnings stand beside them).
    Findings(Vec<Finding>),
}

impl DataError {
    pub(crate) fn io(path: &Path, cause: impl fmt::Display) -> Self {
        DataError::Io { path: path.to_path_buf(), cause: cause.to_string() }
    }
    /// With every name of every finding.
    pub fn all(&self) -> String {
        match self {
            DataError::Findings(findings) => lines(findings, Finding::all),
            other => other.to_string(),
        }
    }
    pub(crate) fn format(path: &Path, cause: impl fmt::Display) -> Self {
        DataError::Format { path: path.to_path_buf(), cause: cause.to_string() }
    }
}

fn lines(findings: &[Finding], text: impl Fn(&Finding) -> String) -> String {
    findings.iter().filter(|f| f.kind.is_error()).map(text).collect::<Vec<_>>().join("\n")
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataError::Io { path, cause } => write!(f, "cannot read {}: {cause}", path.display()),
            DataError::Format { path, cause } => write!(f, "{}: {cause}", path.display()),
            DataError::Changed { path } => {
                write!(
                    f,
                    "{} has changed since the data set was scanned; run again (with --rehash where its times did not change)",
                    path.display()
                )
            }
            DataError::Stopped => f.write_str("told to stop"),
            DataError::Invalid(text) => f.write_str(text),
            DataError::Findings(findings) => f.write_str(&lines(findings, Finding::to_string)),
        }
    }
}

impl std::error::Error for DataError {}

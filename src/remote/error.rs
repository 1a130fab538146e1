//! What can go wrong with a shared store, in sentences that say what to do next.

use std::path::PathBuf;

/// Why a shared store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The address is none.
    #[error("the remote `{address}` cannot be used: {why}")]
    Address {
        /// As it was written.
        address: String,
        /// What is wrong with it, and what to write.
        why: String,
    },
    /// The place does not serve.
    #[error("the remote {address} does not serve: {why}; the same command goes on where it stopped")]
    Unreachable {
        /// The place.
        address: String,
        /// Its answer.
        why: String,
    },
    /// One's own key.
    #[error("the key {}: {why}", path.display())]
    Key {
        /// Its file.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
    /// Somebody else's key, as it was written.
    #[error("`{written}` is no public key: {why}; `nasflow cache key` prints one, such as `nasflow:…=`")]
    Trust {
        /// As it was written.
        written: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is nobody whose results would be taken.
    #[error(
        "nothing can be taken from {address}: you trust nobody; write `trust \"nasflow:…\"` into `remote` of the configuration (`nasflow cache key` of the others prints theirs)"
    )]
    Nobody {
        /// The place.
        address: String,
    },
    /// No place is named.
    #[error("no remote is named: say `--remote URL`, set NASFLOW_REMOTE, or write `store {{ remote \"…\" }}` into the configuration")]
    Unnamed,
    /// The user wants no network.
    #[error("`--offline` (or NASFLOW_OFFLINE) forbids the network, and {doing} needs it: leave it out")]
    Offline {
        /// What was to be done.
        doing: String,
    },
}

impl RemoteError {
    /// A stable code, which `docs/errors.md` explains.
    pub fn code(&self) -> &'static str {
        match self {
            RemoteError::Address { .. } | RemoteError::Unnamed => "remote::address",
            RemoteError::Unreachable { .. } => "remote::unreachable",
            RemoteError::Key { .. } => "remote::key",
            RemoteError::Trust { .. } | RemoteError::Nobody { .. } => "remote::trust",
            RemoteError::Offline { .. } => "remote::offline",
        }
    }
}

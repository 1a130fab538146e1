//! Why a request to a place came to nothing.

use crate::store::StoreError;
use std::io;

/// Why a request came to nothing.
#[derive(Debug)]
pub enum Fault {
    /// There is no such object.
    Absent,
    /// There are more bytes than were announced.
    TooLarge {
        /// How many there may be.
        most: u64,
    },
    /// The place did not answer within its time.
    Slow(String),
    /// The place does not let us.
    Denied(String),
    /// The place cannot be reached, or failed; another try may succeed.
    Down(String),
    /// The place cannot do it, or answered what makes no sense.
    Wrong(String),
    /// The bytes are not those of their name.
    Damaged,
    /// Our own store failed.
    Store(StoreError),
}

impl Fault {
    /// Whether another try may succeed.
    pub fn passes(&self) -> bool {
        matches!(self, Fault::Down(_))
    }

    /// What to say of a place that does not serve; none where it is not the place's fault as a whole.
    pub fn of_place(&self) -> Option<&str> {
        match self {
            Fault::Slow(why) | Fault::Denied(why) | Fault::Down(why) | Fault::Wrong(why) => Some(why),
            Fault::Absent | Fault::TooLarge { .. } | Fault::Damaged | Fault::Store(_) => None,
        }
    }

    /// From the system's answer about a file of a folder.
    pub fn io(doing: &str, path: &std::path::Path, e: &io::Error) -> Fault {
        let why = format!("cannot {doing} {}: {e}", path.display());
        match e.kind() {
            io::ErrorKind::NotFound => Fault::Absent,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Fault::Denied(why),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Fault::Wrong(why),
            _ => Fault::Down(why),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::Unexpected { .. } => Fault::Damaged,
            other => Fault::Store(other),
        }
    }
}

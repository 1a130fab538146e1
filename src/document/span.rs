//! Places in files.

use serde::{Deserialize, Serialize};

/// A place in one of the files of a pipeline: file number (0 is the top file), byte offset and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Span {
    /// Index into [`super::Sources::files`].
    pub file: u16,
    /// Byte offset in that file.
    pub offset: usize,
    /// Length in bytes.
    pub len: usize,
}

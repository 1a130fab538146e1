//! What the parts of the page are worked out from.

use crate::plan::Replay;
use crate::report::rows::Row;
use crate::run::Prepared;
use crate::run::kept::Kept;

/// The rows with all that is read beside them.
pub struct Beside<'a> {
    /// The pipeline with its spaces.
    pub prepared: &'a Prepared,
    /// What is known.
    pub replay: &'a Replay,
    /// All rows.
    pub rows: &'a [Row],
    /// What the store keeps.
    pub kept: &'a Kept,
}

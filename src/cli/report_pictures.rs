//! Some images of a report: truth and prediction, from predictions that the store has. No network runs for them.

use crate::plan::Replay;
use crate::report::page::Pictures;
use crate::run::Prepared;
use crate::store::Store;

/// Of the winner, where its predictions are kept.
pub fn pictures(_prepared: &Prepared, _replay: &Replay, _store: &Store) -> Option<Pictures> {
    None
}

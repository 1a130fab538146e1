//! The rows of a table while its file is read.

use super::key::RowKey;
use std::collections::HashMap;

/// The most values of one field: seeds of one network.
pub(super) const MAX_VALUES: usize = 1000;
/// The most rows.
const MAX_ROWS: usize = 2_000_000;
/// The most columns; of JSON, the most fields that messages know of.
pub(super) const MAX_COLUMNS: usize = 10_000;

/// One cell: no value, one, or one a seed.
pub(super) type Cell = Box<[f64]>;

/// Why a file is no table.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// It cannot be understood: where and why.
    Broken(String),
    /// There is no such column of keys.
    NoKeys {
        /// Which is missing, by its place.
        missing: usize,
        /// These are there.
        columns: Vec<String>,
    },
}

/// A number that a cell may hold: none stands for no value.
pub(super) fn number(text: &str) -> Option<Option<f64>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(None);
    }
    text.parse::<f64>().ok().map(Some)
}

/// Adds a row; a key that stands twice is no table.
pub(super) fn add(rows: &mut HashMap<Box<str>, Box<[Cell]>>, key: &RowKey, cells: Vec<Cell>) -> Result<(), String> {
    if rows.len() == MAX_ROWS {
        return Err(format!("more than {MAX_ROWS} rows"));
    }
    match rows.insert(key.joined().into(), cells.into()) {
        None => Ok(()),
        Some(_) => Err(format!("the row `{key}` stands twice")),
    }
}

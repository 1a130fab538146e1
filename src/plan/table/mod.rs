//! Tables of benchmarks: a file of figures, one row an architecture, read once and then looked up.
//!
//! Parsing is pure: `run` supplies the bytes. Files are hostile until parsed; memory is bounded by their size.

mod csv;
mod json;
mod key;
mod rows;

pub use key::{RowKey, Unkeyed, key_of};
pub use rows::Fault;

use super::Figure;
use crate::base::Digest;
use crate::document::TableColumn;
use rows::Cell;
use std::collections::{BTreeMap, HashMap};

/// The most bytes of a table's file.
pub const MAX_BYTES: u64 = 256 << 20;
/// What is read of a file: the columns that some stage asks for. Those that the file lacks are not in `columns`.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The digest of the file's bytes.
    pub digest: Digest,
    /// All columns that the file has, in its order.
    pub columns: Vec<String>,
    /// Columns that are read → their place in a row.
    read: BTreeMap<String, usize>,
    rows: HashMap<Box<str>, Box<[Cell]>>,
}

impl Table {
    /// Reads a file: CSV where its name ends in `.csv`, else JSON. `keys` are the columns that name the rows, `wanted` those
    /// to read.
    pub fn parse(name: &str, bytes: &[u8], keys: &[&str], wanted: &[&str]) -> Result<Table, Fault> {
        let digest = Digest::of(bytes);
        let mut read: BTreeMap<String, usize> = BTreeMap::new();
        for column in wanted {
            let next = read.len();
            read.entry((*column).to_string()).or_insert(next);
        }
        let csv = name.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("csv"));
        // Some editors begin a file with it.
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let (columns, rows) = if csv { csv::parse(text, keys, &read)? } else { json::parse(text, keys, &read)? };
        if rows.is_empty() {
            return Err(Fault::Broken("it has no rows".into()));
        }
        Ok(Table { digest, columns, read, rows })
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether it has this row.
    pub fn has(&self, key: &RowKey) -> bool {
        self.rows.contains_key(key.joined().as_str())
    }

    /// The key of some row: the least, so that messages do not change.
    pub fn example(&self) -> Option<RowKey> {
        self.rows.keys().min().map(|key| RowKey(key.split(key::BETWEEN).map(str::to_string).collect()))
    }

    /// The figure of a row: the values of all its columns, in their order. The error says what is missing.
    pub fn figure(&self, key: &RowKey, column: &TableColumn) -> Result<Figure, String> {
        let Some(row) = self.rows.get(key.joined().as_str()) else { return Err(format!("the table has no row `{key}`")) };
        let cells = column.names.iter().filter_map(|name| row.get(*self.read.get(&name.value)?));
        let values: Vec<f64> = cells.flat_map(|cell| cell.iter().map(|v| column.scaled(*v))).collect();
        if values.is_empty() || values.iter().any(|v| !v.is_finite()) {
            let metric = column.metric.value.name();
            return Err(format!("the table has no `{metric}` in row `{key}`"));
        }
        Ok(Figure::of(values))
    }

    /// A value of a column that lies outside 0 … 1, as the metric.
    pub fn outside(&self, column: &TableColumn) -> Option<f64> {
        let places: Vec<usize> = column.names.iter().filter_map(|n| self.read.get(&n.value).copied()).collect();
        let values = self.rows.values().flat_map(|row| places.iter().filter_map(|p| row.get(*p))).flat_map(|cell| cell.iter());
        let odd = values.map(|v| column.scaled(*v)).filter(|v| v.is_finite() && !(0.0..=1.0).contains(v));
        odd.max_by(|a, b| a.abs().total_cmp(&b.abs()).then(a.total_cmp(b)))
    }
}

#[cfg(test)]
mod tests;

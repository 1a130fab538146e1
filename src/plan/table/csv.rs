//! Tables as CSV (RFC 4180): a line of names, then one row a line; cells in double quotes may hold commas and line ends.
//!
//! Not by the crate `csv`: it takes a quote that never ends for one long cell, and what stands behind a quoted cell for a part of
//! it, so that rows of a damaged file would be missing in silence.

use super::key::{RowKey, shorten};
use super::rows::{Cell, Fault, MAX_COLUMNS, add, number};
use std::collections::{BTreeMap, HashMap};

/// The columns of the file, and its rows by key.
pub fn parse(bytes: &[u8], keys: &[&str], read: &BTreeMap<String, usize>) -> Result<(Vec<String>, HashMap<Box<str>, Box<[Cell]>>), Fault> {
    let text = std::str::from_utf8(bytes).map_err(|e| Fault::Broken(format!("byte {} is not UTF-8", e.valid_up_to())))?;
    let mut lines = Lines { rest: text, line: 1 };
    let broken = |line: usize, why: String| Fault::Broken(format!("line {line}: {why}"));
    let mut cells: Vec<String> = Vec::new();
    if !lines.next(&mut cells).map_err(|why| broken(1, why))? {
        return Err(Fault::Broken("it is empty".into()));
    }
    let columns: Vec<String> = cells.iter().map(|c| c.trim().to_string()).collect();
    let mut key = Vec::new();
    for (missing, name) in keys.iter().enumerate() {
        match columns.iter().position(|c| c == name) {
            Some(place) => key.push(place),
            None => return Err(Fault::NoKeys { missing, columns }),
        }
    }
    let twice = (0..columns.len()).find(|&i| (key.contains(&i) || read.contains_key(&columns[i])) && columns[..i].contains(&columns[i]));
    if let Some(i) = twice {
        return Err(broken(1, format!("the column `{}` stands twice", shorten(&columns[i]))));
    }
    let places: Vec<(usize, usize)> = columns.iter().enumerate().filter_map(|(i, c)| read.get(c).map(|place| (i, *place))).collect();
    let mut rows = HashMap::new();
    loop {
        let at = lines.line;
        if !lines.next(&mut cells).map_err(|why| broken(at, why))? {
            return Ok((columns, rows));
        }
        if cells.len() == 1 && cells[0].is_empty() {
            continue;
        }
        if cells.len() != columns.len() {
            return Err(broken(at, format!("{} cells, where the first line has {}", cells.len(), columns.len())));
        }
        let mut row: Vec<Cell> = vec![Box::default(); read.len()];
        for &(i, place) in &places {
            match number(&cells[i]) {
                Some(value) => row[place] = value.into_iter().collect(),
                None => return Err(broken(at, format!("`{}` of `{}` is no number", shorten(&cells[i]), shorten(&columns[i])))),
            }
        }
        // A line end in a key stood in quotes and is meant.
        let key = key.iter().map(|&i| cells[i].trim_matches([' ', '\t']).to_string()).collect();
        add(&mut rows, &RowKey(key), row).map_err(|why| broken(at, why))?;
    }
}

/// The rows of a text.
struct Lines<'t> {
    rest: &'t str,
    /// The line at which `rest` begins, from 1.
    line: usize,
}

impl Lines<'_> {
    /// The next row's cells; false at the end.
    fn next(&mut self, cells: &mut Vec<String>) -> Result<bool, String> {
        cells.clear();
        if self.rest.is_empty() {
            return Ok(false);
        }
        loop {
            let mut cell = String::new();
            if let Some(quoted) = self.rest.strip_prefix('"') {
                self.rest = quoted;
                loop {
                    let Some(end) = self.rest.find('"') else { return Err("a quoted cell never ends".into()) };
                    cell += &self.rest[..end];
                    self.rest = &self.rest[end + 1..];
                    match self.rest.strip_prefix('"') {
                        Some(after) => {
                            cell.push('"');
                            self.rest = after;
                        }
                        None => break,
                    }
                }
                self.line += cell.matches('\n').count();
            } else {
                let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
                let ends_line = !self.rest[end..].starts_with(',');
                let plain = &self.rest[..end];
                cell += if ends_line { plain.strip_suffix('\r').unwrap_or(plain) } else { plain };
                self.rest = &self.rest[end..];
            }
            if cells.len() == MAX_COLUMNS {
                return Err(format!("more than {MAX_COLUMNS} cells in a line"));
            }
            cells.push(cell);
            let after = self.rest.strip_prefix('\r').unwrap_or(self.rest);
            if let Some(after) = self.rest.strip_prefix(',') {
                self.rest = after;
            } else if let Some(after) = after.strip_prefix('\n') {
                self.rest = after;
                self.line += 1;
                return Ok(true);
            } else if after.is_empty() {
                self.rest = after;
                return Ok(true);
            } else {
                return Err("something stands behind a quoted cell".into());
            }
        }
    }
}

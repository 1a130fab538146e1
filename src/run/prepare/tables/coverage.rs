//! Whether the networks of a space have rows in a table.

use crate::document::{Diagnostic, TableSource};
use crate::plan::Table;
use crate::plan::table::key_of;
use crate::space::{Sample, Space};

/// Spaces of at most so many samples are looked up whole; of others so many random ones are.
const LOOKED_UP: usize = 1000;
/// The share with a row below which it is said.
const FEW: f64 = 0.5;

/// An error where no network has a row, a warning where few have one.
pub fn check(source: &TableSource, table: &Table, space: &Space) -> Option<Diagnostic> {
    let all = space.enumerate(LOOKED_UP);
    let whole = all.is_some();
    let samples = all.unwrap_or_else(|| (0..LOOKED_UP as u64).map(|i| space.random(0, &[u64::MAX, i])).collect());
    let key = |sample: &Sample| key_of(source, space.decisions(), &space.describe(sample));
    let with = samples.iter().filter(|s| key(s).is_ok_and(|k| table.has(&k))).count();
    if samples.is_empty() || with as f64 >= FEW * samples.len() as f64 {
        return None;
    }
    let place = source.key.first().map_or(source.file.span, |k| k.span);
    let (of, name) = (samples.len(), &space.name);
    let networks = if whole { format!("the {of} networks of `{name}`") } else { format!("{of} random networks of `{name}`") };
    let missing = samples.iter().find_map(|s| match key(s) {
        Ok(k) if table.has(&k) => None,
        Ok(k) => Some(format!("asked for was `{k}`")),
        Err(why) => Some(why.0),
    })?;
    let example = table.example().map_or(String::new(), |k| format!(", there is `{k}`"));
    let message = if with == 0 {
        format!("none of {networks} has a row in the table")
    } else {
        format!("{with} of {networks} {} a row in the table", if with == 1 { "has" } else { "have" })
    };
    // Of a space that is not looked up whole, some may have one.
    let d = match (with, whole) {
        (0, true) => Diagnostic::error("table-rows", message, place, "finds no row"),
        (0, false) => Diagnostic::warning("table-rows", message, place, "finds no row"),
        _ => Diagnostic::warning("table-rows", message, place, "finds few rows"),
    };
    let fail = if with == 0 { "" } else { "; the others fail" };
    Some(d.help(format!("{missing}{example}{fail}")))
}

//! What `plan` says of spaces: how many networks they hold, within which bounds, and what these cost.

use super::check::{samples, searched, within};
use super::print;
use crate::plan::lead::spaces_of;
use crate::report::{number, survey};
use crate::run::Prepared;
use crate::space::{Effort, LatencyTable, Space, Survey, TABLE_LATENCY};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Samples of a large space that are looked at to say how many are within its bounds.
const LOOKED: usize = 8000;

/// Every space, looked at.
pub fn surveys(prepared: &Prepared, effort: Effort) -> BTreeMap<String, Survey> {
    let one = |(name, space): (&String, &Space)| {
        let tables = tables(prepared, name, space);
        (name.clone(), space.survey(effort, &tables))
    };
    prepared.spaces.iter().map(one).collect()
}

/// The tables of latencies by which a space is bounded, or its networks are measured; each once.
fn tables<'p>(prepared: &'p Prepared, name: &str, space: &'p Space) -> Vec<(String, &'p LatencyTable)> {
    let bounds = space.bounds().iter().filter_map(|b| b.table()).map(|(table, _)| &**table);
    let stages =
        prepared.pipeline.stages.iter().filter(|stage| spaces_of(&prepared.pipeline, &stage.name.value).contains(&name.to_string()));
    let measured = stages.filter_map(|stage| prepared.latencies.get(&stage.name.value)).map(|table| &**table);
    let mut tables: Vec<&LatencyTable> = vec![];
    for table in bounds.chain(measured) {
        if tables.iter().all(|known| known.digest() != table.digest()) {
            tables.push(table);
        }
    }
    let word = TABLE_LATENCY.word.word.name;
    let called = |i: usize| if i == 0 { word.to_string() } else { format!("{word} {}", i + 1) };
    tables.into_iter().enumerate().map(|(i, table)| (called(i), table)).collect()
}

/// A paragraph a space; of those that were not looked at only their size and bounds.
pub fn text(prepared: &Prepared, surveys: &BTreeMap<String, Survey>) -> String {
    let mut out = String::new();
    for (name, own) in &prepared.spaces {
        let space = searched(prepared, name, own);
        let survey = surveys.get(name);
        let networks = survey.map_or(String::new(), |survey| format!("; {}", survey::networks(survey)));
        // Networks are counted without what their trainings choose.
        let alone = if space.size() == own.size() { String::new() } else { format!("; without the trainings' choices {}", samples(own)) };
        let _ = write!(out, "\nspace {name:?}: {}{alone}{networks}", samples(&space));
        if space.bounds().is_empty() {
            out += "\n";
        } else {
            let shares = space.shares(LOOKED);
            let of = if shares.exact { "of all" } else { "of" };
            let share = |n: usize| 100.0 * n as f64 / shares.samples.max(1) as f64;
            for (bound, met) in space.bounds().iter().zip(&shares.per_bound) {
                let samples = number::grouped(shares.samples as u64);
                let _ = write!(out, "; {:.1} % {of} {samples} meet {}", share(*met), bound.text());
            }
            out += "\n";
            // Of one bound that was said above, unless it is too small for that line.
            if space.bounds().len() > 1 || shares.admitted < 0.001 {
                out += &within(&space, &shares);
            }
        }
        out += &survey.map_or(String::new(), |survey| survey::lines(survey, print::columns()));
    }
    out
}

//! The runs of a store as people name them: each has a short id, and `latest` is the last.

use super::record;
use crate::base::Digest;
use crate::results::RunSummary;
use crate::store::{RunRecord, Store, StoreError};
use serde::Serialize;
use std::collections::BTreeMap;

/// Digits and letters of short ids: none looks like another.
const ALPHABET: &[u8; 30] = b"23456789abcdefghjkmnpqrstvwxyz";
/// How many a code has.
const LENGTH: usize = 16;
/// How many are shown at least.
const SHORTEST: usize = 4;

/// A run, named.
#[derive(Clone, Debug)]
pub struct Run {
    /// The shortest beginning of its code that no other run of the store shares; four characters at least.
    pub id: String,
    /// The whole code.
    code: String,
    /// Its record.
    pub record: RunRecord,
    /// What that says the run did.
    pub summary: RunSummary,
    /// `finished`, `paused`, `interrupted`, `failed`, `killed` or `running`; of older programs also `stopped`.
    pub outcome: String,
}

/// The same for programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Told {
    /// The short id.
    pub id: String,
    /// The record's own name, which never changes.
    pub record: String,
    /// The pipeline.
    pub pipeline: String,
    /// The file that it came from.
    pub source: String,
    /// When it began, in seconds since 1970.
    pub begun: u64,
    /// When it ended; none while it runs, and where it was killed.
    pub ended: Option<u64>,
    /// How it ended, or that it runs.
    pub outcome: String,
    /// Actions computed: kind → how many.
    pub executed: BTreeMap<String, usize>,
    /// Trials that it gave up.
    pub given_up: usize,
    /// What it was at when its record was written last.
    pub under_way: Vec<String>,
    /// Why it could not go on.
    pub error: String,
    /// The version of the program; empty of records from before this was kept.
    pub program: String,
}

impl Run {
    /// For programs.
    pub fn told(&self) -> Told {
        Told {
            id: self.id.clone(),
            record: self.record.id.clone(),
            pipeline: self.record.pipeline.clone(),
            source: self.record.source.clone(),
            begun: self.record.begun,
            ended: self.record.ended,
            outcome: self.outcome.clone(),
            executed: self.computed(),
            given_up: self.summary.given_up.len(),
            under_way: self.summary.under_way.clone(),
            error: self.summary.error.clone(),
            program: self.summary.program.clone(),
        }
    }

    /// What it computed, by kind: of a run that was killed, as far as its record knew.
    fn computed(&self) -> BTreeMap<String, usize> {
        let mut computed = self.summary.executed.clone();
        for ran in self.summary.ran.values().flatten() {
            let known = computed.entry(ran.kind.clone()).or_default();
            *known = (*known).max(ran.keys.len());
        }
        computed
    }

    /// `2026-01-31 10:15` (UTC), from its record's name.
    pub fn when(&self) -> String {
        when(&self.record.id)
    }
}

/// `2026-01-31 10:15` of `20260131T101502.…`; the text itself where it is none.
pub fn when(id: &str) -> String {
    match (id.get(..8), id.get(8..9), id.get(9..13)) {
        (Some(day), Some("T"), Some(time)) if day.bytes().chain(time.bytes()).all(|b| b.is_ascii_digit()) => {
            format!("{}-{}-{} {}:{}", &day[..4], &day[4..6], &day[6..], &time[..2], &time[2..])
        }
        _ => id.to_string(),
    }
}

/// All runs of a store, oldest first.
///
/// # Errors
/// Those of the store.
pub fn listed(store: &Store) -> Result<Vec<Run>, StoreError> {
    let records = store.runs(None)?;
    let codes: Vec<String> = records.iter().map(|r| code(&r.id)).collect();
    let shorts = shortened(&codes);
    let mut runs = Vec::with_capacity(records.len());
    for ((record, code), id) in records.into_iter().zip(codes).zip(shorts) {
        let summary = record::read_run(&record.values).unwrap_or_default();
        let outcome = match record.ended {
            Some(_) => record.outcome.clone(),
            None if Store::is_alive(store.root(), &record.pipeline, &summary.alive)? => "running".to_string(),
            None => "killed".to_string(),
        };
        runs.push(Run { id, code, record, summary, outcome });
    }
    Ok(runs)
}

/// The record of the run that a person means.
///
/// # Errors
/// As [`named`]; those of the store, in words.
pub fn record_of(store: &Store, name: &str) -> Result<RunRecord, String> {
    let runs = listed(store).map_err(|e| e.to_string())?;
    named(&runs, name).map(|run| run.record.clone())
}

/// The short ids of a store's runs by their records' names.
///
/// # Errors
/// Those of the store.
pub fn short_ids(store: &Store) -> Result<BTreeMap<String, String>, StoreError> {
    Ok(listed(store)?.into_iter().map(|run| (run.record.id, run.id)).collect())
}

/// The run that a person means: `latest`, `latest-1` for the one before it, the beginning of a short id, or of a record's name.
///
/// # Errors
/// What is wrong with the name, and what there is.
pub fn named<'r>(runs: &'r [Run], name: &str) -> Result<&'r Run, String> {
    let last: Vec<&Run> = runs.iter().rev().take(5).collect();
    let known = match last.is_empty() {
        true => "this store has no runs yet".to_string(),
        false => format!("the last are {}; `nasflow runs` lists all", last.iter().map(|r| r.id.as_str()).collect::<Vec<_>>().join(", ")),
    };
    if let Some(back) = name.strip_prefix("latest") {
        let back = if back.is_empty() { Some(0) } else { back.strip_prefix('-').and_then(|n| n.parse::<usize>().ok()) };
        let Some(back) = back else { return Err(format!("`{name}` names no run: write `latest`, or `latest-1` for the one before it")) };
        return runs.iter().rev().nth(back).ok_or_else(|| format!("`{name}`: there are {} runs; {known}", runs.len()));
    }
    let wanted = name.to_ascii_lowercase();
    let meant: Vec<&Run> =
        runs.iter().filter(|r| !wanted.is_empty() && (r.code.starts_with(&wanted) || r.record.id.starts_with(name))).collect();
    match meant.as_slice() {
        [run] => Ok(run),
        [] => Err(format!("no run is called `{name}`: {known}")),
        several => {
            let ids: Vec<&str> = several.iter().map(|r| r.id.as_str()).collect();
            Err(format!("`{name}` begins the ids of {} runs: {}", several.len(), ids.join(", ")))
        }
    }
}

/// The code of a record's name. It follows from the name alone, so it is the same in every copy of a store.
fn code(id: &str) -> String {
    let digest = Digest::of(id.as_bytes());
    digest.0.iter().take(LENGTH).map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect()
}

/// The shortest beginning of each that no other has.
fn shortened(codes: &[String]) -> Vec<String> {
    let mut sorted: Vec<&String> = codes.iter().collect();
    sorted.sort();
    let shared = |a: &str, b: &str| a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    codes
        .iter()
        .map(|code| {
            let place = sorted.partition_point(|other| *other < code);
            let beside = [place.checked_sub(1).and_then(|p| sorted.get(p)), sorted.get(place + 1)];
            let most = beside.into_iter().flatten().map(|other| shared(other, code)).max().unwrap_or(0);
            code[..(most + 1).max(SHORTEST).min(code.len())].to_string()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_are_the_shortest_that_tell_runs_apart() {
        let codes: Vec<String> = ["abcdefgh", "abcdegxx", "zzzzzzzz"].map(String::from).to_vec();
        assert_eq!(shortened(&codes), ["abcdef", "abcdeg", "zzzz"]);
        assert_eq!(code("20260131T101502.000001-abcdef"), code("20260131T101502.000001-abcdef"));
        assert_eq!(when("20260131T101502.000001-abcdef"), "2026-01-31 10:15");
        assert_eq!(when("odd"), "odd");
    }

    #[test]
    fn a_run_is_found_by_its_beginning_and_a_dead_one_is_killed() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(&dir.path().join("cache"), true).expect("a store");
        assert!(named(&listed(&store).expect("listed"), "latest").is_err_and(|e| e.contains("no runs yet")));
        let mut first = store.run_begin("p", "p.kdl", json!({})).expect("begun");
        store.run_end(&mut first, "finished").expect("ended");
        let alive = store.alive("p").expect("at work");
        let values = record::run(&RunSummary { alive: alive.token(), ..RunSummary::default() });
        store.run_begin("p", "p.kdl", values).expect("begun");
        let runs = listed(&store).expect("listed");
        assert_eq!(runs.iter().map(|r| r.outcome.as_str()).collect::<Vec<_>>(), ["finished", "running"]);
        drop(alive);
        let runs = listed(&store).expect("listed");
        assert_eq!(runs[1].outcome, "killed");
        assert_eq!(named(&runs, "latest").expect("one").id, runs[1].id);
        assert_eq!(named(&runs, "latest-1").expect("one").id, runs[0].id);
        for run in &runs {
            assert_eq!(named(&runs, &run.id.to_uppercase()).expect("one").record.id, run.record.id);
            assert_eq!(named(&runs, &run.record.id).expect("one").id, run.id);
        }
        for wrong in ["latest-7", "latest~", "iiii", ""] {
            assert!(named(&runs, wrong).is_err(), "{wrong}");
        }
    }
}

//! A run by its name: the one place where commands of the store look a run up.

use crate::store::{RunRecord, Store, StoreError};

/// The run that is meant: its id, the beginning of one, or `latest`. An error says in words why there is none.
///
/// # Errors
/// Those of the store; no such run, or several.
pub fn run(store: &Store, name: &str) -> Result<RunRecord, String> {
    let runs = store.runs(None).map_err(|e: StoreError| e.to_string())?;
    if runs.is_empty() {
        return Err("the store has no record of any run: `nasflow run` leaves one".into());
    }
    if name == "latest" {
        return runs.into_iter().next_back().ok_or_else(|| "no run".into());
    }
    let mut found: Vec<RunRecord> = runs.into_iter().filter(|run| run.id.starts_with(name)).collect();
    match found.len() {
        1 => found.pop().ok_or_else(|| "no run".into()),
        0 => Err(format!("no run is called `{name}`: `latest` is the last, and `nasflow cache ls --runs` lists all")),
        n => Err(format!("{n} runs begin with `{name}`: {}", found.iter().map(|r| r.id.as_str()).take(5).collect::<Vec<_>>().join(", "))),
    }
}

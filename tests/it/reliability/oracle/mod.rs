//! The incremental oracle: pipelines by chance, edited by chance. After every edit the run on the old store must end where a run on
//! an empty store ends, bit for bit; and what it computed must be exactly what the empty store needed and the old one did not have,
//! each action with a reason that fits. Edits that change no result compute nothing.

mod edits;
mod pipeline;

use super::Dice;
use super::in_process::{Lab, directory, run, told};
use crate::support::long;
use nasflow::nn::DeviceChoice;
use nasflow::plan::{Engine, Past, Reason, Replay};
use nasflow::run::options::{Options, Report, RunEnd};
use nasflow::run::why::Why;
use nasflow::run::{Prepared, StoreKnown, history};
use nasflow::store::{Direct, Record, Store};
use pipeline::Pipeline;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Pipelines, and edits of each.
const SHORT: (u64, usize) = (6, 8);
const LONG: (u64, usize) = (70, 30);

#[test]
fn a_run_on_an_old_store_ends_like_one_on_a_new_store_and_computes_no_more_than_it_must() {
    let (pipelines, edits) = if long() { LONG } else { SHORT };
    let (from, to) = seeds().unwrap_or((0, pipelines));
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let (mut runs, mut computed, mut known) = (0, 0, 0);
    let all: Vec<Vec<Version>> = (from..to).map(|seed| versions(seed, edits)).collect();
    // Files that are no pipelines would show nothing, late.
    let dir = directory();
    all.iter().flatten().for_each(|version| version.check(dir.path()));
    for version in all.iter().flatten() {
        let case = &version.case;
        // Another store for each pipeline.
        let done = one(&dir.path().join(version.seed.to_string()), &version.pipeline, case);
        assert!(!version.neutral || done.computed == 0, "{} were computed: {case}", done.computed);
        let count = counts.entry(version.what).or_default();
        (count.0, count.1) = (count.0 + 1, count.1 + done.computed);
        (runs, computed, known) = (runs + 1, computed + done.computed, known + done.known);
    }
    eprintln!("{runs} runs of {} pipelines: {computed} actions computed, {known} known and not computed again", to - from);
    counts.iter().for_each(|(what, (n, computed))| eprintln!("  {n:4} × {what}: {computed} computed"));
    assert!(known > 2 * computed / 3, "little was known: the edits are too wild to show anything");
}

/// `NASFLOW_ORACLE_SEEDS=7..8`: these pipelines only, to see a fault again or to look for others.
fn seeds() -> Option<(u64, u64)> {
    let given = std::env::var("NASFLOW_ORACLE_SEEDS").ok()?;
    let (from, to) = given.split_once("..").expect("NASFLOW_ORACLE_SEEDS=FROM..TO");
    Some((from.parse().expect("a number"), to.parse().expect("a number")))
}

/// A pipeline after an edit.
struct Version {
    seed: u64,
    what: &'static str,
    /// Whether the edit may change no result.
    neutral: bool,
    pipeline: Pipeline,
    case: String,
}

impl Version {
    /// That it is a pipeline.
    fn check(&self, dir: &Path) {
        write(&self.pipeline, dir);
        let loaded = Lab::loaded(dir);
        assert!(loaded.is_ok(), "{}: {}", self.case, loaded.err().unwrap_or_default());
    }
}

fn write(pipeline: &Pipeline, dir: &Path) {
    std::fs::create_dir_all(dir).expect("a folder");
    std::fs::write(dir.join("pipeline.kdl"), pipeline.text()).expect("written");
    std::fs::write(dir.join("table.csv"), pipeline.table()).expect("written");
}

/// A pipeline by chance and what becomes of it.
fn versions(seed: u64, edits: usize) -> Vec<Version> {
    let mut dice = Dice::new(seed);
    let mut pipeline = Pipeline::any(&mut dice);
    let mut all: Vec<Version> = Vec::new();
    for step in 0..=edits {
        let (what, neutral) = if step == 0 {
            ("nothing yet", false)
        } else if dice.one_in(8) {
            pipeline = all[dice.below(all.len())].pipeline.clone();
            ("an earlier version", true)
        } else {
            edits::edit(&mut pipeline, &mut dice)
        };
        let case = format!("seed {seed}, step {step}: {what}\n{}", pipeline.text());
        all.push(Version { seed, what, neutral, pipeline: pipeline.clone(), case });
    }
    all
}

/// What one run did.
struct Done {
    computed: usize,
    known: usize,
}

/// Runs on the old store in `dir` and on a new one, and compares.
fn one(dir: &Path, pipeline: &Pipeline, case: &str) -> Done {
    write(pipeline, dir);
    let (old, fresh) = (dir.join("old"), directory());
    let new = fresh.path().join("new");

    let before = keys(&old);
    let (prepared, foreseen) = foreseen(dir, &old, case);
    let report = engine(&prepared, &old, case);
    let after = keys(&old);

    let clean = Lab::prepared(dir, None);
    let wanted = engine(&clean, &new, case);
    let (needed, there) = (records(&new), records(&old));

    // The same answer, on the way to it the same networks and figures, and every record with the same outputs.
    assert_eq!(told(&prepared, &report.replay), told(&clean, &wanted.replay), "{case}");
    for (key, record) in &needed {
        assert_eq!(there.get(key), Some(record), "{case}");
    }
    // What was computed is what was needed and not there.
    let missing: BTreeSet<&String> = needed.keys().filter(|key| !before.contains(*key)).collect();
    let added: BTreeSet<&String> = after.iter().filter(|key| !before.contains(*key)).collect();
    let texts = |keys: BTreeSet<&String>| keys.into_iter().map(|k| there[k].text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(added), texts(missing.clone()), "{case}");
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    missing.iter().for_each(|key| *kinds.entry(needed[*key].kind.as_str()).or_default() += 1);
    let executed: BTreeMap<&str, usize> = report.executed.iter().map(|(kind, n)| (*kind, *n)).collect();
    // Decoded images are a record, too, and no work of a stage.
    kinds.remove("pack");
    assert_eq!(executed, kinds, "{case}");
    // What was foreseen is among it, and nothing was foreseen only where nothing was missing.
    for key in &foreseen {
        assert!(missing.contains(key), "{} was foreseen and was not missing: {case}", there.get(key).map_or(key, |r| &r.text));
    }
    assert_eq!(foreseen.is_empty(), kinds.is_empty(), "{case}");
    // And a second run finds nothing to do.
    let again = engine(&Lab::prepared(dir, None), &old, case);
    assert!(again.executed.is_empty(), "{:?}: {case}", again.executed);
    Done { computed: missing.len(), known: needed.len() - missing.len() }
}

fn engine(prepared: &Prepared, root: &Path, case: &str) -> Report {
    let options = Options::new(DeviceChoice::Fast);
    let report = run(prepared, &options, root, Arc::new(Direct), &mut |_| {}).unwrap_or_else(|e| panic!("{e}: {case}"));
    assert_eq!((report.ended, report.given_up.len()), (RunEnd::Finished, 0), "{case}");
    report
}

fn records(root: &Path) -> BTreeMap<String, Record> {
    let store = Store::open_read_only(root).expect("a store");
    let keys = store.keys().expect("keys");
    let records = store.lookup_many(&keys).expect("records");
    keys.iter().zip(records).map(|(key, record)| (key.hex(), record.expect("a record"))).collect()
}

fn keys(root: &Path) -> BTreeSet<String> {
    let store = Store::open_read_only(root).expect("a store");
    store.keys().expect("keys").iter().map(|key| key.hex()).collect()
}

/// The keys of what `plan` lists before the run, each of which must have a reason that fits.
fn foreseen(dir: &Path, root: &Path, case: &str) -> (Prepared, BTreeSet<String>) {
    let store = Store::open(root, true).unwrap_or_else(|e| panic!("{e}: {case}"));
    let prepared = Lab::prepared(dir, Some(&store));
    let replay = replayed(&prepared, &store);
    let mut past = Past::default();
    history::remember(&store, &prepared.pipeline, &mut past).expect("a history");
    let why = Why::new(&prepared, &replay, Some(&store)).expect("reasons");
    let mut keys = BTreeSet::new();
    for work in &replay.works {
        keys.insert(work.key().hex());
        let name = &prepared.pipeline.stages[work.stage()].name.value;
        let (reason, before) = why.of(work).expect("a reason");
        let before = before.map(|key| store.lookup(&key).expect("an index").expect("what it is compared with is known").text);
        let fits = match &reason {
            Reason::FirstRun => !past.has(name) && before.is_none(),
            Reason::NewModel | Reason::NewInput => before.is_none(),
            // Of other images and another network nothing is there to compare with.
            Reason::Changed { changes } if changes.last().is_some_and(|c| c.path == "inputs.architecture") => before.is_none(),
            Reason::Changed { changes } => {
                !changes.is_empty()
                    && changes.iter().all(|c| c.old != c.new || c.old.is_none())
                    && before.is_some_and(|text| text != work.action().text())
            }
            Reason::Continues { from, most, to, .. } => 0 < *from && from == most && from < to,
            Reason::StateDropped { at, from, to, .. } => from < at && from < to,
            // Nothing was damaged, there is one numerics class, and one program.
            Reason::OutputGone | Reason::OtherNumerics { .. } | Reason::Otherwise { .. } => false,
        };
        assert!(fits, "{}: {reason}: {case}", work.label());
    }
    assert_eq!(replay.finished(), keys.is_empty(), "{case}");
    (prepared, keys)
}

fn replayed(prepared: &Prepared, store: &Store) -> Replay {
    let mut known = StoreKnown::new(Some(store));
    let numerics = DeviceChoice::Fast.numerics().to_string();
    let engine = Engine::new(&prepared.pipeline, &prepared.data, &prepared.spaces, numerics);
    engine.with_tables(&prepared.tables).replay(&mut known)
}

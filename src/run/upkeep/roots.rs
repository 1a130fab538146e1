//! What must stay: the results of kept runs, and all that they rest on.
//!
//! A run's record names the keys of every stage, cached ones included. What it does not name is found by content: packs of the
//! splits that are read, cut or pruned weights that are read, files from outside by the short digest in the texts of actions.
//! Choices, comparisons, anchors and proposals are rows of a few hundred bytes, which stay as long as any run does.

use super::attempts::digests;
use super::census::each;
use crate::base::Digest;
use crate::store::{Record, RunRecord, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::{Duration, SystemTime};

/// Why a run is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// By pins of these names.
    Pinned(Vec<String>),
    /// It is one of the last of its pipeline.
    Recent,
}

/// What must stay.
#[derive(Debug, Default)]
pub struct Roots {
    /// The runs.
    pub runs: Vec<(RunRecord, Why)>,
    /// Results.
    pub keys: BTreeSet<Digest>,
    /// Short digests of what these read and wrote.
    pub read: HashSet<String>,
    /// Results that no run names, and that stay because they are young: those of a run that was killed.
    pub young: usize,
    /// Why everything stays, where a kept run does not say what it used.
    pub all: Option<String>,
}

/// The keys that a run's record names; none where it does not say.
pub fn keys_of(run: &RunRecord) -> Option<BTreeSet<Digest>> {
    let mut keys: BTreeSet<Digest> = run.stages.values().flatten().map(|ran| ran.key).collect();
    match run.values.get("stages").and_then(|s| s.as_object()) {
        Some(stages) => {
            let listed = stages.values().filter_map(|s| s.as_array()).flatten();
            keys.extend(listed.filter_map(|key| key.as_str()?.parse::<Digest>().ok()));
            Some(keys)
        }
        None if !keys.is_empty() => Some(keys),
        None => None,
    }
}

/// Whatever a run's record names that may be a blob: keys of actions are none, and files that the record rests on are.
pub fn named_by(run: &RunRecord) -> Vec<Digest> {
    // Plain data: it was JSON a moment ago.
    digests(&serde_json::to_vec(run).unwrap_or_default())
}

/// The runs that are kept: those with pins, and the last `last` of each pipeline that finished, with those that did not since then.
///
/// # Errors
/// Those of the store.
pub fn runs(store: &Store, last: usize) -> Result<(Vec<(RunRecord, Why)>, Option<String>), StoreError> {
    let mut pins: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for pin in store.pins()? {
        pins.entry((pin.run, pin.pipeline)).or_default().push(pin.name);
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut kept = Vec::new();
    for run in store.runs(None)?.into_iter().rev() {
        // Runs that did not come to their end are kept besides: the next goes on from them.
        let finished = seen.entry(run.pipeline.clone()).or_default();
        let recent = *finished < last;
        *finished += usize::from(run.outcome == "finished");
        match pins.remove(&(run.id.clone(), run.pipeline.clone())) {
            Some(names) => kept.push((run, Why::Pinned(names))),
            None if recent => kept.push((run, Why::Recent)),
            None => {}
        }
    }
    let lost = pins.into_iter().next().map(|((run, _), names)| {
        let names = names.join("`, `");
        format!("the pin `{names}` is of the run {run}, whose record is not there: `nasflow cache unpin` gives it up")
    });
    // What a damaged record named is not known.
    let damaged = store.damaged_runs()?.into_iter().next();
    let damaged =
        damaged.map(|path| format!("the record of a run is damaged: {}; without that file its results count as nobody's", path.display()));
    Ok((kept, damaged.or(lost)))
}

/// What must stay for these runs. Results that no run of the store names stay while they are younger than `young`.
///
/// # Errors
/// Those of the store.
pub fn roots(
    store: &Store,
    (runs, lost): (Vec<(RunRecord, Why)>, Option<String>),
    young: Duration,
    told: &mut dyn FnMut(usize, usize),
) -> Result<Roots, StoreError> {
    let mut roots = Roots { all: lost, ..Roots::default() };
    let mut named: HashSet<Digest> = HashSet::new();
    for run in store.runs(None)? {
        named.extend(keys_of(&run).into_iter().flatten());
    }
    let mut wanted = BTreeSet::new();
    for (run, _) in &runs {
        match keys_of(run) {
            Some(keys) => wanted.extend(keys),
            None => {
                let why =
                    format!("the run {} of `{}` does not say what it used; `--keep` with fewer runs leaves it out", run.id, run.pipeline);
                roots.all.get_or_insert(why);
            }
        }
    }
    roots.runs = runs;
    let mut others: Vec<(Digest, String, HashSet<String>)> = Vec::new();
    each(store, told, &mut |record| {
        let orphan = || Ok::<bool, StoreError>(!named.contains(&record.key) && age(store, record)? < young);
        let minor = is_minor(&record.kind);
        if wanted.contains(&record.key) || roots.all.is_some() {
            roots.take(record);
        } else if !minor && !by_content(&record.kind) && orphan()? {
            roots.young += 1;
            roots.take(record);
        } else if minor {
            others.push((record.key, record.kind.clone(), HashSet::new()));
        } else if by_content(&record.kind) {
            let marks = if record.kind == "pack" { inputs(record).collect() } else { outputs(record).collect() };
            others.push((record.key, record.kind.clone(), marks));
        }
        Ok(())
    })?;
    // Of a store whose every run is given up nothing stays.
    let any = !roots.keys.is_empty();
    for (key, kind, marks) in others {
        if is_minor(&kind) && any || marks.iter().any(|mark| roots.read.contains(mark)) {
            roots.keys.insert(key);
        }
    }
    Ok(roots)
}

impl Roots {
    fn take(&mut self, record: &Record) {
        self.keys.insert(record.key);
        self.read.extend(inputs(record));
    }
}

/// Kinds whose results are rows without files, or files that were fetched.
fn is_minor(kind: &str) -> bool {
    ["select", "compare", "anchors", "propose", "fetch"].contains(&kind)
}

/// Kinds that no run's record names, and that are found by what reads them.
fn by_content(kind: &str) -> bool {
    ["pack", "cut", "prune"].contains(&kind)
}

/// The short digests of what an action reads.
fn inputs(record: &Record) -> impl Iterator<Item = String> {
    let lines = record.text.lines().filter(|line| line.starts_with("inputs."));
    lines.filter_map(|line| line.split_once(" = ")).map(|(_, digest)| digest.to_string())
}

fn outputs(record: &Record) -> impl Iterator<Item = String> {
    record.outputs.values().map(Digest::short)
}

/// How long ago its manifest was written.
pub fn age(store: &Store, record: &Record) -> Result<Duration, StoreError> {
    let manifest = store.blobs().path(&Digest::of(&record.manifest()?));
    let written = std::fs::metadata(manifest).and_then(|m| m.modified()).ok();
    Ok(written.and_then(|time| SystemTime::now().duration_since(time).ok()).unwrap_or_default())
}

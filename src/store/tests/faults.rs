//! A small script, with every operation failing in every way, then done again: the same store as undisturbed.

use super::faulty::{Faulty, Wrong};
use super::{digest, directory, nobody_spawns, record};
use crate::base::Digest;
use crate::store::open::Options;
use crate::store::{Disk, Observation, Published, Record, Store, StoreError};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

/// What a run does: results, a chain whose state is dropped, a result replaced, observations, journals.
fn script(root: &Path, disk: Arc<dyn Disk>) -> Result<(), StoreError> {
    let store = Store::open_with(root, Options { disk, ..Options::default() })?;
    let mut run = store.run_begin("pipeline", "a.kdl", json!({}))?;
    let blobs = store.blobs();
    let (weights, state) = (blobs.put(b"weights")?, blobs.put(&vec![7; 5000])?);
    let large = blobs.put_pieces::<StoreError>(|out| {
        out(b"lar")?;
        out(b"ge")
    })?;
    drop(blobs.file(&large)?);
    {
        let _lock = store.lock(&digest("one"))?;
        if store.lookup(&digest("one"))?.is_none() {
            store.publish(&record("one", None, &[("weights", weights)]))?;
        }
    }
    store.journal().attempt(&digest("two"), &json!({"iterations": 3}))?;
    store.publish_many(&[record("two", Some(2), &[("state", state)]), record("three", Some(1), &[("large", large)])])?;
    store.drop_blobs(&[state])?;
    let mut other = record("four", None, &[("weights", weights)]);
    other.values = json!("not the same");
    store.publish(&other)?;
    let replaced = store.publish(&record("four", None, &[("weights", weights)]))?;
    assert!(matches!(replaced, Published::Replaced(_)));
    store.observe("latency", &digest("one"), "here", json!(1.5), 10)?;
    store.put_source("a.png 1 2 3", digest("image"))?;
    store.run_end(&mut run, "done").map(drop)
}

/// All that a store knows, so that two can be compared.
#[derive(Debug, PartialEq)]
struct Snapshot {
    blobs: Vec<(Digest, u64)>,
    records: Vec<Option<Record>>,
    chain: Vec<Record>,
    what: Vec<Record>,
    observed: Vec<Observation>,
    source: Option<Digest>,
    attempts: Vec<Value>,
}

fn snapshot(root: &Path) -> Snapshot {
    let store = Store::open(root, false).unwrap();
    // A journal's line may be there twice after an error that came late.
    let mut attempts = store.journal().attempts(&digest("two")).unwrap();
    attempts.dedup();
    let runs = store.runs(Some("pipeline")).unwrap();
    assert!(runs.last().is_some_and(|r| r.outcome == "done"), "{runs:?}");
    let state = Snapshot {
        blobs: store.blobs().sizes().unwrap(),
        records: store.lookup_many(&store.keys().unwrap()).unwrap(),
        chain: store.chain(&digest("chain")).unwrap(),
        what: store.by_what(&digest("what four")).unwrap(),
        observed: store.observations("latency", &digest("one")).unwrap(),
        source: store.get_source("a.png 1 2 3").unwrap(),
        attempts,
    };
    let verdict = store.verify().unwrap();
    assert_eq!((verdict.damaged.len(), verdict.missing.len(), verdict.dropped, verdict.rewritten), (0, 0, 1, 0), "{verdict:?}");
    assert_eq!(store.notices(), Vec::<String>::new());
    drop(store);
    assert_eq!(left_over(root), BTreeSet::new());
    state
}

/// Files that a clean end leaves nowhere.
fn left_over(root: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_string();
            let inside = |f: &str| folder == root.join(f);
            if path.is_dir() {
                folders.push(path);
            } else if name.starts_with(".tmp-") || (inside("open") && name != "all") || inside("damaged") || name.ends_with("-wal") {
                found.insert(name);
            }
        }
    }
    found
}

fn clean() -> (Snapshot, usize) {
    let _quiet = nobody_spawns();
    let dir = directory();
    let disk = Arc::new(Faulty::new(usize::MAX, Wrong::Stops));
    script(&dir.path().join("cache"), disk.clone()).unwrap();
    let state = snapshot(&dir.path().join("cache"));
    assert_eq!((state.records.len(), state.chain.len(), state.what.len(), state.observed.len()), (4, 2, 1, 1));
    (state, disk.count())
}

#[test]
fn any_operation_may_fail_and_the_next_run_ends_the_same() {
    let (expected, count) = clean();
    assert!(count > 60, "{count} operations");
    let ways = [Wrong::Fails(ErrorKind::Other), Wrong::Fails(ErrorKind::StorageFull), Wrong::FailsAfter, Wrong::Short];
    for wrong in ways {
        let mut failed = 0;
        for n in 0..count {
            let _quiet = nobody_spawns();
            let dir = directory();
            let root = dir.path().join("cache");
            if let Err(e) = script(&root, Arc::new(Faulty::new(n, wrong))) {
                failed += 1;
                let text = e.to_string();
                assert!(text.contains(dir.path().to_str().unwrap()), "operation {n}, {wrong:?}: {text}");
                if wrong == Wrong::Fails(ErrorKind::StorageFull) {
                    assert!(text.contains("make room"), "{text}");
                }
            }
            script(&root, Arc::new(Faulty::new(usize::MAX, wrong))).unwrap_or_else(|e| panic!("operation {n}, {wrong:?}: {e}"));
            assert_eq!(snapshot(&root), expected, "operation {n}, {wrong:?}");
        }
        // Only removing what is no longer needed may fail unnoticed.
        assert!(failed + 8 > count, "{wrong:?}: {failed} of {count} were noticed");
    }
}

#[test]
fn an_interruption_is_no_failure() {
    let (expected, count) = clean();
    for n in 0..count {
        let _quiet = nobody_spawns();
        let dir = directory();
        let root = dir.path().join("cache");
        script(&root, Arc::new(Faulty::new(n, Wrong::Fails(ErrorKind::Interrupted)))).unwrap_or_else(|e| panic!("operation {n}: {e}"));
        // A second run also clears what a failed removal at the end left.
        script(&root, Arc::new(Faulty::new(usize::MAX, Wrong::Stops))).unwrap();
        assert_eq!(snapshot(&root), expected, "operation {n}");
    }
}

/// Crash images: everything that was written, the last write torn, only what was synced, and names without data.
#[test]
fn a_crash_at_any_operation_leaves_a_whole_store() {
    let (expected, count) = clean();
    let images: [(Wrong, &str, fn(&Faulty, &Path)); 5] = [
        (Wrong::Stops, "as written", |_, _| ()),
        (Wrong::StopsTorn, "as written", |_, _| ()),
        (Wrong::Stops, "as synced", Faulty::cut_power),
        (Wrong::StopsTorn, "as synced", Faulty::cut_power),
        (Wrong::Stops, "names without data", Faulty::lose_data),
    ];
    for (wrong, image, lose) in images {
        for n in 0..count {
            let _quiet = nobody_spawns();
            let dir = directory();
            let root = dir.path().join("cache");
            let disk = Arc::new(Faulty::new(n, wrong));
            let _ = script(&root, disk.clone());
            lose(&disk, &root);
            let case = format!("operation {n}, {wrong:?}, {image}");
            // What is there before anything runs again is whole.
            let seen = Store::open_read_only(&root).unwrap_or_else(|e| panic!("{case}: {e}"));
            for record in seen.lookup_many(&seen.keys().unwrap()).unwrap() {
                let record = record.unwrap_or_else(|| panic!("{case}: a row without its record"));
                let faults = seen.verify_outputs(&record).unwrap();
                assert!(faults.iter().all(|(name, _)| name == "state"), "{case}: {faults:?}");
            }
            drop(seen);
            script(&root, Arc::new(Faulty::new(usize::MAX, wrong))).unwrap_or_else(|e| panic!("{case}: {e}"));
            assert_eq!(snapshot(&root), expected, "{case}");
        }
    }
}

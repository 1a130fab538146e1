//! Pins, collections, results from elsewhere: with every operation failing, and a crash at every operation.

use super::faulty::{Faulty, Wrong};
use super::{digest, directory, nobody_spawns, record};
use crate::base::Digest;
use crate::store::open::Options;
use crate::store::{Blobs, Disk, Leftover, Pin, Record, Store, StoreError};
use serde_json::json;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn pin(name: &str) -> Pin {
    Pin { name: name.into(), run: "20260101T000000.000000-abcdef".into(), pipeline: "p".into(), time: 7 }
}

/// Keeps two results of four, one of them from elsewhere and without its state; pins a run twice, and removes one of the pins.
fn script(root: &Path, disk: Arc<dyn Disk>) -> Result<(), StoreError> {
    let store = Store::open_with(root, Options { disk, ..Options::default() })?;
    let blobs = store.blobs();
    let put = |name: &str| blobs.put(name.repeat(40).as_bytes());
    let (kept, gone, shared) = (put("kept")?, put("gone")?, put("shared")?);
    store.publish(&record("kept", Some(1), &[("weights", kept), ("choices", shared)]))?;
    store.publish_many(&[record("gone", None, &[("weights", gone), ("choices", shared)]), record("also gone", Some(2), &[])])?;
    store.pin(&pin("first"))?;
    store.pin(&pin("second"))?;
    store.unpin("second")?;
    let lacking = digest("a state that is not here");
    let came = blobs.put_wanted::<StoreError>(Some(Digest::of(b"came")), |out| out(b"came"))?;
    store.publish_lacking(&[record("came", Some(3), &[("weights", came), ("state", lacking)])], &[lacking])?;
    let mut run = store.run_begin("p", "p.kdl", json!({}))?;
    run.id = "20250101T000000.000000-abcdef".into();
    store.run_keep(&run)?;
    drop(store.alone("remove results")?);
    let _alone = store.alone("remove results")?;
    store.sweep(&[digest("attempt")], Duration::from_secs(1 << 30), false)?;
    store.collect(&keys(), &BTreeSet::new(), false)?;
    Ok(())
}

fn keys() -> BTreeSet<Digest> {
    [digest("kept"), digest("came")].into()
}

#[derive(Debug, PartialEq)]
struct Snapshot {
    blobs: Vec<(Digest, u64)>,
    records: Vec<Option<Record>>,
    pins: Vec<Pin>,
    dropped: BTreeSet<Digest>,
    runs: bool,
}

fn snapshot(root: &Path) -> Snapshot {
    let store = Store::open(root, false).unwrap();
    let verdict = store.verify().unwrap();
    assert_eq!((verdict.damaged.len(), verdict.missing.len(), verdict.dropped, verdict.rewritten), (0, 0, 1, 0), "{verdict:?}");
    Snapshot {
        blobs: store.blobs().sizes().unwrap(),
        records: store.lookup_many(&store.keys().unwrap()).unwrap(),
        pins: store.pins().unwrap(),
        dropped: store.dropped().unwrap(),
        runs: store.runs(Some("p")).unwrap().iter().any(|r| r.id.starts_with("2025")),
    }
}

fn clean() -> (Snapshot, usize) {
    let _quiet = nobody_spawns();
    let dir = directory();
    let disk = Arc::new(Faulty::new(usize::MAX, Wrong::Stops));
    script(dir.path(), disk.clone()).unwrap();
    let state = snapshot(dir.path());
    assert_eq!((state.records.len(), state.blobs.len(), state.pins.len(), state.dropped.len()), (2, 5, 1, 1), "{state:?}");
    (state, disk.count())
}

#[test]
fn any_operation_of_a_collection_may_fail_and_the_next_ends_the_same() {
    let (expected, count) = clean();
    for wrong in [Wrong::Fails(ErrorKind::Other), Wrong::Fails(ErrorKind::StorageFull), Wrong::FailsAfter, Wrong::Short] {
        for n in 0..count {
            let _quiet = nobody_spawns();
            let dir = directory();
            let _ = script(dir.path(), Arc::new(Faulty::new(n, wrong)));
            script(dir.path(), Arc::new(Faulty::new(usize::MAX, wrong))).unwrap_or_else(|e| panic!("operation {n}, {wrong:?}: {e}"));
            assert_eq!(snapshot(dir.path()), expected, "operation {n}, {wrong:?}");
        }
    }
}

#[test]
fn a_crash_in_a_collection_leaves_no_result_without_its_files() {
    let (expected, count) = clean();
    for (wrong, power) in [(Wrong::Stops, false), (Wrong::StopsTorn, false), (Wrong::Stops, true)] {
        for n in 0..count {
            let _quiet = nobody_spawns();
            let dir = directory();
            let disk = Arc::new(Faulty::new(n, wrong));
            let _ = script(dir.path(), disk.clone());
            if power {
                disk.cut_power(dir.path());
            }
            let case = format!("operation {n}, {wrong:?}, power cut {power}");
            let seen = Store::open_read_only(dir.path()).unwrap_or_else(|e| panic!("{case}: {e}"));
            for record in seen.lookup_many(&seen.keys().unwrap()).unwrap().into_iter().flatten() {
                let faults = seen.verify_outputs(&record).unwrap();
                assert!(faults.iter().all(|(name, _)| name == "state"), "{case}: {faults:?}");
            }
            assert!(seen.pins().is_ok(), "{case}");
            drop(seen);
            script(dir.path(), Arc::new(Faulty::new(usize::MAX, wrong))).unwrap_or_else(|e| panic!("{case}: {e}"));
            assert_eq!(snapshot(dir.path()), expected, "{case}");
        }
    }
}

#[test]
fn whoever_is_alone_stays_alone_while_it_collects() {
    let _quiet = nobody_spawns();
    let dir = directory();
    super::fill(dir.path(), 4);
    let store = Store::open(dir.path(), false).unwrap();
    let worker = Blobs::open(dir.path()).unwrap();
    assert!(matches!(store.alone("x"), Err(StoreError::InUse { .. })));
    assert!(matches!(store.sweep(&[], Duration::ZERO, false), Err(StoreError::InUse { .. })));
    drop(worker);
    let alone = store.alone("x").unwrap();
    let root = dir.path().to_path_buf();
    let other = std::thread::spawn(move || Store::open(&root, false).unwrap().keys().unwrap().len());
    // The other one waits for us: it sees the store only after the collection.
    std::thread::sleep(Duration::from_millis(60));
    assert_eq!(store.collect(&BTreeSet::new(), &BTreeSet::new(), false).unwrap().records, 4);
    drop(alone);
    assert_eq!(other.join().unwrap(), 0);
}

#[test]
fn pins_have_plain_names_and_a_broken_one_is_an_error() {
    let dir = directory();
    let store = Store::open(dir.path(), true).unwrap();
    for name in ["", ".x", "a/b", "..", "a b", "a\n"] {
        assert!(matches!(store.pin(&pin(name)), Err(StoreError::Invalid { .. })), "{name:?}");
        assert!(store.unpin(name).is_err(), "{name:?}");
    }
    store.pin(&pin("v1.0")).unwrap();
    assert_eq!(store.pins().unwrap(), vec![pin("v1.0")]);
    assert!(store.unpin("v1.0").unwrap() && !store.unpin("v1.0").unwrap());
    std::fs::write(dir.path().join("pins/broken"), b"{").unwrap();
    assert!(store.pins().unwrap_err().to_string().contains("broken"));
}

#[test]
fn what_is_left_over_is_counted_and_goes() {
    let _quiet = nobody_spawns();
    let dir = directory();
    super::fill(dir.path(), 1);
    let store = Store::open(dir.path(), false).unwrap();
    let lock = digest("lock");
    let folder = dir.path().join("attempts").join(lock.hex());
    std::fs::create_dir_all(folder.join("deep")).unwrap();
    std::fs::write(folder.join("deep/file"), [1; 10]).unwrap();
    std::fs::write(dir.path().join("blobs/.tmp-x-1"), [1; 20]).unwrap();
    std::fs::write(dir.path().join("damaged/a"), [1; 30]).unwrap();
    store.put_memo("search", &digest("m"), b"memo").unwrap();
    let old = Duration::from_secs(1 << 30);
    let dry = store.sweep(&[lock], old, true).unwrap();
    assert_eq!(dry.iter().map(|(what, u)| (*what, u.bytes)).collect::<Vec<_>>(), [(Leftover::Attempt, 10), (Leftover::Temporary, 20)]);
    assert_eq!(store.sweep(&[lock], old, false).unwrap(), dry);
    assert!(!folder.exists() && store.memo("search", &digest("m")).unwrap().is_some());
    let rest = store.sweep(&[lock], Duration::ZERO, false).unwrap();
    assert_eq!(rest.into_keys().collect::<Vec<_>>(), [Leftover::Damaged, Leftover::Memo]);
    assert_eq!(store.memo("search", &digest("m")).unwrap(), None);
}

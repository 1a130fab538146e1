//! The store as its callers see it.

use super::{digest, directory, fill, nobody_spawns, record};
use crate::store::{Blobs, Published, Store, StoreError};
use std::collections::BTreeSet;
use std::fs;
use std::time::Instant;

#[test]
fn a_missing_store_is_read_as_an_empty_one() {
    let dir = directory();
    let root = dir.path().join("none");
    let store = Store::open_read_only(&root).unwrap();
    assert!(store.is_read_only() && store.lookup(&digest("x")).unwrap().is_none() && store.runs(None).unwrap().is_empty());
    assert!(matches!(store.publish(&record("x", None, &[])), Err(StoreError::ReadOnly { .. })));
    assert!(matches!(store.blobs().put(b"x"), Err(StoreError::ReadOnly { .. })));
    assert!(matches!(Store::open(&root, false), Err(StoreError::NotAStore { holds: None, .. })));
    assert!(!root.exists());
}

#[test]
fn a_read_only_directory_can_be_read() {
    let dir = directory();
    let records = fill(dir.path(), 5);
    let listing = || fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect::<BTreeSet<_>>();
    let before = listing();
    let set = |path: &std::path::Path, read_only: bool| {
        let mut permissions = fs::metadata(path).unwrap().permissions();
        permissions.set_readonly(read_only);
        fs::set_permissions(path, permissions).unwrap();
    };
    set(&dir.path().join("index.sqlite"), true);
    set(dir.path(), true);
    let store = Store::open_read_only(dir.path()).unwrap();
    assert_eq!(store.lookup(&records[2].key).unwrap().as_ref(), Some(&records[2]));
    assert!(store.blobs().get(&records[2].outputs["weights"]).is_ok());
    // Root may write anyway; everybody else is told what to do.
    if let Err(e) = fs::write(dir.path().join("probe"), "") {
        assert_eq!(e.kind(), std::io::ErrorKind::PermissionDenied);
        assert_eq!(listing(), before);
    }
    drop(store);
    set(dir.path(), false);
}

/// What cannot be looked at is not gone: who takes it for gone computes it again, or says that nothing is there.
#[cfg(unix)]
#[test]
fn a_blob_that_cannot_be_looked_at_is_an_error_and_not_gone() {
    let dir = directory();
    let store = Store::open(dir.path(), true).unwrap();
    let blob = store.blobs().put(b"weights").unwrap();
    assert!(store.blobs().has(&blob).unwrap() && !store.blobs().has(&digest("another")).unwrap());
    // Root may look everywhere, but nobody gets through a link to itself.
    let folder = store.blobs().path(&blob).parent().unwrap().to_path_buf();
    fs::remove_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(&folder, &folder).unwrap();
    let Err(e) = store.blobs().has(&blob) else { panic!("it is not there") };
    assert!(e.to_string().contains(&folder.display().to_string()), "{e}");
}

#[test]
fn other_directories_and_newer_stores_are_refused_untouched() {
    let dir = directory();
    fs::write(dir.path().join("thesis.tex"), "").unwrap();
    let Err(e) = Store::open(dir.path(), true) else { panic!() };
    assert!(e.to_string().contains("thesis.tex") && !e.to_string().contains('\n'));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    let root = dir.path().join("cache");
    fill(&root, 1);
    let path = root.join("index.sqlite");
    let good = fs::read(&path).unwrap();
    assert_eq!(&good[68..72], b"nasf");
    // Another number over the same tables is a damaged number: the index is built anew.
    let mut bytes = good.clone();
    bytes[63] = 9;
    fs::write(&path, &bytes).unwrap();
    let mended = Store::open(&root, true).unwrap();
    assert_eq!((mended.keys().unwrap().len(), mended.notices().len()), (1, 1));
    drop(mended);
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.execute_batch("PRAGMA journal_mode=DELETE; CREATE TABLE later(x); PRAGMA user_version=9;").unwrap();
    drop(newer);
    let bytes = fs::read(&path).unwrap();
    for opened in [Store::open(&root, true), Store::open_read_only(&root)] {
        assert!(matches!(opened.map(drop), Err(StoreError::Newer { found: 9, known: 1, .. })));
    }
    assert_eq!(fs::read(&path).unwrap(), bytes);
    fs::write(root.join("format"), "nasflow store 2\n").unwrap();
    assert!(matches!(Blobs::open(&root).map(drop), Err(StoreError::Newer { found: 2, .. })));
}

#[test]
fn publishing_is_idempotent_and_a_change_of_bits_is_said() {
    let dir = directory();
    let store = Store::open(&dir.path().join("cache"), true).unwrap();
    let mut one = record("one", None, &[("weights", digest("nowhere"))]);
    let Err(StoreError::Missing { wanted_by, .. }) = store.publish(&one) else { panic!() };
    assert!(wanted_by.contains("weights"));
    one.outputs.clear();
    assert_eq!(store.publish(&one).unwrap(), Published::New);
    assert_eq!(store.publish(&one).unwrap(), Published::Same);
    let before = digest_of_manifest(&one);
    one.values = serde_json::json!(2);
    assert_eq!(store.publish(&one).unwrap(), Published::Replaced(before));
    assert!(!store.blobs().has(&before).unwrap() && store.blobs().has(&digest_of_manifest(&one)).unwrap());
    assert_eq!(store.lookup(&one.key).unwrap(), Some(one.clone()));
    // The same work on another device is found by what it is.
    let mut gpu = one.clone();
    (gpu.key, gpu.numerics) = (digest("gpu"), "cuda".into());
    store.publish(&gpu).unwrap();
    let classes: BTreeSet<String> = store.by_what(&one.what).unwrap().into_iter().map(|r| r.numerics).collect();
    assert_eq!(classes, ["cpu".to_string(), "cuda".to_string()].into());
}

fn digest_of_manifest(record: &crate::store::Record) -> crate::base::Digest {
    crate::base::Digest::of(&record.manifest().unwrap())
}

#[test]
fn chains_runs_sources_and_observations() {
    let dir = directory();
    let records = fill(dir.path(), 12);
    let store = Store::open(dir.path(), false).unwrap();
    let iterations: Vec<u64> = store.chain(&digest("chain")).unwrap().iter().map(|r| r.chain.unwrap().1).collect();
    assert_eq!(iterations, (1..=12).collect::<Vec<_>>());
    store.drop_blobs(&[records[0].outputs["weights"]]).unwrap();
    assert_eq!(store.verify_outputs(&records[0]).unwrap().len(), 1);
    assert_eq!(store.verify_outputs(&records[1]).unwrap().len(), 0);
    let mut run = store.run_begin("a / b\"", "x.kdl", serde_json::json!({"seed": 3})).unwrap();
    run.stages.insert("train".into(), vec![crate::store::Ran { key: records[0].key, text: digest("text") }]);
    store.run_end(&mut run, "done").unwrap();
    store.run_begin("other", "y.kdl", serde_json::Value::Null).unwrap();
    assert_eq!(store.runs(Some("a / b\"")).unwrap(), vec![run]);
    assert_eq!(store.runs(None).unwrap().len(), 2);
    store.put_source("p 1", digest("1")).unwrap();
    store.put_source("p 1", digest("2")).unwrap();
    assert_eq!(store.get_sources(&["p 1", "q"]).unwrap(), vec![Some(digest("2")), None]);
    for time in [9, 3, 9] {
        store.observe("latency", &digest("k"), "here", serde_json::json!([1, 2]), time).unwrap();
    }
    assert_eq!(store.observations("latency", &digest("k")).unwrap().iter().map(|o| o.time).collect::<Vec<_>>(), vec![3, 9]);
    assert!(store.observations("memory", &digest("k")).unwrap().is_empty());
}

#[test]
fn a_collection_keeps_what_is_named_and_never_runs_beside_another_user() {
    let _quiet = nobody_spawns();
    let dir = directory();
    let records = fill(dir.path(), 10);
    let store = Store::open(dir.path(), false).unwrap();
    let keep: BTreeSet<_> = records[..4].iter().map(|r| r.key).collect();
    let extra: BTreeSet<_> = [records[8].outputs["weights"]].into();
    let dry = store.collect(&keep, &extra, true).unwrap();
    assert_eq!((dry.records, dry.blobs), (6, 11));
    let other = Blobs::open(dir.path()).unwrap();
    assert!(matches!(store.collect(&keep, &extra, false), Err(StoreError::InUse { .. })));
    drop(other);
    assert_eq!(store.collect(&keep, &extra, false).unwrap(), dry);
    assert_eq!(store.keys().unwrap().into_iter().collect::<BTreeSet<_>>(), keep);
    assert_eq!((store.verify().unwrap().blobs, store.verify().unwrap().missing.len()), (9, 0));
    assert!(store.blobs().has(&records[8].outputs["weights"]).unwrap());
    // And others come in again.
    assert_eq!(Store::open(dir.path(), false).unwrap().keys().unwrap().len(), 4);
}

/// The nanoseconds that this thread has computed; zero where the system does not say.
fn cpu() -> u64 {
    fs::read_to_string("/proc/thread-self/schedstat").ok().and_then(|t| t.split(' ').next()?.parse().ok()).unwrap_or(0)
}

#[test]
fn ten_thousand_look_ups() {
    let dir = directory();
    let store = Store::open(&dir.path().join("cache"), true).unwrap();
    let lines: String = (0..40).map(|i| format!("network.blocks.{i}.kernel = {i}\n")).collect();
    let records: Vec<_> = (0..10_000)
        .map(|i| {
            let mut r = record(&format!("r{i}"), None, &[]);
            r.text += &lines;
            r
        })
        .collect();
    let start = Instant::now();
    for part in records.chunks(1000) {
        store.publish_many(part).unwrap();
    }
    println!("10,000 results published in batches of 1,000: {:?}", start.elapsed());
    let keys: Vec<_> = records.iter().map(|r| r.key).collect();
    drop(store);
    let start = Instant::now();
    let store = Store::open(&dir.path().join("cache"), false).unwrap();
    println!("opened: {:?}", start.elapsed());
    let start = Instant::now();
    let before = cpu();
    let found = store.lookup_many(&keys).unwrap();
    println!("10,000 look-ups in one query: {:?}, {} ms of CPU", start.elapsed(), (cpu() - before) / 1_000_000);
    assert!(found.into_iter().zip(&records).all(|(a, b)| a.as_ref() == Some(b)));
    let start = Instant::now();
    let before = cpu();
    assert!(keys.iter().all(|k| store.lookup(k).unwrap().is_some()));
    println!("10,000 single look-ups: {:?}, {} ms of CPU", start.elapsed(), (cpu() - before) / 1_000_000);
    let sources: Vec<_> = (0..10_000).map(|i| (format!("/data/images/{i}.jpg 12345 1700000000 {i}"), digest(&i.to_string()))).collect();
    store.put_sources(&sources).unwrap();
    let names: Vec<&str> = sources.iter().map(|s| s.0.as_str()).collect();
    let start = Instant::now();
    assert!(store.get_sources(&names).unwrap().iter().all(Option::is_some));
    println!("10,000 sources: {:?}", start.elapsed());
    drop(store);
    fs::remove_file(dir.path().join("cache/index.sqlite")).unwrap();
    let start = Instant::now();
    assert_eq!(Store::open(&dir.path().join("cache"), false).unwrap().keys().unwrap().len(), 10_000);
    println!("index of 10,000 built anew: {:?}", start.elapsed());
}

/// Another machine's coordinator is known by the start of its system; a worker may be on any machine.
#[cfg(target_os = "linux")]
#[test]
fn one_machine_at_a_time_uses_the_index() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("cache");
    drop(Store::open(&root, true).unwrap());
    let marker = root.join("open/1-other");
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let ours = format!("boot {}\nmachine far\n", boot.trim());
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(500);
    // What its marker says, whether it is locked, whether it is old; what is said of it.
    let cases = [
        ("boot b\nmachine far\n", true, true, Some("the machine far works with the store")),
        ("boot b\nmachine far\n", true, false, Some("the machine far works with the store")),
        ("boot b\nmachine far\n", false, false, Some("the machine far wrote to the store")),
        ("boot b\nmachine far\n", false, true, None),
        ("boot b\n", true, false, None),
        (ours.as_str(), true, false, None),
    ];
    for (text, locked, is_old, expected) in cases {
        std::fs::write(&marker, text).unwrap();
        let file = std::fs::File::options().write(true).open(&marker).unwrap();
        if is_old {
            file.set_modified(old).unwrap();
        }
        if locked {
            file.lock().unwrap();
        }
        let opened = Store::open(&root, false);
        match (expected, &opened) {
            (None, Ok(_)) => {}
            (Some(words), Err(e @ StoreError::OtherMachine { .. })) => assert!(e.to_string().starts_with(words), "{e}"),
            _ => panic!("{text:?}, locked {locked}, old {is_old}: {:?}", opened.err()),
        }
    }
    // Who began before the other shows up notices when it first writes.
    std::fs::remove_file(&marker).ok();
    let store = Store::open(&root, false).unwrap();
    std::fs::write(&marker, "boot b\nmachine far\n").unwrap();
    let file = std::fs::File::open(&marker).unwrap();
    file.lock().unwrap();
    assert!(matches!(store.blobs().put(b"x"), Err(StoreError::OtherMachine { .. })));
    drop(file);
    std::fs::remove_file(&marker).unwrap();
    store.blobs().put(b"x").unwrap();
}

/// Where locks do not reach from machine to machine, what a worker there writes is left alone as long as it shows that it lives.
#[cfg(target_os = "linux")]
#[test]
fn workers_of_other_machines_are_not_cleaned_up_after_while_they_live() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("cache");
    drop(Store::open(&root, true).unwrap());
    let (marker, written) = (root.join("open/1-other"), root.join("blobs/.tmp-1-other-0"));
    let here = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let here = format!("boot b\nworks on {here}");
    // What its marker says, how many seconds ago it was written to; whether its file is left alone.
    for (text, ago, left) in
        [("boot b\nworks on far\n", 590, true), ("boot b\nworks on far\n", 610, false), ("boot b\n", 10, false), (here.as_str(), 10, false)]
    {
        std::fs::write(&written, "a part").unwrap();
        std::fs::write(&marker, text).unwrap();
        let file = std::fs::File::options().write(true).open(&marker).unwrap();
        file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(ago)).unwrap();
        drop(Store::open(&root, false).unwrap());
        assert_eq!((written.exists(), marker.exists()), (left, left), "{text:?}, {ago} s");
    }
}

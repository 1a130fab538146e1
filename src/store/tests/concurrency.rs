//! Many at once, and many killed: each key is computed once, and nothing has to be unlocked.

use super::{digest, directory, record};
use crate::base::Random;
use crate::store::{Store, StoreError};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const KEYS: usize = 24;

/// Computes every key that is not there, in an order of its own; notes each computation in the journal.
fn work(root: &Path, seed: u64, count: &AtomicUsize) -> Result<(), StoreError> {
    let store = Store::open(root, true)?;
    let mut order: Vec<usize> = (0..KEYS).collect();
    Random::at(seed, "order", &[]).shuffle(&mut order);
    for i in order {
        let name = format!("k{i}");
        let _lock = store.lock(&digest(&name))?;
        if store.lookup(&digest(&name))?.is_none() {
            count.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(2));
            // Some of the blobs are common to several keys.
            let (own, common) = (store.blobs().put(name.as_bytes())?, store.blobs().put(format!("common {}", i % 3).as_bytes())?);
            store.publish(&record(&name, None, &[("own", own), ("common", common)]))?;
            store.journal().attempt(&digest(&name), &serde_json::json!({"by": seed}))?;
        }
    }
    Ok(())
}

fn check(root: &Path, exactly_once: bool) {
    let store = Store::open(root, false).unwrap();
    assert_eq!(store.keys().unwrap().len(), KEYS);
    let verdict = store.verify().unwrap();
    assert_eq!((verdict.blobs, verdict.damaged.len(), verdict.missing.len()), (2 * KEYS + 3, 0, 0));
    for i in 0..KEYS {
        let attempts = store.journal().attempts(&digest(&format!("k{i}"))).unwrap().len();
        assert!(!exactly_once || attempts == 1, "k{i} was computed {attempts} times");
    }
}

#[test]
fn eight_threads_compute_each_key_once() {
    let dir = directory();
    let root = dir.path().join("cache");
    let count = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for seed in 0..8 {
            let (root, count) = (&root, &count);
            scope.spawn(move || work(root, seed, count).unwrap());
        }
    });
    assert_eq!(count.load(Ordering::SeqCst), KEYS);
    check(&root, true);
}

/// Not a test by itself: what the processes of the next two tests run.
#[test]
fn child() {
    if let (Ok(root), Ok(seed)) = (std::env::var("NASFLOW_TEST_STORE"), std::env::var("NASFLOW_TEST_SEED")) {
        work(Path::new(&root), seed.parse().unwrap(), &AtomicUsize::new(0)).unwrap();
    }
}

fn spawn(root: &Path, seed: u64) -> std::process::Child {
    let test = format!("{}::child", module_path!().split_once("::").unwrap().1);
    let _alone = super::SPAWNING.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    Command::new(std::env::current_exe().unwrap())
        .args([test.as_str(), "--exact", "--nocapture"])
        .env("NASFLOW_TEST_STORE", root)
        .env("NASFLOW_TEST_SEED", seed.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

#[test]
fn eight_processes_compute_each_key_once() {
    let dir = directory();
    let root = dir.path().join("cache");
    let children: Vec<_> = (0..8).map(|seed| spawn(&root, seed)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    check(&root, true);
}

/// Two processes at a time are killed at random until both end by themselves, on one store after another,
/// until there were 50 kills: takes a few seconds.
#[test]
fn killed_at_any_time_it_goes_on() {
    let mut random = Random::at(3, "kill", &[]);
    let (mut kills, mut round, mut stores) = (0, 0, 0);
    while kills < 50 {
        let dir = directory();
        let root = dir.path().join("cache");
        stores += 1;
        loop {
            round += 1;
            assert!(round < 500, "never finished: {kills} kills");
            let mut children = [spawn(&root, 2 * round), spawn(&root, 2 * round + 1)];
            let mut done = 0;
            for child in &mut children {
                std::thread::sleep(Duration::from_millis(2 + random.below(20 + round as usize) as u64));
                match child.try_wait().unwrap() {
                    Some(status) => {
                        assert!(status.success());
                        done += 1;
                    }
                    None => {
                        child.kill().unwrap();
                        kills += 1;
                    }
                }
                child.wait().unwrap();
            }
            if done == 2 {
                break;
            }
        }
        check(&root, false);
    }
    println!("{kills} kills in {round} rounds over {stores} stores");
}

#[test]
fn a_lock_has_one_holder_though_its_file_is_removed_again_and_again() {
    let dir = directory();
    let root = dir.path().join("cache");
    let holders = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let (root, holders) = (&root, &holders);
            scope.spawn(move || {
                let store = Store::open(root, true).unwrap();
                for i in 0..300 {
                    let lock = if i % 3 == 0 { store.try_lock(&digest("k")).unwrap() } else { Some(store.lock(&digest("k")).unwrap()) };
                    if lock.is_some() {
                        assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                        std::thread::sleep(Duration::from_micros(20));
                        holders.fetch_sub(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
}

//! The launcher with shell scripts for workers.

use super::*;
use crate::base::Digest;
use crate::store::Store;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

/// A launcher whose workers are a shell script.
struct Place {
    dir: TempDir,
    store: Store,
    local: Local,
}

impl Place {
    fn new(script: &str) -> Place {
        let dir = tempfile::tempdir().expect("a directory");
        let program = dir.path().join("program");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("written");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("executable");
        let store = Store::open(&dir.path().join("cache"), true).expect("a store");
        Place { store, local: Local::new(program, Follow::Pipes), dir }
    }

    fn start(&mut self, small: bool) -> Id {
        let (lock, key) = (Digest::of(b"lock"), Digest::of(b"key"));
        let attempt = Attempt::open(&self.store.blobs(), lock).expect("an attempt");
        let start = Start { root: self.dir.path().join("cache"), attempt, lock, key, threads: 1, small, here: false, assignment: key };
        loop {
            match self.local.start(&start) {
                Ok(id) => return id,
                // Another test's child holds the file that was just written until it starts its own program.
                Err(LaunchError::Program { source, .. }) if source.kind() == ErrorKind::ExecutableFileBusy => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                Err(e) => panic!("{e}"),
            }
        }
    }

    fn end(&mut self, id: Id) -> Ended {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(30) {
            match self.local.listen(Duration::from_millis(100)) {
                Some(Heard::Ended(ended, how)) if ended == id => return how,
                _ => {}
            }
        }
        panic!("it does not end");
    }
}

/// What a library writes to the error stream is no reason to pass over the result of a worker that was killed.
#[test]
fn the_status_decides_and_the_log_explains() {
    for (script, wanted) in [
        ("echo 'a warning' >&2; kill -9 $$", Ended::OutOfMemory("killed (signal 9): out of memory?; its log ends with: a warning".into())),
        ("kill -11 $$", Ended::Killed("crashed (signal 11)".into())),
        ("echo why >&2; echo 'note: a hint' >&2; exit 101", Ended::Failed("why".into())),
        ("exit 5", Ended::Failed("ended with code 5 and no result".into())),
        ("echo why >&2; exit 4", Ended::Broken("the worker could not go on; its log ends with: why".into())),
        ("echo 'a warning' >&2; exit 3", Ended::Stopped),
        ("echo '{\"event\":\"failed\",\"message\":\"its own words\"}'; echo more >&2; exit 5", Ended::Failed("its own words".into())),
    ] {
        let mut place = Place::new(script);
        let id = place.start(false);
        assert_eq!(place.end(id), wanted, "{script}");
    }
}

#[test]
fn a_worker_that_waits_for_small_work_ends_where_other_work_begins() {
    let mut place = Place::new("echo '{\"event\":\"done\",\"seconds\":1.5,\"count\":2}'; cat > /dev/null");
    let first = place.start(true);
    assert_eq!(place.end(first), Ended::Done { seconds: 1.5, count: 2 });
    // The next small one is handed over to it.
    place.start(true);
    assert_eq!(place.local.running.len(), 1);
    place.local.running[0].work = None;
    place.start(false);
    assert_eq!(place.local.running.len(), 2);
    let begun = Instant::now();
    while place.local.running.len() > 1 {
        place.local.listen(Duration::from_millis(20));
        assert!(begun.elapsed() < Duration::from_secs(30), "it stays");
    }
    assert!(place.local.running[0].work.is_some());
}

/// It used to hold a supernet and packs in memory until the run ended.
#[test]
fn a_worker_that_nothing_is_given_to_ends() {
    let mut place = Place::new("echo '{\"event\":\"done\",\"seconds\":1.5,\"count\":2}'; cat > /dev/null");
    let first = place.start(true);
    place.end(first);
    // Not at once: the next assignment may be on the way.
    place.local.listen(Duration::from_millis(20));
    assert_eq!(place.local.running.len(), 1);
    place.local.idle = Duration::from_millis(30);
    let begun = Instant::now();
    while !place.local.running.is_empty() {
        assert!(place.local.listen(Duration::from_millis(20)).is_none(), "its end is nobody's");
        assert!(begun.elapsed() < Duration::from_secs(30), "it stays");
    }
    // What works is left alone, however long it takes.
    place.local.idle = Duration::ZERO;
    let mut place = Place::new("cat > /dev/null");
    place.local.idle = Duration::ZERO;
    place.start(true);
    for _ in 0..3 {
        place.local.listen(Duration::from_millis(20));
    }
    assert_eq!(place.local.running.len(), 1);
}

#[test]
#[cfg(target_os = "linux")]
fn the_memory_of_a_worker_is_known_while_it_works() {
    let mut place = Place::new("cat > /dev/null");
    let id = place.start(false);
    assert!(place.local.memory(id).is_some_and(|bytes| bytes < 1 << 30));
    assert_eq!(place.local.memory(id + 1), None);
}

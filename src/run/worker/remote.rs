//! A worker that no pipe reaches: it says its lines in a file of its attempt, stops when another is there, and may take further
//! assignments, each under a name of its own ([`follow`]).

use super::memory::Memory;
use super::work::work;
use crate::base::Digest;
use crate::run::job::follow::{self, Next};
use crate::run::job::{WorkerMessage, exit};
use crate::store::{Attempt, Blobs};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often it looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(200);
/// How often it looks for the next assignment.
const LOOK_FOR_WORK: Duration = Duration::from_millis(20);
/// How long it waits for the next assignment.
const IDLE: Duration = Duration::from_secs(10);
/// How long the words of another machine may take to arrive wholly.
const ARRIVAL: Duration = Duration::from_secs(60);

/// An attempt, by its folder and name.
struct Named {
    attempt: Attempt,
    name: String,
}

impl Named {
    fn stopped(&self) -> bool {
        follow::stopped(&self.attempt, &self.name)
    }
}

/// Does an assignment, followed over the files of `name`, and for `stay` seconds from the start takes others afterwards; returns the
/// exit code of the last.
pub fn over_files(root: &Path, lock: Digest, key: Digest, name: &str, stay: f64) -> i32 {
    let begun = Instant::now();
    let mut memory = Memory::default();
    let Some(first) = named(root, lock, name) else { return exit::BROKEN };
    let first = Arc::new(first);
    let (mut now, mut key) = (first.clone(), key);
    loop {
        match follow::take(&now.attempt, &now.name) {
            Ok(true) => {}
            Ok(false) => return exit::TAKEN,
            Err(_) => return exit::BROKEN,
        }
        let lock = now.attempt.lock();
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        watch(&first, &now, &stop, &done);
        // Who follows may miss a line, and finds the result all the same.
        let mut say = |line: &WorkerMessage| drop(follow::say(&now.attempt, &now.name, line));
        let code = work(root, lock, key, stop.clone(), &mut memory, &mut say);
        done.store(true, Ordering::Relaxed);
        if code != exit::DONE || begun.elapsed().as_secs_f64() >= stay || stop.load(Ordering::Relaxed) {
            return code;
        }
        say(&WorkerMessage::Waits);
        let Next::Work { lock, key: wanted, name } = wait(&first, &now) else { return code };
        let Some(next) = named(root, lock, &name) else { return exit::BROKEN };
        (now, key) = (Arc::new(next), wanted);
    }
}

fn named(root: &Path, lock: Digest, name: &str) -> Option<Named> {
    let attempt = Blobs::open(root).and_then(|blobs| Attempt::open(&blobs, lock)).ok()?;
    follow::is_name(name).then(|| Named { attempt, name: name.to_string() })
}

/// Sets `stop` once the attempt, or the job that began with the first one, is asked to stop; until `done`.
fn watch(first: &Arc<Named>, now: &Arc<Named>, stop: &Arc<AtomicBool>, done: &Arc<AtomicBool>) {
    let (first, now, stop, done) = (first.clone(), now.clone(), stop.clone(), done.clone());
    std::thread::spawn(move || {
        while !done.load(Ordering::Relaxed) && !stop.load(Ordering::Relaxed) {
            if now.stopped() || first.stopped() {
                stop.store(true, Ordering::Relaxed);
            }
            std::thread::sleep(LOOK);
        }
    });
}

/// What comes after an assignment: whoever says it first decides, and after a while that is this worker, which then leaves.
fn wait(first: &Named, now: &Named) -> Next {
    let (begun, mut decided) = (Instant::now(), None);
    let mut asked = Instant::now();
    loop {
        if let Some(next) = follow::next(&now.attempt, &now.name) {
            return next;
        }
        // A cluster may want the machine back.
        let told = asked.elapsed() > LOOK && first.stopped();
        if asked.elapsed() > LOOK {
            asked = Instant::now();
        }
        if decided.is_none() && (told || begun.elapsed() > IDLE) {
            match follow::decide(&now.attempt, &now.name, &Next::Leave) {
                Ok(false) => decided = Some(Instant::now()),
                Ok(true) | Err(_) => return Next::Leave,
            }
        }
        if decided.is_some_and(|since| since.elapsed() > ARRIVAL) {
            return Next::Leave;
        }
        std::thread::sleep(LOOK_FOR_WORK);
    }
}

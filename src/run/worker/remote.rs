//! A worker that no pipe reaches: it says its lines in a file of its attempt, and stops when another is there.

use super::memory::Memory;
use super::work::work;
use crate::base::Digest;
use crate::run::job::exit;
use crate::run::job::follow;
use crate::store::{Attempt, Blobs};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often it looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(200);

/// Does one assignment, followed over the files of `name`; returns the exit code.
pub fn over_files(root: &Path, lock: Digest, key: Digest, name: &str) -> i32 {
    let Ok(attempt) = Blobs::open(root).and_then(|blobs| Attempt::open(&blobs, lock)) else { return exit::BROKEN };
    let stop = Arc::new(AtomicBool::new(false));
    let (asked, folder, of) = (stop.clone(), attempt.clone(), name.to_string());
    std::thread::spawn(move || {
        while !follow::stopped(&folder, &of) {
            std::thread::sleep(LOOK);
        }
        asked.store(true, Ordering::Relaxed);
    });
    // Who follows may miss a line, and finds the result all the same.
    work(root, lock, key, stop, &mut Memory::default(), &mut |line| drop(follow::say(&attempt, name, line)))
}

//! `nasflow worker`: reads its parent's words from the input, says JSON lines on the output.

use super::arguments::WorkerArguments;
use super::failure::Failure;
use super::print;
use crate::base::Digest;
use crate::run::job::exit;
use crate::run::worker;
use std::io::BufRead;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

pub fn run(arguments: &WorkerArguments) -> Result<ExitCode, Failure> {
    let mut lock: Digest = arguments.lock.parse()?;
    let mut key: Digest = arguments.key.parse()?;
    if let Some(name) = &arguments.files {
        std::process::exit(worker::over_files(&arguments.cache, lock, key, name, arguments.stay));
    }
    let stop = Arc::new(AtomicBool::new(false));
    let told = stop.clone();
    let (sender, assignments) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            match line {
                Ok(line) if line.trim() == "stop" => told.store(true, Ordering::Relaxed),
                Ok(line) => {
                    if let Some(next) = next(&line) {
                        let _ = sender.send(next);
                    }
                }
                Err(_) => break,
            }
        }
        // The pipe closed: the parent is gone, and a worker dies with its parent.
        std::process::exit(exit::FAILED);
    });
    let mut say = |line: &crate::run::job::WorkerMessage| {
        if let Ok(text) = serde_json::to_string(line) {
            print::out(&(text + "\n"));
        }
    };
    let mut memory = worker::Memory::default();
    loop {
        let code = worker::work(&arguments.cache, lock, key, stop.clone(), &mut memory, &mut say);
        if code != exit::DONE || !memory.small {
            // The input thread is still waiting; leave without it.
            std::process::exit(code)
        }
        (lock, key) = loop {
            match assignments.recv_timeout(Duration::from_millis(50)) {
                Ok(next) => break next,
                Err(RecvTimeoutError::Timeout) if !stop.load(Ordering::Relaxed) => {}
                Err(_) => std::process::exit(exit::STOPPED),
            }
        };
    }
}

/// `next LOCK KEY`: another assignment for a worker that has finished one.
fn next(line: &str) -> Option<(Digest, Digest)> {
    let (lock, key) = line.trim().strip_prefix("next ")?.split_once(' ')?;
    Some((lock.parse().ok()?, key.parse().ok()?))
}

//! `nasflow worker`: reads its parent's words from the input, says JSON lines on the output.

use super::arguments::WorkerArguments;
use super::{Failure, print};
use crate::base::Digest;
use crate::run::job::exit;
use crate::run::worker;
use std::io::BufRead;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub fn run(arguments: &WorkerArguments) -> Result<ExitCode, Failure> {
    let lock: Digest = arguments.lock.parse()?;
    let key: Digest = arguments.key.parse()?;
    let stop = Arc::new(AtomicBool::new(false));
    let told = stop.clone();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            match line {
                Ok(line) if line.trim() == "stop" => told.store(true, Ordering::Relaxed),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        // The pipe closed: the parent is gone, and a worker dies with its parent (invariant 16).
        std::process::exit(exit::FAILED);
    });
    let mut say = |line: &crate::run::job::Line| {
        if let Ok(text) = serde_json::to_string(line) {
            print::out(&(text + "\n"));
        }
    };
    let code = worker::work(&arguments.cache, lock, key, stop, &mut say);
    // The input thread is still waiting; leave without it.
    std::process::exit(code)
}

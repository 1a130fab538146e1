//! Makes the next batches on one thread while the current one is used.

use super::batch::Batch;
use super::error::DataError;
use super::loader::Loader;
use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

/// The batches of a range of iterations, in order; the same as [`Loader::batch`] gives. Dropping it ends its thread
/// after the batch that the thread is at.
#[derive(Debug)]
pub struct Prefetch {
    loader: Loader,
    iterations: Range<u64>,
    receiver: Option<Receiver<Result<Batch, DataError>>>,
    thread: Option<JoinHandle<()>>,
}

impl Prefetch {
    /// Starts with iteration `iterations.start` (counted over all epochs: epoch = iteration / iterations per epoch).
    /// `depth` batches (1 or more) wait at most. Where no thread can be had, batches are made when they are asked for.
    pub fn new(loader: Loader, iterations: Range<u64>, depth: usize) -> Self {
        let (sender, receiver) = sync_channel(depth.max(1) - 1);
        let (maker, range) = (loader.clone(), iterations.clone());
        let make = move || {
            for iteration in range {
                if sender.send(make(&maker, iteration)).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("nasflow-data".into()).spawn(make).ok();
        Prefetch { loader, iterations, receiver: thread.is_some().then_some(receiver), thread }
    }
}

fn make(loader: &Loader, iteration: u64) -> Result<Batch, DataError> {
    let per_epoch = loader.iterations_per_epoch().max(1) as u64;
    loader.batch((iteration / per_epoch) as usize, (iteration % per_epoch) as usize)
}

impl Iterator for Prefetch {
    type Item = (u64, Result<Batch, DataError>);

    fn next(&mut self) -> Option<Self::Item> {
        let iteration = self.iterations.next()?;
        let ready = self.receiver.as_ref().and_then(|r| r.recv().ok());
        if ready.is_none() {
            self.receiver = None;
        }
        Some((iteration, ready.unwrap_or_else(|| make(&self.loader, iteration))))
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        self.receiver = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

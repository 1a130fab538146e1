//! What a job needs beside its own description.

use super::failure::{Failure, blob, pack};
use super::memory::Memory;
use crate::base::Digest;
use crate::data::Pack;
use crate::nn::{self, DeviceChoice, Executor};
use crate::run::job::WorkerMessage;
use crate::space::Program;
use crate::store::{Attempt, Blobs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a job needs beside its own description.
pub struct Context<'a> {
    /// The store's blobs.
    pub blobs: Blobs,
    /// The folder of this attempt.
    pub attempt: Attempt,
    /// Set when the coordinator says stop.
    pub stop: Arc<AtomicBool>,
    /// Kept between assignments.
    pub memory: &'a mut Memory,
    /// Says something to whoever follows.
    pub say: &'a mut dyn FnMut(&WorkerMessage),
    /// The executor, and its device.
    pub executor: DeviceChoice,
}

impl Context<'_> {
    /// Whether to stop.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// A blob that must be there.
    pub fn blob(&self, digest: Digest, what: &str) -> Result<Vec<u8>, Failure> {
        blob(&self.blobs, digest, what)
    }

    /// A pack that must be there.
    pub fn pack(&self, digest: Digest) -> Result<Pack, Failure> {
        pack(&self.blobs, digest)
    }

    /// A device that cannot be opened is no network's fault: the run stops.
    pub fn executor(&self, program: &Program, batch: usize) -> Result<Box<dyn Executor>, Failure> {
        self.executor.usable().map_err(Failure::Broken)?;
        nn::executor(program, self.executor, batch).map_err(Failure::Attempt)
    }
}

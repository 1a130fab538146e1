//! How to run, and what a run did.

use crate::base::without_numbers;
use crate::document::configuration::WaitForSpace;
use crate::nn::DeviceChoice;
use crate::plan::Replay;
use crate::remote::Team;
use crate::results::GivenUp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Bytes of optimiser states that a store keeps of searches that are over, unless the user says otherwise.
pub const STATES: u64 = 64_000_000;

/// How to run: nothing here changes a bit of any result, except that `executor` names the numerics class.
#[derive(Clone, Debug)]
pub struct Options {
    /// Worker processes at a time.
    pub jobs: usize,
    /// Threads of each.
    pub threads: usize,
    /// The executor, and its device.
    pub executor: DeviceChoice,
    /// Kill an attempt that takes longer.
    pub timeout: Option<Duration>,
    /// Attempts of a trial before it counts as failed.
    pub attempts: usize,
    /// End an attempt that takes more bytes of memory.
    pub memory: Option<u64>,
    /// What to do where the disk is full.
    pub wait_for_space: WaitForSpace,
    /// Pause after so long.
    pub until: Option<Duration>,
    /// Longest time between checkpoints.
    pub checkpoint_seconds: f64,
    /// Bytes of optimiser states that the store keeps of searches that are over.
    pub states: u64,
    /// Where results come from that others have made, and go to.
    pub team: Option<Arc<Team>>,
    /// How often the user asked to stop.
    pub stop: Arc<AtomicUsize>,
}

impl Options {
    /// One worker of one thread, three attempts a trial, a checkpoint a minute, no limit of time.
    pub fn new(executor: DeviceChoice) -> Self {
        Options {
            jobs: 1,
            threads: 1,
            executor,
            timeout: None,
            attempts: 3,
            until: None,
            checkpoint_seconds: 60.0,
            states: STATES,
            memory: None,
            wait_for_space: WaitForSpace::No,
            team: None,
            stop: Arc::default(),
        }
    }

    /// Why a run that began then is to end before everything is done, as soon as it is to.
    pub fn due(&self, begun: Instant) -> Option<RunEnd> {
        if self.until.is_some_and(|limit| begun.elapsed() > limit) {
            return Some(RunEnd::Paused);
        }
        (self.stop.load(Ordering::Relaxed) > 0).then_some(RunEnd::Interrupted)
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunEnd {
    /// Nothing is left to do.
    Finished,
    /// The user asked to stop.
    Interrupted,
    /// The time given by `--for` is over.
    Paused,
}

/// What a run did.
pub struct Report {
    /// The last replay.
    pub replay: Replay,
    /// How it ended.
    pub ended: RunEnd,
    /// Actions computed by this run: kind → how many.
    pub executed: BTreeMap<&'static str, usize>,
    /// Trials out of attempts. A run with any is not reproducible.
    pub given_up: Vec<GivenUp>,
}

impl Report {
    /// The trials out of attempts: see [`alike`].
    pub fn failures(&self) -> Vec<(&GivenUp, usize)> {
        alike(&self.given_up)
    }
}

/// One trial for each kind of reason, with how many there are of it. Reasons that differ only in numbers are of one kind.
pub fn alike(given_up: &[GivenUp]) -> Vec<(&GivenUp, usize)> {
    let mut kinds: Vec<(String, &GivenUp, usize)> = Vec::new();
    for trial in given_up {
        let kind = without_numbers(&trial.reason);
        match kinds.iter_mut().find(|k| k.0 == kind) {
            Some(known) => known.2 += 1,
            None => kinds.push((kind, trial, 1)),
        }
    }
    kinds.into_iter().map(|(_, trial, count)| (trial, count)).collect()
}

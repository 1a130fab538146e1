//! How long a plan will take, from what this machine took before.

use super::observe::{machine, now};
use super::record;
use crate::base::Digest;
use crate::plan::Work;
use crate::results::Timing;
use crate::store::{Observation, Store, StoreError};

/// The observation kind of a work's timing.
pub fn kind(work: &Work) -> &'static str {
    match work {
        // What others' programs take says nothing of nasflow's own.
        Work::Train(w) if w.runner.is_some() => "runner-time",
        Work::Command(_) => "command-time",
        // Milliseconds, mostly of making ready.
        Work::Untrained(_) => "untrained-time",
        Work::Train(_) => "train-time",
        _ => "predict-time",
    }
}

/// A timing, as it is noted.
pub fn observation(work: &Work, timing: &Timing) -> Observation {
    let machine = machine();
    let key = Digest::of(machine.as_bytes());
    Observation { kind: kind(work).to_string(), key, machine, time: now(), value: record::timing(timing) }
}

/// Multiply-adds a second that this machine reached with all its workers together: the median over its last works of a kind,
/// each times the workers that ran beside it.
pub fn rate(store: &Store, kind: &str) -> Option<f64> {
    let machine = machine();
    let mut rates: Vec<f64> = store
        .latest_observations(kind, &Digest::of(machine.as_bytes()), 200)
        .ok()?
        .into_iter()
        .filter_map(|o| record::read_timing(&o.value))
        .filter(|t| t.seconds > 0.0)
        .map(|t| t.macs as f64 * t.images as f64 * t.jobs as f64 / t.seconds)
        .collect();
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied()
}

/// Copies the timings of one store to another.
pub fn copy(from: &Store, to: &Store, kind: &str) -> Result<(), StoreError> {
    let machine = machine();
    let key = Digest::of(machine.as_bytes());
    to.observe_many(&from.observations(kind, &key)?)
}

//! How long a plan will take, from what this machine took before.

use super::observe::{machine, now};
use crate::base::Digest;
use crate::plan::Work;
use crate::store::{Store, StoreError};

/// The observation kind of a work's timing.
pub fn kind(work: &Work) -> &'static str {
    match work {
        Work::Train(_) => "train-time",
        _ => "predict-time",
    }
}

/// Keeps a timing: `{seconds, images, macs, …}`.
pub fn keep(store: &Store, work: &Work, value: serde_json::Value) -> Result<(), StoreError> {
    let machine = machine();
    store.observe(kind(work), &Digest::of(machine.as_bytes()), &machine, value, now())
}

/// Multiply-adds a second that this machine reached with all its workers together: the median over its last works of a kind,
/// each times the workers that ran beside it.
pub fn rate(store: &Store, kind: &str) -> Option<f64> {
    let machine = machine();
    let mut rates: Vec<f64> = store
        .observations(kind, &Digest::of(machine.as_bytes()))
        .ok()?
        .into_iter()
        .rev()
        .take(200)
        .filter_map(|o| {
            let v = |k: &str| o.value[k].as_f64();
            Some(v("macs")? * v("images")? * v("jobs")? / v("seconds").filter(|s| *s > 0.0)?)
        })
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

//! Observations: what this machine says about a trained model (latency, throughput, memory), measured when nothing else
//! runs, kept beside results and never inside a key.

use super::events::Subject;
use super::job::{Assignment, FORMAT, Job, LatencyJob};
use crate::base::{Canon, Digest, fixed};
use crate::document::{Metric, Pipeline, measure};
use crate::evaluate::{MACHINE, Observed};
use crate::nn::DeviceChoice;
use crate::plan::{Replay, State};
use crate::store::Store;
use serde::Serialize;
use serde_json::json;
use std::sync::OnceLock;

/// A measurement that is asked for.
pub struct Wanted {
    /// Names the measurement: weights and machine.
    pub key: Digest,
    /// The weights.
    pub weights: Digest,
    /// The metrics that are asked for.
    pub metrics: Vec<Metric>,
    /// What is measured, for the listener.
    pub subject: Subject,
    /// The worker's job.
    pub assignment: Assignment,
}

/// The name under which observations are kept.
pub const KIND: &str = "latency";

/// This machine: architecture, processors, and the processor's name where the system tells it.
pub fn machine() -> String {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(describe).clone()
}

fn describe() -> String {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let name = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|t| t.lines().find(|l| l.starts_with("model name")).and_then(|l| l.split(": ").nth(1)).map(str::to_string));
    format!("{} {} × {processors}", std::env::consts::ARCH, name.unwrap_or_else(|| "unknown processor".into()))
}

/// This machine with the device that computes, where that is not its processor.
fn machine_with(executor: DeviceChoice) -> String {
    match executor.gpu_name() {
        Some(gpu) => format!("{} + {gpu}", machine()),
        None => machine(),
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

/// The measurements that evaluate stages ask for and that this machine has not made on this device.
pub fn wanted(pipeline: &Pipeline, replay: &Replay, store: &Store, executor: DeviceChoice) -> Vec<Wanted> {
    let machine = machine_with(executor);
    let mut wanted = Vec::new();
    for (stage, seen) in pipeline.stages.iter().zip(&replay.stages) {
        let Some(evaluate) = stage.evaluate() else { continue };
        let metrics: Vec<Metric> = evaluate.observed().cloned().collect();
        if metrics.is_empty() {
            continue;
        }
        for slot in seen.slots.iter().filter(|s| s.state == State::Ready) {
            let Some(trained) = &slot.model.trained else { continue };
            let Some(run) = trained.runs.first() else { continue };
            let Some(train) = pipeline.stages[trained.stage].train() else { continue };
            if find(store, run.weights, |m| m == machine).is_some() || wanted.iter().any(|w: &Wanted| w.weights == run.weights) {
                continue;
            }
            let key = Canon::List(vec![KIND.into(), run.weights.into(), machine.clone().into()]).digest();
            let Ok(architecture) = slot.model.candidate.architecture() else { continue };
            let job = LatencyJob { architecture: architecture.clone(), weights: run.weights, bn_eps: train.recipe.bn_eps };
            let assignment = Assignment { format: FORMAT, key, lock: key, executor, job: Job::Latency(Box::new(job)) };
            wanted.push(Wanted {
                key,
                weights: run.weights,
                metrics: metrics.clone(),
                subject: Subject {
                    key: key.hex(),
                    kind: KIND,
                    stage: stage.name.value.clone(),
                    model: Some(slot.model.label()),
                    label: format!("{}: {}", stage.name.value, slot.model.label()),
                },
                assignment,
            });
        }
    }
    wanted
}

/// Keeps a measurement.
pub fn keep(store: &Store, executor: DeviceChoice, weights: Digest, observed: &Observed) -> Result<(), crate::store::StoreError> {
    store.observe(KIND, &weights, &machine_with(executor), json!(observed), now())
}

/// What was observed, in a metric's unit, and in words: `latency 4.213 ms`. None of a metric of something else.
pub fn told(observed: &Observed, metric: &Metric) -> Option<(f64, String)> {
    let value = measure(MACHINE, metric, observed)?;
    let decimals = if value.abs() < 1000.0 { 3 } else { 0 };
    Some((value, format!("{metric} {} {}", fixed(value, decimals), metric.unit().word())))
}

/// The last measurement of these weights on a machine that is `wanted`.
fn find(store: &Store, weights: Digest, wanted: impl Fn(&str) -> bool) -> Option<Observed> {
    let last = store.observations(KIND, &weights).ok()?.into_iter().rfind(|o| wanted(&o.machine))?;
    serde_json::from_value(last.value).ok()
}

/// What was observed, in one metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// The median.
    pub median: f64,
    /// At one quartile.
    pub low: f64,
    /// At the other.
    pub high: f64,
    /// Calls that were measured.
    pub runs: usize,
}

/// A model's observation on this machine, whatever the device, in the metric's unit.
pub fn shown(store: &Store, weights: Digest, metric: &Metric) -> Option<Shown> {
    let machine = machine();
    let here = |m: &str| m.strip_prefix(machine.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(" + "));
    in_metric(find(store, weights, here)?, metric)
}

fn in_metric(observed: Observed, metric: &Metric) -> Option<Shown> {
    let at = |median: f64| measure(MACHINE, metric, &Observed { median, ..observed });
    let (a, b) = (at(observed.low)?, at(observed.high)?);
    Some(Shown { median: at(observed.median)?, low: a.min(b), high: a.max(b), runs: observed.runs })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::machine::{LATENCY, MEMORY, THROUGHPUT};

    #[test]
    fn one_observation_in_each_metric() {
        let observed = Observed { median: 4.0, low: 2.0, high: 5.0, runs: 10, memory: 1024 };
        let shown = |metric: Metric| in_metric(observed, &metric).map(|s| (s.low, s.median, s.high));
        assert_eq!(shown(LATENCY.metric()), Some((2.0, 4.0, 5.0)));
        assert_eq!(shown(THROUGHPUT.metric()), Some((200.0, 250.0, 500.0)));
        assert_eq!(shown(MEMORY.metric()), Some((1024.0, 1024.0, 1024.0)));
        let words = |metric: Metric| told(&observed, &metric).map(|t| t.1);
        assert_eq!(words(LATENCY.metric()).as_deref(), Some("latency 4.000 ms"));
        assert_eq!(words(MEMORY.metric()).as_deref(), Some("memory 1024 bytes"));
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let kept = json!({ "median": 4.0, "low": 2.0, "high": 5.0, "runs": 10, "memory": 1024 });
        let observed: Observed = serde_json::from_value(kept.clone()).unwrap();
        assert_eq!(json!(observed), kept);
    }
}

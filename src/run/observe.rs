//! Observations: what this machine says about a trained model (latency, throughput, memory), measured when nothing else
//! runs, kept beside results and never inside a key (invariant 12).

use super::job::{Assignment, FORMAT, Job, JobResult, LatencyJob};
use crate::base::{Canon, Digest};
use crate::document::{Metric, Pipeline, StageKind};
use crate::nn::DeviceChoice;
use crate::plan::{State, View};
use crate::store::Store;
use serde_json::{Value, json};
use std::sync::OnceLock;

/// A measurement that is asked for.
pub struct Wanted {
    /// Names the measurement: weights and machine.
    pub key: Digest,
    /// The weights.
    pub weights: Digest,
    /// For people.
    pub label: String,
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
pub fn wanted(pipeline: &Pipeline, view: &View, store: &Store, executor: DeviceChoice) -> Vec<Wanted> {
    let machine = machine_with(executor);
    let mut wanted = Vec::new();
    for (stage, seen) in pipeline.stages.iter().zip(&view.stages) {
        let StageKind::Evaluate(evaluate) = &stage.kind else { continue };
        if !evaluate.metrics.iter().any(|m| m.value.is_observation()) {
            continue;
        }
        for slot in seen.slots.iter().filter(|s| s.state == State::Ready) {
            let Some(trained) = &slot.model.trained else { continue };
            let Some(run) = trained.runs.first() else { continue };
            let StageKind::Train(train) = &pipeline.stages[trained.stage].kind else { continue };
            if find(store, run.weights, |m| m == machine).is_some() || wanted.iter().any(|w: &Wanted| w.weights == run.weights) {
                continue;
            }
            let key = Canon::List(vec![KIND.into(), run.weights.into(), machine.clone().into()]).digest();
            let job =
                LatencyJob { architecture: slot.model.candidate.architecture.clone(), weights: run.weights, bn_eps: train.recipe.bn_eps };
            let assignment = Assignment { format: FORMAT, key, lock: key, executor, job: Job::Latency(Box::new(job)) };
            wanted.push(Wanted {
                key,
                weights: run.weights,
                label: format!("{}: {} latency", stage.name.value, slot.model.label()),
                assignment,
            });
        }
    }
    wanted
}

/// Keeps a measurement.
pub fn keep(store: &Store, executor: DeviceChoice, weights: Digest, result: &JobResult) -> Result<(), crate::store::StoreError> {
    let JobResult::Measured { median, low, high, runs, memory } = result else { return Ok(()) };
    let value = json!({ "median": median, "low": low, "high": high, "runs": runs, "memory": memory });
    store.observe(KIND, &weights, &machine_with(executor), value, now())
}

/// The last measurement of these weights on a machine that is `wanted`.
fn find(store: &Store, weights: Digest, wanted: impl Fn(&str) -> bool) -> Option<Value> {
    store.observations(KIND, &weights).ok()?.into_iter().rfind(|o| wanted(&o.machine)).map(|o| o.value)
}

/// A model's observation on this machine, whatever the device, as tables show it: `{"median": …}` in the metric's unit.
pub fn shown(store: &Store, weights: &str, metric: &str) -> Option<Value> {
    let machine = machine();
    let here = |m: &str| m.strip_prefix(machine.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(" + "));
    let found = find(store, weights.parse().ok()?, here)?;
    let median = found["median"].as_f64()?;
    match metric {
        m if m == Metric::Latency.name() => Some(found),
        m if m == Metric::Throughput.name() => Some(json!({ "median": 1000.0 / median })),
        _ => Some(json!({ "median": found["memory"] })),
    }
}

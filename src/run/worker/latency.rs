//! Measures a network's latency: one image, inference, alone on the machine. An observation.

use super::context::Context;
use super::failure::Failure;
use crate::evaluate::{Observed, latency};
use crate::nn::NormOptions;
use crate::run::job::{JobResult, LatencyJob};
use crate::train::weights_from_bytes;

/// Measures; returns the result and the number of runs.
pub fn measure(job: &LatencyJob, context: &mut Context) -> Result<(JobResult, u64), Failure> {
    let program = job.architecture.program().map_err(Failure::Attempt)?;
    let params = weights_from_bytes(&program, &context.blob(job.weights, "the weights")?).map_err(Failure::Attempt)?;
    let mut executor = context.executor(&program, 1)?;
    let norm = NormOptions { eps: job.bn_eps, momentum: 0.0 };
    let input = &job.architecture.input;
    let image = vec![0.5f32; input.height * input.width * input.channels];
    executor.forward_eval(&params, &image, 1, norm).map_err(Failure::Attempt)?;
    let measured = latency::measure(|| executor.forward_eval_again(&params, &image, 1, norm)).map_err(Failure::Attempt)?;
    let result = JobResult::Measured(Observed {
        median: measured.median_ms,
        low: measured.lower_quartile_ms,
        high: measured.upper_quartile_ms,
        runs: measured.n,
        memory: peak_memory().unwrap_or(0),
    });
    Ok((result, measured.n as u64))
}

/// The process's peak resident memory in bytes, where the system tells (`VmHWM` of /proc/self/status).
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

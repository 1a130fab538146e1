//! What is measured of a network: predictions and latency of a trained one, predictors of an untrained one.
//!
//! Promises: predictions depend on weights and images alone, not on threads or batches (as far as the executor's class
//! does not). Metrics are not computed here: they are pure functions of predictions (invariant 15). Latency is an
//! observation and never part of a result. May import `nn`, `data`, `metrics`, `space` and below.

pub mod decode;
pub mod error;
pub mod latency;
pub mod logits;
pub mod machine;
pub mod nms;
pub mod operations;
pub mod predict;
pub mod predictions;
pub mod proxies;
pub mod recalibrate;
pub mod report;

#[cfg(test)]
mod subnet_tests;

pub use decode::DetectHead;
pub use error::EvaluateError;
pub use latency::Latency;
pub use logits::{Logits, classification, guesses, logits};
pub use machine::{MACHINE, Observed};
pub use nms::{Candidate, NmsOptions, nms};
pub use predict::{EvalBatch, batches, predict};
pub use predictions::Predictions;
pub use proxies::{PROXIES, Proxy, Untrained, proxy, proxy_words};
pub use recalibrate::recalibrate;
pub use report::{matched, report};

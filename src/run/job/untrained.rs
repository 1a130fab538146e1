//! Networks that a worker measures with fresh weights: many a job, because each takes milliseconds.

use crate::base::Digest;
use crate::document::LossGains;
use crate::space::Architecture;
use serde::{Deserialize, Serialize};

/// What one worker measures, one after the other.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UntrainedJobs {
    /// Each by itself.
    pub each: Vec<UntrainedJob>,
    /// The images, where any are read.
    pub pack: Option<Digest>,
}

/// One metric of one network.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UntrainedJob {
    /// What is measured.
    pub architecture: Architecture,
    /// The metric.
    pub metric: String,
    /// The seed of weights, batch and noise.
    pub seed: u64,
    /// Images, or pieces of noise.
    pub batch: usize,
    /// Batch norm's epsilon.
    pub bn_eps: f64,
    /// The gains of the loss, where it is read.
    pub loss: Option<LossGains>,
}

/// What became of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UntrainedResult {
    /// None where it has no finite value.
    pub value: Option<f64>,
    /// Why it has none, where the metric is not defined for the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

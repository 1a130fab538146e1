//! What is kept beside results: how long works took, and what runs did. In no key, and it decides nothing.

use crate::base::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long one attempt of a work took on some machine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// The action; none of timings that were kept before they had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Digest>,
    /// Seconds of work, without waiting and loading.
    pub seconds: f64,
    /// Images that were read.
    pub images: u64,
    /// Multiply-adds of one image.
    pub macs: u64,
    /// Threads of its worker.
    pub threads: usize,
    /// Workers at a time.
    pub jobs: usize,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct RunSummary {
    /// Whether no trial was given up.
    pub reproducible: bool,
    /// The trials out of attempts.
    pub given_up: Vec<GivenUp>,
    /// Actions computed: kind → how many.
    pub executed: BTreeMap<String, usize>,
    /// The keys of the known actions of each stage.
    pub stages: BTreeMap<String, Vec<Digest>>,
    /// What was said of rankings, to see whether that has changed.
    pub trust: serde_json::Value,
}

/// A trial that is out of attempts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GivenUp {
    /// The key of its action.
    pub key: Digest,
    /// For people.
    #[serde(rename = "trial")]
    pub label: String,
    /// Why the last attempt failed.
    pub reason: String,
}

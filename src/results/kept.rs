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
    /// What it computed and why, by stage.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ran: BTreeMap<String, Vec<RanFor>>,
    /// What it was at when this was written, for people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub under_way: Vec<String>,
    /// What the run is known by while it lives: the name of its lock.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub alive: String,
    /// The version of the program.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub program: String,
    /// Why it could not go on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// What it was asked and what it came to; none in records from before this was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub described: Option<Described>,
}

/// Actions that a run computed for one reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RanFor {
    /// The kind of action.
    pub kind: String,
    /// Why, as the plan says it.
    pub reason: serde_json::Value,
    /// Their models; 0 where they are of the stage as a whole.
    pub candidates: usize,
    /// Their keys.
    pub keys: Vec<Digest>,
}

/// What a pipeline asks, what it reads, and what it came to: all that two runs, or two files, are compared by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Described {
    /// The class of numerics.
    pub numerics: String,
    /// Every value as the file has it, parameters put in: place → value.
    pub written: BTreeMap<String, String>,
    /// By stage and kind of action: the leaves of the canonical text that all its actions have.
    pub canonical: BTreeMap<String, BTreeMap<String, String>>,
    /// Splits that are read, by `data` node.
    pub data: BTreeMap<String, BTreeMap<String, ReadSplit>>,
    /// Other files that are read (weights, tables, what commands use), by what they are for.
    pub files: BTreeMap<String, Digest>,
    /// By stage: how many models are ready, failed and pending.
    pub models: BTreeMap<String, [usize; 3]>,
    /// The answer, or the winner, as far as there is one.
    pub winner: Option<Winner>,
}

/// A split as a run read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadSplit {
    /// The digest of its content.
    pub digest: Digest,
    /// Number of images.
    pub images: usize,
    /// Number of boxes.
    pub objects: usize,
}

/// What a pipeline came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Winner {
    /// `trials #12`.
    pub model: String,
    /// The digest of its architecture.
    pub architecture: Digest,
    /// The weights, one a seed.
    pub weights: Vec<Digest>,
    /// Metrics by name: the values of every seed; those of a machine are not among them.
    pub metrics: BTreeMap<String, Vec<Option<f64>>>,
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

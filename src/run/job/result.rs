//! What a worker leaves: one result file; and of a training in progress, where it may go on.

use super::task::Job;
use super::untrained::UntrainedResult;
use crate::base::Digest;
use crate::evaluate::Observed;
use crate::results::Epoch;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Weights at an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rung {
    /// The epoch.
    pub epoch: usize,
    /// The weights to evaluate.
    pub weights: Digest,
    /// The whole training state; none of a trainer of one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Digest>,
    /// Of a supernet whose method learns choices: their distribution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choices: Option<Digest>,
    /// What a trainer of one's own reported, by metric.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reported: BTreeMap<String, f64>,
    /// The checkpoint that such a trainer left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Digest>,
}

impl Rung {
    /// Of a training of nasflow's own.
    pub fn new(epoch: usize, weights: Digest, state: Digest, choices: Option<Digest>) -> Self {
        Rung { epoch, weights, state: Some(state), choices, reported: BTreeMap::new(), checkpoint: None }
    }

    /// The blobs that it names.
    fn blobs(&self) -> impl Iterator<Item = Digest> {
        [Some(self.weights), self.state, self.choices, self.checkpoint].into_iter().flatten()
    }
}

/// What a worker leaves.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "done", rename_all = "kebab-case")]
pub enum JobResult {
    /// Trained to the last rung.
    Trained {
        /// All rungs asked for.
        rungs: Vec<Rung>,
        /// The learning curve from the first epoch.
        curve: Vec<Epoch>,
    },
    /// The loss was not finite, or above the recipe's bound.
    Diverged {
        /// At this iteration.
        iteration: u64,
        /// In words.
        reason: String,
        /// The curve until then.
        curve: Vec<Epoch>,
        /// The rungs passed before.
        rungs: Vec<Rung>,
    },
    /// Detected.
    Predicted {
        /// The blob.
        predictions: Digest,
    },
    /// The loss of a detector over a split.
    Loss {
        /// None where it is no number.
        value: Option<f64>,
    },
    /// What a command of one's own says.
    Number {
        /// A finite number.
        value: f64,
    },
    /// What a command of one's own proposes.
    Proposed {
        /// Label → value; none where it has no further candidate.
        choices: Option<BTreeMap<String, String>>,
    },
    /// What networks with fresh weights have, in the order of the job.
    Untrained {
        /// One for each.
        results: Vec<UntrainedResult>,
    },
    /// Observed alone on the machine.
    Measured(Observed),
}

impl JobResult {
    /// The blobs that it names.
    pub fn outputs(&self) -> Vec<Digest> {
        match self {
            JobResult::Trained { rungs, .. } | JobResult::Diverged { rungs, .. } => rungs.iter().flat_map(Rung::blobs).collect(),
            JobResult::Predicted { predictions } => vec![*predictions],
            JobResult::Loss { .. }
            | JobResult::Number { .. }
            | JobResult::Proposed { .. }
            | JobResult::Untrained { .. }
            | JobResult::Measured(_) => Vec::new(),
        }
    }

    /// Whether it has all that a job asks for. A measurement is made anew whenever it is asked for.
    pub fn answers(&self, job: &Job) -> bool {
        match (self, job) {
            (JobResult::Trained { rungs, .. }, Job::Train(job)) => job.rungs.iter().all(|e| rungs.iter().any(|r| r.epoch == *e)),
            (JobResult::Diverged { .. }, Job::Train(_)) => true,
            (JobResult::Predicted { .. }, job) => job.loss() == Some(false),
            (JobResult::Loss { .. }, job) => job.loss() == Some(true),
            (JobResult::Number { .. }, Job::Command(_)) | (JobResult::Proposed { .. }, Job::Propose(_)) => true,
            (JobResult::Untrained { results }, Job::Untrained(jobs)) => results.len() == jobs.each.len(),
            _ => false,
        }
    }
}

/// Where a training in progress may go on: written after every checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Iterations done.
    pub iteration: u64,
    /// The digest of the state's bytes.
    pub state: Digest,
    /// The file of the attempt that holds them; none where they are a blob, at a rung.
    pub file: Option<String>,
    /// The curve so far.
    pub curve: Vec<Epoch>,
    /// Rungs passed.
    pub rungs: Vec<Rung>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else a result whose rungs are gone would be taken for whole, and could never be published.
    #[test]
    fn a_divergence_names_the_blobs_of_the_rungs_it_passed() {
        let [weights, state, choices] = ["w", "s", "c"].map(|name| Digest::of(name.as_bytes()));
        let rungs = vec![Rung::new(1, weights, state, Some(choices))];
        let diverged = JobResult::Diverged { iteration: 9, reason: "loss NaN".into(), curve: Vec::new(), rungs: rungs.clone() };
        assert_eq!(diverged.outputs(), [weights, state, choices]);
        assert_eq!(JobResult::Trained { rungs, curve: Vec::new() }.outputs(), diverged.outputs());
    }
}

//! What trainings leave.

use crate::base::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Weights at an epoch, with what led to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// The weights to evaluate.
    pub weights: Digest,
    /// The whole training state; none where it was never kept.
    pub state: Option<Digest>,
    /// Of a supernet whose method learns choices: the blob of their distribution.
    pub choices: Option<Digest>,
    /// Epochs done.
    pub epochs: usize,
    /// The learning curve from the first epoch.
    pub curve: Vec<Epoch>,
    /// What the method has learned of its choices: what the blob `choices` holds.
    pub learned: Option<Learned>,
    /// What a trainer of one's own reported, by metric.
    pub reported: BTreeMap<String, f64>,
    /// The checkpoint that such a trainer left.
    pub checkpoint: Option<Digest>,
}

/// One epoch of a learning curve: mean losses. A classifier has one loss, which `cls` holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: usize,
    /// Box loss.
    pub r#box: f64,
    /// Objectness loss.
    pub obj: f64,
    /// Class loss.
    pub cls: f64,
}

impl Epoch {
    /// All losses together.
    pub fn total(&self) -> f64 {
        self.r#box + self.obj + self.cls
    }
}

/// What a method has learned of a supernet's choices. Free of names, as the supernet's key is: decisions by address, options by
/// rank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// The method's word.
    pub method: String,
    /// The distribution over every decision's options: the decision's address (16 hexadecimal digits), probabilities by rank.
    pub choices: Vec<Choice>,
    /// By decision, as in `choices`: the rank of the most probable option.
    pub strongest: Vec<usize>,
    /// A collapse into skips, where there is one.
    pub collapse: Option<Collapsed>,
}

impl Learned {
    /// The place of a decision in `choices`, by its address.
    pub fn position(&self, address: u64) -> Option<usize> {
        let name = format!("{address:016x}");
        self.choices.iter().position(|c| c.name == name)
    }
}

/// The distribution over one decision's options.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The decision's label or address.
    pub name: String,
    /// Probability of each option, in the space's order or by rank.
    pub probabilities: Vec<f64>,
}

/// A collapse into skips.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collapsed {
    /// Addresses of the decisions whose strongest option is a skip.
    pub skipping: Vec<String>,
    /// Decisions that offer a skip and something else.
    pub of: usize,
    /// Mean probability of skips in these.
    pub mass: f64,
    /// What it would be if all options were equally probable.
    pub even: f64,
}

//! What actions leave: one type a kind.
//!
//! Promises: whoever reads a result reads fields, never names in strings. How a result is written as JSON is known at the
//! store's edge alone (`run::record`). It may not know how a result is made, nor what is done with it.

mod compared;
mod kept;
mod measured;
mod training;

pub use compared::Comparison;
pub use kept::{Described, GivenUp, RanFor, ReadSplit, RunSummary, Timing, Winner};
pub use measured::{ClassAccuracy, ClassReport, Classes};
pub use training::{Choice, Collapsed, Epoch, Learned, Trained};

use crate::base::Digest;
use std::collections::BTreeMap;

/// Anchors by level: (w, h) in pixels.
pub type Anchors = Vec<Vec<(f32, f32)>>;

/// The result of an action.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// k-means anchors of a split.
    Anchors {
        /// By level.
        anchors: Anchors,
        /// Share of the boxes that some anchor fits, at best.
        best_possible_recall: f64,
    },
    /// A split decoded at training size.
    Pack {
        /// The blob.
        pack: Digest,
        /// How many images it has.
        images: usize,
    },
    /// Weights at an epoch.
    Trained(Trained),
    /// A training whose loss was not finite, or above the recipe's bound: a result, everywhere and for good.
    Diverged {
        /// At this iteration.
        iteration: u64,
        /// In words.
        reason: String,
        /// The curve until then.
        curve: Vec<Epoch>,
    },
    /// What a network says of a split, be it with its own weights or with those of its supernet.
    Predicted {
        /// The blob.
        predictions: Digest,
    },
    /// One number of predictions.
    Measured {
        /// The value; NaN where it does not exist.
        value: f64,
        /// What the classes had in it.
        classes: Classes,
    },
    /// A choice among models.
    Chosen {
        /// The identities of the chosen models, best first.
        models: Vec<Digest>,
    },
    /// A network beside others.
    Compared(Comparison),
    /// What a command of one's own proposed.
    Proposed {
        /// Label → value; none where it has no further candidate.
        choices: Option<BTreeMap<String, String>>,
    },
    /// A network's weights cut out of its supernet's.
    Cut {
        /// The blob.
        weights: Digest,
    },
    /// A network that pruning left; or why it cannot be made so small, which is a result, too.
    Pruned(Result<Smaller, String>),
}

/// A smaller network.
#[derive(Clone, Debug, PartialEq)]
pub struct Smaller {
    /// Its canonical form as JSON.
    pub architecture: String,
    /// The blob of its weights.
    pub weights: Digest,
}

impl Outcome {
    /// The blob of weights, where it has one.
    pub fn weights(&self) -> Option<Digest> {
        match self {
            Outcome::Trained(trained) => Some(trained.weights),
            Outcome::Cut { weights } => Some(*weights),
            Outcome::Pruned(Ok(smaller)) => Some(smaller.weights),
            _ => None,
        }
    }

    /// The blob of predictions, where it has one.
    pub fn predictions(&self) -> Option<Digest> {
        match self {
            Outcome::Predicted { predictions } => Some(*predictions),
            _ => None,
        }
    }

    /// The number that was measured.
    pub fn value(&self) -> Option<f64> {
        match self {
            Outcome::Measured { value, .. } => Some(*value),
            _ => None,
        }
    }

    /// The learning curve of a training.
    pub fn curve(&self) -> &[Epoch] {
        match self {
            Outcome::Trained(trained) => &trained.curve,
            Outcome::Diverged { curve, .. } => curve,
            _ => &[],
        }
    }

    /// What the method of a supernet has learned of its choices.
    pub fn learned(&self) -> Option<&Learned> {
        match self {
            Outcome::Trained(trained) => trained.learned.as_ref(),
            _ => None,
        }
    }
}

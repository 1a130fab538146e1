//! `teacher` of a `train`: a trained network whose outputs are learned from, beside the labels.

use super::Spanned;
use serde::{Deserialize, Serialize};

/// `teacher "big" …`.
#[derive(Clone, Debug)]
pub struct Teacher {
    /// The stage that leaves it.
    pub stage: Spanned<String>,
    /// How its outputs count.
    pub how: Distillation,
}

/// How a teacher's outputs count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distillation {
    /// Of classifiers, what both networks' logits are divided by (Hinton et al. 2015); 1 of detectors, which have none.
    pub temperature: f64,
    /// Of classifiers the share of the loss that is the teacher's, the labels having the rest; of detectors how often the teacher's loss
    /// counts beside that against the boxes.
    pub weight: f64,
}

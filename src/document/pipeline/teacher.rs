//! `teacher` of a `train`: a trained network whose outputs are learned from, beside the labels.

use super::Spanned;
use serde::{Deserialize, Serialize};

/// `teacher "big" …`.
#[derive(Clone, Debug)]
pub struct Teacher {
    /// Who it is.
    pub who: TeacherFrom,
    /// How its outputs count.
    pub how: Distillation,
}

/// Where a teacher comes from.
#[derive(Clone, Debug)]
pub enum TeacherFrom {
    /// The stage that leaves it.
    Stage(Spanned<String>),
    /// `file=`: a model that `nasflow export` wrote; the path as the disk knows it.
    File(Spanned<String>),
}

impl Teacher {
    /// The stage that leaves it, where one does.
    pub fn stage(&self) -> Option<&Spanned<String>> {
        match &self.who {
            TeacherFrom::Stage(name) => Some(name),
            TeacherFrom::File(_) => None,
        }
    }

    /// The file that holds it, where one does.
    pub fn file(&self) -> Option<&Spanned<String>> {
        match &self.who {
            TeacherFrom::Stage(_) => None,
            TeacherFrom::File(path) => Some(path),
        }
    }
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

//! A teacher as one training meets it, and what it adds to the key.

use super::action::Action;
use super::candidate::Candidate;
use crate::base::{Canon, Digest};
use crate::document::Distillation;
use std::sync::Arc;

/// A teacher as one training meets it.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// What teaches.
    pub candidate: Arc<Candidate>,
    /// Its weights: those that are evaluated.
    pub weights: Digest,
    /// Batch norm's epsilon in its own training.
    pub bn_eps: f64,
    /// How its outputs count.
    pub how: Distillation,
    /// Whether they are logits of classes.
    pub classifies: bool,
}

impl Lesson {
    /// Writes it into the action of a training. It has the teacher's content, and nothing of who trained it where.
    pub(super) fn enter(&self, action: &mut Action) {
        action.inputs.extend([("teacher", self.candidate.digest), ("teacher-weights", self.weights)]);
        let mut how = vec![("weight".to_string(), self.how.weight.into()), ("batch-norm-eps".to_string(), self.bn_eps.into())];
        if self.classifies {
            how.push(("temperature".to_string(), self.how.temperature.into()));
        }
        if let Canon::Map(config) = &mut action.config {
            config.push(("teacher".to_string(), Canon::Map(how)));
        }
    }
}

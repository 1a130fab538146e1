//! The loss: a classifier's, computed from its predictions. A detector's is computed where it runs (`train::split_loss`).

use super::super::ClassificationReport;
use crate::document::{Better::Lower, Measure, Unit::Nats};

/// Mean cross-entropy in nats, without smoothing; of a detector the loss that its recipe trains by.
pub static LOSS: Measure<ClassificationReport> = Measure::<ClassificationReport>::new(
    "loss",
    Nats,
    Lower,
    |r, _| r.loss,
    "Mean cross-entropy of a classifier, without smoothing; of a detector box, objectness and class loss by the recipe's gains, over all images as one batch.",
)
.loss();

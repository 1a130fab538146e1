//! A classifier's loss.

use super::super::ClassificationReport;
use crate::document::{Better::Lower, Measure, Unit::Nats};

/// Mean cross-entropy in nats, without smoothing.
pub static LOSS: Measure<ClassificationReport> =
    Measure::new("loss", Nats, Lower, |r, _| r.loss, "Mean cross-entropy of the classes, without smoothing.");

//! Precision and recall at the confidence where a detector's mean F1 is best.

use super::super::DetectionReport;
use crate::document::{Better::Higher, Measure, Unit::Share};

/// Share of the detections that are true.
pub static PRECISION: Measure<DetectionReport> =
    Measure::new("precision", Share, Higher, |r, _| r.precision, "Share of true detections, at the confidence of the best mean F1.");

/// Share of the objects that are found.
pub static RECALL: Measure<DetectionReport> =
    Measure::new("recall", Share, Higher, |r, _| r.recall, "Share of the objects that are found, at that confidence.");

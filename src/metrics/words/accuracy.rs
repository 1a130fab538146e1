//! Shares of images that a classifier gives their class.

use super::super::ClassificationReport;
use crate::document::{Better::Higher, Measure, Unit::Share};

/// Share of images whose class has the highest logit.
pub static ACCURACY: Measure<ClassificationReport> =
    Measure::new("accuracy", Share, Higher, |r, _| r.accuracy, "Share of images whose class has the highest logit.");

/// Share of images whose class is among the five highest logits.
pub static TOP5: Measure<ClassificationReport> =
    Measure::new("top5", Share, Higher, |r, _| r.top5, "Share of images whose class is among the five highest logits.");

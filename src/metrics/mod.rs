//! Numbers from predictions: mAP, precision, recall, accuracy, rank correlation. Pure.
//!
//! Promises: no I/O, no clock, no threads; sums in a fixed order and ties broken by a total order, so that the same
//! predictions give the same bits everywhere. Knows nothing of networks, of packs or of how a box was found.

pub mod average_precision;
pub mod best_of;
pub mod bootstrap;
pub mod classification;
pub mod comparison;
pub mod confidence;
pub mod detection;
pub mod hypervolume;
pub mod importance;
pub mod matched;
pub mod matching;
pub mod rank;
pub mod regret;
pub mod reliability;
pub mod resample;
pub mod student;
pub mod truth;
pub mod words;

pub use best_of::{BestOf, best_of};
pub use bootstrap::{Agreement, agreements};
pub use classification::{ClassificationReport, Guesses};
pub use comparison::{Runs, compare};
pub use detection::DetectionReport;
pub use hypervolume::hypervolume;
pub use matched::Matched;

pub use crate::results::{ClassAccuracy, ClassReport};
pub use rank::{kendall_tau_b, spearman};
pub use resample::{Parts, Resampled};
pub use truth::{Truth, TruthBox};
pub use words::{CLASSIFICATION, DETECTION};

use serde::{Deserialize, Serialize};

/// One detection, in pixels of the original image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// Left.
    pub x1: f32,
    /// Top.
    pub y1: f32,
    /// Right.
    pub x2: f32,
    /// Bottom.
    pub y2: f32,
    /// Objectness × class.
    pub score: f32,
    /// Class.
    pub class: u16,
}

impl Detection {
    /// The score that everything here orders by: 0 … 1; NaN counts as 0, so that a broken score comes last.
    pub fn rank_score(&self) -> f32 {
        if self.score.is_nan() { 0.0 } else { self.score.clamp(0.0, 1.0) + 0.0 }
    }
}

/// Indices of one image's detections, highest score first; equal scores keep their order.
pub fn score_order(detections: &[Detection]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..detections.len()).collect();
    order.sort_by(|&a, &b| detections[b].rank_score().total_cmp(&detections[a].rank_score()));
    order
}

#[cfg(test)]
mod golden_tests;

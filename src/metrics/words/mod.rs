//! The metrics that read predictions: one file each, or one for those of a kind, and one line here.

pub mod accuracy;
pub mod f1;
pub mod loss;
pub mod mean_average_precision;
pub mod one_class;
pub mod operating_point;

use super::{ClassificationReport, DetectionReport};
use crate::document::{Measure, Reading, Reads, Task};

/// Metrics of detectors.
pub static DETECTION: &[&Measure<DetectionReport>] = &[
    &mean_average_precision::MAP50,
    &mean_average_precision::MAP50_95,
    &operating_point::PRECISION,
    &operating_point::RECALL,
    &f1::F1,
    &one_class::AP50,
    &one_class::AP50_95,
    &one_class::PRECISION_OF,
    &one_class::RECALL_OF,
    &mean_average_precision::COCO_MAP50,
    &mean_average_precision::COCO_MAP50_95,
];

/// Metrics of classifiers.
pub static CLASSIFICATION: &[&Measure<ClassificationReport>] =
    &[&accuracy::ACCURACY, &accuracy::TOP5, &one_class::ACCURACY_OF, &loss::LOSS];

impl Reading for DetectionReport {
    const READS: Reads = Reads::Predictions(Task::Detect);
}

impl Reading for ClassificationReport {
    const READS: Reads = Reads::Predictions(Task::Classify);
}

//! Predictions laid against the truth of their split: what metrics and comparisons are computed from.

use super::error::RunError;
use super::prepare::Prepared;
use super::truth::without_pixels;
use crate::base::Digest;
use crate::document::{Metric, Task, measure};
use crate::evaluate::{self, EvaluateError, Logits, Predictions};
use crate::metrics::{CLASSIFICATION, ClassificationReport, DETECTION, DetectionReport, Guesses, Matched};
use crate::results::Classes;
use crate::store::{Store, StoreError};

/// One set of predictions with its truth.
pub enum Predicted {
    /// Of a detector.
    Detections(Matched),
    /// Of a classifier.
    Guesses(Guesses),
}

/// Everything that is measured of one set of predictions.
pub enum Measured {
    /// Of a detector.
    Detection(DetectionReport),
    /// Of a classifier.
    Classification(ClassificationReport),
}

/// Reads predictions for a split (`data` node and split); none where they are gone or damaged.
///
/// # Errors
/// Those of the store, and predictions that are not of this split.
pub fn read(predictions: Digest, data: &(String, String), prepared: &Prepared, store: &Store) -> Result<Option<Predicted>, RunError> {
    let bytes = match store.blobs().get(&predictions) {
        Ok(bytes) => bytes,
        Err(StoreError::Missing { .. } | StoreError::Damaged { .. }) => return Ok(None),
        Err(e) => return Err(e.into()),
    };
    let told = |e: EvaluateError| match e {
        EvaluateError::Blob(why) => RunError::Unreadable { what: format!("predictions {}", predictions.short()), why },
        other => RunError::Data(other.to_string()),
    };
    let scan = prepared.scans.get(&data.0).ok_or_else(|| RunError::Data(format!("no data `{}`", data.0)))?;
    let truth = without_pixels(scan, &data.1)?;
    let task = prepared.data.get(&data.0).map(|d| d.task).unwrap_or_default();
    let predicted = match task {
        Task::Detect => {
            let matched = Predictions::from_bytes(&bytes).and_then(|predictions| evaluate::matched(&truth, &predictions));
            Predicted::Detections(matched.map_err(told)?)
        }
        Task::Classify => {
            let guesses = Logits::from_bytes(&bytes).and_then(|logits| evaluate::guesses(&truth, &logits));
            Predicted::Guesses(guesses.map_err(told)?)
        }
    };
    Ok(Some(predicted))
}

impl Predicted {
    /// The report.
    pub fn measured(&self) -> Measured {
        match self {
            Predicted::Detections(matched) => Measured::Detection(DetectionReport::of(matched)),
            Predicted::Guesses(guesses) => Measured::Classification(guesses.report(&vec![1; guesses.images()])),
        }
    }
}

impl Measured {
    /// A metric of it; none where it is a metric of something else.
    pub fn value(&self, metric: &Metric) -> Option<f64> {
        match self {
            Measured::Detection(report) => measure(DETECTION, metric, report),
            Measured::Classification(report) => measure(CLASSIFICATION, metric, report),
        }
    }

    /// What the classes had in it.
    pub fn classes(&self) -> Classes {
        match self {
            Measured::Detection(report) => Classes::Detection(report.classes.clone()),
            Measured::Classification(report) => Classes::Classification(report.classes.clone()),
        }
    }
}

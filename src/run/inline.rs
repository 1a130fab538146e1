//! What the coordinator computes itself, because it is pure and short: metrics from predictions, and choices.

use super::cut::Cutter;
use super::error::RunError;
use super::prepare::Prepared;
use super::record;
use super::truth::without_pixels;
use crate::base::{Digest, fixed};
use crate::document::{Metric, Task, measure};
use crate::evaluate::{self, EvaluateError, Logits, Predictions};
use crate::metrics::{CLASSIFICATION, ClassificationReport, DETECTION, DetectionReport};
use crate::plan::{MetricWork, SelectWork, Work};
use crate::results::{Classes, Outcome};
use crate::store::{Store, StoreError};

/// What became of a metric.
pub enum Computed {
    /// It is in the store.
    Done {
        /// In words.
        result: String,
        /// Of a metric, its value.
        value: Option<f64>,
    },
    /// The predictions are gone or damaged: they must be made again.
    InputGone,
}

/// Computes metrics; keeps the last report, because several metrics read the same predictions and truth.
#[derive(Default)]
pub struct Inline {
    /// The inputs (predictions, split) of a report, and the report.
    last: Option<(Vec<(&'static str, Digest)>, Report)>,
    cutter: Cutter,
}

/// Everything that is measured of one set of predictions.
enum Report {
    Detection(DetectionReport),
    Classification(ClassificationReport),
}

impl Inline {
    /// Whether this is for the coordinator.
    pub fn takes(work: &Work) -> bool {
        matches!(work, Work::Metric(_) | Work::Select(_) | Work::Cut(_))
    }

    /// Computes and publishes.
    pub fn compute(&mut self, work: &Work, prepared: &Prepared, store: &Store) -> Result<Computed, RunError> {
        match work {
            Work::Metric(w) => self.metric(w, prepared, store),
            Work::Select(w) => select(w, store),
            Work::Cut(w) => Ok(match self.cutter.cut(w, prepared, store)? {
                true => Computed::Done { result: "cut out of its supernet".into(), value: None },
                false => Computed::InputGone,
            }),
            Work::Train(_) | Work::Predict(_) | Work::Subnet(_) => Err(RunError::Stuck("a worker's job came to the coordinator".into())),
        }
    }

    fn metric(&mut self, work: &MetricWork, prepared: &Prepared, store: &Store) -> Result<Computed, RunError> {
        if self.last.as_ref().is_none_or(|l| l.0 != work.request.action.inputs) {
            let bytes = match store.blobs().get(&work.predictions) {
                Ok(bytes) => bytes,
                Err(StoreError::Missing { .. } | StoreError::Damaged { .. }) => return Ok(Computed::InputGone),
                Err(e) => return Err(e.into()),
            };
            let told = |e: EvaluateError| match e {
                EvaluateError::Blob(why) => RunError::Unreadable { what: format!("predictions {}", work.predictions.short()), why },
                other => RunError::Data(other.to_string()),
            };
            let scan = prepared.scans.get(&work.data.0).ok_or_else(|| RunError::Data(format!("no data `{}`", work.data.0)))?;
            let truth = without_pixels(scan, &work.data.1)?;
            let task = prepared.data.get(&work.data.0).map(|d| d.task).unwrap_or_default();
            let report = match task {
                Task::Detect => {
                    let report = Predictions::from_bytes(&bytes).and_then(|predictions| evaluate::report(&truth, &predictions));
                    Report::Detection(report.map_err(told)?)
                }
                Task::Classify => {
                    let report = Logits::from_bytes(&bytes).and_then(|logits| evaluate::classification(&truth, &logits));
                    Report::Classification(report.map_err(told)?)
                }
            };
            self.last = Some((work.request.action.inputs.clone(), report));
        }
        let Some((_, report)) = &self.last else { return Ok(Computed::InputGone) };
        let Some(value) = report.value(&work.metric) else {
            return Err(RunError::Stuck(format!("`{}` is not computed from predictions", work.metric)));
        };
        store.publish(&record::write(&work.request.action, None, &Outcome::Measured { value, classes: report.classes() }))?;
        Ok(Computed::Done { result: format!("{} {}", work.metric, fixed(value, 3)), value: Some(value) })
    }
}

impl Report {
    /// A metric of it; none where it is a metric of something else.
    fn value(&self, metric: &Metric) -> Option<f64> {
        match self {
            Report::Detection(report) => measure(DETECTION, metric, report),
            Report::Classification(report) => measure(CLASSIFICATION, metric, report),
        }
    }

    fn classes(&self) -> Classes {
        match self {
            Report::Detection(report) => Classes::Detection(report.classes.clone()),
            Report::Classification(report) => Classes::Classification(report.classes.clone()),
        }
    }
}

fn select(work: &SelectWork, store: &Store) -> Result<Computed, RunError> {
    store.publish(&record::write(&work.request.action, None, &Outcome::Chosen { models: work.chosen.clone() }))?;
    Ok(Computed::Done { result: format!("{} chosen", work.chosen.len()), value: None })
}

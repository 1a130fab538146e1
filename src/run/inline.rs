//! What the coordinator computes itself, because it is pure and short: metrics from predictions, comparisons, and choices.

use super::compare::comparison;
use super::cut::Cutter;
use super::error::RunError;
use super::predicted::{self, Measured};
use super::prepare::Prepared;
use super::prune::pruned;
use crate::base::{Digest, fixed};
use crate::plan::{CompareWork, MetricWork, PruneWork, SelectWork, Work};
use crate::results::Outcome;
use crate::store::Store;

/// What became of a metric.
pub enum Computed {
    /// It is to be published.
    Done {
        /// What came out.
        outcome: Box<Outcome>,
        /// In words.
        result: String,
        /// Of a metric, its value.
        value: Option<f64>,
    },
    /// The predictions are gone or damaged: they must be made again.
    InputGone,
}

impl Computed {
    fn done(outcome: Outcome, result: String, value: Option<f64>) -> Computed {
        Computed::Done { outcome: Box::new(outcome), result, value }
    }
}

/// Computes metrics; keeps the last report, because several metrics read the same predictions and truth.
#[derive(Default)]
pub struct Inline {
    /// The inputs (predictions, split) of a report, and the report.
    last: Option<(Vec<(&'static str, Digest)>, Measured)>,
    cutter: Cutter,
}

impl Inline {
    /// Whether this is for the coordinator.
    pub fn takes(work: &Work) -> bool {
        matches!(work, Work::Metric(_) | Work::Select(_) | Work::Cut(_) | Work::Prune(_) | Work::Compare(_))
    }

    /// Computes.
    pub fn compute(&mut self, work: &Work, prepared: &Prepared, store: &Store) -> Result<Computed, RunError> {
        match work {
            Work::Metric(w) => self.metric(w, prepared, store),
            Work::Select(w) => Ok(select(w)),
            Work::Compare(w) => compare(w, prepared, store),
            Work::Cut(w) => Ok(match self.cutter.cut(w, prepared, store)? {
                Some(outcome) => Computed::done(outcome, "cut out of its supernet".into(), None),
                None => Computed::InputGone,
            }),
            Work::Prune(w) => prune(w, store),
            Work::Train(_) | Work::Predict(_) | Work::Subnet(_) | Work::Command(_) | Work::Propose(_) | Work::Untrained(_) => {
                Err(RunError::Stuck("a worker's job came to the coordinator".into()))
            }
        }
    }

    fn metric(&mut self, work: &MetricWork, prepared: &Prepared, store: &Store) -> Result<Computed, RunError> {
        if self.last.as_ref().is_none_or(|l| l.0 != work.request.action.inputs) {
            let Some(predicted) = predicted::read(work.predictions, &work.data, prepared, store)? else { return Ok(Computed::InputGone) };
            self.last = Some((work.request.action.inputs.clone(), predicted.measured()));
        }
        let Some((_, report)) = &self.last else { return Ok(Computed::InputGone) };
        let Some(value) = report.value(&work.metric) else {
            return Err(RunError::Stuck(format!("`{}` is not computed from predictions", work.metric)));
        };
        let outcome = Outcome::Measured { value, classes: report.classes() };
        Ok(Computed::done(outcome, format!("{} {}", work.metric, fixed(value, 3)), Some(value)))
    }
}

fn compare(work: &CompareWork, prepared: &Prepared, store: &Store) -> Result<Computed, RunError> {
    let Some(comparison) = comparison(work, prepared, store)? else { return Ok(Computed::InputGone) };
    let between = comparison.interval.map_or(String::new(), |(low, high)| format!(" ({} to {})", fixed(low, 3), fixed(high, 3)));
    let result = format!("{} {}{between}", work.metric, fixed(comparison.difference, 3));
    Ok(Computed::done(Outcome::Compared(comparison), result, None))
}

fn prune(work: &PruneWork, store: &Store) -> Result<Computed, RunError> {
    let Some((outcome, result)) = pruned(work, store)? else { return Ok(Computed::InputGone) };
    Ok(Computed::done(outcome, result, None))
}

fn select(work: &SelectWork) -> Computed {
    Computed::done(Outcome::Chosen { models: work.chosen.clone() }, format!("{} chosen", work.chosen.len()), None)
}

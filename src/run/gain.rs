//! What one way of searching gains over another: training iterations until both are as good as the worse of them ends.

use super::cost::Ledger;
use crate::base::Digest;
use crate::document::{Metric, Pipeline};
use crate::plan::lead::{leading_to, supernets};
use crate::plan::{Replay, State};
use crate::store::StoreError;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// One way: the best figure so far against what was trained for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Way {
    /// The `evaluate` that it ends in.
    pub name: String,
    /// (iterations so far, best so far), wherever a better one is met.
    pub curve: Vec<(u64, f64)>,
    /// All iterations of the way.
    pub iterations: u64,
}

impl Way {
    /// The best figure.
    pub fn last(&self) -> Option<f64> {
        self.curve.last().map(|p| p.1)
    }

    /// Iterations until the best is as good as `target`.
    pub fn until(&self, target: f64, metric: &Metric) -> Option<u64> {
        self.curve.iter().find(|p| metric.order(p.1, target).is_le()).map(|p| p.0)
    }
}

/// A way, from the records. It holds every `evaluate` that leads to `stage` and measures `metric` on the same images, in the order
/// in which their results can be had, each network after the trainings that it needs; networks with a supernet's weights count,
/// too. Several seeds of a network count as one: their mean figure, for the mean of their iterations.
///
/// # Errors
/// Those of the store.
pub fn way(pipeline: &Pipeline, replay: &Replay, ledger: &Ledger, stage: usize, metric: &Metric) -> Result<Way, StoreError> {
    let data = |index: usize| {
        let evaluate = pipeline.stages[index].evaluate().filter(|e| e.metrics.iter().any(|m| m.value == *metric))?;
        evaluate.data.as_ref().map(|(data, split)| (data.value.as_str(), split.value.as_str()))
    };
    let images = data(stage);
    let mut spent = Trained::default();
    let mut curve: Vec<(u64, f64)> = Vec::new();
    for index in leading_to(pipeline, stage).into_iter().filter(|&i| images.is_some() && data(i) == images) {
        for supernet in supernets(pipeline, index) {
            for trained in replay.stages[supernet].slots.iter().filter_map(|s| s.model.trained.as_ref()) {
                spent.add(ledger, &trained.runs.iter().map(|r| r.key).collect::<Vec<_>>())?;
            }
        }
        for slot in replay.stages[index].slots.iter().filter(|s| s.state == State::Ready) {
            // Trained once more, a trial costs as much again, whatever its figure is.
            let again = replay.copies(index).filter(|copy| copy.model.origin == slot.model.origin);
            for trained in std::iter::once(slot).chain(again).filter_map(|s| s.model.trained.as_ref()) {
                spent.add(ledger, &trained.runs.iter().map(|r| r.key).collect::<Vec<_>>())?;
            }
            let Some(figure) = slot.model.figures.get(metric).map(crate::plan::Figure::mean).filter(|f| !f.is_nan()) else {
                continue;
            };
            if curve.last().is_none_or(|p| metric.order(figure, p.1).is_lt()) {
                curve.push((spent.iterations(), figure));
            }
        }
    }
    Ok(Way { name: pipeline.stages[stage].name.value.clone(), curve, iterations: spent.iterations() })
}

/// How far trainings have come; those of several seeds together.
#[derive(Default)]
struct Trained {
    reached: BTreeMap<Vec<Digest>, u64>,
}

impl Trained {
    fn add(&mut self, ledger: &Ledger, runs: &[Digest]) -> Result<(), StoreError> {
        let (mut chains, mut iterations) = (BTreeSet::new(), 0);
        for &key in runs {
            if let Some((chain, iteration)) = ledger.training(key)? {
                chains.insert(chain);
                iterations += iteration;
            }
        }
        if !chains.is_empty() {
            let mean = iterations / chains.len() as u64;
            let reached = self.reached.entry(chains.into_iter().collect()).or_insert(0);
            *reached = mean.max(*reached);
        }
        Ok(())
    }

    fn iterations(&self) -> u64 {
        self.reached.values().sum()
    }
}

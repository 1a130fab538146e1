//! `table-latency` of an `evaluate`: a sum over rows of its table, known without running anything.

use super::super::action::{Action, Kind};
use super::super::engine::Engine;
use super::super::model::{Slot, Step};
use crate::base::Canon;
use crate::document::{Metric, measure};
use crate::space::LATENCIES;
use crate::space::latency::TableLatency;

impl Engine<'_> {
    /// A model's latency by the table of a stage, or which row that lacks.
    pub(super) fn table_latency(&mut self, stage: &str, metric: &Metric, slot: &mut Slot) -> Result<f64, String> {
        let (table, digest) = self.latencies.get(stage).ok_or("its table of latencies was not read")?;
        let candidate = slot.model.candidate.clone();
        let action = Action {
            kind: Kind::Table,
            config: Canon::map([("metric", metric.name().into())]),
            inputs: vec![("architecture", candidate.digest), ("table", *digest)],
            seed: None,
            numerics: None,
        };
        slot.steps.push(Step { key: action.key(), action, known: true, chain: None, fold: None });
        let sum = self.summed.entry((*digest, candidate.digest)).or_insert_with(|| table.latency(candidate.architecture()?));
        sum.clone().map(|ms| measure(LATENCIES, metric, &TableLatency(ms)).unwrap_or(f64::NAN))
    }
}

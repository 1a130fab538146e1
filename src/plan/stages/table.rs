//! `evaluate` with `method table`: a look-up, known without running anything.

use super::super::Figure;
use super::super::action::{Action, Kind};
use super::super::choose::cost_of;
use super::super::engine::Engine;
use super::super::model::{Slot, State, Step};
use super::super::table::key_of;
use crate::base::Canon;
use crate::document::{Evaluate, TableColumn, TableSource};
use crate::space::Space;

impl Engine<'_> {
    /// The figures of a model's row. A network without a row has failed, as a result.
    pub(super) fn look_up(&self, index: usize, evaluate: &Evaluate, source: &TableSource, mut slot: Slot) -> Slot {
        let name = &self.pipeline.stages[index].name.value;
        slot.model.via.insert(name.clone());
        for metric in evaluate.metrics.iter().map(|m| &m.value) {
            if let Some(cost) = cost_of(&slot.model.candidate, metric) {
                slot.model.figures.insert(metric.name(), Figure::exact(cost));
            }
        }
        let failed = |slot: Slot, why: String| Slot { state: State::Failed(why), ..slot };
        let (Some(table), Some(space)) = (self.tables.get(name), self.space_of(&slot.model.origin.0)) else {
            return failed(slot, "its table was not read".into());
        };
        let key = match key_of(source, space.decisions(), &slot.model.candidate.choices) {
            Ok(key) => key,
            Err(why) => return failed(slot, why.0),
        };
        let asked = |c: &&TableColumn| evaluate.metrics.iter().any(|m| m.value == c.metric.value);
        for column in source.columns.iter().filter(asked) {
            let action = Action {
                kind: Kind::Table,
                config: Canon::map([
                    ("metric", column.metric.value.name().into()),
                    ("row", key.as_str().into()),
                    ("keys", source.keys.value.as_str().into()),
                    ("columns", column.names.iter().map(|n| n.value.clone()).collect::<Vec<_>>().into()),
                    ("percent", column.percent.into()),
                ]),
                inputs: vec![("table", table.digest)],
                seed: None,
                numerics: None,
            };
            slot.steps.push(Step { key: action.key(), action, known: true, chain: None });
            match table.figure(&key, column) {
                Ok(figure) => slot.model.figures.insert(column.metric.value.name(), figure),
                Err(why) => return failed(slot, why),
            };
        }
        Slot { state: State::Ready, ..slot }
    }

    /// The space that a sample stage proposes from, by itself or by way of its supernet.
    fn space_of(&self, sample: &str) -> Option<&Space> {
        let from = |stage: &str| self.pipeline.stages.get(self.stage(stage)?)?.from.first();
        let source = from(sample)?;
        self.spaces.get(&source.value).or_else(|| self.spaces.get(&from(&source.value)?.value))
    }
}

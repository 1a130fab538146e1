//! `evaluate` with `method table`: a look-up, known without running anything.

use super::super::Figure;
use super::super::action::{Action, Kind};
use super::super::engine::Engine;
use super::super::model::{Slot, State, Step};
use super::super::table::{RowKey, key_of};
use crate::base::Canon;
use crate::document::{Evaluate, Scale, StageId, TableColumn, TableSource};
use crate::space::{Space, cost_as};

impl Engine<'_> {
    /// The figures of a model's row. A network without a row has failed, as a result.
    pub(super) fn look_up(&self, index: usize, evaluate: &Evaluate, source: &TableSource, mut slot: Slot) -> Slot {
        let name = &self.pipeline.stages[index].name.value;
        slot.model.via.insert(name.clone());
        for metric in evaluate.metrics.iter().map(|m| &m.value) {
            if let Some(cost) = cost_as(metric, &slot.model.candidate.cost()) {
                slot.model.figures.insert(metric.clone(), Figure::exact(cost));
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
                config: config(source, column, &key),
                inputs: vec![("table", table.digest)],
                seed: None,
                numerics: None,
            };
            slot.steps.push(Step { key: action.key(), action, known: true, chain: None, fold: None });
            match table.figure(&key, column) {
                Ok(figure) => slot.model.figures.insert(column.metric.value.clone(), figure),
                Err(why) => return failed(slot, why),
            };
        }
        Slot { state: State::Ready, ..slot }
    }

    /// The space that a sample stage proposes from, by itself or by way of its supernet.
    fn space_of(&self, sample: &str) -> Option<&Space> {
        let pipeline = self.pipeline;
        let id = pipeline.stage(sample)?;
        let space = |id: StageId| self.spaces.get(&pipeline.stages[id].from.first()?.value);
        space(id).or_else(|| space(*pipeline.links.reads[id].first()?))
    }
}

/// What names a figure of a table: one key is a text, several are a list of texts, and a unit beside percent is named.
fn config(source: &TableSource, column: &TableColumn, key: &RowKey) -> Canon {
    let names: Vec<String> = source.keys.iter().map(|k| k.value.clone()).collect();
    let one_or_all = |texts: &[String]| match texts {
        [one] => Canon::from(one.as_str()),
        all => all.to_vec().into(),
    };
    let mut config = vec![
        ("metric".to_string(), column.metric.value.name().into()),
        ("row".to_string(), one_or_all(&key.0)),
        ("keys".to_string(), one_or_all(&names)),
        ("columns".to_string(), column.names.iter().map(|n| n.value.clone()).collect::<Vec<_>>().into()),
        ("percent".to_string(), column.percent().into()),
    ];
    if let Some(unit) = column.unit.filter(|unit| unit.scale != Scale::Same && !column.percent()) {
        config.push(("unit".to_string(), unit.word.into()));
    }
    Canon::Map(config)
}

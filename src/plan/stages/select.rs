//! `select`: waits for every model, then chooses; the choice is an action, so that changing it re-runs nothing else.

use super::super::action::{Action, Kind};
use super::super::choose::{choose, value_of};
use super::super::engine::{Engine, Known, StageReplay};
use super::super::model::{State, Step};
use super::super::work::{SelectWork, Work};
use crate::base::Canon;
use crate::document::{Metric, Select, SelectBy};

impl Engine<'_> {
    pub(in super::super) fn select(
        &mut self,
        index: usize,
        select: &Select,
        incoming: StageReplay,
        known: &mut dyn Known,
        works: &mut Vec<Work>,
    ) -> StageReplay {
        let waiting = StageReplay { slots: Vec::new(), complete: false, notes: Vec::new() };
        if !incoming.complete || incoming.slots.iter().any(|s| s.state == State::Pending) {
            return waiting;
        }
        let name = self.pipeline.stages[index].name.value.clone();
        let chosen = choose(select, &incoming.slots);
        let action = Action {
            kind: Kind::Select,
            config: Canon::map([("rule", rule(select)), ("models", models(select, &incoming))]),
            inputs: Vec::new(),
            seed: None,
            numerics: None,
        };
        let key = action.key();
        let done = known.outcome(key).is_some();
        let step = Step { action: action.clone(), key, known: done, chain: None, fold: None };
        if !done {
            let chosen = chosen.iter().map(|&i| incoming.slots[i].model.identity()).collect();
            works.push(Work::Select(Box::new(SelectWork { request: self.request(index, action, key, None, String::new()), chosen })));
            return waiting;
        }
        let slots = chosen
            .into_iter()
            .map(|i| {
                let mut slot = incoming.slots[i].clone();
                slot.model.via.insert(name.clone());
                slot.steps = vec![step.clone()];
                slot
            })
            .collect();
        StageReplay { slots, complete: true, notes: Vec::new() }
    }
}

/// The metrics that a select reads.
fn metrics(select: &Select) -> Vec<&Metric> {
    let by: Vec<&Metric> = match &select.by {
        SelectBy::All => Vec::new(),
        SelectBy::Top(_, m) => vec![&m.value],
        SelectBy::Pareto(ms) => ms.iter().map(|m| &m.value).collect(),
    };
    select.bounds.iter().map(|b| &b.metric.value).chain(by).collect()
}

fn rule(select: &Select) -> Canon {
    let bounds = select
        .bounds
        .iter()
        .map(|b| Canon::map([("metric", b.metric.value.name().into()), ("min", b.min.into()), ("max", b.max.into())]))
        .collect::<Vec<_>>();
    let by = match &select.by {
        SelectBy::All => Canon::None,
        SelectBy::Top(n, m) => Canon::map([("top", (*n).into()), ("by", m.value.name().into())]),
        SelectBy::Pareto(ms) => Canon::map([("pareto", ms.iter().map(|m| m.value.name()).collect::<Vec<_>>().into())]),
    };
    Canon::map([("where", Canon::List(bounds)), ("by", by)])
}

/// What the choice is made among: identity, cost (ties), and the metrics read.
fn models(select: &Select, incoming: &StageReplay) -> Canon {
    let metrics = metrics(select);
    Canon::List(
        incoming
            .slots
            .iter()
            .map(|slot| {
                let failed = matches!(slot.state, State::Failed(_));
                let values = metrics.iter().map(|m| value_of(&slot.model, m)).collect::<Vec<_>>();
                let mut of = vec![slot.model.identity().into(), failed.into(), slot.model.candidate.macs.into(), values.into()];
                of.extend(slot.model.cut().map(|cut| Canon::from(cut.epochs())));
                Canon::List(of)
            })
            .collect(),
    )
}

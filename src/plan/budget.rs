//! `budget epochs=`: the most that a stage trains. What is known already counts like the rest, so that a full cache leads to the same
//! search as an empty one.

use super::engine::{Engine, StageReplay};
use super::model::{Model, Slot, State};
use super::tickets::Tickets;
use crate::document::{Pipeline, Sample, StageId, Train};

impl Engine<'_> {
    /// The models of a stage as far as its budget goes, in their order; the others are left out, and a note says so. Models that failed
    /// before cost nothing; one that fails here counts whole.
    pub(super) fn within_budget(&self, index: StageId, train: &Train, incoming: StageReplay) -> (StageReplay, Vec<String>) {
        let Some(budget) = train.budget.as_ref().map(|b| b.value) else { return (incoming, Vec::new()) };
        let (mut spent, mut over, mut left_out) = (0usize, false, 0usize);
        let of = incoming.slots.len();
        let mut slots: Vec<Slot> = Vec::with_capacity(of);
        for slot in incoming.slots {
            let cost =
                if matches!(slot.state, State::Failed(_)) { 0 } else { epochs(index, train, &slot.model) * self.pipeline.runs(index) };
            over |= spent.saturating_add(cost) > budget;
            if over && cost > 0 {
                left_out += 1;
                continue;
            }
            spent += cost;
            slots.push(slot);
        }
        let note = format!("the budget of {budget} epochs is spent: {left_out} of {of} models were left out");
        (StageReplay { slots, ..incoming }, if left_out > 0 { vec![note] } else { Vec::new() })
    }

    /// What to say of a search that is over because a budget is spent.
    pub(super) fn spent(&self, index: StageId, sample: &Sample, tickets: &Tickets) -> Option<String> {
        let (got, asked) = (tickets.candidates.len(), sample.trials);
        let note = |stage: StageId, budget: usize| {
            let name = &self.pipeline.stages[stage].name.value;
            let stopped = if got < asked { format!("{got} of {asked} trials") } else { "no trial goes on".to_string() };
            Some(format!("the budget of {budget} epochs of `{name}` is spent: {stopped}"))
        };
        let trains = trains(self.pipeline, index);
        if let (Some(race), Some((stage, train))) = (&tickets.race, trains.last())
            && race.overspent()
        {
            return note(*stage, train.budget.as_ref()?.value);
        }
        let (stage, train) = trains.iter().find(|(stage, _)| trials(self.pipeline, *stage).is_some_and(|n| n <= got && n < asked))?;
        note(*stage, train.budget.as_ref()?.value)
    }

    /// Whether a stage has to wait because the trial may still be trained on: every stage behind a race but those on the way to what
    /// measures it.
    pub(super) fn undecided(&self, index: StageId, model: &Model) -> bool {
        let Some(raced) = model.raced.as_ref().filter(|r| r.open) else { return false };
        !self.measures(index, model) && self.pipeline.links.reaches(raced.stage, index)
    }

    /// Whether a stage is on the way from the search that proposed a model to what measures it.
    pub(super) fn measures(&self, index: StageId, model: &Model) -> bool {
        self.pipeline.stage(&model.origin.0).is_some_and(|sample| self.pipeline.links.way(sample).contains(&index))
    }
}

/// The trainings between a sample and its objective, in order.
pub(super) fn trains(pipeline: &Pipeline, sample: StageId) -> Vec<(StageId, &Train)> {
    pipeline.links.way(sample).into_iter().filter_map(|i| Some((i, pipeline.stages[i].train()?))).collect()
}

/// How many trials the budgets between a sample and its objective pay for, at most as many as are asked for. The training whose
/// epochs a rule cuts is counted by the tickets themselves.
pub fn affordable(pipeline: &Pipeline, index: StageId, sample: &Sample) -> usize {
    let mut trains = trains(pipeline, index);
    if sample.objective.as_ref().is_some_and(|o| o.stop.is_some()) {
        trains.pop();
    }
    let paid = trains.iter().filter_map(|(stage, _)| trials(pipeline, *stage));
    paid.fold(sample.trials, usize::min)
}

/// The epochs to which one run (a seed, a fold) of a stage's models may be trained in all.
pub(super) fn paid(pipeline: &Pipeline, stage: StageId) -> Option<usize> {
    Some(pipeline.stages[stage].train()?.budget.as_ref()?.value / pipeline.runs(stage))
}

/// Trials that a stage's budget pays for.
fn trials(pipeline: &Pipeline, stage: StageId) -> Option<usize> {
    Some(paid(pipeline, stage)? / pipeline.stages[stage].train()?.epochs.max(1))
}

/// The epochs to which a stage trains a model.
fn epochs(index: StageId, train: &Train, model: &Model) -> usize {
    model.raced.as_ref().filter(|raced| raced.stage == index).map_or(train.epochs, |raced| raced.epochs())
}

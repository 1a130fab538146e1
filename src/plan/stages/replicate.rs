//! `replicate`: the first trials of a search go the way to its objective once more, each training with the next seed.

use super::super::choose::value_of;
use super::super::engine::{Engine, Known};
use super::super::model::{Slot, State};
use super::super::repeats::asked;
use super::super::replicas::{FirstScore, Replica, Replicas};
use super::super::tickets::Tickets;
use super::super::work::Work;
use crate::document::{Evaluate, Objective, Sample, StageId, StageKind, Train};
use crate::search::Told;

impl Engine<'_> {
    /// Of every search that asks for it. What is to run is put behind what its own trials ask for, and before what comes after them.
    pub(in super::super) fn replicas(&mut self, known: &mut dyn Known, works: &mut Vec<Work>) -> Vec<Replicas> {
        let pipeline = self.pipeline;
        let mut all = Vec::new();
        for (index, stage) in pipeline.stages.iter().enumerate() {
            let Some((sample, objective)) = stage.sample().and_then(|s| Some((s, s.objective.as_ref()?))) else { continue };
            let (Some(target), true) = (pipeline.links.objective[index], sample.replicate.is_some()) else { continue };
            let Some(tickets) = self.tickets.remove(&index) else { continue };
            let mut more = Vec::new();
            let replicas = self.replicas_of(index, target, (sample, objective), &tickets, known, &mut more);
            self.tickets.insert(index, tickets);
            let at = works.iter().position(|w| w.stage() > target).unwrap_or(works.len());
            works.splice(at..at, more);
            all.push(replicas);
        }
        all
    }

    fn replicas_of(
        &mut self,
        index: StageId,
        stage: StageId,
        (sample, objective): (&Sample, &Objective),
        tickets: &Tickets,
        known: &mut dyn Known,
        works: &mut Vec<Work>,
    ) -> Replicas {
        let way = self.pipeline.links.way(index);
        let (metric, of) = (objective.metric.value.clone(), asked(self.pipeline, index, sample));
        let proposed = of.min(tickets.candidates.len());
        let trials = (0..proposed)
            .map(|trial| {
                let slot = self.measured_first(index, trial, tickets);
                self.once_more(&way, objective, slot, known, works)
            })
            .collect();
        // A search that found fewer networks has fewer of them.
        let of = if tickets.over { proposed } else { of };
        let first = (0..tickets.candidates.len()).map_while(|trial| self.first_score(index, trial, &way, sample, tickets, known));
        Replicas { sample: index, stage, metric, of, trials, first: first.collect() }
    }

    /// A trial as it came from the search; where that stops early, as far as it is trained before it is measured first: the one
    /// epoch at which all trials are.
    fn measured_first(&self, index: StageId, trial: usize, tickets: &Tickets) -> Slot {
        let mut slot = self.slot(index, trial, tickets, &None);
        if let Some(raced) = &mut slot.model.raced {
            raced.rungs.truncate(1);
            raced.open = false;
        }
        slot
    }

    /// One trial along the way, as far as it comes.
    fn once_more(&mut self, way: &[StageId], objective: &Objective, slot: Slot, known: &mut dyn Known, works: &mut Vec<Work>) -> Replica {
        let pipeline = self.pipeline;
        let (mut slots, mut at) = (Vec::new(), slot);
        for &index in way {
            let begin = works.len();
            at.steps.clear();
            at = match &pipeline.stages[index].kind {
                StageKind::Train(train) => {
                    let seed = train.seed.wrapping_add(train.seeds.max(1) as u64);
                    let again = Train { seed, seeds: 1, ..(**train).clone() };
                    self.train(index, &again, at, known, works)
                }
                StageKind::Evaluate(evaluate) => {
                    let mut only = evaluate.clone();
                    only.metrics.retain(|metric| metric.value == objective.metric.value);
                    self.evaluate_last(index, &only, at, known, works)
                }
                _ => Slot { state: State::Failed("neither trained nor measured".into()), ..at },
            };
            for request in works[begin..].iter_mut().map(Work::request_mut) {
                request.replica = true;
                request.detail += ", once more";
            }
            slots.push((index, at.clone()));
            if at.state != State::Ready {
                return Replica { slots, score: None };
            }
        }
        let score = value_of(&at.model, &objective.metric.value);
        Replica { slots, score: Some(score) }
    }

    fn evaluate_last(&mut self, index: StageId, only: &Evaluate, slot: Slot, known: &mut dyn Known, works: &mut Vec<Work>) -> Slot {
        let failed = Slot { state: State::Failed("not measured".into()), ..slot.clone() };
        self.evaluate(index, only, slot, known, works).pop().unwrap_or(failed)
    }

    /// What a trial of a search that stops early scored when it was measured first; none in other searches.
    fn first_score(
        &mut self,
        index: StageId,
        trial: usize,
        way: &[StageId],
        sample: &Sample,
        tickets: &Tickets,
        known: &mut dyn Known,
    ) -> Option<FirstScore> {
        let race = tickets.race.as_ref()?;
        let lane = race.lanes().get(trial)?;
        let told = match lane.values.first() {
            Some(seen) => *seen,
            None => match self.result(way, sample, self.measured_first(index, trial, tickets), known) {
                Some(Told::Value(value)) => Some(value),
                _ => None,
            },
        };
        // A search is told that more is better.
        let side = if sample.objective.as_ref().is_some_and(|o| o.maximize) { 1.0 } else { -1.0 };
        Some(FirstScore { epochs: race.rungs().get(lane.first).copied()?, score: told.map(|value| side * value) })
    }
}

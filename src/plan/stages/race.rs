//! A `sample` that stops its trials early: its tickets start trials and send them on, as the rule says.

use super::super::budget::{affordable, paid, trains};
use super::super::engine::{Engine, Known};
use super::super::model::Raced;
use super::super::tickets::Tickets;
use super::subnet::Source;
use crate::document::{Sample, StageId};
use crate::search::Next;
use crate::search::racing::{self, Move, Race};
use std::cell::RefCell;

impl Engine<'_> {
    /// The race of a sample; none where it stops nothing.
    pub(super) fn race(&self, index: usize, sample: &Sample) -> Result<Option<Race>, String> {
        let stop = sample.objective.as_ref().and_then(|o| o.stop.as_ref());
        let (Some(stop), Some((trained, train))) = (stop, trains(self.pipeline, index).pop()) else { return Ok(None) };
        let rule = racing::build(stop)?;
        let trials = affordable(self.pipeline, index, sample);
        Ok(Some(Race::new(rule, train.epochs, trials, sample.window, paid(self.pipeline, trained))))
    }

    /// One ticket more; whether there may be another. A result that is missing holds the search up.
    pub(super) fn raced(
        &mut self,
        index: usize,
        sample: &Sample,
        path: &[StageId],
        tickets: &mut Tickets,
        supernet: &Option<Source>,
        known: &mut dyn Known,
    ) -> bool {
        let Some(mut race) = tickets.race.take() else { return false };
        let reads = tickets.search.reads_results();
        let rungs = race.rungs().to_vec();
        let next = {
            let (engine, tickets) = (RefCell::new((&mut *self, known)), &*tickets);
            race.next(reads, &|trial, rung| {
                let (engine, known) = &mut *engine.borrow_mut();
                let mut slot = engine.slot(index, trial, tickets, supernet);
                // What lies below was looked at by the tickets before.
                slot.model.raced = engine.raced_to(index, vec![rungs[rung]], true);
                engine.result(path, sample, slot, *known)
            })
        };
        let goes_on = match next {
            Move::On(_) => true,
            Move::Needs { .. } => false,
            Move::Over => {
                tickets.over = true;
                false
            }
            Move::Start => {
                let ranks = sample.objective.as_ref().and_then(|o| o.stop.as_ref()).is_some_and(|stop| stop.ranks_by_epoch());
                let results = race.known().map(|lane| lane.values.last().copied().flatten()).collect();
                let epochs: Vec<usize> = race.known().map(|lane| rungs[lane.first + lane.values.len() - 1]).collect();
                match tickets.search.propose_from(results, if ranks { &epochs } else { &[] }) {
                    Next::Ticket(ticket) => race.started(self.accept(*ticket, tickets)),
                    Next::Recalled(recorded) => race.started(self.recall(*recorded, tickets)),
                    Next::Exhausted { note } => {
                        tickets.note = Some(note);
                        race.exhausted();
                    }
                    Next::Done | Next::NeedResult(_) => race.exhausted(),
                }
                true
            }
        };
        tickets.race = Some(race);
        goes_on
    }

    /// How far a trial is trained by the tickets so far.
    pub(super) fn standing_of(&self, index: StageId, trial: usize, tickets: &Tickets) -> Option<Raced> {
        let race = tickets.race.as_ref()?;
        let lane = race.lanes().get(trial)?;
        self.raced_to(index, race.rungs()[lane.first..=lane.asked].to_vec(), race.open(trial))
    }

    fn raced_to(&self, sample: StageId, rungs: Vec<usize>, open: bool) -> Option<Raced> {
        let (stage, train) = trains(self.pipeline, sample).pop()?;
        Some(Raced { stage, rungs, full: train.epochs, open })
    }
}

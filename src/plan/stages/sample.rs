//! `sample`: a fold over tickets. Ticket n is proposed once the results of tickets 0 … n − window are known.

use super::super::candidate::{Candidate, Network};
use super::super::engine::{Engine, Known as Results, StageReplay};
use super::super::model::{Drawn, Model, Slot, State, Subnet};
use super::super::tickets::Tickets;
use super::super::work::Work;
use super::super::{budget, choose};
use super::proposer::Asked;
use super::subnet::Source;
use crate::document::{Evaluate, Sample, StageKind};
use crate::search::{self, Built, Given, Known, Next, Part, Recorded, Scores, Search, Ticket, Told};
use crate::space::Architecture;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl<'a> Engine<'a> {
    pub(in super::super) fn sample(
        &mut self,
        index: usize,
        sample: &Sample,
        views: &[StageReplay],
        known: &mut dyn Results,
        works: &mut Vec<Work>,
    ) -> StageReplay {
        let pipeline = self.pipeline;
        let (space, supernet) = match self.sampled(index) {
            Ok(sampled) => sampled,
            Err(nothing) => return nothing,
        };
        let reads = sample.reads_learned();
        let learned = match (reads, &supernet) {
            (true, Some(source)) => self.distribution_of(&source.space, &source.trained, known),
            _ => None,
        };
        if reads && learned.is_none() {
            let note = "its supernet has left no distribution over its choices".to_string();
            return StageReplay { slots: Vec::new(), complete: true, notes: vec![note] };
        }
        let mut tickets = match self.tickets.remove(&index) {
            Some(tickets) => tickets,
            None => {
                let parts: Vec<Part> = sample.strategies().map(|(chosen, trials)| Part { chosen, trials }).collect();
                let strategy = match search::chain(&parts, &Given { learned: learned.clone() }) {
                    Ok(strategy) => strategy,
                    Err(fault) => return StageReplay { slots: Vec::new(), complete: true, notes: vec![fault.to_string()] },
                };
                let seed = pipeline.seed.wrapping_add(sample.seed);
                let search = Search::new(space, strategy, budget::affordable(pipeline, index, sample), sample.window, seed);
                let search = match self.narrowed(space, views) {
                    Ok(Some(narrowed)) => search.within(narrowed),
                    Ok(None) => search,
                    Err(nothing) => return nothing,
                };
                let search = match &supernet {
                    Some(_) => search.over_paths(),
                    None if sample.recipe.is_empty() => search,
                    None => search.with_recipe(&sample.recipe),
                };
                // What the space does not have was refused when it was compiled; one that is narrowed may have lost it.
                let priors = if sample.priors.is_empty() { None } else { search.space().with_priors(&sample.priors).ok() };
                let search = match priors {
                    Some(space) => search.within(space),
                    None => search,
                };
                let race = match self.race(index, sample) {
                    Ok(race) => race,
                    Err(fault) => return StageReplay { slots: Vec::new(), complete: true, notes: vec![fault] },
                };
                let (start, mut begun) = match self.started(index, search.space(), views) {
                    Ok(started) => started,
                    Err(nothing) => return nothing,
                };
                let (known_before, notes) = self.known_before(index, sample, &search);
                begun.extend(notes);
                // What a supernet has learned, and a program of one's own, are no part of a search's name.
                let named = learned.is_none() && sample.proposer.is_none() && parts.iter().all(|part| search::is_ours(part.chosen));
                let key = named.then(|| search.key(&parts, self.beside(index, sample, &start)));
                let search = search.starting_with(start).after(known_before);
                Tickets::new(search, race, begun, key, |key| known.search(key))
            }
        };
        // Results of earlier tickets follow the chain of stages from here to the objective's evaluate stage.
        let path = pipeline.links.way(index);
        let mut told: BTreeMap<usize, Option<Told>> = BTreeMap::new();
        // What the search was told in an earlier replay, it is not told again.
        let heard = tickets.search.values().len();
        while !tickets.over {
            if tickets.race.is_some() {
                if !self.raced(index, sample, &path, &mut tickets, &supernet, known) {
                    break;
                }
                continue;
            }
            // Asked first, so that the closure below only reads.
            let upto = tickets.candidates.len();
            if sample.objective.is_some() {
                let needed = (upto + 1).saturating_sub(sample.window);
                for ticket in heard + told.len()..needed {
                    let slot = self.slot(index, ticket, &tickets, &supernet);
                    let result = self.result(&path, sample, slot, known);
                    told.insert(ticket, result);
                }
            }
            let results = |ticket: usize| told.get(&ticket).cloned().flatten();
            let next = match &sample.proposer {
                Some(command) => {
                    let asked = Asked { index, sample, command, tickets: &mut tickets };
                    self.asked(asked, &results, known, works)
                }
                None => tickets.search.propose(&results),
            };
            match next {
                Next::Ticket(ticket) => drop(self.accept(*ticket, &mut tickets)),
                Next::Recalled(recorded) => drop(self.recall(*recorded, &mut tickets)),
                Next::NeedResult(_) => break,
                Next::Exhausted { note } => {
                    tickets.over = true;
                    tickets.note = Some(note);
                }
                Next::Done => tickets.over = true,
            }
        }
        if tickets.over && tickets.note.is_none() {
            tickets.note = self.spent(index, sample, &tickets);
        }
        let slots = (0..tickets.candidates.len()).map(|n| self.slot(index, n, &tickets, &supernet)).collect();
        let mut notes: Vec<String> = tickets.begun.iter().chain(&tickets.note).cloned().collect();
        if let (Some(learned), Some(first)) = (&learned, tickets.search.known().first())
            && sample.strategy.strategy.needs().learned
            && sample.start.is_empty()
            && first.sample != learned.strongest(space)
        {
            notes.push("the strongest network does not meet the bounds of the space: all are drawn".into());
        }
        let replay = StageReplay { slots, complete: tickets.over, notes };
        self.tickets.insert(index, tickets);
        replay
    }

    /// Takes a ticket in as the next candidate; its multiply-adds.
    pub(super) fn accept(&mut self, ticket: Ticket, tickets: &mut Tickets) -> u64 {
        let (known, built) = (ticket.known(), ticket.built);
        self.take_in(known, built, Some(ticket.architecture), tickets)
    }

    /// The same of a recorded one, whose network is built when something asks for it.
    pub(super) fn recall(&mut self, recorded: Recorded, tickets: &mut Tickets) -> u64 {
        self.take_in(recorded.known, recorded.built, None, tickets)
    }

    fn take_in(&mut self, known: Known, built: Built, network: Option<Architecture>, tickets: &mut Tickets) -> u64 {
        let (space, sample) = (tickets.space.clone(), known.sample);
        let (choices, recipe) = (space.describe(&sample), space.recipe(&sample));
        let reference = &tickets.reference;
        let drawn = Drawn { space: space.name.clone(), sample: sample.clone(), searched: space.clone() };
        let candidate = self.candidates.entry((built.architecture, choices.clone())).or_insert_with(|| {
            let edits = choices.iter().filter(|c| !reference.contains(c)).cloned().collect();
            // What cannot be counted counts as nothing here, and as the most where a search breaks ties.
            let macs = if known.macs == u64::MAX { 0 } else { known.macs };
            let network = network.map_or_else(|| Network::of(space, sample), Network::from);
            let (digest, params, image_size) = (built.architecture, built.params, built.image_size);
            Arc::new(Candidate { network, digest, params, macs, image_size, choices, edits, recipe })
        });
        tickets.candidates.push(candidate.clone());
        tickets.drawn.push(Arc::new(drawn));
        candidate.macs
    }

    pub(super) fn slot(&self, index: usize, ticket: usize, tickets: &Tickets, supernet: &Option<Source>) -> Slot {
        let name = self.pipeline.stages[index].name.value.clone();
        let subnet = supernet.as_ref().zip(tickets.search.known().get(ticket)).map(|(source, known)| {
            let (space, supernet) = (source.space.clone(), source.trained.clone());
            Arc::new(Subnet { space, sample: known.sample.clone(), path: known.digest, supernet })
        });
        let model = Model {
            recipe: tickets.candidates[ticket].recipe.clone(),
            candidate: tickets.candidates[ticket].clone(),
            origin: (name.clone(), ticket),
            drawn: tickets.drawn.get(ticket).cloned(),
            trained: None,
            subnet,
            supernet: None,
            raced: self.standing_of(index, ticket, tickets),
            points: BTreeMap::new(),
            via: BTreeSet::from([name]),
            figures: BTreeMap::new(),
        };
        Slot { model, state: State::Ready, steps: Vec::new() }
    }

    /// What the strategy is told of one ticket: none while it is not known.
    pub(super) fn result(&mut self, path: &[usize], sample: &Sample, slot: Slot, known: &mut dyn Results) -> Option<Told> {
        let objective = sample.objective.as_ref()?;
        let pipeline = self.pipeline;
        let mut at = slot;
        let mut unasked = Vec::new();
        for &index in path {
            at = match &pipeline.stages[index].kind {
                StageKind::Train(train) => self.train(index, train, at, known, &mut unasked),
                StageKind::Evaluate(evaluate) => {
                    // Only the objectives' own metrics count: another metric beside them changes no proposal.
                    let metrics = objective.goals().map(|(metric, _)| metric.clone()).collect();
                    let only = Evaluate { metrics, ..evaluate.clone() };
                    self.evaluate(index, &only, at, known, &mut unasked).pop()?
                }
                _ => return Some(Told::Failed),
            };
            match at.state {
                State::Ready => {}
                State::Failed(_) => return Some(Told::Failed),
                State::Pending => return None,
            }
        }
        let scores = objective.goals().map(|(metric, maximize)| {
            let value = choose::value_of(&at.model, &metric.value);
            if maximize { value } else { -value }
        });
        let scores: Vec<f64> = scores.collect();
        Some(match scores.as_slice() {
            all if all.iter().any(|score| score.is_nan()) => Told::Failed,
            [one] => Told::Value(*one),
            several => Told::Values(Scores::new(several.iter().copied())),
        })
    }
}

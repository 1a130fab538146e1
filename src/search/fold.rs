//! The fold: which ticket comes next, whoever proposes it.

use super::recorded::Seen;
use super::state::Search;
use super::strategy::Turn;
use super::ticket::{Built, Known, Next, Recorded, Ticket, Told};
use crate::base::{Digest, Random};
use crate::space::Sample;
use std::collections::HashSet;

/// Proposals of one ticket before what is left is looked for otherwise.
const TRIES: u64 = 500;
/// The same where the space is too large to list what is left.
pub(super) const TRIES_LARGE: u64 = 10_000;
/// The same where it has bounds: those beyond the others are drawn where the bounds may be met.
const TRIES_WITHIN: u64 = 200_000;
/// Proposals after which those that the bounds are known to refuse are passed over without being built.
const PATIENT: u64 = 16;
/// Spaces of at most so many samples are listed when drawing finds nothing new.
const LISTED: usize = 20_000;

impl Search<'_> {
    /// The next ticket. `results` answers for tickets that were handed out; what it answered once must stay.
    pub fn propose(&mut self, results: &dyn Fn(usize) -> Option<Told>) -> Next {
        if let Some(next) = self.over().or_else(|| self.next_started()) {
            return next;
        }
        match self.ready(self.strategy.reads_results(self.past.len()), results) {
            Ok(visible) => {
                let seen = self.heard.upto(&self.values[..visible], &self.scores);
                self.give(visible, &[], seen)
            }
            Err(wait) => wait,
        }
    }

    /// Of how many tickets the next one may know the results, once all of these are known; else what comes in its place. For who
    /// proposes himself, by [`offer`](Self::offer).
    pub fn awaits(&mut self, reads: bool, results: &dyn Fn(usize) -> Option<Told>) -> Result<usize, Next> {
        if let Some(next) = self.over().or_else(|| self.next_started()) {
            return Err(next);
        }
        self.ready(reads, results).map(|visible| visible.saturating_sub(self.earlier))
    }

    /// The next ticket, proposed from outside; else why it is refused, for whoever proposed it.
    pub fn offer(&mut self, sample: Sample) -> Result<Ticket, String> {
        let architecture = self.space.architecture(&sample).map_err(|e| e.reason)?;
        self.space.admits(&architecture).map_err(|e| e.reason)?;
        let ticket = self.built_from(self.past.len(), sample).filter(|ticket| !self.seen.contains(&ticket.digest));
        let ticket = ticket.ok_or("this network was proposed before")?;
        self.keep(ticket.known(), ticket.built.clone(), Seen::nothing());
        Ok(ticket)
    }

    /// Ends the search: there is no further candidate.
    pub fn close(&mut self, note: String) {
        self.ended = Some((note, Seen::nothing()));
    }

    /// The next ticket's name alone, where networks are looked up and not built: `name` answers for every sample, none where
    /// the space does not admit it. The names are those of [`propose`](Self::propose), and so is the sequence.
    pub fn propose_named(&mut self, results: &dyn Fn(usize) -> Option<Told>, name: &dyn Fn(&Sample) -> Option<Known>) -> Next<Known> {
        if let Some(next) = self.over() {
            return next;
        }
        let visible = match self.ready(self.strategy.reads_results(self.past.len()), results) {
            Ok(visible) => visible,
            Err(wait) => return wait,
        };
        let number = self.past.len();
        let named = |search: &Self, _: usize, sample: &Sample| {
            let known = name(sample).filter(|known| !search.seen.contains(&known.digest))?;
            Some((known.digest, known))
        };
        match self.draw(number, visible, &[], &named) {
            Some(known) => {
                self.recall(known.clone());
                Next::Ticket(known)
            }
            None => self.end(number, Seen::nothing()),
        }
    }

    /// How many results the next ticket may know of, once they are known; else which one is missing.
    fn ready<T>(&mut self, reads: bool, results: &dyn Fn(usize) -> Option<Told>) -> Result<usize, Next<T>> {
        let visible = if reads { (self.past.len() + 1).saturating_sub(self.window).max(self.earlier) } else { 0 };
        while self.values.len() < visible {
            let ticket = self.values.len() - self.earlier;
            match results(ticket) {
                Some(told) => self.see(told),
                None => return Err(Next::NeedResult(ticket)),
            }
        }
        Ok(visible)
    }

    /// Whether the next ticket is proposed from results.
    pub fn reads_results(&self) -> bool {
        self.start.is_empty() && self.strategy.reads_results(self.past.len())
    }

    /// The next ticket, where trials are stopped early: `results` are those of the first tickets, as many as this one may know of, none
    /// where one failed; they may change from ticket to ticket. `epochs`, where they are given, say how far each was trained.
    pub fn propose_from(&mut self, results: Vec<Option<f64>>, epochs: &[usize]) -> Next {
        if let Some(next) = self.over().or_else(|| self.next_started()) {
            return next;
        }
        self.values.truncate(self.earlier);
        self.values.extend(results);
        let number = self.past.len();
        let visible = if self.strategy.reads_results(number) { self.values.len().min(number) } else { 0 };
        let seen = Seen::of(&self.values[..visible], epochs);
        self.give(visible, epochs, seen)
    }

    /// What there is to say in place of a ticket.
    fn over<T>(&self) -> Option<Next<T>> {
        if let Some((note, _)) = &self.ended {
            return Some(Next::Exhausted { note: note.clone() });
        }
        (self.past.len() - self.earlier >= self.trials).then_some(Next::Done)
    }

    /// The next of the candidates that come first.
    fn next_started(&mut self) -> Option<Next> {
        while let Some(sample) = self.start.pop_front() {
            let (number, seen) = (self.past.len() - self.earlier, Seen::nothing());
            if let Some(recorded) = self.record.at(number, seen).filter(|recorded| recorded.known.sample == sample).cloned() {
                self.started.insert(recorded.known.digest);
                return Some(self.recalled(recorded));
            }
            let Some(ticket) = self.built_from(self.past.len(), sample).filter(|t| self.space.admits(&t.architecture).is_ok()) else {
                continue;
            };
            self.started.insert(ticket.digest);
            if !self.seen.contains(&ticket.digest) {
                self.keep(ticket.known(), ticket.built.clone(), seen);
                return Some(Next::Ticket(Box::new(ticket)));
            }
        }
        // Recalled tickets count like those that were just handed out.
        if self.own.is_none() {
            let first = self.known().iter().take_while(|k| self.started.contains(&k.digest)).count();
            self.own = Some(self.earlier + first);
        }
        None
    }

    fn give(&mut self, visible: usize, epochs: &[usize], seen: Digest) -> Next {
        let number = self.past.len();
        if let Some(recorded) = self.record.ticket(number - self.earlier, seen) {
            return self.recalled(recorded);
        }
        if let Some(note) = self.record.end(number - self.earlier, seen) {
            self.ended = Some((note.clone(), seen));
            return Next::Exhausted { note };
        }
        match self.draw(number, visible, epochs, &|search, number, sample| search.accept(number, sample).map(|t| (t.digest, t))) {
            Some(ticket) => {
                self.keep(ticket.known(), ticket.built.clone(), seen);
                Next::Ticket(Box::new(ticket))
            }
            None => self.end(number, seen),
        }
    }

    /// That there is no further candidate, and why.
    fn end<T>(&mut self, number: usize, seen: Digest) -> Next<T> {
        let large = self.space.size() > LISTED as f64;
        let met = number - self.earlier;
        let note = match (self.strategy.searches() && !self.strategy.enumerates(number), large) {
            (false, _) => "the strategy has no further candidate".to_string(),
            (true, false) if self.earlier > 0 => {
                format!("the space has no more than {number} distinct candidates that meet its bounds, {} known before", self.earlier)
            }
            (true, false) => format!("the space has no more than {number} distinct candidates that meet its bounds"),
            (true, true) => {
                format!("{} proposals found no candidate beside the {met} known ones that meets the bounds", self.tries())
            }
        };
        self.ended = Some((note.clone(), seen));
        Next::Exhausted { note }
    }

    fn recalled(&mut self, recorded: Recorded) -> Next {
        self.keep(recorded.known.clone(), recorded.built.clone(), recorded.seen);
        Next::Recalled(Box::new(recorded))
    }

    fn keep(&mut self, known: Known, built: Built, seen: Digest) {
        self.recall(known);
        self.left.push((built, seen));
    }

    /// Proposals of one ticket before it is given up.
    fn tries(&self) -> u64 {
        if self.space.envelope().is_some() { TRIES_WITHIN } else { TRIES_LARGE }
    }

    /// Takes a ticket in that was proposed elsewhere.
    pub fn recall(&mut self, known: Known) {
        self.seen.insert(known.digest);
        self.past.push(known);
    }

    /// The first proposal that `accept` takes; it names what it took.
    fn draw<T>(&mut self, number: usize, visible: usize, epochs: &[usize], accept: &Accept<'_, Self, T>) -> Option<T> {
        let (past, values) = (&self.past[..visible], &self.values[..visible]);
        let scores = self.scores.get(..visible).unwrap_or_default();
        let own = self.own.unwrap_or(self.earlier);
        let turn = Turn { space: &self.space, seed: self.seed, number, own, proposed: &self.past, past, values, scores, epochs };
        let large = self.space.size() > LISTED as f64;
        let searches = self.strategy.searches();
        let taken = |sample: Sample| Some(accept(self, number, &sample)?.1);
        if self.strategy.enumerates(number) {
            return self.strategy.proposals(turn)?.find_map(taken);
        }
        let mut all = self.strategy.proposals(turn);
        for attempt in 0..TRIES {
            let proposal = match &mut all {
                Some(all) => all.next(),
                None => self.strategy.propose(&turn, attempt),
            };
            let Some(sample) = proposal else { break };
            if attempt >= PATIENT && large && searches && self.space.cuts(&sample) {
                continue;
            }
            if let Some(ticket) = taken(sample) {
                return Some(ticket);
            }
        }
        drop(all);
        if !searches {
            return None;
        }
        if !large {
            return self.unseen(number, accept);
        }
        let drawn = self.space.random_unless_refused(self.seed, number as u64, TRIES..TRIES_LARGE);
        let within = self.space.random_within(self.seed, number as u64, TRIES_LARGE..TRIES_WITHIN);
        // Where few are left, they come again and again.
        let mut met = HashSet::new();
        drawn.chain(within).filter(|sample| met.insert(sample.clone())).find_map(taken)
    }

    /// The ticket of a sample, where it is new and admitted.
    fn accept(&self, number: usize, sample: &Sample) -> Option<Ticket> {
        let ticket = self.built_from(number, sample.clone())?;
        let known = self.seen.contains(&ticket.digest);
        if known || (self.strategy.searches() && self.space.admits(&ticket.architecture).is_err()) {
            return None;
        }
        Some(ticket)
    }

    /// One of the candidates that are left, where the space can be listed.
    fn unseen<T>(&mut self, number: usize, accept: &Accept<'_, Self, T>) -> Option<T> {
        if self.listed.is_none() {
            let samples = self.space.enumerate(LISTED)?.into_iter();
            let mut listed: Vec<_> = samples.filter_map(|sample| Some((accept(self, number, &sample)?.0, sample))).collect();
            listed.sort();
            listed.dedup_by(|a, b| a.0 == b.0);
            self.listed = Some(listed);
        }
        let unseen: Vec<&Sample> = self.listed.iter().flatten().filter(|(d, _)| !self.seen.contains(d)).map(|(_, s)| s).collect();
        let chosen = unseen.get(Random::at(self.seed, "left", &[number as u64]).below(unseen.len()))?;
        Some(accept(self, number, chosen)?.1)
    }
}

/// Takes a sample for a ticket, where it is new and admitted: its name, and what the caller wants of it.
type Accept<'f, S, T> = dyn Fn(&S, usize, &Sample) -> Option<(Digest, T)> + 'f;

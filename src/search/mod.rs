//! Search strategies as a pure fold over tickets (invariant 7).
//!
//! Ticket n is a function of the strategy, the space, the seed and the results of exactly the tickets 0 … n − window;
//! the order in which results arrive, the number of workers and an interruption change nothing. Tickets are distinct
//! candidates: a proposal that is known already, or that the space does not admit, is drawn again at another address.
//!
//! A strategy is a value that says what a file may write of it and how it proposes ([`Strategy`]); each has a file here and a line
//! in [`STRATEGIES`]. Others may come from outside: what a search needs is a [`Propose`].
//!
//! Promises: pure. May import `space`, `document` and `base` only.

mod command;
mod distribution;
mod evolution;
mod learned;
mod likelihood;
mod local_search;
pub mod racing;
mod random;
mod recorded;
mod reference;
mod strategy;
mod ticket;

#[cfg(test)]
mod bounded_tests;
#[cfg(test)]
mod learned_tests;
#[cfg(test)]
mod tests;

pub use distribution::Distribution;
pub use likelihood::{LEARNED, LearnedPath};
pub use recorded::{Record, VERSION};
pub use strategy::{Given, Propose, Standing, Strategy, Turn, Unbuilt, build};
pub use ticket::{Built, Known, Next, Recorded, Ticket, Told};

use crate::base::{Canon, Digest, Random};
use crate::document::{Chosen, StrategyWord, Words};
use crate::space::{Sample, Space};
use recorded::{Named, Seen};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};

/// The strategies of the language; the first is what holds where a `sample` names none.
const STRATEGIES: [&dyn StrategyWord; 6] =
    [&evolution::STRATEGY, &random::STRATEGY, &reference::STRATEGY, &learned::STRATEGY, &local_search::STRATEGY, &command::STRATEGY];

/// The strategies, and those of later versions.
pub fn words() -> Words<dyn StrategyWord> {
    let later = &["grid", "tpe", "nsga2", "gaussian-process", "predictor", "policy-gradient"];
    Words { known: STRATEGIES.to_vec(), later }
}

/// Proposals of one ticket before what is left is looked for otherwise.
const TRIES: u64 = 500;
/// The same where the space is too large to list what is left.
const TRIES_LARGE: u64 = 10_000;
/// The same where it has bounds: those beyond the others are drawn where the bounds may be met.
const TRIES_WITHIN: u64 = 200_000;
/// Proposals after which those that the bounds are known to refuse are passed over without being built.
const PATIENT: u64 = 16;
/// Spaces of at most so many samples are listed when drawing finds nothing new.
const LISTED: usize = 20_000;

/// A search in progress. To replay one, make it again and ask again: the answers are the same.
pub struct Search<'a> {
    space: Cow<'a, Space>,
    strategy: Box<dyn Propose>,
    trials: usize,
    window: usize,
    seed: u64,
    past: Vec<Known>,
    seen: HashSet<Digest>,
    /// Results of the oldest tickets, as far as they were asked for.
    values: Vec<Option<f64>>,
    /// Everything that the space admits, by digest; listed when first needed.
    listed: Option<Vec<(Digest, Sample)>>,
    /// Whether a candidate is a path through a supernet, rather than an architecture.
    paths: bool,
    /// Why there is no further candidate, and what that was found from.
    ended: Option<(String, Digest)>,
    /// Networks that were built to be held against the bounds.
    built: Cell<u64>,
    /// What an earlier one left behind.
    record: Record,
    /// What this one leaves behind, beside `past`.
    left: Vec<(Built, Digest)>,
    seen_results: Seen,
}

impl<'a> Search<'a> {
    /// A search over a space; `seed` is the pipeline's plus the sample's own.
    pub fn new(space: &'a Space, strategy: Box<dyn Propose>, trials: usize, window: usize, seed: u64) -> Self {
        Search {
            space: Cow::Borrowed(space),
            strategy,
            trials,
            window: window.max(1),
            seed,
            past: vec![],
            seen: HashSet::new(),
            values: vec![],
            listed: None,
            paths: false,
            ended: None,
            built: Cell::new(0),
            record: Record::default(),
            left: vec![],
            seen_results: Seen::default(),
        }
    }

    /// The same search over the paths of the space's supernet, where two ways to one architecture are two candidates.
    #[must_use]
    pub fn over_paths(mut self) -> Self {
        self.paths = true;
        self
    }

    /// The same search over another space.
    #[must_use]
    pub fn within(mut self, space: Space) -> Self {
        self.space = Cow::Owned(space);
        self
    }

    /// The same search over networks and recipes: with the choices that trainings read, as [`Space::with_recipe`] takes them.
    #[must_use]
    pub fn with_recipe(mut self, read: &BTreeMap<String, Vec<String>>) -> Self {
        self.space = Cow::Owned(self.space.with_recipe(read));
        self
    }

    /// The same search, which takes from the record what is recorded.
    #[must_use]
    pub fn with_record(mut self, record: Record) -> Self {
        self.record = record;
        self
    }

    /// What names this search, beside its results, for records of it: `strategy` is the one that it was made with, `beside` what that
    /// was handed.
    pub fn key(&self, strategy: &Chosen, beside: Canon) -> Digest {
        Named { space: &self.space, strategy, beside, window: self.window, seed: self.seed, paths: self.paths }.key()
    }

    /// What it leaves behind.
    pub fn record(&self) -> Record {
        let tickets = self.past.iter().cloned().zip(&self.left);
        let tickets = tickets.map(|(known, (built, seen))| Recorded { known, built: built.clone(), seen: *seen });
        Record { tickets: tickets.collect(), ended: self.ended.clone() }
    }

    /// What is searched.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// The tickets so far, in order.
    pub fn known(&self) -> &[Known] {
        &self.past
    }

    /// Whether it found that there is no further candidate.
    pub fn is_exhausted(&self) -> bool {
        self.ended.is_some()
    }

    /// Of how many of its first tickets it has heard the results: these it asks for no more.
    pub fn heard(&self) -> usize {
        self.values.len()
    }

    /// How many proposals had to be built, those that were refused included.
    pub fn built(&self) -> u64 {
        self.built.get()
    }

    /// The next ticket. `results` answers for tickets that were handed out; what it answered once must stay.
    pub fn propose(&mut self, results: &dyn Fn(usize) -> Option<Told>) -> Next {
        let number = self.past.len();
        match self.awaits(self.strategy.reads_results(number), results) {
            Err(next) => next,
            Ok(visible) => {
                let seen = self.seen_results.upto(&self.values[..visible]);
                self.give(number, visible, &[], seen)
            }
        }
    }

    /// Of how many tickets the next one may know the results, once all of these are known; else what comes in its place.
    pub fn awaits(&mut self, reads: bool, results: &dyn Fn(usize) -> Option<Told>) -> Result<usize, Next> {
        let number = self.past.len();
        if let Some((note, _)) = &self.ended {
            return Err(Next::Exhausted { note: note.clone() });
        }
        if number >= self.trials {
            return Err(Next::Done);
        }
        let visible = if reads { (number + 1).saturating_sub(self.window) } else { 0 };
        while self.values.len() < visible {
            match results(self.values.len()) {
                Some(Told::Value(x)) => self.values.push(Some(x).filter(|x| !x.is_nan())),
                Some(Told::Failed) => self.values.push(None),
                None => return Err(Next::NeedResult(self.values.len())),
            }
        }
        Ok(visible)
    }

    /// The next ticket, proposed from outside; else why it is refused, for whoever proposed it.
    pub fn offer(&mut self, sample: Sample) -> Result<Ticket, String> {
        let architecture = self.space.architecture(&sample).map_err(|e| e.reason)?;
        self.space.admits(&architecture).map_err(|e| e.reason)?;
        let Some(ticket) = self.accept(self.past.len(), sample) else { return Err("this network was proposed before".into()) };
        self.keep(ticket.known(), ticket.built.clone(), Digest::of(&[]));
        Ok(ticket)
    }

    /// Ends the search: there is no further candidate.
    pub fn close(&mut self, note: String) {
        self.ended = Some((note, Digest::of(&[])));
    }

    /// The results that it has heard, of its first tickets; none where one failed.
    pub fn values(&self) -> &[Option<f64>] {
        &self.values
    }

    /// Whether the next ticket is proposed from results.
    pub fn reads_results(&self) -> bool {
        self.strategy.reads_results(self.past.len())
    }

    /// The next ticket, where trials are stopped early: `results` are those of the first tickets, as many as this one may know of, none
    /// where one failed; they may change from ticket to ticket. `epochs`, where they are given, say how far each was trained.
    pub fn propose_from(&mut self, results: Vec<Option<f64>>, epochs: &[usize]) -> Next {
        let number = self.past.len();
        if let Some((note, _)) = &self.ended {
            return Next::Exhausted { note: note.clone() };
        }
        if number >= self.trials {
            return Next::Done;
        }
        self.values = results;
        let visible = if self.reads_results() { self.values.len().min(number) } else { 0 };
        let seen = Seen::of(&self.values[..visible], epochs);
        self.give(number, visible, epochs, seen)
    }

    fn give(&mut self, number: usize, visible: usize, epochs: &[usize], seen: Digest) -> Next {
        if let Some(recorded) = self.record.ticket(number, seen) {
            self.keep(recorded.known.clone(), recorded.built.clone(), seen);
            return Next::Recalled(Box::new(recorded));
        }
        if let Some(note) = self.record.end(number, seen) {
            self.ended = Some((note.clone(), seen));
            return Next::Exhausted { note };
        }
        match self.draw(number, visible, epochs) {
            Some(ticket) => {
                self.keep(ticket.known(), ticket.built.clone(), seen);
                Next::Ticket(Box::new(ticket))
            }
            None => {
                let large = self.space.size() > LISTED as f64;
                let note = match (self.strategy.searches(), large) {
                    (false, _) => "the strategy has no further candidate".to_string(),
                    (true, false) => format!("the space has no more than {number} distinct candidates that meet its bounds"),
                    (true, true) => {
                        format!("{} proposals found no candidate beside the {number} known ones that meets the bounds", self.tries())
                    }
                };
                self.ended = Some((note.clone(), seen));
                Next::Exhausted { note }
            }
        }
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

    fn draw(&mut self, number: usize, visible: usize, epochs: &[usize]) -> Option<Ticket> {
        let (past, values) = (&self.past[..visible], &self.values[..visible]);
        let turn = Turn { space: &self.space, seed: self.seed, number, past, values, epochs };
        let large = self.space.size() > LISTED as f64;
        for attempt in 0..TRIES {
            let Some(sample) = self.strategy.propose(&turn, attempt) else { break };
            if attempt >= PATIENT && large && self.strategy.searches() && self.space.cuts(&sample) {
                continue;
            }
            if let Some(ticket) = self.accept(number, sample) {
                return Some(ticket);
            }
        }
        if !self.strategy.searches() {
            return None;
        }
        if !large {
            return self.unseen(number);
        }
        let drawn = self.space.random_unless_refused(self.seed, number as u64, TRIES..TRIES_LARGE);
        let within = self.space.random_within(self.seed, number as u64, TRIES_LARGE..TRIES_WITHIN);
        // Where few are left, they come again and again.
        let mut met = HashSet::new();
        drawn.chain(within).filter(|sample| met.insert(sample.clone())).find_map(|sample| self.accept(number, sample))
    }

    /// The ticket of a sample, where it is new and admitted.
    fn accept(&self, number: usize, sample: Sample) -> Option<Ticket> {
        self.built.set(self.built.get() + 1);
        let architecture = self.space.architecture(&sample).ok()?;
        let network = architecture.digest();
        let digest = if self.paths { self.space.path(&sample) } else { self.space.candidate(&sample, network) };
        if self.seen.contains(&digest) || (self.strategy.searches() && self.space.admits(&architecture).is_err()) {
            return None;
        }
        let (params, macs) = architecture.cost().map_or((0, u64::MAX), |c| (c.params, c.macs));
        let built = Built { architecture: network, params, image_size: architecture.input.height };
        Some(Ticket { number, sample, architecture, digest, built, macs })
    }

    /// One of the candidates that are left, where the space can be listed.
    fn unseen(&mut self, number: usize) -> Option<Ticket> {
        if self.listed.is_none() {
            let mut listed = vec![];
            for sample in self.space.enumerate(LISTED)? {
                if let Some(ticket) = self.accept(number, sample) {
                    listed.push((ticket.digest, ticket.sample));
                }
            }
            listed.sort();
            listed.dedup_by(|a, b| a.0 == b.0);
            self.listed = Some(listed);
        }
        let unseen: Vec<&Sample> = self.listed.iter().flatten().filter(|(d, _)| !self.seen.contains(d)).map(|(_, s)| s).collect();
        let chosen = unseen.get(Random::at(self.seed, "left", &[number as u64]).below(unseen.len()))?;
        self.accept(number, (*chosen).clone())
    }
}

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

mod chain;
mod crossing;
mod distribution;
mod evolution;
mod grid;
mod hill_climbing;
mod learned;
mod likelihood;
mod local_search;
mod nsga2;
mod pareto;
mod pareto_ageing;
mod policy;
mod policy_gradient;
pub mod racing;
mod random;
mod reference;
mod strategy;
mod ticket;

#[cfg(test)]
mod bounded_tests;
#[cfg(test)]
mod learned_tests;
#[cfg(test)]
mod started_tests;
#[cfg(test)]
mod tests;

pub use chain::{Part, chain};
pub use distribution::Distribution;
pub use likelihood::{LEARNED, LearnedPath};
pub use strategy::{Given, Propose, Standing, Strategy, Turn, Unbuilt, build};
pub use ticket::{Known, Next, Scores, Ticket, Told};

use crate::base::{Digest, Random};
use crate::document::{StrategyWord, Words};
use crate::space::{Sample, Space};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, HashSet, VecDeque};

/// The strategies of the language; the first is what holds where a `sample` names none.
const STRATEGIES: [&dyn StrategyWord; 10] = [
    &evolution::STRATEGY,
    &random::STRATEGY,
    &reference::STRATEGY,
    &learned::STRATEGY,
    &local_search::STRATEGY,
    &hill_climbing::STRATEGY,
    &grid::STRATEGY,
    &policy_gradient::STRATEGY,
    &nsga2::STRATEGY,
    &pareto_ageing::STRATEGY,
];

/// The strategies, and those of later versions.
pub fn words() -> Words<dyn StrategyWord> {
    let later = &["tpe", "gaussian-process", "predictor"];
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
    /// How many of the past are earlier results, which are no tickets.
    earlier: usize,
    /// Candidates that come first, and those of them that were looked at and are admitted.
    start: VecDeque<Sample>,
    started: HashSet<Digest>,
    /// The first ticket that the strategy proposes, once that is known.
    own: Option<usize>,
    /// Results of the oldest tickets, as far as they were asked for.
    values: Vec<Option<f64>>,
    /// The same by all objectives, where there are several.
    scores: Vec<Option<Scores>>,
    /// Everything that the space admits, by digest; listed when first needed.
    listed: Option<Vec<(Digest, Sample)>>,
    /// Whether a candidate is a path through a supernet, rather than an architecture.
    paths: bool,
    ended: Option<String>,
    /// Networks that were built to be held against the bounds.
    built: Cell<u64>,
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
            earlier: 0,
            start: VecDeque::new(),
            started: HashSet::new(),
            own: None,
            values: vec![],
            scores: vec![],
            listed: None,
            paths: false,
            ended: None,
            built: Cell::new(0),
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

    /// The same search, whose first tickets are these, as far as they are distinct candidates that the space admits. They count as trials.
    #[must_use]
    pub fn starting_with(mut self, samples: Vec<Sample>) -> Self {
        self.start = samples.into();
        self
    }

    /// The same search after earlier ones: the strategy knows their results from its first ticket on, as those of tickets before it. They
    /// are no trials, and are not proposed again. Of several results of one candidate the first counts.
    #[must_use]
    pub fn after(mut self, results: impl IntoIterator<Item = (Known, Told)>) -> Self {
        for (known, told) in results {
            if self.seen.insert(known.digest) {
                self.past.push(known);
                self.see(told);
            }
        }
        self.earlier = self.past.len();
        self.strategy.begin_after(self.earlier);
        self
    }

    /// What is searched.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// The candidate of a sample, as a ticket of number 0; none where it builds no network.
    pub fn candidate(&self, sample: Sample) -> Option<Ticket> {
        self.built_from(self.earlier, sample)
    }

    /// The tickets so far, in order.
    pub fn known(&self) -> &[Known] {
        &self.past[self.earlier..]
    }

    /// How many proposals had to be built, those that were refused included.
    pub fn built(&self) -> u64 {
        self.built.get()
    }

    /// The next ticket. `results` answers for tickets that were handed out; what it answered once must stay.
    pub fn propose(&mut self, results: &dyn Fn(usize) -> Option<Told>) -> Next {
        if let Some(next) = self.over().or_else(|| self.next_started()) {
            return next;
        }
        let number = self.past.len();
        let visible = if self.strategy.reads_results(number) { (number + 1).saturating_sub(self.window).max(self.earlier) } else { 0 };
        while self.values.len() < visible {
            let ticket = self.values.len() - self.earlier;
            match results(ticket) {
                Some(told) => self.see(told),
                None => return Next::NeedResult(ticket),
            }
        }
        self.give(visible, &[])
    }

    /// Takes in the result of the next ticket that none is known of.
    fn see(&mut self, told: Told) {
        let scores = told.scores();
        if let (Told::Values(_), true) = (told, self.scores.len() < self.values.len()) {
            // Those before it failed, or the search would have several values of them too.
            self.scores.resize(self.values.len(), None);
        }
        self.values.push(scores.and_then(|s| s.values().first().copied()));
        if matches!(told, Told::Values(_)) || !self.scores.is_empty() {
            self.scores.push(scores);
        }
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
        self.give(visible, epochs)
    }

    /// What there is to say in place of a ticket.
    fn over(&self) -> Option<Next> {
        if let Some(note) = &self.ended {
            return Some(Next::Exhausted { note: note.clone() });
        }
        (self.past.len() - self.earlier >= self.trials).then_some(Next::Done)
    }

    /// The next of the candidates that come first.
    fn next_started(&mut self) -> Option<Next> {
        while let Some(sample) = self.start.pop_front() {
            let Some(ticket) = self.built_from(self.past.len(), sample).filter(|t| self.space.admits(&t.architecture).is_ok()) else {
                continue;
            };
            self.started.insert(ticket.digest);
            if !self.seen.contains(&ticket.digest) {
                self.recall(ticket.known());
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

    fn give(&mut self, visible: usize, epochs: &[usize]) -> Next {
        let number = self.past.len();
        match self.draw(number, visible, epochs) {
            Some(ticket) => {
                self.recall(ticket.known());
                Next::Ticket(Box::new(ticket))
            }
            None => {
                let large = self.space.size() > LISTED as f64;
                let met = number - self.earlier;
                let note = match (self.strategy.searches() && !self.strategy.enumerates(number), large) {
                    (false, _) => "the strategy has no further candidate".to_string(),
                    (true, false) if self.earlier > 0 => {
                        format!(
                            "the space has no more than {number} distinct candidates that meet its bounds, {} known before",
                            self.earlier
                        )
                    }
                    (true, false) => format!("the space has no more than {number} distinct candidates that meet its bounds"),
                    (true, true) => {
                        format!("{} proposals found no candidate beside the {met} known ones that meets the bounds", self.tries())
                    }
                };
                self.ended = Some(note.clone());
                Next::Exhausted { note }
            }
        }
    }

    /// Proposals of one ticket before it is given up.
    fn tries(&self) -> u64 {
        if self.space.envelope().is_some() { TRIES_WITHIN } else { TRIES_LARGE }
    }

    /// Takes the next ticket from a record instead of proposing it: replaying thousands costs look-ups.
    pub fn recall(&mut self, known: Known) {
        self.seen.insert(known.digest);
        self.past.push(known);
    }

    fn draw(&mut self, number: usize, visible: usize, epochs: &[usize]) -> Option<Ticket> {
        let (past, values) = (&self.past[..visible], &self.values[..visible]);
        let scores = self.scores.get(..visible).unwrap_or_default();
        let own = self.own.unwrap_or(self.earlier);
        let turn = Turn { space: &self.space, seed: self.seed, number, own, proposed: &self.past, past, values, scores, epochs };
        let large = self.space.size() > LISTED as f64;
        let searches = self.strategy.searches();
        if self.strategy.enumerates(number) {
            return self.strategy.proposals(turn)?.find_map(|sample| self.accept(number, sample));
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
            if let Some(ticket) = self.accept(number, sample) {
                return Some(ticket);
            }
        }
        drop(all);
        if !searches {
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
        let ticket = self.built_from(number, sample)?;
        let known = self.seen.contains(&ticket.digest);
        if known || (self.strategy.searches() && self.space.admits(&ticket.architecture).is_err()) {
            return None;
        }
        Some(ticket)
    }

    /// The ticket of a sample, admitted or not.
    fn built_from(&self, number: usize, sample: Sample) -> Option<Ticket> {
        self.built.set(self.built.get() + 1);
        let architecture = self.space.architecture(&sample).ok()?;
        let digest = if self.paths { self.space.path(&sample) } else { self.space.candidate(&sample, &architecture) };
        Some(Ticket { number: number - self.earlier, sample, architecture, digest })
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

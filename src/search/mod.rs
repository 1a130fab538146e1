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

mod distribution;
mod evolution;
mod forest;
mod gaussian;
mod gaussian_process;
mod informative;
mod learned;
mod likelihood;
mod local_search;
mod parzen;
mod pool;
mod predictor;
pub mod racing;
mod random;
mod ranked;
mod reference;
mod scores;
mod strategy;
mod ticket;
mod tpe;

#[cfg(test)]
mod bounded_tests;
#[cfg(test)]
mod every_strategy_tests;
#[cfg(test)]
mod learned_tests;
#[cfg(test)]
mod tests;

pub use distribution::Distribution;
pub use likelihood::{LEARNED, LearnedPath};
pub use strategy::{Given, Propose, Standing, Strategy, Turn, Unbuilt, build};
pub use ticket::{Known, Next, Ticket, Told};

use crate::base::{Digest, Random};
use crate::document::{StrategyWord, Words};
use crate::space::{Sample, Space};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};

/// The strategies of the language; the first is what holds where a `sample` names none.
const STRATEGIES: [&dyn StrategyWord; 8] = [
    &predictor::STRATEGY,
    &evolution::STRATEGY,
    &random::STRATEGY,
    &reference::STRATEGY,
    &learned::STRATEGY,
    &local_search::STRATEGY,
    &gaussian_process::STRATEGY,
    &tpe::STRATEGY,
];

/// The strategies, and those of later versions.
pub fn words() -> Words<dyn StrategyWord> {
    let later = &["grid", "nsga2", "policy-gradient"];
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
            values: vec![],
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

    /// What is searched.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// The tickets so far, in order.
    pub fn known(&self) -> &[Known] {
        &self.past
    }

    /// How many proposals had to be built, those that were refused included.
    pub fn built(&self) -> u64 {
        self.built.get()
    }

    /// The next ticket. `results` answers for tickets that were handed out; what it answered once must stay.
    pub fn propose(&mut self, results: &dyn Fn(usize) -> Option<Told>) -> Next {
        match self.ready(results) {
            Ok(visible) => self.give(self.past.len(), visible, &[]),
            Err(wait) => wait,
        }
    }

    /// How many results the next ticket may know of; else why there is none now.
    fn ready<T>(&mut self, results: &dyn Fn(usize) -> Option<Told>) -> Result<usize, Next<T>> {
        let number = self.past.len();
        if let Some(note) = &self.ended {
            return Err(Next::Exhausted { note: note.clone() });
        }
        if number >= self.trials {
            return Err(Next::Done);
        }
        let visible = match self.strategy.reads_results(number) {
            true => (number + 1).saturating_sub(self.window),
            false => 0,
        };
        while self.values.len() < visible {
            match results(self.values.len()) {
                Some(Told::Value(x)) => self.values.push(Some(x).filter(|x| !x.is_nan())),
                Some(Told::Failed) => self.values.push(None),
                None => return Err(Next::NeedResult(self.values.len())),
            }
        }
        Ok(visible)
    }

    /// The next ticket's name alone, where networks are looked up and not built: `name` answers for every sample, none where
    /// the space does not admit it. The names are those of [`propose`](Self::propose), and so is the sequence.
    pub fn propose_named(&mut self, results: &dyn Fn(usize) -> Option<Told>, name: &dyn Fn(&Sample) -> Option<Known>) -> Next<Known> {
        let visible = match self.ready(results) {
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
            None => self.end(number),
        }
    }

    /// Whether the next ticket is proposed from results.
    pub fn reads_results(&self) -> bool {
        self.strategy.reads_results(self.past.len())
    }

    /// The next ticket, where trials are stopped early: `results` are those of the first tickets, as many as this one may know of, none
    /// where one failed; they may change from ticket to ticket. `epochs`, where they are given, say how far each was trained.
    pub fn propose_from(&mut self, results: Vec<Option<f64>>, epochs: &[usize]) -> Next {
        let number = self.past.len();
        if let Some(note) = &self.ended {
            return Next::Exhausted { note: note.clone() };
        }
        if number >= self.trials {
            return Next::Done;
        }
        self.values = results;
        let visible = if self.reads_results() { self.values.len().min(number) } else { 0 };
        self.give(number, visible, epochs)
    }

    fn give(&mut self, number: usize, visible: usize, epochs: &[usize]) -> Next {
        match self.draw(number, visible, epochs, &|search, number, sample| search.accept(number, sample).map(|t| (t.digest, t))) {
            Some(ticket) => {
                self.recall(ticket.known());
                Next::Ticket(Box::new(ticket))
            }
            None => self.end(number),
        }
    }

    /// That there is no further candidate, and why.
    fn end<T>(&mut self, number: usize) -> Next<T> {
        let large = self.space.size() > LISTED as f64;
        let note = match (self.strategy.searches(), large) {
            (false, _) => "the strategy has no further candidate".to_string(),
            (true, false) => format!("the space has no more than {number} distinct candidates that meet its bounds"),
            (true, true) => format!("{} proposals found no candidate beside the {number} known ones that meets the bounds", self.tries()),
        };
        self.ended = Some(note.clone());
        Next::Exhausted { note }
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

    /// The first proposal that `accept` takes; it names what it took.
    fn draw<T>(&mut self, number: usize, visible: usize, epochs: &[usize], accept: &Accept<'_, Self, T>) -> Option<T> {
        let (past, values) = (&self.past[..visible], &self.values[..visible]);
        let turn = Turn { space: &self.space, seed: self.seed, number, past, values, epochs };
        let large = self.space.size() > LISTED as f64;
        for attempt in 0..TRIES {
            let Some(sample) = self.strategy.propose(&turn, attempt) else { break };
            if attempt >= PATIENT && large && self.strategy.searches() && self.space.cuts(&sample) {
                continue;
            }
            if let Some((_, taken)) = accept(self, number, &sample) {
                return Some(taken);
            }
        }
        if !self.strategy.searches() {
            return None;
        }
        if !large {
            return self.unseen(number, accept);
        }
        let drawn = self.space.random_unless_refused(self.seed, number as u64, TRIES..TRIES_LARGE);
        let within = self.space.random_within(self.seed, number as u64, TRIES_LARGE..TRIES_WITHIN);
        // Where few are left, they come again and again.
        let mut met = HashSet::new();
        drawn.chain(within).filter(|sample| met.insert(sample.clone())).find_map(|sample| Some(accept(self, number, &sample)?.1))
    }

    /// The ticket of a sample, where it is new and admitted.
    fn accept(&self, number: usize, sample: &Sample) -> Option<Ticket> {
        self.built.set(self.built.get() + 1);
        let architecture = self.space.architecture(sample).ok()?;
        let digest = if self.paths { self.space.path(sample) } else { self.space.candidate(sample, &architecture) };
        if self.seen.contains(&digest) || (self.strategy.searches() && self.space.admits(&architecture).is_err()) {
            return None;
        }
        Some(Ticket { number, sample: sample.clone(), architecture, digest })
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

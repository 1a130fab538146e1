//! A search: what it is made of, and what is known of it.

use super::chain::Part;
use super::recorded::{Named, Record, Seen};
use super::strategy::Propose;
use super::ticket::{Built, Known, Recorded, Scores, Ticket, Told};
use crate::base::{Canon, Digest};
use crate::space::{Sample, Space};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, HashSet, VecDeque};

/// A search in progress. To replay one, make it again and ask again: the answers are the same.
pub struct Search<'a> {
    pub(super) space: Cow<'a, Space>,
    pub(super) strategy: Box<dyn Propose>,
    pub(super) trials: usize,
    pub(super) window: usize,
    pub(super) seed: u64,
    pub(super) past: Vec<Known>,
    pub(super) seen: HashSet<Digest>,
    /// How many of the past are earlier results, which are no tickets.
    pub(super) earlier: usize,
    /// Candidates that come first, and those of them that were looked at and are admitted.
    pub(super) start: VecDeque<Sample>,
    pub(super) started: HashSet<Digest>,
    /// The first ticket that the strategy proposes, once that is known.
    pub(super) own: Option<usize>,
    /// Results of the oldest tickets, as far as they were asked for.
    pub(super) values: Vec<Option<f64>>,
    /// The same by all objectives, where there are several.
    pub(super) scores: Vec<Option<Scores>>,
    /// Everything that the space admits, by digest; listed when first needed.
    pub(super) listed: Option<Vec<(Digest, Sample)>>,
    /// Whether a candidate is a path through a supernet, rather than an architecture.
    pub(super) paths: bool,
    /// Why there is no further candidate, and what that was found from.
    pub(super) ended: Option<(String, Digest)>,
    /// Networks that were built to be held against the bounds.
    pub(super) built: Cell<u64>,
    /// What an earlier search of its name left behind.
    pub(super) record: Record,
    /// What this one leaves behind, beside its tickets.
    pub(super) left: Vec<(Built, Digest)>,
    pub(super) heard: Seen,
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
            record: Record::default(),
            left: vec![],
            heard: Seen::default(),
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

    /// The same search, which takes from the record what is recorded.
    #[must_use]
    pub fn with_record(mut self, record: Record) -> Self {
        self.record = record;
        self
    }

    /// What names this search, beside its results, for records of it: its strategies, and what else it was handed, `beside`.
    pub fn key(&self, strategies: &[Part], beside: Canon) -> Digest {
        Named { space: &self.space, strategies, beside, window: self.window, seed: self.seed, paths: self.paths }.key()
    }

    /// What it leaves behind.
    pub fn record(&self) -> Record {
        let tickets = self.known().iter().cloned().zip(&self.left);
        let tickets = tickets.map(|(known, (built, seen))| Recorded { known, built: built.clone(), seen: *seen });
        Record { tickets: tickets.collect(), ended: self.ended.clone() }
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

    /// Whether it found that there is no further candidate.
    pub fn is_exhausted(&self) -> bool {
        self.ended.is_some()
    }

    /// The results that it has heard, of its first tickets, for the first objective; none where one failed.
    pub fn values(&self) -> &[Option<f64>] {
        self.values.get(self.earlier..).unwrap_or_default()
    }

    /// The same by all objectives; none of one that failed, or that was not heard of.
    pub fn scores(&self, ticket: usize) -> Option<Scores> {
        let at = self.earlier + ticket;
        let one = || self.values.get(at).copied().flatten().map(|value| Scores::new([value]));
        self.scores.get(at).copied().unwrap_or_else(one)
    }

    /// How many proposals had to be built, those that were refused included.
    pub fn built(&self) -> u64 {
        self.built.get()
    }

    /// Takes in the result of the next ticket that none is known of.
    pub(super) fn see(&mut self, told: Told) {
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

    /// The ticket of a sample, admitted or not.
    pub(super) fn built_from(&self, number: usize, sample: Sample) -> Option<Ticket> {
        self.built.set(self.built.get() + 1);
        let architecture = self.space.architecture(&sample).ok()?;
        let network = architecture.digest();
        let digest = if self.paths { self.space.path(&sample) } else { self.space.candidate(&sample, network) };
        let (params, macs) = architecture.cost().map_or((0, u64::MAX), |c| (c.params, c.macs));
        let built = Built { architecture: network, params, image_size: architecture.input.height };
        Some(Ticket { number: number - self.earlier, sample, architecture, digest, built, macs })
    }
}

//! The fold: which ticket comes next, whoever proposes it.

use super::chain::Part;
use super::recorded::{Named, Record, Seen};
use super::strategy::{Propose, Turn};
use super::ticket::{Built, Known, Next, Recorded, Scores, Ticket, Told};
use crate::base::{Canon, Digest, Random};
use crate::space::{Sample, Space};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, HashSet, VecDeque};

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
    /// Why there is no further candidate, and what that was found from.
    ended: Option<(String, Digest)>,
    /// Networks that were built to be held against the bounds.
    built: Cell<u64>,
    /// What an earlier search of its name left behind.
    record: Record,
    /// What this one leaves behind, beside its tickets.
    left: Vec<(Built, Digest)>,
    heard: Seen,
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

    /// How many proposals had to be built, those that were refused included.
    pub fn built(&self) -> u64 {
        self.built.get()
    }

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

    /// The ticket of a sample, admitted or not.
    fn built_from(&self, number: usize, sample: Sample) -> Option<Ticket> {
        self.built.set(self.built.get() + 1);
        let architecture = self.space.architecture(&sample).ok()?;
        let network = architecture.digest();
        let digest = if self.paths { self.space.path(&sample) } else { self.space.candidate(&sample, network) };
        let (params, macs) = architecture.cost().map_or((0, u64::MAX), |c| (c.params, c.macs));
        let built = Built { architecture: network, params, image_size: architecture.input.height };
        Some(Ticket { number: number - self.earlier, sample, architecture, digest, built, macs })
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

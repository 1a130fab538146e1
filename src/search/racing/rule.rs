//! What a stopping rule is: what a file may write of it, and how it decides.

use crate::document::{ChosenStop, Described, Diagnostic, Raced, Settings, StopWord, Unset, Word};
use std::any::Any;

/// A rule at work. It holds no state: all it knows is in the [`Field`].
pub trait Rule: Send + Sync {
    /// The epochs at which trials are read, ascending; the last is `epochs`, what a training that is never stopped has.
    fn rungs(&self, epochs: usize) -> Vec<usize>;
    /// The rung at which a trial is read first.
    fn first(&self, _trial: usize, _rungs: &[usize]) -> usize {
        0
    }
    /// The trial that goes on to its next rung now, of those that wait; none where a new one is to be started before.
    fn next(&self, field: &Field) -> Option<usize>;
    /// Whether a trial ends, asked once, when its latest result is seen. A rule whose trials wait for others never says so.
    fn ends(&self, _field: &Field, _trial: usize) -> bool {
        false
    }
    /// Whether the next ticket is a new trial whatever the results are.
    fn starts(&self, _started: usize, _trials: usize, _rungs: &[usize]) -> bool {
        false
    }
}

/// A trial, as far as a ticket may know of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// The rung at which it is read first.
    pub first: usize,
    /// The rung to which it was sent last.
    pub asked: usize,
    /// What it scored from its first rung on, more being better, as far as it is seen; none where it failed.
    pub values: Vec<Option<f64>>,
    /// The sums of its values, as far: what a failure adds is nothing.
    pub sums: Vec<f64>,
    /// What it costs, for ties.
    pub macs: u64,
    /// Whether the rule has ended it.
    pub ended: bool,
}

impl Lane {
    /// What is seen of it at a rung: nothing, a failure, a value.
    pub fn at(&self, rung: usize) -> Option<Option<f64>> {
        self.values.get(rung.checked_sub(self.first)?).copied()
    }

    /// The mean of its values at the first so many of its rungs.
    pub fn mean(&self, rungs: usize) -> Option<f64> {
        Some(self.sums.get(rungs.checked_sub(1)?)? / rungs as f64)
    }

    /// A result is seen.
    pub(super) fn see(&mut self, value: Option<f64>) {
        self.sums.push(self.sums.last().copied().unwrap_or(0.0) + value.unwrap_or(0.0));
        self.values.push(value);
    }

    /// Whether the result at the rung to which it was sent last is seen.
    pub fn seen(&self) -> bool {
        self.values.len() == self.asked - self.first + 1
    }

    /// Whether it could go on: its result is seen, it did not fail, and it was not ended.
    pub fn waits(&self, rungs: &[usize]) -> bool {
        !self.ended && self.asked + 1 < rungs.len() && self.seen() && matches!(self.values.last(), Some(Some(_)))
    }
}

/// What a rule may look at.
pub struct Field<'a> {
    /// The epochs at which trials are read.
    pub rungs: &'a [usize],
    /// The trials that were started, in their order.
    pub lanes: &'a [Lane],
    /// How many there will be.
    pub trials: usize,
}

impl Field<'_> {
    /// The best `count` of some trials at a rung, the best first: the higher value, then fewer multiply-adds, then the earlier trial.
    /// Those that failed are not among them.
    pub fn best(&self, trials: impl Iterator<Item = usize>, rung: usize, count: usize) -> Vec<usize> {
        let mut all: Vec<(f64, usize)> = trials.filter_map(|t| Some((self.lanes[t].at(rung)??, t))).collect();
        let order = |a: &(f64, usize), b: &(f64, usize)| {
            let ties = || (self.lanes[a.1].macs, a.1).cmp(&(self.lanes[b.1].macs, b.1));
            b.0.total_cmp(&a.0).then_with(ties)
        };
        if count == 0 {
            return Vec::new();
        }
        if count < all.len() {
            all.select_nth_unstable_by(count - 1, order);
            all.truncate(count);
        }
        all.sort_by(order);
        all.into_iter().map(|(_, trial)| trial).collect()
    }

    /// The trials that are seen at a rung, failed ones included.
    pub fn seen_at(&self, rung: usize) -> impl Iterator<Item = usize> {
        (0..self.lanes.len()).filter(move |&t| self.lanes[t].at(rung).is_some())
    }
}

/// A stopping rule of the language: one value, in one file.
pub struct Stopping {
    /// The word with its fields.
    pub word: Word,
    /// Cross-checks of what is written against the training that it stops.
    pub check: fn(&Raced) -> Vec<Diagnostic>,
    /// How it decides.
    pub build: fn(&Settings) -> Result<Box<dyn Rule>, Unset>,
}

impl Described for Stopping {
    fn word(&self) -> &Word {
        &self.word
    }
}

impl StopWord for Stopping {
    fn check(&self, raced: &Raced) -> Vec<Diagnostic> {
        (self.check)(raced)
    }
}

/// The rule that a file names, at work; an error says what its descriptor lacks.
pub fn build(chosen: &ChosenStop) -> Result<Box<dyn Rule>, String> {
    let any: &'static dyn Any = chosen.rule;
    let name = chosen.name();
    let rule = any.downcast_ref::<Stopping>().ok_or_else(|| format!("the descriptor of `{name}` is no `search::Stopping`"))?;
    (rule.build)(&chosen.settings).map_err(|unset| unset.to_string())
}

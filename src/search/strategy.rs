//! What a strategy is: what a file may write of it, what it needs, and how it proposes.

use super::distribution::Distribution;
use super::ticket::{Known, Scores};
use crate::document::{Asked, Chosen, Described, Diagnostic, Needs, Settings, StrategyWord, Unset, Word};
use crate::space::{Sample, Space};
use std::any::Any;
use std::cmp::Ordering;
use std::sync::Arc;

/// A strategy at work. It holds no state: all it knows is in the [`Turn`].
pub trait Propose: Send + Sync {
    /// The proposal at this attempt; none where it has no more. Attempts count up while proposals are refused: they were
    /// proposed before, or the space does not admit them.
    fn propose(&self, turn: &Turn, attempt: u64) -> Option<Sample>;
    /// All proposals of this ticket, in order, where they are cheaper to make together than one by one. The end of them is the end of
    /// the strategy's own proposals.
    fn proposals<'t>(&'t self, _turn: Turn<'t>) -> Option<Box<dyn Iterator<Item = Sample> + 't>> {
        None
    }
    /// Whether its proposals are all that there is: as many of them are looked at as it takes, and nothing is drawn when they end.
    fn enumerates(&self, _number: usize) -> bool {
        false
    }
    /// Says, before anything is proposed, how many earlier results are counted in front of the search's own tickets.
    fn begin_after(&mut self, _earlier: usize) {}
    /// Whether this ticket depends on results: [`Turn::past`] and [`Turn::values`] are empty where it does not.
    fn reads_results(&self, _number: usize) -> bool {
        false
    }
    /// Whether `require` binds it, and whether what is left of the space is drawn when its own proposals are used up.
    fn searches(&self) -> bool {
        true
    }
}

/// What a strategy may look at when it proposes ticket `number`.
#[derive(Clone, Copy)]
pub struct Turn<'a> {
    /// The space, which draws, changes and lists samples.
    pub space: &'a Space,
    /// The search's seed, for [`crate::base::Random::at`].
    pub seed: u64,
    /// Which ticket: 0, 1, 2 …; earlier results that the search begins with are counted in front of its own tickets.
    pub number: usize,
    /// The first ticket that this strategy proposes. Those before it are earlier results, candidates that the search was started with,
    /// or another strategy's.
    pub own: usize,
    /// All tickets before this one, those included whose results it may not know of.
    pub proposed: &'a [Known],
    /// Tickets that this one may know of, the oldest first.
    pub past: &'a [Known],
    /// Their results, more being better; none where one failed.
    pub values: &'a [Option<f64>],
    /// Their results by all objectives, more being better in each; `values` has the first of them. Empty where there is one.
    pub scores: &'a [Option<Scores>],
    /// The epochs that those results are of, where trials are stopped early and one that went further counts as better; else empty.
    pub epochs: &'a [usize],
}

impl Turn<'_> {
    /// A ticket's results by all objectives, more being better in each; none where it failed.
    pub fn scores(&self, ticket: usize) -> Option<Scores> {
        match self.scores.get(ticket) {
            Some(scores) => *scores,
            None => self.values.get(ticket).copied().flatten().map(|value| Scores::new([value])),
        }
    }

    /// How good a ticket is, beside others: the greater is the better. None where it failed.
    pub fn standing(&self, ticket: usize) -> Option<Standing> {
        let value = *self.values.get(ticket)?;
        Some(Standing { epochs: self.epochs.get(ticket).copied().unwrap_or(0), value: value? })
    }
}

/// A result with its epoch: of two trials the one that went further is better, then the one with the higher value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// How far it was trained; 0 where that makes no difference.
    pub epochs: usize,
    /// Its result.
    pub value: f64,
}

impl Standing {
    /// The lesser first.
    pub fn order(&self, other: &Standing) -> Ordering {
        self.epochs.cmp(&other.epochs).then(self.value.total_cmp(&other.value))
    }
}

/// A strategy of the language: one value, in one file.
pub struct Strategy {
    /// The word with its fields.
    pub word: Word,
    /// What must stand around it.
    pub needs: Needs,
    /// Cross-checks of what is written.
    pub check: fn(&Asked) -> Vec<Diagnostic>,
    /// How it proposes.
    pub build: fn(&Settings, Given) -> Result<Box<dyn Propose>, Unbuilt>,
}

impl Described for Strategy {
    fn word(&self) -> &Word {
        &self.word
    }
}

impl StrategyWord for Strategy {
    fn needs(&self) -> Needs {
        self.needs
    }

    fn check(&self, asked: &Asked) -> Vec<Diagnostic> {
        (self.check)(asked)
    }
}

/// What a strategy is handed beside its settings, as far as its needs ask for it.
#[derive(Clone, Default)]
pub struct Given {
    /// What the method of the supernet has learned ([`Needs::learned`]).
    pub learned: Option<Arc<Distribution>>,
}

/// Why a strategy cannot be built: its descriptor is at fault, or whoever builds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unbuilt {
    /// It reads a field that it does not declare.
    Unset(Unset),
    /// It draws from what was learned, and was given nothing.
    NothingLearned,
    /// The word is of another room's making, which says nothing about how it proposes.
    NoStrategy(&'static str),
}

impl From<Unset> for Unbuilt {
    fn from(unset: Unset) -> Self {
        Unbuilt::Unset(unset)
    }
}

impl std::fmt::Display for Unbuilt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unbuilt::Unset(unset) => unset.fmt(f),
            Unbuilt::NothingLearned => write!(f, "this strategy draws from what a supernet has learned, and was given nothing"),
            Unbuilt::NoStrategy(name) => write!(f, "the descriptor of `{name}` is no `search::Strategy`: it cannot propose"),
        }
    }
}

impl std::error::Error for Unbuilt {}

/// The strategy that a file names, at work.
pub fn build(chosen: &Chosen, given: Given) -> Result<Box<dyn Propose>, Unbuilt> {
    let any: &'static dyn Any = chosen.strategy;
    let strategy = any.downcast_ref::<Strategy>().ok_or(Unbuilt::NoStrategy(chosen.name()))?;
    (strategy.build)(&chosen.settings, given)
}

/// No cross-checks.
pub(super) fn unchecked(_: &Asked) -> Vec<Diagnostic> {
    Vec::new()
}

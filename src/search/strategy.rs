//! What a strategy is: what a file may write of it, what it needs, and how it proposes.

use super::distribution::Distribution;
use super::ticket::Known;
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
pub struct Turn<'a> {
    /// The space, which draws, changes and lists samples.
    pub space: &'a Space,
    /// The search's seed, for [`crate::base::Random::at`].
    pub seed: u64,
    /// Which ticket: 0, 1, 2 ….
    pub number: usize,
    /// Tickets that this one may know of, the oldest first.
    pub past: &'a [Known],
    /// Their results, more being better; none where one failed.
    pub values: &'a [Option<f64>],
    /// The epochs that those results are of, where trials are stopped early and one that went further counts as better; else empty.
    pub epochs: &'a [usize],
}

impl Turn<'_> {
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

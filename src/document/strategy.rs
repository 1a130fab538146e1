//! Strategies, as far as a file is concerned; how they propose is in the room `search`.

use super::diagnostic::Diagnostic;
use super::settings::Settings;
use super::tree::{Spanned, Value};
use super::word::{Described, Words};
use std::fmt;

impl Words<dyn StrategyWord> {
    /// A strategy with these settings beside its defaults, for who searches without a file.
    pub fn choose(&self, name: &str, given: &[(&'static str, Value)]) -> Option<Chosen> {
        let strategy = self.find(name)?;
        Some(Chosen { strategy, settings: Settings::with(strategy.word(), given) })
    }
}

/// A strategy, as far as a file is concerned; its behaviour is in the room `search`.
pub trait StrategyWord: Described {
    /// What must stand around it.
    fn needs(&self) -> Needs;
    /// What stands against these lines, beside what the fields say.
    fn check(&self, asked: &Asked) -> Vec<Diagnostic>;
}

/// What must stand around a strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// `objective`: what it learns from.
    pub objective: Objectives,
    /// `trials`: whether it goes on as long as it is asked; otherwise it has one candidate.
    pub trials: bool,
    /// Whether it reads what the method of a supernet has learned.
    pub learned: bool,
}

impl Needs {
    /// `trials` only.
    pub const TRIALS: Needs = Needs { objective: Objectives::Unread, trials: true, learned: false };
}

/// How many objectives a strategy reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objectives {
    /// None: one may be written, for reports.
    Unread,
    /// One.
    One,
    /// One or several, weighed against each other.
    Several,
}

/// What a strategy's cross-checks may look at.
pub struct Asked<'a> {
    /// Its own fields.
    pub settings: &'a Settings,
    /// `trials`, where written.
    pub trials: Option<Spanned<usize>>,
}

/// A strategy as a file names it, with its settings.
#[derive(Clone)]
pub struct Chosen {
    /// The descriptor.
    pub strategy: &'static dyn StrategyWord,
    /// Its fields, defaults applied.
    pub settings: Settings,
}

impl Chosen {
    /// The word in the file.
    pub fn name(&self) -> &'static str {
        self.strategy.word().name
    }
}

impl fmt::Debug for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.name(), self.settings)
    }
}

impl PartialEq for Chosen {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.settings == other.settings
    }
}

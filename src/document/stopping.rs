//! Stopping rules, as far as a file is concerned; how they decide is in the room `search`.

use super::diagnostic::Diagnostic;
use super::settings::Settings;
use super::tree::{Span, Spanned, Value};
use super::word::{Described, Words};
use std::fmt;

impl Words<dyn StopWord> {
    /// A rule with these settings beside its defaults, for who stops without a file.
    pub fn choose(&self, name: &str, given: &[(&'static str, Value)]) -> Option<ChosenStop> {
        let rule = self.find(name)?;
        Some(ChosenStop { rule, settings: Settings::with(rule.word(), given), span: Span::default() })
    }
}

/// A stopping rule, as far as a file is concerned; its behaviour is in the room `search`.
pub trait StopWord: Described {
    /// What stands against these lines, beside what the fields say.
    fn check(&self, raced: &Raced) -> Vec<Diagnostic>;
}

/// What a rule's cross-checks may look at.
pub struct Raced<'a> {
    /// Its own fields.
    pub settings: &'a Settings,
    /// The `train` whose trials it stops.
    pub train: &'a str,
    /// The epochs of that stage: the most that a trial has.
    pub epochs: usize,
    /// `trials`, where written.
    pub trials: Option<Spanned<usize>>,
}

/// A rule as a file names it, with its settings.
#[derive(Clone)]
pub struct ChosenStop {
    /// The descriptor.
    pub rule: &'static dyn StopWord,
    /// Its fields, defaults applied.
    pub settings: Settings,
    /// Where `stop-early` stands.
    pub span: Span,
}

impl ChosenStop {
    /// The word in the file.
    pub fn name(&self) -> &'static str {
        self.rule.word().name
    }

    /// `worst`: whether a trial that went further counts as better than one that did not.
    pub fn ranks_by_epoch(&self) -> bool {
        self.settings.truth("worst").unwrap_or(true)
    }
}

impl fmt::Debug for ChosenStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.name(), self.settings)
    }
}

impl PartialEq for ChosenStop {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.settings == other.settings
    }
}

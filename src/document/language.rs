//! The words that rooms above describe, handed to [`super::load`] as a value: this room knows no list of them.
//!
//! A word is one value in one file of the room that owns it: name, fields with ranges and defaults, documentation, what it needs, its
//! cross-checks and, hidden from this room, its behaviour. Decoding, suggestions and the reference page read the same value.

use super::diagnostic::Diagnostic;
use super::field::{Field, Kind};
use super::pipeline::{Metric, MetricWord, Reads, Task};
use super::settings::Settings;
use super::tree::{Spanned, Value};
use std::any::Any;
use std::fmt;

/// What every word has.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// The word in the file.
    pub name: &'static str,
    /// One line for the reference.
    pub doc: &'static str,
    /// A line that uses it, which parses; empty where the node's own example shows it.
    pub example: &'static str,
    /// What may stand beside it, with ranges and defaults.
    pub fields: &'static [Field],
}

impl Word {
    /// A word without fields.
    pub const fn new(name: &'static str, doc: &'static str) -> Self {
        Word { name, doc, example: "", fields: &[] }
    }

    /// The same, with fields.
    #[must_use]
    pub const fn fields(mut self, fields: &'static [Field]) -> Self {
        self.fields = fields;
        self
    }

    /// The same, with an example.
    #[must_use]
    pub const fn example(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    /// Its field of this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|f| f.name == name)
    }
}

/// A descriptor: a word and, in the room above, its behaviour.
pub trait Described: Any + Send + Sync {
    /// What stands in a file.
    fn word(&self) -> &Word;
}

impl Described for Word {
    fn word(&self) -> &Word {
        self
    }
}

/// The words of one kind, in the order in which they are listed; the first is what holds where nothing is written.
pub struct Words<W: ?Sized + 'static> {
    /// Those that work.
    pub known: Vec<&'static W>,
    /// Those of later versions, which are refused by name.
    pub later: &'static [&'static str],
}

impl<W: ?Sized> Clone for Words<W> {
    fn clone(&self) -> Self {
        Words { known: self.known.clone(), later: self.later }
    }
}

impl<W: ?Sized> Default for Words<W> {
    fn default() -> Self {
        Words { known: Vec::new(), later: &[] }
    }
}

impl<W: Described + ?Sized> Words<W> {
    /// The descriptor of this name.
    pub fn find(&self, name: &str) -> Option<&'static W> {
        self.known.iter().copied().find(|w| w.word().name == name)
    }

    /// What they say of themselves.
    pub fn words(&self) -> Vec<&'static Word> {
        self.known.iter().copied().map(W::word).collect()
    }
}

impl Words<dyn StrategyWord> {
    /// A strategy with these settings beside its defaults, for who searches without a file.
    pub fn choose(&self, name: &str, given: &[(&'static str, Value)]) -> Option<Chosen> {
        let strategy = self.find(name)?;
        Some(Chosen { strategy, settings: Settings::with(strategy.word().fields, given) })
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

/// A format of data sets, as far as a file is concerned; how its files are read is in the room `data`.
pub trait FormatWord: Described {
    /// What a file may say of it, and what follows for the pipeline.
    fn shape(&self) -> &FormatShape;
}

/// What a file may say of a format of data sets.
#[derive(Clone, Copy, Debug)]
pub struct FormatShape {
    /// What networks learn from it.
    pub task: Task,
    /// `image-size` where nothing is written.
    pub image_size: usize,
    /// Splits that it may have of its own.
    pub splits: &'static [&'static str],
    /// Whether `split` may name lists of images.
    pub lists: bool,
    /// Whether `images` and `annotations` may name its folders.
    pub folders: bool,
}

/// A format as a file names it.
#[derive(Clone, Copy)]
pub struct DataFormat(pub &'static dyn FormatWord);

impl DataFormat {
    /// The word in the file.
    pub fn name(&self) -> &'static str {
        self.0.word().name
    }

    /// What a file may say of it.
    pub fn shape(&self) -> &'static FormatShape {
        self.0.shape()
    }
}

impl fmt::Debug for DataFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for DataFormat {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
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

/// Everything that a file may name and that a room above owns.
#[derive(Clone, Default)]
pub struct Language {
    /// `strategy WORD` of a `sample`.
    pub strategies: Words<dyn StrategyWord>,
    /// `metrics WORD …` of an `evaluate`.
    pub metrics: Words<MetricWord>,
    /// `format=WORD` of a `data`.
    pub formats: Words<dyn FormatWord>,
}

impl Language {
    /// The metrics that follow from an architecture alone, as a sentence names them: `params`, `flops` or `macs`.
    pub fn costs(&self, last: &str) -> String {
        let costs = self.metrics.known.iter().filter(|m| m.reads == Reads::Architecture);
        let names: Vec<String> = costs.map(|m| format!("`{}`", m.word.name)).collect();
        match names.as_slice() {
            [all @ .., end] if !all.is_empty() => format!("{} {last} {end}", all.join(", ")),
            names => names.concat(),
        }
    }

    /// The metric that is written so: `map50`, `ap50:RBC`.
    pub fn metric(&self, text: &str) -> Option<Metric> {
        Metric::parse(&self.metrics, text, None)
    }

    /// The words of a kind.
    pub fn words(&self, kind: Kind) -> Vec<&'static Word> {
        match kind {
            Kind::Strategy => self.strategies.words(),
            Kind::Metric => self.metrics.words(),
            Kind::Format => self.formats.words(),
        }
    }

    /// The names of a kind.
    pub fn names(&self, kind: Kind) -> Vec<&'static str> {
        self.words(kind).iter().map(|w| w.name).collect()
    }

    /// The word of this name.
    pub fn word(&self, kind: Kind, name: &str) -> Option<&'static Word> {
        self.words(kind).into_iter().find(|w| w.name == name)
    }

    /// Whether some word has a field of this name.
    pub fn has_field(&self, name: &str) -> bool {
        [Kind::Strategy, Kind::Metric, Kind::Format].iter().any(|kind| self.words(*kind).iter().any(|w| w.field(name).is_some()))
    }

    /// The names of a kind that later versions will know.
    pub fn later(&self, kind: Kind) -> &'static [&'static str] {
        match kind {
            Kind::Strategy => self.strategies.later,
            Kind::Metric => self.metrics.later,
            Kind::Format => self.formats.later,
        }
    }
}

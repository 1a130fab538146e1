//! The words that rooms above describe, handed to [`super::load`] as a value: this room knows no list of them. Decoding, suggestions
//! and the reference page read the same value.

use super::field::Kind;
use super::format::FormatWord;
use super::method::MethodWord;
use super::pipeline::{Metric, MetricWord, Reads};
use super::stopping::StopWord;
use super::strategy::StrategyWord;
use super::table::{self, Spec};
use super::word::{Described, Word, Words};

/// Everything that a file may name and that a room above owns.
#[derive(Clone, Default)]
pub struct Language {
    /// `strategy WORD` of a `sample`.
    pub strategies: Words<dyn StrategyWord>,
    /// `method WORD` of a `train`.
    pub methods: Words<dyn MethodWord>,
    /// `metrics WORD …` of an `evaluate`.
    pub metrics: Words<MetricWord>,
    /// `format=WORD` of a `data`.
    pub formats: Words<dyn FormatWord>,
    /// `stop-early WORD` of an `objective`.
    pub stopping: Words<dyn StopWord>,
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
            Kind::Method => self.methods.words(),
            Kind::Metric => self.metrics.words(),
            Kind::Format => self.formats.words(),
            Kind::Stopping => self.stopping.words(),
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
        Kind::ALL.iter().any(|kind| self.words(*kind).iter().any(|w| w.takes(name)))
    }

    /// The names of a kind that later versions will know.
    pub fn later(&self, kind: Kind) -> &'static [&'static str] {
        match kind {
            Kind::Strategy => self.strategies.later,
            Kind::Method => self.methods.later,
            Kind::Metric => self.metrics.later,
            Kind::Format => self.formats.later,
            Kind::Stopping => self.stopping.later,
        }
    }

    /// The node of this name in a place: the table's, or a line of a word's own.
    pub fn node(&self, place: &str, name: &str) -> Option<&'static Spec> {
        table::node(place, name).or_else(|| self.each_line().find(|s| s.name == name && s.within.contains(&place)))
    }

    /// The nodes that may stand in a place.
    pub fn children(&self, place: &str) -> Vec<&'static Spec> {
        let mut children: Vec<&'static Spec> = table::children(place).collect();
        for line in self.each_line().filter(|s| s.within.contains(&place)) {
            if !children.iter().any(|known| known.name == line.name) {
                children.push(line);
            }
        }
        children
    }

    /// The lines of all words, each once.
    pub fn lines(&self) -> Vec<&'static Spec> {
        let mut lines: Vec<&'static Spec> = Vec::new();
        for line in self.each_line() {
            if !lines.iter().any(|known| known.name == line.name && known.within == line.within) {
                lines.push(line);
            }
        }
        lines
    }

    /// The lines of all words; one that several share comes several times. A file may have 50,000 nodes that are none, so nothing is
    /// allocated.
    pub fn each_line(&self) -> impl Iterator<Item = &'static Spec> + '_ {
        let strategies = self.strategies.known.iter().map(|w| w.word());
        let methods = self.methods.known.iter().map(|w| w.word());
        let metrics = self.metrics.known.iter().map(|w| w.word());
        let formats = self.formats.known.iter().map(|w| w.word());
        let stopping = self.stopping.known.iter().map(|w| w.word());
        strategies.chain(methods).chain(metrics).chain(formats).chain(stopping).flat_map(|word| word.lines.iter().copied())
    }

    /// Where a node of this name may stand.
    pub fn places(&self, name: &str) -> Vec<&'static str> {
        let mut places = table::places(name);
        for place in self.each_line().filter(|s| s.name == name).flat_map(|s| s.within.iter().copied()) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }
}

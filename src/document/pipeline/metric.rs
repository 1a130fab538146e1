//! Metrics: what the language, the plan and every report know of one. Which metrics there are is the business of the rooms
//! that compute them; each declares its words as [`Measure`]s and is asked by [`measure`].

use super::{Fed, Task};
use crate::document::field::{Field, Type};
use crate::document::word::{Described, Word, Words};
use serde::{Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// What a metric is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reads {
    /// The architecture alone: known without running anything.
    Architecture,
    /// The network's operations, each with its row in a table of latencies.
    Operations,
    /// The network's shapes: worked out without running anything.
    Shapes,
    /// The network with fresh weights.
    Untrained(Fed),
    /// What a supernet's method has learned of its choices, and the network's path.
    Learned,
    /// Predictions for a split and its truth, for this task.
    Predictions(Task),
    /// The loss over a split: of a classifier from its predictions, of a detector from its raw outputs, which predictions do not hold.
    Loss,
    /// A clock or a machine: it may be reported but never decides.
    Machine,
    /// A command of one's own, which is given the network.
    Command,
    /// What a trainer of one's own reports of a training.
    Reported,
}

impl Reads {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Reads::Architecture => "the architecture",
            Reads::Operations => "a table of latencies",
            Reads::Shapes => "the network's shapes",
            Reads::Untrained(fed) => fed.words(),
            Reads::Learned => "what a supernet has learned",
            Reads::Predictions(Task::Detect) => "a detector's predictions",
            Reads::Predictions(Task::Classify) => "a classifier's predictions",
            Reads::Loss => "a classifier's predictions, or a detector's outputs",
            Reads::Machine => "this machine",
            Reads::Command => "a command of one's own",
            Reads::Reported => "a trainer of one's own",
        }
    }
}

/// In what a metric is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Between 0 and 1.
    Share,
    /// Natural units of information.
    Nats,
    /// So many of something.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// So many a second.
    PerSecond,
    /// Bytes.
    Bytes,
    /// A number of whatever is meant.
    Number,
}

impl Unit {
    /// The word in the reference.
    pub fn word(self) -> &'static str {
        match self {
            Unit::Share => "0 to 1",
            Unit::Nats => "nats",
            Unit::Count => "a count",
            Unit::Milliseconds => "ms",
            Unit::PerSecond => "a second",
            Unit::Bytes => "bytes",
            Unit::Number => "a number",
        }
    }
}

/// The side on which a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

impl Better {
    /// The word in the reference.
    pub fn word(self) -> &'static str {
        match self {
            Better::Higher => "more",
            Better::Lower => "less",
        }
    }
}

/// A metric as far as files and reports are concerned; its behaviour is the [`Measure`] that holds it.
#[derive(Debug)]
pub struct MetricWord {
    /// What stands in a file; a field `class` where it is of one class: `ap50 class="RBC"`.
    pub word: Word,
    /// In what it is measured.
    pub unit: Unit,
    /// Its better side.
    pub better: Better,
    /// What it is computed from.
    pub reads: Reads,
}

impl MetricWord {
    /// Whether it is of one class.
    pub fn of_class(&self) -> bool {
        self.word.field("class").is_some()
    }
}

impl Described for MetricWord {
    fn word(&self) -> &Word {
        &self.word
    }
}

/// Something that metrics are computed from.
pub trait Reading: 'static {
    /// Which kind of thing it is.
    const READS: Reads;
}

/// What a metric says of its class.
const CLASS: &[Field] = &[Field::one("class", &[Type::Text], "", "The class.")];

/// A metric: its word, and its value as a function of what it reads and of the class that it names.
pub struct Measure<R: 'static> {
    /// The word.
    pub word: MetricWord,
    /// The value; NaN where there is none.
    pub value: fn(&R, Option<&str>) -> f64,
}

impl<R: Reading> Measure<R> {
    /// A metric of the whole.
    pub const fn new(name: &'static str, unit: Unit, better: Better, value: fn(&R, Option<&str>) -> f64, doc: &'static str) -> Self {
        Measure { word: MetricWord { word: Word::new(name, doc), unit, better, reads: R::READS }, value }
    }

    /// The same, of one class.
    #[must_use]
    pub const fn of_class(mut self) -> Self {
        self.word.word = self.word.word.fields(CLASS);
        self
    }

    /// The same, where it is the loss, which detectors have as well: theirs is computed where they run.
    #[must_use]
    pub const fn loss(mut self) -> Self {
        self.word.reads = Reads::Loss;
        self
    }

    /// The metric, where it is of no class.
    pub fn metric(&'static self) -> Metric {
        Metric { word: &self.word, class: None }
    }
}

/// The words of these.
pub fn words_of<R>(all: &[&'static Measure<R>]) -> Vec<&'static MetricWord> {
    all.iter().map(|m| &m.word).collect()
}

/// The value of a metric, where it is one of these.
pub fn measure<R>(all: &[&'static Measure<R>], metric: &Metric, reading: &R) -> Option<f64> {
    let measure = all.iter().find(|m| m.word.word.name == metric.word.word.name)?;
    Some((measure.value)(reading, metric.class()))
}

/// A metric as a file names it: a word, and its class where it is of one.
#[derive(Clone)]
pub struct Metric {
    word: &'static MetricWord,
    class: Option<Arc<str>>,
}

impl Metric {
    /// The metric of this word; a class is kept where the word is of one. None where it is of one and none is given.
    pub fn new(word: &'static MetricWord, class: Option<&str>) -> Option<Metric> {
        let class = class.filter(|_| word.of_class()).map(Arc::from);
        (class.is_some() == word.of_class()).then_some(Metric { word, class })
    }

    /// The metric that is written so (`map50`, `ap50:RBC`, or `ap50` with its class beside it), of those that there are.
    pub fn parse(words: &Words<MetricWord>, text: &str, class: Option<&str>) -> Option<Metric> {
        if let Some(word) = words.find(text) {
            return Metric::new(word, class);
        }
        let (text, class) = text.split_once(':').filter(|(_, class)| !class.is_empty())?;
        Metric::new(words.find(text).filter(|w| w.of_class())?, Some(class))
    }

    /// The word in the file (`ap50:CLASS` for one class).
    pub fn name(&self) -> String {
        self.to_string()
    }

    /// The class that it is of.
    pub fn class(&self) -> Option<&str> {
        self.class.as_deref()
    }

    /// In what it is measured.
    pub fn unit(&self) -> Unit {
        self.word.unit
    }

    /// What it is computed from.
    pub fn reads(&self) -> Reads {
        self.word.reads
    }

    /// Whether more is better.
    pub fn higher_is_better(&self) -> bool {
        self.word.better == Better::Higher
    }

    /// The better value first, what is no number last.
    pub fn order(&self, a: f64, b: f64) -> Ordering {
        let order = if self.higher_is_better() { b.total_cmp(&a) } else { a.total_cmp(&b) };
        a.is_nan().cmp(&b.is_nan()).then(order)
    }

    /// The value as a cost: less is better.
    pub fn as_cost(&self, value: f64) -> f64 {
        if self.higher_is_better() { -value } else { value }
    }

    /// Whether a clock or a machine measures it, so that it may be reported but never decides.
    pub fn is_observation(&self) -> bool {
        self.word.reads == Reads::Machine
    }

    /// Whether it lies between 0 and 1.
    pub fn is_share(&self) -> bool {
        self.word.unit == Unit::Share
    }

    /// Whether it follows from the architecture alone.
    pub fn is_cost(&self) -> bool {
        self.word.reads == Reads::Architecture
    }

    /// Whether it is a sum over rows of a table of latencies.
    pub fn is_table_latency(&self) -> bool {
        self.word.reads == Reads::Operations
    }

    /// Whether the network alone decides it, whatever it was trained to.
    pub fn is_of_network(&self) -> bool {
        self.is_cost() || self.is_table_latency() || self.is_of_shapes()
    }

    /// Whether it is computed from what a supernet's method has learned.
    pub fn is_learned(&self) -> bool {
        self.word.reads == Reads::Learned
    }

    /// Whether it is the loss: its value has no meaning beside that of other heads, sizes or gains.
    pub fn is_loss(&self) -> bool {
        self.word.reads == Reads::Loss
    }

    /// What it is a measure of; none where it is of any network.
    pub fn task(&self) -> Option<Task> {
        match self.word.reads {
            Reads::Predictions(task) => Some(task),
            _ => None,
        }
    }

    /// Whether it is measured on images, by what a trained network says of them.
    pub fn reads_predictions(&self) -> bool {
        self.task().is_some() || self.is_loss()
    }

    fn key(&self) -> (&'static str, Option<&str>) {
        (self.word.word.name, self.class.as_deref())
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word.word.name)?;
        self.class().map_or(Ok(()), |class| write!(f, ":{class}"))
    }
}

impl fmt::Debug for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// By its name.
impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl PartialEq for Metric {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Metric {}

impl PartialOrd for Metric {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Metric {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl std::hash::Hash for Metric {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

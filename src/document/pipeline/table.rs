//! `method table`: where the metrics of an `evaluate` are read from a file.

use super::{Metric, Spanned, Unit};

/// `method table file=… key=…`: where an `evaluate` finds its metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct TableSource {
    /// The file, resolved against the file that names it (or the working directory where it came by `-p`).
    pub file: Spanned<String>,
    /// How the key of a network's row is written: one text for each of `keys`.
    pub key: Vec<Spanned<Vec<KeyPart>>>,
    /// `keys` [arch]: the columns that hold the keys, in CSV and in a list of rows.
    pub keys: Vec<Spanned<String>>,
    /// `word` lines.
    pub words: Vec<TableWord>,
    /// One for each metric that is read from the file.
    pub columns: Vec<TableColumn>,
}

impl TableSource {
    /// What stands for an option of a decision in the key: the word for that decision first.
    pub fn word<'s>(&'s self, label: &str, option: &'s str) -> &'s str {
        let of = |word: &&TableWord| word.option.value == option;
        let own = |word: &&TableWord| word.label.as_ref().is_some_and(|l| l.value == label);
        let found = self.words.iter().filter(of).find(own).or_else(|| self.words.iter().filter(of).find(|w| w.label.is_none()));
        found.map_or(option, |word| &word.text)
    }
}

/// `word OPTION TEXT label=`: what stands for an option in the key.
#[derive(Clone, Debug, PartialEq)]
pub struct TableWord {
    /// The decision that it is for; none: all.
    pub label: Option<Spanned<String>>,
    /// The option.
    pub option: Spanned<String>,
    /// What stands for it.
    pub text: String,
}

/// A part of a row's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPart {
    /// `arch`: the place of the option taken, from 0, of every decision in the order of the file.
    Decisions,
    /// As it stands.
    Text(String),
    /// `{label}`: the option that a decision took, or the `word` for it.
    Option(String),
    /// `{label:index}`: the place of that option, from 0.
    Index(String),
}

/// `column accuracy "test_acc" unit=percent`.
#[derive(Clone, Debug, PartialEq)]
pub struct TableColumn {
    /// The metric.
    pub metric: Spanned<Metric>,
    /// The columns (CSV) or fields (JSON) that hold it: several are several seeds.
    pub names: Vec<Spanned<String>>,
    /// The unit of the file; none: the metric's own.
    pub unit: Option<&'static TableUnit>,
}

impl TableColumn {
    /// A number of the file in the metric's own unit.
    pub fn scaled(&self, value: f64) -> f64 {
        match self.unit.map(|unit| unit.scale) {
            None | Some(Scale::Same) => value,
            Some(Scale::Times(factor)) => value * factor,
            Some(Scale::Over(divisor)) => value / divisor,
        }
    }

    /// Whether the file holds 100 times the metric.
    pub fn percent(&self) -> bool {
        self.unit.is_some_and(|unit| unit.word == "percent")
    }
}

/// A unit in which a file may hold a metric.
#[derive(Debug, PartialEq)]
pub struct TableUnit {
    /// The word in the file.
    pub word: &'static str,
    /// The metrics that it is for.
    pub of: Unit,
    /// How it becomes the metric's own unit.
    pub scale: Scale,
}

/// How a number becomes one of another unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// As it is.
    Same,
    /// Multiplied.
    Times(f64),
    /// Divided.
    Over(f64),
}

/// The units of tables.
pub const TABLE_UNITS: &[TableUnit] = &[
    TableUnit { word: "share", of: Unit::Share, scale: Scale::Same },
    TableUnit { word: "percent", of: Unit::Share, scale: Scale::Over(100.0) },
    TableUnit { word: "nats", of: Unit::Nats, scale: Scale::Same },
    TableUnit { word: "bits", of: Unit::Nats, scale: Scale::Times(std::f64::consts::LN_2) },
    TableUnit { word: "thousands", of: Unit::Count, scale: Scale::Times(1e3) },
    TableUnit { word: "millions", of: Unit::Count, scale: Scale::Times(1e6) },
    TableUnit { word: "billions", of: Unit::Count, scale: Scale::Times(1e9) },
    TableUnit { word: "s", of: Unit::Milliseconds, scale: Scale::Times(1e3) },
    TableUnit { word: "ms", of: Unit::Milliseconds, scale: Scale::Same },
    TableUnit { word: "us", of: Unit::Milliseconds, scale: Scale::Over(1e3) },
    TableUnit { word: "kB", of: Unit::Bytes, scale: Scale::Times(1e3) },
    TableUnit { word: "MB", of: Unit::Bytes, scale: Scale::Times(1e6) },
    TableUnit { word: "GB", of: Unit::Bytes, scale: Scale::Times(1e9) },
    TableUnit { word: "KiB", of: Unit::Bytes, scale: Scale::Times(1024.0) },
    TableUnit { word: "MiB", of: Unit::Bytes, scale: Scale::Times(1_048_576.0) },
];

/// Their words.
pub const TABLE_UNIT_WORDS: [&str; TABLE_UNITS.len()] = {
    let mut words = [""; TABLE_UNITS.len()];
    let mut i = 0;
    while i < words.len() {
        words[i] = TABLE_UNITS[i].word;
        i += 1;
    }
    words
};

/// The units for metrics that are measured in this.
pub fn table_units(of: Unit) -> Vec<&'static str> {
    TABLE_UNITS.iter().filter(|unit| unit.of == of).map(|unit| unit.word).collect()
}

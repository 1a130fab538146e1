//! What is computed by commands of one's own: a trainer, and metrics.

use super::{Better, Metric, MetricWord, Reads, Spanned, Unit};
use crate::document::word::Word;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// A command with the files that it needs.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnCommand {
    /// `command "python" "train.py"`: the program and its arguments.
    pub words: Vec<String>,
    /// `uses "train.py" "lib"`.
    pub uses: Vec<Used>,
}

/// A file or a folder that a command needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Used {
    /// Its name from the folder of the pipeline's file on, cleaned: where the command finds it, too.
    pub name: String,
    /// The path as the disk knows it, at its place.
    pub path: Spanned<String>,
}

/// `runner command { … }` of a `train`.
#[derive(Clone, Debug, PartialEq)]
pub struct Runner {
    /// What trains.
    pub command: OwnCommand,
    /// `reports "accuracy" better=higher`: figures that it reports, in the order of the file.
    pub reports: Vec<Spanned<Metric>>,
    /// `weights` [#true]: whether it leaves weights of the network that it was given.
    pub weights: bool,
}

/// `metric "pi-ms" better=lower { command … }` of an `evaluate`.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnMetric {
    /// The metric.
    pub metric: Spanned<Metric>,
    /// What measures it.
    pub command: OwnCommand,
    /// `alone` [#false]: nothing else of the run goes on meanwhile.
    pub alone: bool,
}

impl Metric {
    /// Whether a command or a trainer of one's own says it of a network.
    pub fn is_own(&self) -> bool {
        self.is_by_command() || self.is_reported()
    }

    /// Whether a command of one's own measures it.
    pub fn is_by_command(&self) -> bool {
        self.reads() == Reads::Command
    }

    /// Whether a trainer of one's own reports it.
    pub fn is_reported(&self) -> bool {
        self.reads() == Reads::Reported
    }
}

/// What a file says of a metric that it declares.
pub type Declared = (String, Better, Unit, Reads);

/// Words are `'static`, and those that files declare are known only now: each is kept once, as long as the process lives. A process
/// reads a handful of files, and a file's size is bounded.
static WORDS: Mutex<BTreeMap<Declared, &'static MetricWord>> = Mutex::new(BTreeMap::new());

/// The word of a metric that a file declares.
pub fn declared(name: &str, better: Better, unit: Unit, reads: Reads) -> &'static MetricWord {
    let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    words.entry((name.to_string(), better, unit, reads)).or_insert_with(|| {
        let word = Word::new(Box::leak(name.to_string().into_boxed_str()), "Declared by the file.");
        Box::leak(Box::new(MetricWord { word, unit, better, reads }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_word_is_kept_once() {
        let word = || declared("pi-ms", Better::Lower, Unit::Milliseconds, Reads::Command);
        assert!(std::ptr::eq(word(), word()));
        assert!(!std::ptr::eq(word(), declared("pi-ms", Better::Higher, Unit::Milliseconds, Reads::Command)));
        let metric = Metric::new(word(), None).expect("a metric");
        assert!(metric.is_by_command() && !metric.is_reported() && !metric.higher_is_better() && !metric.is_observation());
    }
}

//! `evaluate`: metrics, of predictions or out of a table.

use super::{Metric, Spanned};

/// An `evaluate` stage.
#[derive(Clone, Debug)]
pub struct Evaluate {
    /// `data "name" split=…`; none where no metric reads images (`params`, `flops`).
    pub data: Option<(Spanned<String>, Spanned<String>)>,
    /// What is measured.
    pub metrics: Vec<Spanned<Metric>>,
    /// `at 10 20`: epochs; empty is the last.
    pub at: Vec<usize>,
    /// `recalibrate`: written where subnets of a supernet are evaluated.
    pub recalibrate: Option<Spanned<Recalibrate>>,
    /// `method table …`: the metrics are read from a file, one row a network.
    pub table: Option<std::sync::Arc<TableSource>>,
}

/// How a subnet comes to statistics of its batch norm, which no single network of a supernet has.
#[derive(Clone, Debug, PartialEq)]
pub enum Recalibrate {
    /// `off`: the supernet's own running statistics, whatever networks they are of.
    Off,
    /// Reset, then the mean over the first batches of a split, in training order.
    Batches {
        /// `batches`.
        batches: usize,
        /// `batch` [the supernet's]: images a batch.
        batch: Option<usize>,
        /// `split`, of the data set that the stage reads.
        split: Spanned<String>,
    },
}

impl Recalibrate {
    /// The split that is read.
    pub fn split(&self) -> Option<&Spanned<String>> {
        match self {
            Recalibrate::Off => None,
            Recalibrate::Batches { split, .. } => Some(split),
        }
    }
}

/// `method table file=… key=…`: where an `evaluate` finds its metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct TableSource {
    /// The file, resolved against the file that names it (or the working directory where it came by `-p`).
    pub file: Spanned<String>,
    /// How the key of a network's row is written.
    pub key: Spanned<Vec<KeyPart>>,
    /// `keys=` [arch]: the column of a CSV file that holds the keys.
    pub keys: Spanned<String>,
    /// `word OPTION TEXT`: what stands for an option in the key.
    pub words: Vec<(Spanned<String>, String)>,
    /// One for each metric that is read from the file.
    pub columns: Vec<TableColumn>,
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
    /// Whether the file holds 100 times the metric.
    pub percent: bool,
}

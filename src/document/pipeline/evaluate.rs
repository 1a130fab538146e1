//! `evaluate`: metrics, of predictions or out of a table.

use super::{Metric, OwnMetric, Spanned, TableSource, UntrainedBy};

/// An `evaluate` stage.
#[derive(Clone, Debug)]
pub struct Evaluate {
    /// `data "name" split=…`; none where no metric reads images (`params`, `flops`).
    pub data: Option<(Spanned<String>, Spanned<String>)>,
    /// `data "name" folds=…`: every model is measured on the fold that its training left out; `data` then names the split that is cut.
    pub folds: Option<Spanned<String>>,
    /// What is measured.
    pub metrics: Vec<Spanned<Metric>>,
    /// Those of them that a command measures and that are declared here.
    pub own: Vec<OwnMetric>,
    /// `at 10 20`: epochs; empty is the last.
    pub at: Vec<usize>,
    /// `recalibrate`: written where subnets of a supernet are evaluated.
    pub recalibrate: Option<Spanned<Recalibrate>>,
    /// `latency-table "…"`: the file of `table-latency`, resolved against the document.
    pub latency_table: Option<Spanned<String>>,
    /// `untrained …`: how metrics of untrained networks are measured.
    pub untrained: UntrainedBy,
    /// `method table …`: the metrics are read from a file, one row a network.
    pub table: Option<std::sync::Arc<TableSource>>,
}

impl Evaluate {
    /// The metrics that this machine is asked for; what a table says of another is a figure.
    pub fn observed(&self) -> impl Iterator<Item = &Metric> {
        self.metrics.iter().map(|m| &m.value).filter(|m| m.is_observation() && self.table.is_none())
    }
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

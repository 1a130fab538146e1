//! The metrics that follow from an architecture alone.

use crate::document::{Better::Lower, Measure, Metric, Reading, Reads, Unit::Count, measure};

/// Parameters and multiply-adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Trainable parameters.
    pub params: u64,
    /// Multiply-adds of convolutions and linear layers for one image.
    pub macs: u64,
}

/// Trainable parameters.
pub static PARAMS: Measure<Cost> = Measure::new("params", Count, Lower, |c, _| c.params as f64, "Trainable parameters.");

/// 2 × multiply-adds.
pub static FLOPS: Measure<Cost> = Measure::new(
    "flops",
    Count,
    Lower,
    |c, _| 2.0 * c.macs as f64,
    "2 × multiply-adds of convolutions and linear layers, for one image of the size that the network reads.",
);

/// Multiply-adds.
pub static MACS: Measure<Cost> = Measure::new("macs", Count, Lower, |c, _| c.macs as f64, "Multiply-adds: half of `flops`.");

/// All of them.
pub static COSTS: &[&Measure<Cost>] = &[&PARAMS, &FLOPS, &MACS];

impl Reading for Cost {
    const READS: Reads = Reads::Architecture;
}

/// What a cost is in a metric; none where the metric is no cost.
pub fn cost_as(metric: &Metric, cost: &Cost) -> Option<f64> {
    measure(COSTS, metric, cost)
}

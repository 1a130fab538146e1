//! The metric that reads what a supernet's method has learned of its choices.

use crate::document::{Better::Higher, Measure, Reading, Reads, Unit::Nats};

/// A network's path in what its supernet has learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearnedPath {
    /// ln of the path's probability.
    pub log_probability: f64,
}

impl Reading for LearnedPath {
    const READS: Reads = Reads::Learned;
}

/// ln of the probability of a network's path.
pub static LIKELIHOOD: Measure<LearnedPath> = Measure::new(
    "likelihood",
    Nats,
    Higher,
    |p, _| p.log_probability,
    "ln of the probability that the network's supernet has learned for its path.",
);

/// All metrics of this kind.
pub static LEARNED: &[&Measure<LearnedPath>] = &[&LIKELIHOOD];

//! `sample`: strategy, budget and goal.

use super::{Metric, Span, Spanned};

/// A `sample` stage. Exactly one `from`, a space or a supernet.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// How proposals are made.
    pub strategy: Strategy,
    /// `trials N`, distinct candidates; 1 for `reference`.
    pub trials: usize,
    /// `trials … window=` [4]: ticket n sees the results of tickets 0 … n − window.
    pub window: usize,
    /// `seed` [0], added to the pipeline's.
    pub seed: u64,
    /// `objective "score" maximize=map50`.
    pub objective: Option<Objective>,
    /// Where `strategy` stands, for warnings.
    pub strategy_span: Span,
}

/// A search strategy with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub enum Strategy {
    /// The space's first values.
    Reference,
    /// Uniform over the choices.
    Random,
    /// The strongest network that a supernet's method has learned, then draws from what it has learned.
    Learned,
    /// Regularised evolution (Real et al. 2019; one edit a child).
    Evolution {
        /// [30]
        population: usize,
        /// [10]
        tournament: usize,
    },
}

/// The loop's edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// The evaluate stage.
    pub stage: Spanned<String>,
    /// The metric.
    pub metric: Spanned<Metric>,
    /// `maximize=` or `minimize=`.
    pub maximize: bool,
}

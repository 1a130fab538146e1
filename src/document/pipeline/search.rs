//! `sample`: strategy, budget and goal.

use super::{Metric, OwnCommand, Span, Spanned};
use crate::document::stopping::ChosenStop;
use crate::document::strategy::Chosen;
use std::collections::BTreeMap;

/// A `sample` stage. Exactly one `from`, a space or a supernet.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// How proposals are made.
    pub strategy: Chosen,
    /// Of `strategy command`: what proposes.
    pub proposer: Option<OwnCommand>,
    /// `trials N`, distinct candidates; 1 for a strategy that has one.
    pub trials: usize,
    /// `trials … window=` [4]: ticket n sees the results of tickets 0 … n − window.
    pub window: usize,
    /// `seed` [0], added to the pipeline's.
    pub seed: u64,
    /// `objective "score" maximize=map50`.
    pub objective: Option<Objective>,
    /// `replicate N`: the first so many trials are trained once more, with the next seed. No proposal and no choice reads that.
    pub replicate: Option<Spanned<usize>>,
    /// The choices of recipes that it makes, as [`SpaceNode::recipe`](super::SpaceNode::recipe): those that a training reads
    /// before the objective, without one any training behind it.
    pub recipe: BTreeMap<String, Vec<String>>,
    /// Where `strategy` stands, for warnings.
    pub strategy_span: Span,
    /// Where the number of trials stands, for warnings.
    pub trials_span: Span,
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
    /// `stop-early`: which trials are trained on.
    pub stop: Option<ChosenStop>,
}

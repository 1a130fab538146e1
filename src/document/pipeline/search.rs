//! `sample`: strategy, budget and goal.

use super::{Metric, OwnCommand, Span, Spanned};
use crate::document::stopping::ChosenStop;
use crate::document::strategy::Chosen;
use crate::document::tree::Value;
use std::collections::BTreeMap;

/// `prior "act" silu confidence=high` of a `sample`.
#[derive(Clone, Debug, PartialEq)]
pub struct Prior {
    /// The decision.
    pub label: Spanned<String>,
    /// The option.
    pub option: Spanned<Value>,
    /// How many times as often it is drawn as each option without a prior: above 0.
    pub weight: f64,
}

/// A `sample` stage. Exactly one `from`, a space or a supernet.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// How proposals are made; of a chain the first strategy.
    pub strategy: Chosen,
    /// Of `strategy command`: what proposes.
    pub proposer: Option<OwnCommand>,
    /// `strategy … trials=`: its share, where others come after it.
    pub share: Option<Spanned<usize>>,
    /// `then`: the strategies that come after it, in order.
    pub then: Vec<Then>,
    /// `start`: the stages whose models are proposed first.
    pub start: Vec<Spanned<String>>,
    /// `earlier`: a file of results that are known before the first trial.
    pub earlier: Option<Spanned<String>>,
    /// `prior`: options that are drawn more often, or less.
    pub priors: Vec<Prior>,
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

impl Sample {
    /// Its strategies in order, each with its share of the trials; none: what is left.
    pub fn strategies(&self) -> impl Iterator<Item = (&Chosen, Option<usize>)> {
        let first = (&self.strategy, self.share.as_ref().map(|s| s.value));
        std::iter::once(first).chain(self.then.iter().map(|t| (&t.strategy, t.share.as_ref().map(|s| s.value))))
    }

    /// Whether one of its strategies reads what a supernet has learned.
    pub fn reads_learned(&self) -> bool {
        self.strategies().any(|(chosen, _)| chosen.strategy.needs().learned)
    }
}

/// `then`: a strategy that comes after another.
#[derive(Clone, Debug, PartialEq)]
pub struct Then {
    /// The strategy.
    pub strategy: Chosen,
    /// `trials=`: its share; the last has what is left.
    pub share: Option<Spanned<usize>>,
    /// Where the strategy's word stands.
    pub span: Span,
}

/// Most objectives of one search: beyond these nearly every candidate is on the front.
pub const MOST_OBJECTIVES: usize = 8;

/// An objective beside the first.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// The metric.
    pub metric: Spanned<Metric>,
    /// `maximize` or `minimize`.
    pub maximize: bool,
}

/// The loop's edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// The evaluate stage.
    pub stage: Spanned<String>,
    /// The metric; of several objectives the first in the file.
    pub metric: Spanned<Metric>,
    /// `maximize=` or `minimize=`.
    pub maximize: bool,
    /// The objectives beside it, in the order of the file.
    pub also: Vec<Goal>,
    /// `reference`: where the hypervolume is measured from, a value for each objective; empty: the worst that was met.
    pub reference: Vec<f64>,
    /// `stop-early`: which trials are trained on.
    pub stop: Option<ChosenStop>,
}

impl Objective {
    /// All objectives in the order of the file: the metric, and whether it is maximised.
    pub fn goals(&self) -> impl Iterator<Item = (&Spanned<Metric>, bool)> {
        std::iter::once((&self.metric, self.maximize)).chain(self.also.iter().map(|goal| (&goal.metric, goal.maximize)))
    }
}

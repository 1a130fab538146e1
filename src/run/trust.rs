//! Whether a ranking is to be trusted: the networks that two stages share, and how far they agree on their order.

use crate::document::{Metric, Pipeline};
use crate::metrics::{Agreement, agreements};
use crate::plan::Replay;
use crate::plan::equal::{Equal, equal};
use crate::plan::trust::{Paired, paired};
use serde::Serialize;

/// The fewest networks of which anything is said.
pub const FEWEST: usize = 3;

/// One `trust` line, worked out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Trusted {
    /// The stage whose ranking is in doubt.
    pub ranking: String,
    /// The stage that is taken for the truth.
    pub truth: String,
    /// The metric.
    pub metric: Metric,
    /// The metric that ranks, mostly the same.
    pub using: Metric,
    /// Networks that both have measured.
    pub networks: usize,
    /// Networks that only one has, or that failed in one.
    pub left_out: usize,
    /// Whether nothing more can come.
    pub complete: bool,
    /// The ranking, then `params` and `flops` in its place; empty below [`FEWEST`] networks.
    pub predictors: Vec<Predictor>,
    /// What a random search would have found for what the supernet's training cost.
    pub random_search: Option<Equal>,
}

/// A predictor of the truth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Predictor {
    /// The stage's name, `params` or `flops`.
    pub name: String,
    /// How it orders the networks.
    #[serde(flatten)]
    pub agreement: Agreement,
}

/// Every `trust` line of a pipeline, as far as it has come.
pub fn trusted(pipeline: &Pipeline, replay: &Replay) -> Vec<Trusted> {
    paired(pipeline, replay).iter().map(|pair| check(pipeline, pair)).collect()
}

fn check(pipeline: &Pipeline, pair: &Paired) -> Trusted {
    let networks = pair.architectures.len();
    let mut predictors = Vec::new();
    if networks >= FEWEST {
        let names = [pair.ranking.as_str(), "params", "flops"];
        let found = agreements(&[&pair.ranked, &pair.params, &pair.flops], &pair.true_values);
        predictors.extend(names.into_iter().zip(found).map(|(name, agreement)| Predictor { name: name.to_string(), agreement }));
    }
    Trusted {
        ranking: pair.ranking.clone(),
        truth: pair.truth.clone(),
        metric: pair.metric.clone(),
        using: pair.using.clone(),
        networks,
        left_out: pair.left_out,
        complete: pair.complete,
        predictors,
        random_search: equal(pipeline, pair).filter(|_| networks >= FEWEST),
    }
}

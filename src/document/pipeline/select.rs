//! `select` and `answer`.

use super::{Metric, Spanned};

/// A `select` stage: bounds, then one of the two ways to choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    /// `where METRIC min= max=`.
    pub bounds: Vec<Bound>,
    /// How what remains is chosen.
    pub by: SelectBy,
}

impl Select {
    /// The metric that it chooses by; of a front, the first.
    pub fn metric(&self) -> Option<&Metric> {
        match &self.by {
            SelectBy::Top(_, metric) => Some(&metric.value),
            SelectBy::Pareto(metrics) => metrics.first().map(|m| &m.value),
            SelectBy::All => None,
        }
    }
}

/// `where METRIC min= max=`
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// The metric.
    pub metric: Spanned<Metric>,
    /// At least.
    pub min: Option<f64>,
    /// At most.
    pub max: Option<f64>,
}

/// How a `select` chooses.
#[derive(Clone, Debug, PartialEq)]
pub enum SelectBy {
    /// `top N by=METRIC`
    Top(usize, Spanned<Metric>),
    /// `pareto METRIC …`
    Pareto(Vec<Spanned<Metric>>),
    /// Only `where`.
    All,
}

/// `answer "best" { in "test"; by map50; against … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The stage whose models are the answer.
    pub name: Spanned<String>,
    /// `in`: the evaluate stage whose figures are printed.
    pub r#in: Spanned<String>,
    /// `by`.
    pub by: Spanned<Metric>,
    /// `against`: baselines.
    pub against: Vec<Spanned<String>>,
    /// `trust` lines: rankings that are checked against others.
    pub trust: Vec<Trust>,
}

/// `trust "shared" "truth" by=map50`: does the first stage rank its models as the second does?
#[derive(Clone, Debug, PartialEq)]
pub struct Trust {
    /// The evaluate stage whose ranking is in doubt.
    pub ranking: Spanned<String>,
    /// The evaluate stage that is taken for the truth.
    pub truth: Spanned<String>,
    /// The metric of the truth, and where nothing else is written of the ranking [the answer's].
    pub by: Spanned<Metric>,
    /// `using`: the metric that ranks [`by`].
    pub using: Spanned<Metric>,
}

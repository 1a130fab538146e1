//! What is asked of a comparison, and what it says.

use crate::document::Metric;
use crate::metrics::regret::Query;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// How many seeds: the sample's own, and those after it.
    pub seeds: u64,
    /// Queries of a search; else those of its `trials`.
    pub trials: Option<usize>,
    /// What outcomes are judged by: a metric of the table, or an `evaluate` stage with a table.
    pub by: Option<String>,
    /// The search is told only this one of a row's seeds, from 0.
    pub told_seed: Option<usize>,
}

/// What was searched, as far as a reader has to know it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ground {
    /// The space.
    pub space: String,
    /// Its samples.
    pub samples: usize,
    /// Distinct networks among them that have a row.
    pub networks: usize,
    /// What the search was told.
    pub told: Metric,
    /// What outcomes are judged by.
    pub judged: Metric,
    /// In words, where that is another figure than the one told.
    pub judged_by: Option<String>,
    /// The best of all by what is judged, more being better.
    pub best: f64,
    /// The least.
    pub worst: f64,
    /// What the best thousandth of the distinct networks reaches.
    pub top: f64,
    /// How many networks that thousandth has.
    pub top_networks: usize,
}

/// All runs of one `sample`.
#[derive(Clone, Debug)]
pub struct Curves {
    /// The stage.
    pub name: String,
    /// Its strategy's word.
    pub strategy: String,
    /// Queries of a run, at most: a small space runs out.
    pub trials: usize,
    /// `window`.
    pub window: usize,
    /// What was searched.
    pub ground: Ground,
    /// By seed: what each query found.
    pub runs: Vec<Vec<Query>>,
}

/// The comparison.
#[derive(Clone, Debug)]
pub struct Compared {
    /// By `sample`, in the order of the file.
    pub searches: Vec<Curves>,
    /// What was left out, and why.
    pub notes: Vec<String>,
}

//! The options of one decision that a step computes, with their weights, and the way back from these to the logits.

use super::softmax;
use std::fmt::Debug;
use std::sync::Arc;

/// What a step is for: the two draw apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The weights learn.
    Weights,
    /// The choices learn.
    Choices,
}

/// A decision at a step.
pub struct Logits<'a> {
    /// Addresses everything random.
    pub seed: u64,
    /// Which step; those of weights and of choices count apart.
    pub step: u64,
    /// Its epoch.
    pub epoch: usize,
    /// Which decision.
    pub decision: usize,
    /// Its logits.
    pub alpha: &'a [f64],
    /// What the step is for.
    pub purpose: Purpose,
}

/// The options of one decision that are computed.
#[derive(Clone, Debug)]
pub struct Weighed {
    /// Ranks of options.
    pub ranks: Vec<usize>,
    /// Their weights.
    pub weights: Vec<f64>,
    /// The way back.
    pub back: Arc<dyn Back>,
}

impl Weighed {
    /// All options, by the softmax of their logits.
    pub fn softmax(alpha: &[f64]) -> Self {
        Weighed { ranks: (0..alpha.len()).collect(), weights: softmax::softmax(alpha, 1.0), back: Arc::new(Softmax) }
    }

    /// One option alone.
    pub fn one(rank: usize, back: impl Back + 'static) -> Self {
        Weighed { ranks: vec![rank], weights: vec![1.0], back: Arc::new(back) }
    }
}

/// How the weights of a decision's options came about, which its gradient goes back through.
pub trait Back: Debug + Send + Sync {
    /// dL/dα by rank of all `options`, and the ranks that it concerns, from dL/dw of those that were computed.
    fn gradient(&self, weighed: &Weighed, grads: &[f64], options: usize) -> (Vec<f64>, Vec<usize>);
    /// What becomes of the logits after the optimiser's step, which were `before`.
    fn settle(&self, _before: &[f64], _alpha: &mut [f64]) {}
}

/// softmax(α) over all options.
#[derive(Clone, Copy, Debug)]
pub struct Softmax;

impl Back for Softmax {
    fn gradient(&self, weighed: &Weighed, grads: &[f64], options: usize) -> (Vec<f64>, Vec<usize>) {
        (softmax::backward(&weighed.weights, grads, 1.0), (0..options).collect())
    }
}

/// One option alone, which teaches nothing of the others.
#[derive(Clone, Copy, Debug)]
pub struct Drawn;

impl Back for Drawn {
    fn gradient(&self, _: &Weighed, _: &[f64], options: usize) -> (Vec<f64>, Vec<usize>) {
        (vec![0.0; options], Vec::new())
    }
}

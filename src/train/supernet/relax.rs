//! The network of one step of a method that learns choices: which options of every decision are computed, and with which
//! weights.
//!
//! A decision that mixes weighs the outputs of its options. In PC-DARTS the inputs of a node have logits of their own. Where inputs are picked, an option is a set of them, and an input
//! weighs as much as the sets together that hold it: the weighted sum is then the mean over the sets. A decision that chooses a
//! value (a width, a kernel) cannot be mixed, because one program holds one value: its option is drawn by the probabilities,
//! and learns by the score function.

use super::setup::Setup;
use crate::base::Random;
use crate::space::supernet::{DecisionKind, Mixture};
use crate::train::oneshot::mixing::{Logits, Purpose, Weighed};
use crate::train::oneshot::softmax;
use std::collections::{BTreeMap, BTreeSet};

/// A step's network before it is built. Decisions by their places.
#[derive(Clone, Debug)]
pub struct Relaxed {
    /// The rank that is drawn where a decision chooses a value.
    pub values: Vec<usize>,
    /// The decisions that are mixed.
    pub weighed: BTreeMap<usize, Weighed>,
}

impl Setup {
    /// The network of iteration `iteration`, in `epoch`, for these logits. `attempt` draws other values.
    pub(super) fn relax(&self, purpose: Purpose, iteration: u64, epoch: usize, attempt: u64, alphas: &[Vec<f64>]) -> Relaxed {
        let step = 2 * iteration + u64::from(purpose == Purpose::Weights);
        let mut relaxed = Relaxed { values: vec![0; alphas.len()], weighed: BTreeMap::new() };
        let Some(mixes) = self.family.mixes() else { return relaxed };
        for (c, alpha) in alphas.iter().enumerate() {
            if self.mixes[c] {
                let at = Logits { seed: self.seed, step, epoch, decision: c, alpha, purpose };
                let weighed = if self.edges[c] { Weighed::softmax(alpha) } else { mixes.weigh(&at) };
                relaxed.weighed.insert(c, weighed);
            } else {
                let mut random = Random::at(self.seed, "choice-values", &[step, c as u64, attempt]);
                relaxed.values[c] = softmax::draw(&softmax::softmax(alpha, 1.0), &mut random);
            }
        }
        relaxed
    }

    /// By mixed decision of the file: its candidates that are computed, in the order in which they are added.
    pub(super) fn over(&self, relaxed: &Relaxed) -> BTreeMap<usize, Vec<usize>> {
        let each = relaxed.weighed.iter().map(|(&c, w)| {
            let ranks: BTreeSet<usize> = w.ranks.iter().copied().collect();
            let d = self.places.order[c];
            if self.edges[c] {
                return (d, ranks.into_iter().collect());
            }
            let mut candidates: Vec<usize> = ranks.into_iter().flat_map(|r| self.set(c, r).iter().copied()).collect();
            if self.net.decisions()[d].kind == DecisionKind::Inputs {
                candidates.sort_unstable();
                candidates.dedup();
            }
            // A set without inputs computes one, and weighs it with 0.
            (d, if candidates.is_empty() { vec![0] } else { candidates })
        });
        each.collect()
    }

    /// The weights of a mixture's candidates.
    pub(super) fn candidate_weights<'a>(&'a self, mixture: &'a Mixture, relaxed: &'a Relaxed) -> impl Iterator<Item = f64> + 'a {
        let c = self.places.place[mixture.decision];
        let weighed = &relaxed.weighed[&c];
        mixture.options.iter().map(move |candidate| {
            let holds = move |r: usize| if self.edges[c] { r == *candidate } else { self.set(c, r).contains(candidate) };
            let holding = weighed.ranks.iter().zip(&weighed.weights).filter(move |(r, _)| holds(**r));
            holding.map(|(_, w)| w).sum()
        })
    }

    /// dL/dα of one decision from dL/dw of its candidates, and the ranks that it concerns.
    pub(super) fn logit_grads(&self, mixture: &Mixture, relaxed: &Relaxed, grads: &[f64]) -> (Vec<f64>, Vec<usize>) {
        let c = self.places.place[mixture.decision];
        let (weighed, options) = (&relaxed.weighed[&c], self.options[c]);
        let of = |rank: &usize| -> f64 {
            mixture.options.iter().zip(grads).filter(|(candidate, _)| self.set(c, *rank).contains(candidate)).map(|(_, g)| g).sum()
        };
        if self.edges[c] {
            return (softmax::backward(&weighed.weights, grads, 1.0), mixture.options.clone());
        }
        let by_rank: Vec<f64> = weighed.ranks.iter().map(of).collect();
        weighed.back.gradient(weighed, &by_rank, options)
    }
}

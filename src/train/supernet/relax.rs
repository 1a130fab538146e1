//! The network of one step of a method that learns choices: which options of every decision are computed, and with which
//! weights.
//!
//! A decision that mixes weighs the outputs of its options. In PC-DARTS the inputs of a node have logits of their own. Where inputs are picked, an option is a set of them, and an input
//! weighs as much as the sets together that hold it: the weighted sum is then the mean over the sets. A decision that chooses a
//! value (a width, a kernel) cannot be mixed, because one program holds one value: its option is drawn by the probabilities,
//! and learns by the score function.

use super::setup::Setup;
use crate::base::Random;
use crate::document::Method;
use crate::space::supernet::{DecisionKind, Mixture};
use crate::train::oneshot::{gdas, gumbel, proxyless, softmax};
use std::collections::{BTreeMap, BTreeSet};

/// What a step is for: the two draw apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The weights learn.
    Weights,
    /// The choices learn.
    Choices,
}

/// How the weights of a decision's options came about, which its gradient goes back through.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// softmax(α).
    Softmax,
    /// softmax(β) over single inputs (PC-DARTS): the ranks are theirs.
    Edges,
    /// A relaxed sample at a temperature.
    Gumbel(f64),
    /// A hard sample, straight through.
    Gdas(gdas::Draw, f64),
    /// A pair of gates.
    Pair(proxyless::Pair),
    /// One option alone, which teaches nothing of the others.
    Drawn,
}

/// The options of one decision that are computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    /// Ranks of options.
    pub ranks: Vec<usize>,
    /// Their weights.
    pub weights: Vec<f64>,
    /// Where these are from.
    pub rule: Rule,
}

/// A step's network before it is built. Decisions by their places.
#[derive(Clone, Debug, PartialEq)]
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
        for (c, alpha) in alphas.iter().enumerate() {
            if self.mixes[c] {
                relaxed.weighed.insert(c, self.weigh(purpose, step, epoch, c, alpha));
            } else {
                let mut random = Random::at(self.seed, "choice-values", &[step, c as u64, attempt]);
                relaxed.values[c] = softmax::draw(&softmax::softmax(alpha, 1.0), &mut random);
            }
        }
        relaxed
    }

    fn weigh(&self, purpose: Purpose, step: u64, epoch: usize, c: usize, alpha: &[f64]) -> Weighed {
        let all = || (0..alpha.len()).collect::<Vec<usize>>();
        let one = |rank, rule| Weighed { ranks: vec![rank], weights: vec![1.0], rule };
        match &self.oneshot.method {
            Method::Gumbel { temperature, .. } => {
                let tau = softmax::temperature(temperature, epoch);
                let weights = gumbel::sample(alpha, &gumbel::noise(self.seed, step, c, alpha.len()), tau);
                Weighed { ranks: all(), weights, rule: Rule::Gumbel(tau) }
            }
            Method::Gdas { temperature, .. } => {
                let tau = softmax::temperature(temperature, epoch);
                let draw = gdas::sample(self.seed, step, c, alpha, tau);
                one(draw.chosen, Rule::Gdas(draw, tau))
            }
            Method::Proxyless { .. } => match (purpose, proxyless::pair(self.seed, step, c, alpha)) {
                (Purpose::Choices, Some(pair)) => Weighed { ranks: pair.options.to_vec(), weights: vec![1.0, 0.0], rule: Rule::Pair(pair) },
                _ => one(proxyless::path(self.seed, step, c, alpha), Rule::Drawn),
            },
            _ => {
                let rule = if self.edges[c] { Rule::Edges } else { Rule::Softmax };
                Weighed { ranks: all(), weights: softmax::softmax(alpha, 1.0), rule }
            }
        }
    }

    /// By mixed decision of the file: its candidates that are computed, in the order in which they are added.
    pub(super) fn over(&self, relaxed: &Relaxed) -> BTreeMap<usize, Vec<usize>> {
        let each = relaxed.weighed.iter().map(|(&c, w)| {
            let ranks: BTreeSet<usize> = w.ranks.iter().copied().collect();
            let d = self.places.order[c];
            if w.rule == Rule::Edges {
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
            let holds = move |r: usize| if weighed.rule == Rule::Edges { r == *candidate } else { self.set(c, r).contains(candidate) };
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
        let by_rank: Vec<f64> = weighed.ranks.iter().map(of).collect();
        let all = (0..options).collect();
        match &weighed.rule {
            Rule::Edges => (softmax::backward(&weighed.weights, grads, 1.0), mixture.options.clone()),
            Rule::Softmax => (softmax::backward(&weighed.weights, &by_rank, 1.0), all),
            Rule::Gumbel(tau) => (gumbel::gradient(&weighed.weights, &by_rank, *tau), all),
            Rule::Gdas(draw, tau) => (gdas::gradient(draw, by_rank[0], *tau), all),
            Rule::Pair(pair) => {
                let mut grads = vec![0.0; options];
                pair.options.iter().zip(proxyless::gradient(pair, [by_rank[0], by_rank[1]])).for_each(|(&r, g)| grads[r] = g);
                (grads, pair.options.to_vec())
            }
            Rule::Drawn => (vec![0.0; options], vec![]),
        }
    }
}

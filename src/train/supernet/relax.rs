//! The network of one step of a method that learns choices: which options of every decision are computed, and with which
//! weights.
//!
//! A decision that mixes weighs the outputs of its options. Where inputs are picked, an option is a set of them, and an input
//! weighs as much as the sets together that hold it: the weighted sum is then the mean over the sets. A decision that chooses a
//! value (a width, a kernel) cannot be mixed, because one program holds one value: its option is drawn by the probabilities,
//! and learns by the score function.

use super::setup::Setup;
use crate::base::Random;
use crate::document::Method;
use crate::space::supernet::Mixture;
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
    /// Indices of options.
    pub options: Vec<usize>,
    /// Their weights.
    pub weights: Vec<f64>,
    /// Where these are from.
    pub rule: Rule,
}

/// A step's network before it is built.
#[derive(Clone, Debug, PartialEq)]
pub struct Relaxed {
    /// By decision: the option where it chooses a value.
    pub values: Vec<usize>,
    /// The decisions that are mixed.
    pub weighed: BTreeMap<usize, Weighed>,
}

impl Setup {
    /// The network of iteration `iteration`, in `epoch`, for these logits. `attempt` draws other values.
    pub(super) fn relax(&self, purpose: Purpose, iteration: u64, epoch: usize, attempt: u64, alphas: &[Vec<f64>]) -> Relaxed {
        let step = 2 * iteration + u64::from(purpose == Purpose::Weights);
        let mut relaxed = Relaxed { values: vec![0; alphas.len()], weighed: BTreeMap::new() };
        for (d, alpha) in alphas.iter().enumerate() {
            if self.mixes[d] {
                relaxed.weighed.insert(d, self.weigh(purpose, step, epoch, d, alpha));
            } else {
                let mut random = Random::at(self.seed, "choice-values", &[step, d as u64, attempt]);
                relaxed.values[d] = softmax::draw(&softmax::softmax(alpha, 1.0), &mut random);
            }
        }
        relaxed
    }

    fn weigh(&self, purpose: Purpose, step: u64, epoch: usize, d: usize, alpha: &[f64]) -> Weighed {
        let all = || (0..alpha.len()).collect::<Vec<usize>>();
        let one = |option, rule| Weighed { options: vec![option], weights: vec![1.0], rule };
        match &self.oneshot.method {
            Method::Gumbel { temperature, .. } => {
                let tau = softmax::temperature(temperature, epoch);
                let weights = gumbel::sample(alpha, &gumbel::noise(self.seed, step, d, alpha.len()), tau);
                Weighed { options: all(), weights, rule: Rule::Gumbel(tau) }
            }
            Method::Gdas { temperature, .. } => {
                let tau = softmax::temperature(temperature, epoch);
                let draw = gdas::sample(self.seed, step, d, alpha, tau);
                one(draw.chosen, Rule::Gdas(draw, tau))
            }
            Method::Proxyless { .. } => match (purpose, proxyless::pair(self.seed, step, d, alpha)) {
                (Purpose::Choices, Some(pair)) => {
                    Weighed { options: pair.options.to_vec(), weights: vec![1.0, 0.0], rule: Rule::Pair(pair) }
                }
                _ => one(proxyless::path(self.seed, step, d, alpha), Rule::Drawn),
            },
            _ => Weighed { options: all(), weights: softmax::softmax(alpha, 1.0), rule: Rule::Softmax },
        }
    }

    /// The candidates of every mixed decision that are computed.
    pub(super) fn over(&self, relaxed: &Relaxed) -> BTreeMap<usize, Vec<usize>> {
        let each = relaxed.weighed.iter().map(|(&d, w)| {
            let candidates: BTreeSet<usize> = w.options.iter().flat_map(|&o| self.net.decisions()[d].sets[o].iter().copied()).collect();
            // A set without inputs computes one, and weighs it with 0.
            (d, if candidates.is_empty() { vec![0] } else { candidates.into_iter().collect() })
        });
        each.collect()
    }

    /// The weights of a mixture's candidates.
    pub(super) fn candidate_weights<'a>(&'a self, mixture: &'a Mixture, weighed: &'a Weighed) -> impl Iterator<Item = f64> + 'a {
        let sets = &self.net.decisions()[mixture.decision].sets;
        mixture.options.iter().map(move |candidate| {
            let holding = weighed.options.iter().zip(&weighed.weights).filter(move |(o, _)| sets[**o].contains(candidate));
            holding.map(|(_, w)| w).sum()
        })
    }

    /// dL/dα of one decision from dL/dw of its candidates, and the options that it concerns.
    pub(super) fn logit_grads(&self, mixture: &Mixture, weighed: &Weighed, grads: &[f64], options: usize) -> (Vec<f64>, Vec<usize>) {
        let sets = &self.net.decisions()[mixture.decision].sets;
        let of = |option: &usize| -> f64 {
            mixture.options.iter().zip(grads).filter(|(candidate, _)| sets[*option].contains(candidate)).map(|(_, g)| g).sum()
        };
        let by_option: Vec<f64> = weighed.options.iter().map(of).collect();
        let all = (0..options).collect();
        match &weighed.rule {
            Rule::Softmax => (softmax::backward(&weighed.weights, &by_option, 1.0), all),
            Rule::Gumbel(tau) => (gumbel::gradient(&weighed.weights, &by_option, *tau), all),
            Rule::Gdas(draw, tau) => (gdas::gradient(draw, by_option[0], *tau), all),
            Rule::Pair(pair) => {
                let mut grads = vec![0.0; options];
                pair.options.iter().zip(proxyless::gradient(pair, [by_option[0], by_option[1]])).for_each(|(&o, g)| grads[o] = g);
                (grads, pair.options.to_vec())
            }
            Rule::Drawn => (vec![0.0; options], vec![]),
        }
    }
}

//! ProxylessNAS (Cai, Zhu, Han 2019): binary gates, so that a step runs one or two paths, never all.
//!
//! A step of the weights draws one option of each decision by p = softmax(α). A step of the choices draws two different options of
//! each by p, without replacement, renormalises p over the two, and opens the gate of one of them by that. Both run; the other's output
//! is multiplied by a gate of 0, and only the gates' gradients bⱼ = ⟨dL/dout, outⱼ⟩ are taken:
//! dαᵢ = Σⱼ bⱼ pⱼ (δᵢⱼ − pᵢ) over the two. After the optimiser's step both logits are shifted alike, so that the probabilities of the
//! options that were not drawn stay what they were. Adam here has betas (0, 0.999): logits that are not drawn stand still.

use super::lines::{CHOICES, choices, warmup};
use super::method::{Family, Method, Mixes, form, numbers};
use super::mixing::{Back, Drawn, Logits, Purpose, Weighed};
use super::softmax::{backward, draw, softmax};
use crate::base::Random;
use crate::document::{ChoiceRule, Form, MethodRule, Traits, Word};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The descriptor. Defaults are those of the authors' code.
pub(super) static METHOD: Method = Method {
    word: Word::new("proxyless", "Binary gates, one or two paths a step (ProxylessNAS).")
        .fields(&[warmup(0)])
        .lines(&[&CHOICES])
        .example("method proxyless"),
    tag: "Proxyless",
    traits: Traits::LEARNS,
    read: |lines, found| {
        let rule = ChoiceRule { lr: 1e-3, beta1: 0.0, beta2: 0.999, weight_decay: 0.0, clip_norm: 0.0, warmup: 0 };
        let choices = choices(lines.settings, rule, found)?;
        Ok(Some(MethodRule::learning(Proxyless { choices }.form(), &choices)))
    },
    build: |value| Ok(Family::Mixes(Box::new(numbers::<Proxyless>(value)?))),
};

/// Its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proxyless {
    /// How choices learn.
    pub choices: ChoiceRule,
}

impl Proxyless {
    /// What keys hold.
    pub fn form(&self) -> Form {
        form(METHOD.tag, self)
    }
}

impl Mixes for Proxyless {
    fn choices(&self) -> &ChoiceRule {
        &self.choices
    }

    fn weigh(&self, at: &Logits) -> Weighed {
        match (at.purpose, pair(at.seed, at.step, at.decision, at.alpha)) {
            (Purpose::Choices, Some(pair)) => Weighed { ranks: pair.options.to_vec(), weights: vec![1.0, 0.0], back: Arc::new(pair) },
            _ => Weighed::one(path(at.seed, at.step, at.decision, at.alpha), Drawn),
        }
    }
}

impl Back for Pair {
    fn gradient(&self, _: &Weighed, gates: &[f64], options: usize) -> (Vec<f64>, Vec<usize>) {
        let mut grads = vec![0.0; options];
        self.options.iter().zip(gradient(self, [gates[0], gates[1]])).for_each(|(&r, g)| grads[r] = g);
        (grads, self.options.to_vec())
    }

    fn settle(&self, before: &[f64], alpha: &mut [f64]) {
        rescale(alpha, self.options.map(|r| before[r]), self);
    }
}

/// Two options of a decision, the first with an open gate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// (open, closed).
    pub options: [usize; 2],
    /// Their probabilities, renormalised.
    pub probabilities: [f64; 2],
}

/// The option of a step of the weights.
pub fn path(seed: u64, step: u64, decision: usize, alpha: &[f64]) -> usize {
    draw(&softmax(alpha, 1.0), &mut Random::at(seed, "proxyless-path", &[step, decision as u64]))
}

/// The pair of a step of the choices. None where there are fewer than two options.
pub fn pair(seed: u64, step: u64, decision: usize, alpha: &[f64]) -> Option<Pair> {
    if alpha.len() < 2 {
        return None;
    }
    let mut random = Random::at(seed, "proxyless-pair", &[step, decision as u64]);
    let first = draw(&softmax(alpha, 1.0), &mut random);
    // The others' logits, normalised among themselves: exact however small their share is.
    let others: Vec<usize> = (0..alpha.len()).filter(|&i| i != first).collect();
    let rest: Vec<f64> = others.iter().map(|&i| alpha[i]).collect();
    let second = others[draw(&softmax(&rest, 1.0), &mut random)];
    let p = softmax(&[alpha[first], alpha[second]], 1.0);
    let swap = draw(&p, &mut random) == 1;
    let (options, probabilities) = ([first, second], [p[0], p[1]]);
    Some(if swap {
        Pair { options: [options[1], options[0]], probabilities: [probabilities[1], probabilities[0]] }
    } else {
        Pair { options, probabilities }
    })
}

/// dL/dα of the two options, in the pair's order, from the gradients of their gates.
pub fn gradient(pair: &Pair, gates: [f64; 2]) -> [f64; 2] {
    let g = backward(&pair.probabilities, &gates, 1.0);
    [g[0], g[1]]
}

/// Shifts the two logits, which a step has just changed from `before`, so that Σ exp over them is what it was.
pub fn rescale(alpha: &mut [f64], before: [f64; 2], pair: &Pair) {
    let [i, j] = pair.options;
    let log_sum = |a: f64, b: f64| {
        let most = a.max(b);
        most + libm::log(libm::exp(a - most) + libm::exp(b - most))
    };
    let offset = log_sum(alpha[i], alpha[j]) - log_sum(before[0], before[1]);
    alpha[i] -= offset;
    alpha[j] -= offset;
}

#[cfg(test)]
mod tests {
    use super::super::alpha::Alphas;
    use super::*;

    #[test]
    fn paths_and_pairs_follow_the_probabilities() {
        let alpha = [0.6, -0.4, 0.0];
        let p = softmax(&alpha, 1.0);
        let (mut ones, mut open, mut sets, n) = ([0.0; 3], [[0.0; 3]; 3], [[0.0; 3]; 3], 40_000);
        for step in 0..n {
            ones[path(7, step, 1, &alpha)] += 1.0;
            let pair = pair(7, step, 1, &alpha).expect("three options");
            let [a, b] = pair.options;
            assert!(a != b && (pair.probabilities[0] - p[a] / (p[a] + p[b])).abs() < 1e-12);
            open[a][b] += 1.0;
            sets[a.min(b)][a.max(b)] += 1.0;
        }
        for i in 0..3 {
            assert!((ones[i] / n as f64 - p[i]).abs() < 0.01);
            for j in i + 1..3 {
                let both = p[i] * p[j] / (1.0 - p[i]) + p[j] * p[i] / (1.0 - p[j]);
                assert!((sets[i][j] / n as f64 - both).abs() < 0.01);
                let share = open[i][j] / (open[i][j] + open[j][i]);
                assert!((share - p[i] / (p[i] + p[j])).abs() < 0.015, "{share}");
            }
        }
        assert_eq!(pair(7, 0, 0, &[1.0]), None);
    }

    /// With a loss that is linear in the gates, Σ gⱼ cⱼ, the gradient is that of its expectation over which gate opens.
    #[test]
    fn gradients_are_those_of_the_expected_loss() {
        let (alpha, c) = ([0.6, -0.4, 0.0], [0.9, -0.2, 1.4]);
        let pair = pair(7, 3, 0, &alpha).expect("three options");
        let [i, j] = pair.options;
        let expected = |a: f64, b: f64| softmax(&[a, b], 1.0)[0] * c[i] + softmax(&[a, b], 1.0)[1] * c[j];
        let g = gradient(&pair, [c[i], c[j]]);
        let h = 1e-5;
        let by_i = (expected(alpha[i] + h, alpha[j]) - expected(alpha[i] - h, alpha[j])) / (2.0 * h);
        let by_j = (expected(alpha[i], alpha[j] + h) - expected(alpha[i], alpha[j] - h)) / (2.0 * h);
        assert!((g[0] - by_i).abs() < 1e-9 && (g[1] - by_j).abs() < 1e-9);
    }

    #[test]
    fn what_is_not_drawn_keeps_its_probability() {
        let costs = [1.0, 0.2, 0.8, 0.5];
        let rule = super::super::adam::Rule { lr: 0.05, betas: (0.0, 0.999), weight_decay: 0.0, clip_norm: 0.0 };
        let mut alphas = Alphas::fresh(2, 1e-3, &[("op".into(), 4)]);
        for step in 0..1_500 {
            let pair = pair(1, step, 0, &alphas.values()[0]).expect("four options");
            let before = alphas.probabilities()[0].clone();
            let old = pair.options.map(|i| alphas.values()[0][i]);
            let g = gradient(&pair, pair.options.map(|i| costs[i]));
            let mut all = vec![vec![0.0; 4]];
            pair.options.iter().zip(g).for_each(|(&i, g)| all[0][i] = g);
            alphas.step_some(&rule, &all, &|_, i| pair.options.contains(&i)).expect("finite");
            rescale(&mut alphas.values_mut()[0], old, &pair);
            let after = alphas.probabilities()[0].clone();
            for i in (0..4).filter(|i| !pair.options.contains(i)) {
                assert!((after[i] - before[i]).abs() < 1e-12);
            }
        }
        assert!(alphas.probabilities()[0][1] > 0.9, "{:?}", alphas.probabilities());
    }
}

//! Gumbel-softmax (Xie et al. 2019, SNAS; NNI's GumbelDARTS): mixing weights are a relaxed sample
//! z = softmax((ln softmax(α) + g) / τ), g standard Gumbel noise, drawn anew each step; all options run, weighted by z. The gradient goes
//! through the sample, dα = ∂z/∂α · dL/dz: an unbiased estimate of the gradient of E[L(z)].
//!
//! SNAS trains weights and choices on the same batches with one loss (`holdout 0`); with a holdout it is NNI's form.

use super::darts::CHOICE_RULE;
use super::lines::{CHOICES, TEMPERATURE, choices, temperature, warmup};
use super::method::{Family, Method, Mixes, form, numbers};
use super::mixing::{Back, Logits, Weighed};
use super::softmax::{Temperature, backward, gumbel, softmax};
use crate::base::Random;
use crate::document::{ChoiceRule, Form, MethodRule, Traits, Word};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The descriptor. Defaults are NNI's.
pub(super) static METHOD: Method = Method {
    word: Word::new("gumbel", "A softmax with Gumbel noise, all values forward, and a falling temperature (SNAS, GumbelDARTS).")
        .fields(&[warmup(0)])
        .lines(&[&TEMPERATURE, &CHOICES])
        .example("method gumbel { temperature 1.0 final=0.33 }"),
    tag: "Gumbel",
    traits: Traits { shares_images: true, ..Traits::LEARNS },
    read: |lines, found| {
        let choices = choices(lines.settings, CHOICE_RULE, found)?;
        Ok(Some(MethodRule::learning(Gumbel { temperature: temperature(lines, 1.0, 0.33, found), choices }.form(), &choices)))
    },
    build: |value| Ok(Family::Mixes(Box::new(numbers::<Gumbel>(value)?))),
};

/// Its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gumbel {
    /// `temperature`.
    pub temperature: Temperature,
    /// How choices learn.
    pub choices: ChoiceRule,
}

impl Gumbel {
    /// What keys hold.
    pub fn form(&self) -> Form {
        form(METHOD.tag, self)
    }
}

impl Mixes for Gumbel {
    fn choices(&self) -> &ChoiceRule {
        &self.choices
    }

    fn weigh(&self, at: &Logits) -> Weighed {
        let tau = self.temperature.at(at.epoch);
        let weights = sample(at.alpha, &noise(at.seed, at.step, at.decision, at.alpha.len()), tau);
        Weighed { ranks: (0..at.alpha.len()).collect(), weights, back: Arc::new(Relaxed(tau)) }
    }
}

/// A relaxed sample at a temperature.
#[derive(Debug)]
struct Relaxed(f64);

impl Back for Relaxed {
    fn gradient(&self, weighed: &Weighed, grads: &[f64], options: usize) -> (Vec<f64>, Vec<usize>) {
        (gradient(&weighed.weights, grads, self.0), (0..options).collect())
    }
}

/// The noise of a step for one decision.
pub fn noise(seed: u64, step: u64, decision: usize, options: usize) -> Vec<f64> {
    let mut random = Random::at(seed, "gumbel", &[step, decision as u64]);
    (0..options).map(|_| gumbel(&mut random)).collect()
}

/// The relaxed sample. (The normalisation of α shifts all logits alike, and cancels.)
pub fn sample(alpha: &[f64], noise: &[f64], temperature: f64) -> Vec<f64> {
    let logits: Vec<f64> = alpha.iter().zip(noise).map(|(a, g)| a + g).collect();
    softmax(&logits, temperature)
}

/// dL/dα from the sample and dL/dz.
pub fn gradient(sample: &[f64], grad: &[f64], temperature: f64) -> Vec<f64> {
    backward(sample, grad, temperature)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// E[f(d + l)] over logistic noise l, the difference of two Gumbels: with two options every estimate is a function of it.
    /// By the midpoint rule over u with l = ln(u / (1 − u)).
    pub fn expectation(d: f64, f: impl Fn(f64) -> f64) -> f64 {
        let n = 200_000;
        let at = |k: usize| (k as f64 + 0.5) / f64::from(n as u32);
        (0..n).map(|k| f(d + (at(k) / (1.0 - at(k))).ln())).sum::<f64>() / n as f64
    }

    /// Mean of an estimate over steps, and the standard error of that mean.
    pub fn sampled(n: u64, mut one: impl FnMut(u64) -> f64) -> (f64, f64) {
        let (mut sum, mut square) = (0.0, 0.0);
        for step in 0..n {
            let v = one(step);
            sum += v;
            square += v * v;
        }
        let mean = sum / n as f64;
        (mean, ((square / n as f64 - mean * mean) / n as f64).sqrt())
    }

    fn loss(z: f64) -> f64 {
        (1.7 * z).sin() + z * z
    }

    fn slope(z: f64) -> f64 {
        1.7 * (1.7 * z).cos() + 2.0 * z
    }

    /// The mean of sampled gradients is the derivative of the exact expectation by α.
    #[test]
    fn gradients_match_the_expectation() {
        for (alpha, t) in [([0.4, -0.3], 1.0), ([-1.0, 0.2], 0.5), ([0.0, 0.0], 0.33)] {
            let d = alpha[0] - alpha[1];
            let mean = |d: f64| expectation(d, |x| loss(1.0 / (1.0 + (-x / t).exp())));
            let exact = (mean(d + 1e-3) - mean(d - 1e-3)) / 2e-3;
            let (got, error) = sampled(60_000, |step| {
                let z = sample(&alpha, &noise(1, step, 0, 2), t);
                let g = gradient(&z, &[slope(z[0]), 0.0], t);
                assert!((g[0] + g[1]).abs() < 1e-12);
                g[0]
            });
            assert!((got - exact).abs() < 4.0 * error + 1e-4, "{got} ± {error} is not {exact} at τ = {t}");
            assert!(error < 0.02);
        }
    }

    /// Of each single draw, too: finite differences at fixed noise, four options.
    #[test]
    fn gradients_are_those_of_the_draw() {
        let (alpha, w, t) = ([0.3, -0.2, 0.9, 0.0], [0.5, -1.0, 2.0, 0.3], 0.7);
        for step in 0..20 {
            let g = noise(2, step, 3, 4);
            let f = |a: &[f64]| {
                let z = sample(a, &g, t);
                z.iter().zip(&w).map(|(z, w)| w * z * z).sum::<f64>()
            };
            let z = sample(&alpha, &g, t);
            let d: Vec<f64> = z.iter().zip(&w).map(|(z, w)| 2.0 * w * z).collect();
            let got = gradient(&z, &d, t);
            for i in 0..4 {
                let (mut up, mut down) = (alpha, alpha);
                up[i] += 1e-5;
                down[i] -= 1e-5;
                assert!(((f(&up) - f(&down)) / 2e-5 - got[i]).abs() < 1e-7);
            }
        }
    }

    /// Low temperatures choose option i with probability softmax(α)ᵢ.
    #[test]
    fn the_limit_is_the_categorical() {
        let alpha = [1.0, 0.0, -0.5];
        let mut counts = [0usize; 3];
        let n = 30_000;
        for step in 0..n {
            let z = sample(&alpha, &noise(3, step, 1, 3), 1e-3);
            counts[super::super::softmax::strongest(&z)] += 1;
        }
        for (c, p) in counts.iter().zip(softmax(&alpha, 1.0)) {
            assert!((*c as f64 / n as f64 - p).abs() < 0.01, "{counts:?}");
        }
    }
}

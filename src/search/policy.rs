//! A policy over a space: for every decision independent logits, one an option, and Adam (Kingma and Ba 2015) to climb with.

use crate::base::Random;
use crate::space::{Sample, Space};

const FIRST: f64 = 0.9;
const SECOND: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// One decision: everything by the options' canonical rank.
struct Logits {
    logits: Vec<f64>,
    probabilities: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    /// FIRST and SECOND to the number of steps: what the moments still lack.
    lacks: (f64, f64),
    gradient: Vec<f64>,
    touched: bool,
}

/// A product of categorical distributions.
pub(super) struct Policy<'a> {
    space: &'a Space,
    decisions: Vec<Logits>,
}

impl<'a> Policy<'a> {
    /// Every option of a decision equally probable.
    pub(super) fn uniform(space: &'a Space) -> Self {
        let decision = |n: usize| Logits {
            logits: vec![0.0; n],
            probabilities: vec![1.0 / n as f64; n],
            first: vec![0.0; n],
            second: vec![0.0; n],
            lacks: (1.0, 1.0),
            gradient: vec![0.0; n],
            touched: false,
        };
        Policy { space, decisions: space.decisions().iter().map(|d| decision(d.ranked.len())).collect() }
    }

    /// ln of a sample's probability: the sum over the decisions that it makes.
    pub(super) fn log_probability(&self, sample: &Sample) -> f64 {
        let decisions = self.space.decisions();
        sample.pairs().map(|(d, option)| libm::log(self.decisions[d].probabilities[decisions[d].rank(option)])).sum()
    }

    /// Adds to the gradient `weight` times that of ln of a sample's probability, and `entropy` times that of the entropies of its decisions.
    /// Decisions that the sample does not make are not touched.
    pub(super) fn push(&mut self, sample: &Sample, weight: f64, entropy: f64) {
        for (d, option) in sample.pairs() {
            let rank = self.space.decisions()[d].rank(option);
            let Logits { gradient, probabilities, touched, .. } = &mut self.decisions[d];
            *touched = true;
            for (i, (g, p)) in gradient.iter_mut().zip(&*probabilities).enumerate() {
                *g += weight * (f64::from(u8::from(i == rank)) - p);
            }
            if entropy > 0.0 {
                let ln = |p: f64| if p > 0.0 { libm::log(p) } else { 0.0 };
                let held: f64 = probabilities.iter().map(|p| -p * ln(*p)).sum();
                for (g, p) in gradient.iter_mut().zip(&*probabilities) {
                    *g -= entropy * p * (ln(*p) + held);
                }
            }
        }
    }

    /// One step of Adam up the gradient, which is then 0.
    pub(super) fn step(&mut self, rate: f64) {
        for decision in self.decisions.iter_mut().filter(|d| d.touched) {
            decision.touched = false;
            decision.lacks = (decision.lacks.0 * FIRST, decision.lacks.1 * SECOND);
            for i in 0..decision.logits.len() {
                let g = std::mem::take(&mut decision.gradient[i]);
                decision.first[i] = FIRST * decision.first[i] + (1.0 - FIRST) * g;
                decision.second[i] = SECOND * decision.second[i] + (1.0 - SECOND) * g * g;
                let mean = decision.first[i] / (1.0 - decision.lacks.0);
                let square = decision.second[i] / (1.0 - decision.lacks.1);
                decision.logits[i] += rate * mean / (libm::sqrt(square) + EPSILON);
            }
            let highest = decision.logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            for (p, logit) in decision.probabilities.iter_mut().zip(&decision.logits) {
                *p = libm::exp(logit - highest);
            }
            let sum: f64 = decision.probabilities.iter().sum();
            decision.probabilities.iter_mut().for_each(|p| *p /= sum);
        }
    }

    /// A sample drawn by the probabilities; the draw of a decision is addressed by its place.
    pub(super) fn draw(&self, seed: u64, position: [u64; 2]) -> Sample {
        self.space.sample(|d| {
            let (decision, held) = (&self.space.decisions()[d], &self.decisions[d].probabilities);
            let mut left = Random::at(seed, "policy", &[position[0], position[1], decision.address]).unit();
            let rank = held.iter().position(|p| {
                left -= p;
                left < 0.0
            });
            decision.ranked[rank.unwrap_or(held.len() - 1)]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::tests::whole;

    /// The gradient against differences, through one step of plain ascent in place of Adam's.
    #[test]
    fn gradients_are_those_of_differences() {
        let space =
            whole("space { network { input data; choose \"a\" { skip; conv 8 as=\"w\" { kernel 3 5 7 } }; conv 8 { kernel 1 3 5 } } }");
        let mut policy = Policy::uniform(&space);
        for n in 0..20 {
            let sample = space.random(1, &[n]);
            policy.push(&sample, (n as f64).sin(), 0.0);
            policy.step(0.2);
        }
        let sample = space.random(2, &[4]);
        let entropy = 0.3;
        let value = |policy: &Policy| {
            let held = |d: usize| policy.decisions[d].probabilities.iter().map(|p| -p * p.ln()).sum::<f64>();
            1.7 * policy.log_probability(&sample) + entropy * sample.pairs().map(|(d, _)| held(d)).sum::<f64>()
        };
        policy.push(&sample, 1.7, entropy);
        let gradients: Vec<Vec<f64>> = policy.decisions.iter().map(|d| d.gradient.clone()).collect();
        for d in 0..gradients.len() {
            for i in 0..gradients[d].len() {
                let moved = |by: f64| {
                    let mut other = Policy::uniform(&space);
                    for (o, p) in other.decisions.iter_mut().zip(&policy.decisions) {
                        o.logits.clone_from(&p.logits);
                    }
                    other.decisions[d].logits[i] += by;
                    for decision in &mut other.decisions {
                        let sum: f64 = decision.logits.iter().map(|l| l.exp()).sum();
                        decision.probabilities = decision.logits.iter().map(|l| l.exp() / sum).collect();
                    }
                    value(&other)
                };
                let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                assert!((slope - gradients[d][i]).abs() < 1e-7, "decision {d}, option {i}: {slope} and {}", gradients[d][i]);
            }
        }
    }

    #[test]
    fn draws_follow_the_probabilities() {
        let space = whole("space { network { input data; conv 8 { kernel 1 3 5 } } }");
        let mut policy = Policy::uniform(&space);
        let wished = space.enumerate(3).expect("three")[1].clone();
        for _ in 0..10 {
            policy.push(&wished, 1.0, 0.0);
            policy.step(0.1);
        }
        let share = libm::exp(policy.log_probability(&wished));
        let drawn = (0..2000).filter(|&n| policy.draw(3, [n, 0]) == wished).count() as f64 / 2000.0;
        assert!(share > 0.5 && (share - drawn).abs() < 0.04, "{share} and {drawn}");
    }
}

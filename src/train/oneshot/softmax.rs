//! Softmax, its derivative, Gumbel noise and the annealing of temperatures.

use crate::base::Random;
use serde::{Deserialize, Serialize};

/// softmax(x / τ), shifted by the largest value. Empty for an empty list.
pub fn softmax(x: &[f64], temperature: f64) -> Vec<f64> {
    let most = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let e: Vec<f64> = x.iter().map(|v| libm::exp((v - most) / temperature)).collect();
    let sum: f64 = e.iter().sum();
    e.iter().map(|v| v / sum).collect()
}

/// ln softmax(x).
pub fn log_softmax(x: &[f64]) -> Vec<f64> {
    let most = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = x.iter().map(|v| libm::exp(v - most)).sum();
    let shift = most + libm::log(sum);
    x.iter().map(|v| v - shift).collect()
}

/// dL/dx from p = softmax(x / τ) and dL/dp: pᵢ (dᵢ − Σ pⱼ dⱼ) / τ.
pub fn backward(p: &[f64], d: &[f64], temperature: f64) -> Vec<f64> {
    let mean: f64 = p.iter().zip(d).map(|(p, d)| p * d).sum();
    p.iter().zip(d).map(|(p, d)| p * (d - mean) / temperature).collect()
}

/// −Σ p ln p in nats.
pub fn entropy(p: &[f64]) -> f64 {
    -p.iter().filter(|p| **p > 0.0).map(|p| p * libm::log(*p)).sum::<f64>()
}

/// The index of the largest value, the first of equal ones; 0 for an empty list.
pub fn strongest(p: &[f64]) -> usize {
    (0..p.len()).fold(0, |best, i| if p[i] > p[best] { i } else { best })
}

/// An index drawn with these probabilities, which sum to 1.
pub fn draw(p: &[f64], random: &mut Random) -> usize {
    let mut left = random.unit();
    for (i, p) in p.iter().enumerate() {
        left -= p;
        if left < 0.0 {
            return i;
        }
    }
    // Rounding: the last that has any.
    p.iter().rposition(|p| *p > 0.0).unwrap_or(0)
}

/// Standard Gumbel noise −ln(−ln u), u in (0, 1) without its ends, so that it is always finite.
pub fn gumbel(random: &mut Random) -> f64 {
    let u = ((random.bits() >> 11) as f64 + 0.5) * (1.0 / (1u64 << 53) as f64);
    -libm::log(-libm::log(u))
}

/// `temperature first final= over=`: linear from epoch 0 to the horizon, and from there the last.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Temperature {
    /// At epoch 0.
    pub first: f64,
    /// At the horizon and after it.
    pub last: f64,
    /// The horizon in epochs.
    pub over: f64,
}

impl Temperature {
    /// The temperature of an epoch.
    pub fn at(&self, epoch: usize) -> f64 {
        let share = if self.over > 0.0 { (epoch as f64 / self.over).min(1.0) } else { 1.0 };
        self.first + (self.last - self.first) * share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_and_its_derivative() {
        let (x, w, t) = ([0.3, -1.2, 2.0, 0.0], [1.0, -2.0, 0.5, 3.0], 0.7);
        let f = |x: &[f64]| softmax(x, t).iter().zip(&w).map(|(p, w)| p * w).sum::<f64>();
        let g = backward(&softmax(&x, t), &w, t);
        for i in 0..4 {
            let (mut up, mut down) = (x, x);
            up[i] += 1e-5;
            down[i] -= 1e-5;
            assert!(((f(&up) - f(&down)) / 2e-5 - g[i]).abs() < 1e-8);
        }
        let far = softmax(&[1e300, 0.0], 1.0);
        assert_eq!(far, [1.0, 0.0]);
        assert!((entropy(&[0.25; 4]) - 4f64.ln()).abs() < 1e-15);
        assert!(log_softmax(&x).iter().zip(softmax(&x, 1.0)).all(|(l, p)| (l.exp() - p).abs() < 1e-12));
        assert_eq!((strongest(&[0.1, 0.4, 0.4]), strongest(&[])), (1, 0));
    }

    #[test]
    fn draws_follow_their_probabilities() {
        let p = [0.1, 0.6, 0.0, 0.3];
        let (mut counts, n) = ([0usize; 4], 40_000);
        let mut r = Random::at(3, "test", &[]);
        (0..n).for_each(|_| counts[draw(&p, &mut r)] += 1);
        assert!(p.iter().zip(counts).all(|(p, c)| (c as f64 / n as f64 - p).abs() < 0.01), "{counts:?}");
        assert_eq!(counts[2], 0);
    }

    #[test]
    fn temperatures() {
        let rule = Temperature { first: 10.0, last: 0.1, over: 99.0 };
        for (epoch, want) in [(0, 10.0), (33, 6.7), (99, 0.1), (500, 0.1)] {
            assert!((rule.at(epoch) - want).abs() < 1e-12);
        }
    }
}

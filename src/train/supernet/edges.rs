//! PC-DARTS's edges: logits of single inputs (β), and what they say of the sets that a node may read.
//!
//! A set is as probable as the odds of its inputs against an even share, multiplied: softmax over sets of Σ (ln β_j + ln n) over
//! its n inputs. The most probable set of so many inputs is that of the strongest ones. In a penalty β alone counts; in the result an
//! input's weight is β times the strongest α of its edge, `zero` left out.

use super::setup::Setup;
use crate::train::oneshot::{pc_darts, softmax};

impl Setup {
    /// By place: the probabilities of the options.
    pub(super) fn probabilities(&self, values: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let of = |(c, v): (usize, &Vec<f64>)| match self.edges[c] {
            true => self.by_set(c, &softmax::log_softmax(v)),
            false => softmax::softmax(v, 1.0),
        };
        values.iter().enumerate().map(of).collect()
    }

    /// From gradients by the logarithms of options' probabilities before their softmax to those by the logits.
    pub(super) fn by_logits(&self, c: usize, values: &[f64], by_option: Vec<f64>) -> Vec<f64> {
        if !self.edges[c] {
            return by_option;
        }
        let beta = softmax::softmax(values, 1.0);
        let mut grads = vec![0.0; values.len()];
        for (rank, by) in by_option.iter().enumerate() {
            let set = self.set(c, rank);
            set.iter().for_each(|&j| grads[j] += by);
            grads.iter_mut().zip(&beta).for_each(|(g, b)| *g -= by * b * set.len() as f64);
        }
        grads
    }

    /// By place: the probabilities of the options in the result. `never[c]`: ranks that do not count.
    pub(super) fn exported(&self, values: &[Vec<f64>], never: &[Vec<usize>]) -> Vec<Vec<f64>> {
        let mut all = self.probabilities(values);
        for c in (0..values.len()).filter(|&c| self.edges[c]) {
            let edges = &self.net.decisions()[self.places.order[c]].edges;
            let of = |edge: &Option<usize>| {
                edge.map_or((vec![0.0], &[][..]), |d| (values[self.places.place[d]].clone(), &never[self.places.place[d]]))
            };
            let (alphas, never): (Vec<_>, Vec<_>) = edges.iter().map(of).unzip();
            let weights = pc_darts::strengths(&pc_darts::combined(&alphas, &values[c]), &|e, o| never[e].contains(&o));
            all[c] = self.by_set(c, &weights.iter().map(|w| w.max(f64::MIN_POSITIVE).ln()).collect::<Vec<_>>());
        }
        all
    }

    /// Probabilities of sets from the logarithms of their inputs' weights.
    fn by_set(&self, c: usize, logs: &[f64]) -> Vec<f64> {
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let even = most + (logs.iter().map(|l| (l - most).exp()).sum::<f64>() / logs.len().max(1) as f64).ln();
        let score = |rank: usize| self.set(c, rank).iter().map(|&j| logs[j] - even).sum();
        softmax::softmax(&(0..self.options[c]).map(score).collect::<Vec<f64>>(), 1.0)
    }
}

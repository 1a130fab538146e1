//! What the expected cost adds to the gradient of the logits.
//!
//! Where the cost is a sum over decisions, its expectation and the derivative are exact. Else both are estimated without bias from
//! networks that are drawn by the probabilities: the mean, and the score function with the mean of the other draws as baseline.

use super::cost::PenaltyRule;
use super::learn::LogitGrads;
use super::networks::Networks;
use super::setup::Setup;
use crate::base::Random;
use crate::train::oneshot::{penalty, softmax};

/// Networks drawn for one estimate.
const DRAWS: u64 = 8;

impl PenaltyRule {
    /// Adds the penalty to gradients by the logits that are of the loss `loss`.
    pub(super) fn penalise(
        &self,
        setup: &Setup,
        iteration: u64,
        loss: f64,
        values: &[Vec<f64>],
        networks: &mut Networks,
        all: &mut LogitGrads,
    ) -> Result<(), String> {
        let probabilities = &setup.probabilities(values)[..];
        let (cost, grads) = match &self.exact {
            Some(model) => {
                let (cost, by_probability) = model.expected(probabilities);
                let by_logit = probabilities.iter().zip(by_probability).map(|(p, g)| softmax::backward(p, &g, 1.0));
                (cost, by_logit.collect())
            }
            None => self.estimate(setup, iteration, probabilities, networks)?,
        };
        let penalised = penalty::loss(&self.rule, self.target, loss, cost)?;
        for (d, grads) in grads.into_iter().enumerate() {
            for (o, by_cost) in setup.by_logits(d, &values[d], grads).iter().enumerate().filter(|(o, _)| all.touched[d][*o]) {
                all.grads[d][o] = penalised.by_loss * all.grads[d][o] + penalised.by_cost * by_cost;
            }
        }
        Ok(())
    }

    fn estimate(
        &self,
        setup: &Setup,
        iteration: u64,
        probabilities: &[Vec<f64>],
        networks: &mut Networks,
    ) -> Result<(f64, Vec<Vec<f64>>), String> {
        let mut drawn: Vec<(Vec<usize>, f64)> = Vec::new();
        let mut why = String::new();
        for k in 0..DRAWS {
            let pick = |(d, p): (usize, &Vec<f64>)| softmax::draw(p, &mut Random::at(setup.seed, "cost", &[iteration, k, d as u64]));
            let options: Vec<usize> = probabilities.iter().enumerate().map(pick).collect();
            match networks.path(&setup.net, &setup.places.sample(&setup.net, &options)) {
                Ok(network) => drawn.push((options, self.of(&network)?)),
                Err(e) => why = e.reason,
            }
        }
        let n = drawn.len() as f64;
        if drawn.is_empty() {
            return Err(format!("no network that is drawn can be built: {why}"));
        }
        let sum: f64 = drawn.iter().map(|(_, c)| c).sum();
        let mut grads: Vec<Vec<f64>> = probabilities.iter().map(|p| vec![0.0; p.len()]).collect();
        for (options, cost) in drawn.iter().filter(|_| n > 1.0) {
            let advantage = (cost - (sum - cost) / (n - 1.0)) / n;
            for (d, p) in probabilities.iter().enumerate() {
                for (o, p) in p.iter().enumerate() {
                    grads[d][o] += advantage * (f64::from(u8::from(o == options[d])) - p);
                }
            }
        }
        Ok((sum / n, grads))
    }
}

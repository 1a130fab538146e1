//! Adam in f64 by PyTorch's rule (L2 in the gradient), for the few numbers that choices have.

use super::codec::{Reader, Writer};
use super::fault::StepError;

/// Constants of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Learning rate.
    pub lr: f64,
    /// Both betas.
    pub betas: (f64, f64),
    /// Added to the gradient times the value.
    pub weight_decay: f64,
    /// Clip the norm of the gradient over all values; 0: off.
    pub clip_norm: f64,
}

impl From<&crate::document::ChoiceRule> for Rule {
    fn from(r: &crate::document::ChoiceRule) -> Self {
        Rule { lr: r.lr, betas: (r.beta1, r.beta2), weight_decay: r.weight_decay, clip_norm: r.clip_norm }
    }
}

const EPS: f64 = 1e-8;

/// Moments of a flat list of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Adam {
    first: Vec<f64>,
    second: Vec<f64>,
    /// Steps of each value: values that a step does not touch stand still, moments and all.
    steps: Vec<f64>,
}

impl Adam {
    /// Before the first step.
    pub fn new(n: usize) -> Self {
        Adam { first: vec![0.0; n], second: vec![0.0; n], steps: vec![0.0; n] }
    }

    /// One step over the values that `touched` names; the error names a gradient that is not finite, and nothing has changed.
    pub fn step(&mut self, rule: &Rule, values: &mut [f64], grads: &[f64], touched: &dyn Fn(usize) -> bool) -> Result<(), StepError> {
        if values.len() != self.first.len() || grads.len() != values.len() {
            return Err(StepError::Unfit(format!("{} gradients for {} values", grads.len(), values.len())));
        }
        if let Some(i) = (0..grads.len()).find(|&i| touched(i) && !grads[i].is_finite()) {
            return Err(StepError::NotFinite(format!("the gradient of choice {i} is {}", grads[i])));
        }
        let norm = libm::sqrt((0..grads.len()).filter(|&i| touched(i)).map(|i| grads[i] * grads[i]).sum());
        let clip = if rule.clip_norm > 0.0 { (rule.clip_norm / (norm + 1e-6)).min(1.0) } else { 1.0 };
        let (b1, b2) = rule.betas;
        for i in (0..values.len()).filter(|&i| touched(i)) {
            let g = grads[i] * clip + rule.weight_decay * values[i];
            self.steps[i] += 1.0;
            self.first[i] = b1 * self.first[i] + (1.0 - b1) * g;
            self.second[i] = b2 * self.second[i] + (1.0 - b2) * g * g;
            let mean = self.first[i] / (1.0 - libm::pow(b1, self.steps[i]));
            let root = libm::sqrt(self.second[i] / (1.0 - libm::pow(b2, self.steps[i])));
            values[i] -= rule.lr * mean / (root + EPS);
        }
        Ok(())
    }

    pub(super) fn write(&self, out: &mut Writer) {
        for list in [&self.first, &self.second, &self.steps] {
            out.floats(list);
        }
    }

    /// Moments of `n` values.
    pub(super) fn read(from: &mut Reader, n: usize) -> Result<Self, String> {
        let adam = Adam { first: from.floats()?, second: from.floats()?, steps: from.floats()? };
        let sizes = [&adam.first, &adam.second, &adam.steps].map(Vec::len);
        let sound = adam.second.iter().all(|v| *v >= 0.0) && adam.steps.iter().all(|s| *s >= 0.0 && s.fract() == 0.0);
        if sizes == [n; 3] && sound { Ok(adam) } else { Err(format!("moments of {sizes:?} values, or impossible ones, for {n}")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// torch.optim.Adam([1.0], lr=0.1, betas=(0.5, 0.999), weight_decay=0.01) on gradients 0.5, −0.25: by the rule, by hand.
    #[test]
    fn two_steps_by_hand() {
        let rule = Rule { lr: 0.1, betas: (0.5, 0.999), weight_decay: 0.01, clip_norm: 0.0 };
        let (mut adam, mut x) = (Adam::new(2), vec![1.0, 9.0]);
        adam.step(&rule, &mut x, &[0.5, 7.0], &|i| i == 0).expect("finite");
        // The first step is lr · sign.
        assert!((x[0] - 0.9).abs() < 1e-8 && x[1] == 9.0);
        adam.step(&rule, &mut x, &[-0.25, 7.0], &|i| i == 0).expect("finite");
        let (g1, g2) = (0.51, -0.25 + 0.01 * (1.0 - 0.1 * 0.51 / (0.51 + 1e-8)));
        let m = (0.5 * 0.5 * g1 + 0.5 * g2) / 0.75;
        let v: f64 = (0.999 * 0.001 * g1 * g1 + 0.001 * g2 * g2) / (1.0 - 0.999f64.powi(2));
        assert!((x[0] - (0.9 - 0.1 * m / v.sqrt())).abs() < 1e-7, "{x:?}");
        assert_eq!(x[1], 9.0);
    }

    #[test]
    fn clipping_and_bad_gradients() {
        let rule = Rule { lr: 1.0, betas: (0.0, 0.0), weight_decay: 0.0, clip_norm: 1.0 };
        let mut adam = Adam::new(2);
        let mut x = vec![0.0, 0.0];
        adam.step(&rule, &mut x, &[3.0, -4.0], &|_| true).expect("finite");
        assert!((adam.first[0] - 0.6).abs() < 1e-6 && (adam.first[1] + 0.8).abs() < 1e-6);
        let before = (adam.clone(), x.clone());
        assert!(matches!(adam.step(&rule, &mut x, &[f64::NAN, 0.0], &|_| true), Err(StepError::NotFinite(_))));
        assert!(matches!(adam.step(&rule, &mut x, &[0.0], &|_| true), Err(StepError::Unfit(_))));
        assert_eq!((adam, x), before);
    }
}

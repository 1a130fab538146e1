//! GDAS (Dong and Yang 2019): the Gumbel-softmax made hard. Forward is the one option with the largest (ln softmax(α) + g) / τ,
//! at weight 1; backward is that of the soft sample p, straight through: dα = ∂p/∂α · dL/dw.
//!
//! Only the chosen option runs, so dL/dw is known for it alone, and the others count as 0; a caller that runs all options may
//! give them. τ falls from 10 to 0.1; the gradient's norm is clipped to 5. (Noise is finite always, so nothing is redrawn.)

use super::darts;
use super::gumbel;
use super::lines::{CHOICES, TEMPERATURE, choices, temperature, warmup};
use super::method::{Family, Method, Mixes, form, numbers};
use super::mixing::{Back, Logits, Weighed};
use super::softmax::{Temperature, strongest};
use crate::document::{ChoiceRule, Form, MethodRule, Traits, Word};
use serde::{Deserialize, Serialize};

/// The descriptor. Defaults are AutoDL's.
pub(super) static METHOD: Method = Method {
    word: Word::new("gdas", "The same as `gumbel`, but one value forward.")
        .fields(&[warmup(0)])
        .lines(&[&TEMPERATURE, &CHOICES])
        .example("method gdas { temperature 10 final=0.1 }"),
    tag: "Gdas",
    traits: Traits::LEARNS,
    read: |lines, found| {
        let choices = choices(lines.settings, ChoiceRule { clip_norm: 5.0, ..darts::CHOICE_RULE }, found)?;
        Ok(Some(MethodRule::learning(Gdas { temperature: temperature(lines, 10.0, 0.1, found), choices }.form(), &choices)))
    },
    build: |value| Ok(Family::Mixes(Box::new(numbers::<Gdas>(value)?))),
};

/// Its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gdas {
    /// `temperature`.
    pub temperature: Temperature,
    /// How choices learn.
    pub choices: ChoiceRule,
}

impl Gdas {
    /// What keys hold.
    pub fn form(&self) -> Form {
        form(METHOD.tag, self)
    }
}

impl Mixes for Gdas {
    fn choices(&self) -> &ChoiceRule {
        &self.choices
    }

    fn weigh(&self, at: &Logits) -> Weighed {
        let tau = self.temperature.at(at.epoch);
        let draw = sample(at.seed, at.step, at.decision, at.alpha, tau);
        Weighed::one(draw.chosen, Through(draw, tau))
    }
}

/// A hard sample, straight through.
#[derive(Debug)]
struct Through(Draw, f64);

impl Back for Through {
    fn gradient(&self, _: &Weighed, grads: &[f64], options: usize) -> (Vec<f64>, Vec<usize>) {
        (gradient(&self.0, grads[0], self.1), (0..options).collect())
    }
}

/// One decision's draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Draw {
    /// The option that runs.
    pub chosen: usize,
    /// The soft sample behind it.
    pub soft: Vec<f64>,
}

/// The draw of a step.
pub fn sample(seed: u64, step: u64, decision: usize, alpha: &[f64], temperature: f64) -> Draw {
    let soft = gumbel::sample(alpha, &gumbel::noise(seed, step, decision, alpha.len()), temperature);
    Draw { chosen: strongest(&soft), soft }
}

/// dL/dα, where only the chosen option ran: `grad` is dL/dw of it, ⟨dL/dout, out⟩.
pub fn gradient(draw: &Draw, grad: f64, temperature: f64) -> Vec<f64> {
    let mut all = vec![0.0; draw.soft.len()];
    if let Some(d) = all.get_mut(draw.chosen) {
        *d = grad;
    }
    gradient_of_all(draw, &all, temperature)
}

/// dL/dα, where all options ran.
pub fn gradient_of_all(draw: &Draw, grads: &[f64], temperature: f64) -> Vec<f64> {
    gumbel::gradient(&draw.soft, grads, temperature)
}

#[cfg(test)]
mod tests {
    use super::super::gumbel::tests::{expectation, sampled};
    use super::*;

    /// Two options whose outputs are c₀ and c₁, L = f(out) with out the chosen one's: the estimate is a function of the noise's
    /// difference alone, whose expectation is an integral.
    #[test]
    fn gradients_match_their_expectation() {
        let (c, slope) = ([0.7, -1.3], |out: f64| 2.0 * out + 0.4);
        for (alpha, t) in [([0.4, -0.3], 10.0), ([-1.0, 0.2], 1.0), ([0.3, 0.1], 0.4)] {
            let d = alpha[0] - alpha[1];
            let p = |x: f64| 1.0 / (1.0 + (-x / t).exp());
            let chosen = |x: f64| usize::from(x < 0.0);
            let only = expectation(d, |x| {
                let (p, k) = (p(x), chosen(x));
                let g = slope(c[k]) * c[k];
                p * (1.0 - p) / t * if k == 0 { g } else { -g }
            });
            let all = expectation(d, |x| p(x) * (1.0 - p(x)) / t * slope(c[chosen(x)]) * (c[0] - c[1]));
            let draw = |step| sample(4, step, 2, &alpha, t);
            let (got, error) = sampled(60_000, |step| {
                let s = draw(step);
                let g = gradient(&s, slope(c[s.chosen]) * c[s.chosen], t);
                assert!((g[0] + g[1]).abs() < 1e-12);
                g[0]
            });
            assert!((got - only).abs() < 4.0 * error + 1e-5, "{got} ± {error} is not {only} at τ = {t}");
            let (got, error) = sampled(60_000, |step| {
                let s = draw(step);
                let g = slope(c[s.chosen]);
                gradient_of_all(&s, &[g * c[0], g * c[1]], t)[0]
            });
            assert!((got - all).abs() < 4.0 * error + 1e-5, "{got} ± {error} is not {all} at τ = {t}");
        }
    }

    #[test]
    fn the_forward_pass_is_hard_and_categorical() {
        let alpha = [0.5, -0.5, 1.0, 0.0];
        let want = super::super::softmax::softmax(&alpha, 1.0);
        let (mut counts, n) = ([0usize; 4], 40_000);
        (0..n).for_each(|step| counts[sample(1, step, 0, &alpha, 5.0).chosen] += 1);
        assert!(counts.iter().zip(want).all(|(c, p)| (*c as f64 / n as f64 - p).abs() < 0.01), "{counts:?}");
    }
}

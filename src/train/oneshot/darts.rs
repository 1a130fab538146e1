//! DARTS (Liu, Simonyan, Yang 2019): weights of a mixed operator are the softmax of its logits; logits learn on held-out batches,
//! weights on the others, in turn: one step of the logits, then one of the weights.
//!
//! Second order differentiates the validation loss through one virtual step of the weights,
//! w′ = w − ξ (μ·b + ∇w Ltrain(w, α) + λ·w):
//!
//! dα = ∇α Lval(w′, α) − ξ · (∇α Ltrain(w⁺, α) − ∇α Ltrain(w⁻, α)) / 2R,  w± = w ± R·∇w′ Lval(w′, α),  R = 0.01 / ‖∇w′ Lval‖.
//!
//! ξ is the weights' learning rate at that step. First order is ξ = 0.

use super::fault::StepError;
use super::lines::{CHOICES, choices, warmup};
use super::method::{Family, Method, Mixes, form, numbers};
use super::softmax;
use crate::document::{ChoiceRule, Field, Form, MethodRule, Preset, Traits, Type, Word};
use serde::{Deserialize, Serialize};

/// The descriptor. Defaults are NNI's.
pub(super) static METHOD: Method = Method {
    word: Word::new("darts", "A softmax over all values of a decision; weights and choices learn in turn.")
        .fields(&[Field::one("order", &[Type::Int(1, 2)], "", "2 goes through one step of the weights.").preset(Preset::Int(1)), warmup(0)])
        .lines(&[&CHOICES])
        .example("method darts order=2"),
    tag: "Darts",
    traits: Traits { mixes_edges: true, ..Traits::LEARNS },
    read: |lines, found| {
        let choices = choices(lines.settings, CHOICE_RULE, found)?;
        Ok(Some(MethodRule::learning(Darts { second_order: lines.settings.count("order")? == 2, choices }.form(), &choices)))
    },
    build: |value| Ok(Family::Mixes(Box::new(numbers::<Darts>(value)?))),
};

/// How choices learn where nothing else is written.
pub const CHOICE_RULE: ChoiceRule = ChoiceRule { lr: 3e-4, beta1: 0.5, beta2: 0.999, weight_decay: 1e-3, clip_norm: 0.0, warmup: 0 };

/// Its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Darts {
    /// `order=2`: through one step of the weights.
    pub second_order: bool,
    /// How choices learn.
    pub choices: ChoiceRule,
}

impl Darts {
    /// What keys hold.
    pub fn form(&self) -> Form {
        form(METHOD.tag, self)
    }
}

impl Mixes for Darts {
    fn choices(&self) -> &ChoiceRule {
        &self.choices
    }

    fn second_order(&self) -> bool {
        self.second_order
    }
}

/// Values or gradients of all tensors.
pub type Tensors = Vec<Vec<f32>>;

/// R · ‖∇w′ Lval‖.
pub const RADIUS: f64 = 0.01;

/// A loss with its gradients at one point.
#[derive(Clone, Debug)]
pub struct Gradients {
    /// The loss.
    pub loss: f64,
    /// By the weights; zero for what is not trained.
    pub weights: Tensors,
    /// By the logits ([`logits`] makes it from the executor's gradients of mixing weights).
    pub alphas: Vec<Vec<f64>>,
}

/// The two losses, each of a batch that stays the same within a step. Both are pure: running statistics do not move.
pub trait Bilevel {
    /// On a batch of the weights' images.
    fn train(&mut self, weights: &Tensors, alphas: &[Vec<f64>]) -> Result<Gradients, StepError>;
    /// On a batch of the choices' images.
    fn validation(&mut self, weights: &Tensors, alphas: &[Vec<f64>]) -> Result<Gradients, StepError>;
}

/// The weights' SGD, as the virtual step imitates it.
pub struct Inner<'a> {
    /// ξ: the learning rate at this step.
    pub lr: f64,
    /// μ.
    pub momentum: f64,
    /// Momentum buffers; none: zero.
    pub buffer: Option<&'a Tensors>,
    /// λ of each tensor: 0 for biases, norms and running statistics.
    pub weight_decay: &'a [f64],
}

/// Mixing weights of each decision: softmax of its logits.
pub fn mixing(alphas: &[Vec<f64>]) -> Vec<Vec<f64>> {
    alphas.iter().map(|a| softmax::softmax(a, 1.0)).collect()
}

/// dL/dα from the mixing weights and dL/dw of each.
pub fn logits(mixing: &[Vec<f64>], grads: &[Vec<f64>]) -> Vec<Vec<f64>> {
    mixing.iter().zip(grads).map(|(p, d)| softmax::backward(p, d, 1.0)).collect()
}

/// (validation loss at w′, dα) of second order: four evaluations.
pub fn second_order(
    problem: &mut dyn Bilevel,
    inner: &Inner,
    weights: &Tensors,
    alphas: &[Vec<f64>],
) -> Result<(f64, Vec<Vec<f64>>), StepError> {
    let step = problem.train(weights, alphas)?.weights;
    let same = |t: &Tensors| t.len() == weights.len() && t.iter().zip(weights).all(|(a, b)| a.len() == b.len());
    if !same(&step) || inner.buffer.is_some_and(|b| !same(b)) || inner.weight_decay.len() != weights.len() {
        return Err(StepError::Unfit("gradients, momentum and decay do not fit the weights".into()));
    }
    let (lr, momentum) = (inner.lr as f32, inner.momentum as f32);
    let mut ahead = weights.clone();
    for (i, w) in ahead.iter_mut().enumerate() {
        let decay = inner.weight_decay[i] as f32;
        for (k, w) in w.iter_mut().enumerate() {
            let buffer = inner.buffer.map_or(0.0, |b| b[i][k]);
            *w -= lr * (momentum * buffer + step[i][k] + decay * *w);
        }
    }
    let validation = problem.validation(&ahead, alphas)?;
    drop(ahead);
    let mut direct = validation.alphas;
    let norm = libm::sqrt(validation.weights.iter().flatten().map(|g| f64::from(*g) * f64::from(*g)).sum());
    if !norm.is_finite() {
        return Err(StepError::NotFinite(format!("the validation gradient has the norm {norm}")));
    }
    if norm == 0.0 {
        return Ok((validation.loss, direct));
    }
    let radius = RADIUS / norm;
    let mut beside = |sign: f64| {
        let shift = (sign * radius) as f32;
        let moved = weights.iter().zip(&validation.weights).map(|(w, g)| w.iter().zip(g).map(|(w, g)| w + shift * g).collect()).collect();
        problem.train(&moved, alphas).map(|g| g.alphas)
    };
    let (plus, minus) = (beside(1.0)?, beside(-1.0)?);
    for (d, (p, m)) in direct.iter_mut().zip(plus.iter().zip(&minus)) {
        for (d, (p, m)) in d.iter_mut().zip(p.iter().zip(m)) {
            *d -= inner.lr * (p - m) / (2.0 * radius);
        }
    }
    Ok((validation.loss, direct))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Random;

    /// A mixed model: z = Σⱼ softmax(α)ⱼ · tanh(wⱼ·x + bⱼ), a second mix of z, −z and 0 by softmax(β), logistic loss.
    struct Toy {
        train: Vec<([f64; 2], f64)>,
        validation: Vec<([f64; 2], f64)>,
    }

    impl Toy {
        fn new() -> Self {
            let mut r = Random::at(2, "toy", &[]);
            let mut set = |n: usize, flip: f64| {
                let one = |_| {
                    let x = [r.normal(), r.normal()];
                    (x, if x[0] - flip * x[1] + 0.3 * r.normal() > 0.0 { 1.0 } else { -1.0 })
                };
                (0..n).map(one).collect::<Vec<_>>()
            };
            Toy { train: set(12, 0.5), validation: set(9, -0.4) }
        }

        /// (loss, d by w, d by α): all in f64.
        fn loss(set: &[([f64; 2], f64)], w: &[f64], alphas: &[Vec<f64>]) -> (f64, Vec<f64>, Vec<Vec<f64>>) {
            let (p, q) = (softmax::softmax(&alphas[0], 1.0), softmax::softmax(&alphas[1], 1.0));
            let (mut loss, mut dw, mut dp, mut dq) = (0.0, vec![0.0; 9], vec![0.0; 3], vec![0.0; 3]);
            for (x, y) in set {
                let h: Vec<f64> = (0..3).map(|j| libm::tanh(w[3 * j] * x[0] + w[3 * j + 1] * x[1] + w[3 * j + 2])).collect();
                let z: f64 = (0..3).map(|j| p[j] * h[j]).sum();
                let out = (q[0] - q[1]) * z;
                let e = libm::exp(-y * out);
                loss += libm::log1p(e) / set.len() as f64;
                let d = -y * e / (1.0 + e) / set.len() as f64;
                dq[0] += d * z;
                dq[1] -= d * z;
                for j in 0..3 {
                    let dz = d * (q[0] - q[1]);
                    dp[j] += dz * h[j];
                    let dh = dz * p[j] * (1.0 - h[j] * h[j]);
                    dw[3 * j] += dh * x[0];
                    dw[3 * j + 1] += dh * x[1];
                    dw[3 * j + 2] += dh;
                }
            }
            (loss, dw, logits(&[p, q], &[dp, dq]))
        }

        fn at(set: &[([f64; 2], f64)], weights: &Tensors, alphas: &[Vec<f64>]) -> Gradients {
            let w: Vec<f64> = weights.iter().flatten().map(|v| f64::from(*v)).collect();
            let (loss, dw, alphas) = Self::loss(set, &w, alphas);
            let dw: Vec<f32> = dw.iter().map(|v| *v as f32).collect();
            Gradients { loss, weights: vec![dw[..6].to_vec(), dw[6..].to_vec()], alphas }
        }
    }

    impl Bilevel for Toy {
        fn train(&mut self, weights: &Tensors, alphas: &[Vec<f64>]) -> Result<Gradients, StepError> {
            Ok(Self::at(&self.train, weights, alphas))
        }
        fn validation(&mut self, weights: &Tensors, alphas: &[Vec<f64>]) -> Result<Gradients, StepError> {
            Ok(Self::at(&self.validation, weights, alphas))
        }
    }

    fn start() -> (Tensors, Tensors, Vec<Vec<f64>>) {
        let mut r = Random::at(8, "toy", &[]);
        let mut list = |n: usize, scale: f64| (0..n).map(|_| (scale * r.normal()) as f32).collect::<Vec<f32>>();
        let weights = vec![list(6, 0.8), list(3, 0.8)];
        let buffer = vec![list(6, 0.1), list(3, 0.1)];
        (weights, buffer, vec![vec![0.2, -0.3, 0.1], vec![0.5, -0.2, 0.0]])
    }

    /// The whole hyper-gradient by central differences in f64 of α ↦ Lval(w − ξ(μb + ∇Ltrain(w, α) + λw), α).
    #[test]
    fn second_order_is_the_hyper_gradient() {
        let mut toy = Toy::new();
        let (weights, buffer, alphas) = start();
        let flat = |t: &Tensors| t.iter().flatten().map(|v| f64::from(*v)).collect::<Vec<f64>>();
        let (w, b) = (flat(&weights), flat(&buffer));
        let (lr, momentum, decay) = (0.5, 0.9, [0.01, 0.0]);
        let objective = |alphas: &[Vec<f64>]| {
            let (_, g, _) = Toy::loss(&toy.train, &w, alphas);
            let step = |i: usize| momentum * b[i] + g[i] + if i < 6 { decay[0] * w[i] } else { 0.0 };
            let ahead: Vec<f64> = (0..9).map(|i| w[i] - lr * step(i)).collect();
            Toy::loss(&toy.validation, &ahead, alphas).0
        };
        let mut exact = vec![vec![0.0; 3]; 2];
        for (d, i) in (0..2).flat_map(|d| (0..3).map(move |i| (d, i))) {
            let (mut up, mut down) = (alphas.clone(), alphas.clone());
            up[d][i] += 1e-5;
            down[d][i] -= 1e-5;
            exact[d][i] = (objective(&up) - objective(&down)) / 2e-5;
        }
        let value = objective(&alphas);
        let inner = Inner { lr, momentum, buffer: Some(&buffer), weight_decay: &decay };
        let (loss, second) = second_order(&mut toy, &inner, &weights, &alphas).expect("a small problem");
        assert!((loss - value).abs() < 1e-6);
        let scale = exact.iter().flatten().fold(0.0f64, |m, v| m.max(v.abs()));
        let far =
            |got: &[Vec<f64>]| got.iter().flatten().zip(exact.iter().flatten()).fold(0.0f64, |m, (a, b)| m.max((a - b).abs())) / scale;
        assert!(far(&second) < 2e-3, "{second:?} is not {exact:?}: {}", far(&second));
        // The test can tell: neither first order nor the direct part at w′ is near.
        let first = toy.validation(&weights, &alphas).expect("a small problem").alphas;
        assert!(far(&first) > 0.05, "first order is as good: {}", far(&first));
        let still = Inner { lr: 0.0, momentum, buffer: None, weight_decay: &decay };
        let (_, none) = second_order(&mut toy, &still, &weights, &alphas).expect("a small problem");
        assert!(none.iter().flatten().zip(first.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-12), "ξ = 0 is first order");
    }

    #[test]
    fn alternating_steps_choose_what_generalises() {
        use super::super::alpha::{Alphas, INITIAL};
        let mut toy = Toy::new();
        let (mut weights, _, _) = start();
        let rule = super::super::adam::Rule { lr: 0.05, betas: (0.5, 0.999), weight_decay: 1e-3, clip_norm: 0.0 };
        let mut alphas = Alphas::fresh(1, INITIAL, &[("op".into(), 3), ("sign".into(), 3)]);
        let mut losses = Vec::new();
        for _ in 0..150 {
            let inner = Inner { lr: 0.2, momentum: 0.0, buffer: None, weight_decay: &[0.0, 0.0] };
            let (loss, grads) = second_order(&mut toy, &inner, &weights, alphas.values()).expect("a small problem");
            losses.push(loss);
            alphas.step(&rule, &grads).expect("finite");
            let g = toy.train(&weights, alphas.values()).expect("a small problem").weights;
            for (w, g) in weights.iter_mut().flatten().zip(g.iter().flatten()) {
                *w -= 0.2 * g;
            }
        }
        assert!(losses[149] < losses[0] - 0.05, "{} → {}", losses[0], losses[149]);
    }

    #[test]
    fn shapes_that_do_not_fit_are_said() {
        let (weights, _, alphas) = start();
        let inner = Inner { lr: 0.1, momentum: 0.0, buffer: None, weight_decay: &[0.0] };
        assert!(second_order(&mut Toy::new(), &inner, &weights, &alphas).is_err());
    }
}

//! SGD with Nesterov momentum, Adam and AdamW by PyTorch's rules, over YOLOv5's three groups; clipping by the global norm.
//!
//! Plain loops over flat slices, element by element: the same bits on every machine and for any number of threads.

use super::schedule::Rates;
use crate::document::Optimizer;
use crate::nn::Parameters;
use crate::space::ParamKind;

/// Adam's epsilon, PyTorch's default.
const ADAM_EPS: f64 = 1e-8;

/// Constants of one optimiser step.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Which optimiser.
    pub optimizer: Optimizer,
    /// Adam's beta 2.
    pub beta2: f64,
    /// On [`ParamKind::Weight`] only.
    pub weight_decay: f64,
    /// Clip the global norm of the gradient to this; 0 is off.
    pub clip_norm: f64,
}

/// Moments of the optimiser; `second` only for Adam and AdamW.
pub struct Moments<'a> {
    /// SGD's momentum buffer, Adam's first moment.
    pub first: &'a mut Parameters,
    /// Adam's second moment.
    pub second: Option<&'a mut Parameters>,
}

/// Euclidean norm over all gradients (buffers' stay zero), in f64: [`squares`] of every tensor in order.
pub fn global_norm(grads: &Parameters) -> f64 {
    let mut total = 0.0;
    for g in &grads.0 {
        total += squares(g);
    }
    libm::sqrt(total)
}

/// Sum of squares, in eight interleaved sums.
pub fn squares(g: &[f32]) -> f64 {
    let mut sums = [0.0f64; 8];
    let chunks = g.chunks_exact(8);
    for (i, v) in chunks.remainder().iter().enumerate() {
        sums[i] += f64::from(*v) * f64::from(*v);
    }
    for c in chunks {
        for (s, v) in sums.iter_mut().zip(c) {
            *s += f64::from(*v) * f64::from(*v);
        }
    }
    sums.iter().sum::<f64>()
}

/// One step, the `t`-th (from 1), then zeroes the gradients. `norm` is their [`global_norm`].
pub fn step(
    rule: &Rule,
    rates: &Rates,
    t: u64,
    kinds: &[ParamKind],
    norm: f64,
    params: &mut Parameters,
    grads: &mut Parameters,
    moments: Moments<'_>,
) {
    let each = Each::new(rule, rates, norm);
    let mut second = moments.second;
    for (i, kind) in kinds.iter().enumerate() {
        let second = second.as_mut().map(|v| &mut v.0[i][..]);
        each.step(*kind, t, &mut params.0[i], &grads.0[i], &mut moments.first.0[i], second);
    }
    for g in &mut grads.0 {
        g.fill(0.0);
    }
}

/// What all tensors of one step have in common.
#[derive(Clone, Copy, Debug)]
pub struct Each<'a> {
    rule: &'a Rule,
    rates: &'a Rates,
    clip: f32,
}

impl<'a> Each<'a> {
    /// `norm`: of all gradients of the step.
    pub fn new(rule: &'a Rule, rates: &'a Rates, norm: f64) -> Self {
        let clip = if rule.clip_norm > 0.0 { (rule.clip_norm / (norm + 1e-6)).min(1.0) as f32 } else { 1.0 };
        Each { rule, rates, clip }
    }

    /// The `t`-th step (from 1) of one tensor: values, gradient, first and second moment. Buffers stay as they are.
    pub fn step(&self, kind: ParamKind, t: u64, p: &mut [f32], g: &[f32], m: &mut [f32], v: Option<&mut [f32]>) {
        if !kind.is_trained() {
            return;
        }
        let (rule, rates, clip) = (self.rule, self.rates, self.clip);
        let lr = if matches!(kind, ParamKind::Bias | ParamKind::NormShift) { rates.bias_lr } else { rates.lr };
        let decay = if kind == ParamKind::Weight { rule.weight_decay } else { 0.0 };
        match (rule.optimizer, v) {
            (Optimizer::Sgd, _) => sgd(p, g, m, clip, lr, rates.momentum, decay),
            (Optimizer::Adam, Some(v)) => adam(p, g, m, v, clip, &Adam::new(lr, rates.momentum, rule.beta2, t), decay as f32, 1.0),
            (Optimizer::AdamW, Some(v)) => {
                let shrink = (1.0 - lr * decay) as f32;
                adam(p, g, m, v, clip, &Adam::new(lr, rates.momentum, rule.beta2, t), 0.0, shrink);
            }
            // A state for this optimiser always has a second moment: `TrainState::fits` checks it.
            (Optimizer::Adam | Optimizer::AdamW, None) => {}
        }
    }
}

/// g += wd·p; m = μ·m + g; g += μ·m; p −= lr·g.
fn sgd(p: &mut [f32], g: &[f32], m: &mut [f32], clip: f32, lr: f64, momentum: f64, decay: f64) {
    let (lr, momentum, decay) = (lr as f32, momentum as f32, decay as f32);
    for ((p, g), m) in p.iter_mut().zip(g).zip(m) {
        let g = *g * clip + decay * *p;
        *m = *m * momentum + g;
        *p -= lr * (g + momentum * *m);
    }
}

/// Adam's constants at one step.
struct Adam {
    take1: f32,
    keep2: f32,
    take2: f32,
    step: f32,
    root: f32,
}

impl Adam {
    fn new(lr: f64, beta1: f64, beta2: f64, t: u64) -> Self {
        let t = t as f64;
        Adam {
            take1: (1.0 - beta1) as f32,
            keep2: beta2 as f32,
            take2: (1.0 - beta2) as f32,
            step: (lr / (1.0 - libm::pow(beta1, t))) as f32,
            root: libm::sqrt(1.0 - libm::pow(beta2, t)) as f32,
        }
    }
}

/// p *= shrink; g += wd·p; m += (1 − β₁)(g − m); v = β₂·v + (1 − β₂)·g²; p −= lr/(1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε).
fn adam(p: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], clip: f32, a: &Adam, decay: f32, shrink: f32) {
    for (((p, g), m), v) in p.iter_mut().zip(g).zip(m).zip(v) {
        let g = *g * clip + decay * *p;
        *m += a.take1 * (g - *m);
        *v = *v * a.keep2 + a.take2 * g * g;
        let denominator = v.sqrt() / a.root + ADAM_EPS as f32;
        *p = *p * shrink - a.step * *m / denominator;
    }
}

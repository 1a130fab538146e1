//! SGD with Nesterov momentum, Adam and AdamW by PyTorch's rules, over YOLOv5's three groups; clipping by the global norm.
//!
//! Element by element, in parts of the tensors that the threads share out: the same bits on every machine and for any number of
//! threads.

use super::ema;
use super::schedule::Rates;
use crate::document::Optimizer;
use crate::nn::Parameters;
use crate::space::ParamKind;
use nasflow_kernels::{self as kernels, Adam, Sgd, sum_of_squares};
use rayon::prelude::*;

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

/// Euclidean norm over all gradients (buffers' stay zero), in f64: the sums of squares of every tensor in order.
pub fn global_norm(grads: &Parameters) -> f64 {
    let squares: Vec<f64> = grads.0.par_iter().with_min_len(TENSORS).map(|g| sum_of_squares(g)).collect();
    libm::sqrt(squares.iter().sum())
}

/// One step, the `t`-th (from 1), then zeroes the gradients. `norm` is their [`global_norm`]. Where there is an average, it follows
/// (see [`ema`](super::ema)), `average` being it and its decay.
pub fn step(
    rule: &Rule,
    rates: &Rates,
    t: u64,
    kinds: &[ParamKind],
    norm: f64,
    params: &mut Parameters,
    grads: &mut Parameters,
    moments: Moments<'_>,
    average: Option<(&mut Parameters, f64)>,
) {
    let each = Each::new(rule, rates, norm);
    let mut second = moments.second.map(|p| p.0.iter_mut());
    let (mut average, decay) = average.map_or((None, 0.0), |(p, decay)| (Some(p.0.iter_mut()), decay));
    let lists = params.0.iter_mut().zip(&mut grads.0).zip(&mut moments.first.0).zip(kinds);
    let mut parts = Vec::new();
    for (((values, grads), first), kind) in lists {
        let second = second.as_mut().and_then(Iterator::next).map_or(&mut [][..], |v| &mut v[..]);
        let average = average.as_mut().and_then(Iterator::next).map_or(&mut [][..], |v| &mut v[..]);
        Part { kind: *kind, step: Some(t), values, grads, first, second, average }.split(&mut parts);
    }
    parts.into_par_iter().for_each(|part| each.run(part, decay));
}

/// Tensors that one thread sums at once.
const TENSORS: usize = 4;
/// Numbers that one thread moves at once: all that is kept of them fits its cache.
const CHUNK: usize = 1 << 13;

/// A part of one tensor, and what is kept of it.
pub struct Part<'a> {
    /// What it is.
    pub kind: ParamKind,
    /// The tensor's steps with this one (from 1); none where no gradient belongs to it.
    pub step: Option<u64>,
    /// The values.
    pub values: &'a mut [f32],
    /// Their gradient; zero after the step.
    pub grads: &'a mut [f32],
    /// First moment.
    pub first: &'a mut [f32],
    /// Second moment; empty where there is none.
    pub second: &'a mut [f32],
    /// Moving average; empty where there is none.
    pub average: &'a mut [f32],
}

impl<'a> Part<'a> {
    /// Appends it in parts that one thread moves at once.
    pub fn split(self, to: &mut Vec<Part<'a>>) {
        let mut second = self.second.chunks_mut(CHUNK);
        let mut average = self.average.chunks_mut(CHUNK);
        let lists = self.values.chunks_mut(CHUNK).zip(self.grads.chunks_mut(CHUNK)).zip(self.first.chunks_mut(CHUNK));
        to.extend(lists.map(|((values, grads), first)| {
            let (second, average) = (second.next().unwrap_or_default(), average.next().unwrap_or_default());
            Part { kind: self.kind, step: self.step, values, grads, first, second, average }
        }));
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

    /// The step of one part, then its moving average, of `decay`. Buffers' values stay as they are.
    pub fn run(&self, part: Part, decay: f64) {
        if let Some(t) = part.step {
            self.step(part.kind, t, part.values, part.grads, part.first, part.second);
        }
        if !part.average.is_empty() {
            ema::update(part.average, part.values, decay);
        }
    }

    /// Leaves no gradient.
    fn step(&self, kind: ParamKind, t: u64, p: &mut [f32], g: &mut [f32], m: &mut [f32], v: &mut [f32]) {
        let (rule, rates, clip) = (self.rule, self.rates, self.clip);
        let lr = if matches!(kind, ParamKind::Bias | ParamKind::NormShift) { rates.bias_lr } else { rates.lr };
        let decay = if kind == ParamKind::Weight { rule.weight_decay } else { 0.0 };
        match rule.optimizer {
            _ if !kind.is_trained() => g.fill(0.0),
            Optimizer::Sgd => {
                kernels::sgd(Sgd { lr: lr as f32, momentum: rates.momentum as f32, weight_decay: decay as f32, clip }, p, g, m)
            }
            // A state for these has a second moment of every tensor: `TrainState::fits` checks it, and the kernel asserts it.
            Optimizer::Adam => kernels::adam(Adam { weight_decay: decay as f32, clip, ..self.adam(lr, t) }, p, g, m, v),
            Optimizer::AdamW => kernels::adam(Adam { shrink: (1.0 - lr * decay) as f32, clip, ..self.adam(lr, t) }, p, g, m, v),
        }
    }

    /// The `t`-th step without decay.
    fn adam(&self, lr: f64, t: u64) -> Adam {
        let (beta1, beta2, t) = (self.rates.momentum, self.rule.beta2, t as f64);
        Adam {
            rate: (lr / (1.0 - libm::pow(beta1, t))) as f32,
            take1: (1.0 - beta1) as f32,
            keep2: beta2 as f32,
            take2: (1.0 - beta2) as f32,
            root: libm::sqrt(1.0 - libm::pow(beta2, t)) as f32,
            eps: ADAM_EPS as f32,
            weight_decay: 0.0,
            shrink: 1.0,
            clip: 1.0,
        }
    }
}

//! Optimiser steps in place over flat slices, by PyTorch's rules, and what belongs to a step: the gradient's norm and the moving
//! average. One element depends on no other and nothing is fused, so instruction sets change no bit. Each is one pass of one
//! thread: a step's caller shares out the tensors, whose parts fit its cache.

use crate::simd::{Simd, current, vectorised};

#[track_caller]
fn same(p: usize, lens: &[usize]) {
    assert!(lens.iter().all(|&l| l == p), "parameters, gradients and state differ in length");
}

/// Stochastic gradient descent with Nesterov's momentum.
#[derive(Clone, Copy, Debug)]
pub struct Sgd {
    /// Learning rate.
    pub lr: f32,
    /// 0 for none.
    pub momentum: f32,
    /// Added to the gradient times the parameter.
    pub weight_decay: f32,
    /// The gradient is multiplied by this first.
    pub clip: f32,
}

#[inline(always)]
unsafe fn sgd_body<S: Simd>(o: Sgd, p: &mut [f32], g: &mut [f32], m: &mut [f32]) {
    for ((p, grad), m) in p.iter_mut().zip(g).zip(m) {
        let g = *grad * o.clip + o.weight_decay * *p;
        *m = *m * o.momentum + g;
        *p -= o.lr * (g + o.momentum * *m);
        *grad = 0.;
    }
}
vectorised!(
    /// # Safety
    /// The machine has the instruction set `set`.
    fn sgd_rows(o: Sgd, p: &mut [f32], g: &mut [f32], m: &mut [f32]) = sgd_body
);

/// One step, which leaves no gradient: g = clip·g + wd·p; m = μ·m + g; p −= lr·(g + μ·m); then g = 0.
pub fn sgd(o: Sgd, p: &mut [f32], g: &mut [f32], m: &mut [f32]) {
    same(p.len(), &[g.len(), m.len()]);
    // Safety: `current` names a set that the machine has.
    unsafe { sgd_rows(current(), o, p, g, m) }
}

/// One step of Adam or AdamW, its bias corrections worked out.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// Learning rate / (1 − β₁ᵗ).
    pub rate: f32,
    /// 1 − β₁.
    pub take1: f32,
    /// β₂.
    pub keep2: f32,
    /// 1 − β₂.
    pub take2: f32,
    /// √(1 − β₂ᵗ).
    pub root: f32,
    /// Added to the root of the second moment (1e-8).
    pub eps: f32,
    /// Added to the gradient times the parameter (Adam; 0 for AdamW).
    pub weight_decay: f32,
    /// The parameter is multiplied by this (AdamW: 1 − lr·wd; 1 for Adam).
    pub shrink: f32,
    /// The gradient is multiplied by this first.
    pub clip: f32,
}

#[inline(always)]
unsafe fn adam_body<S: Simd>(o: Adam, p: &mut [f32], g: &mut [f32], m: &mut [f32], v: &mut [f32]) {
    for (((p, grad), m), v) in p.iter_mut().zip(g).zip(m).zip(v) {
        let g = *grad * o.clip + o.weight_decay * *p;
        *m += o.take1 * (g - *m);
        *v = *v * o.keep2 + o.take2 * g * g;
        let denominator = v.sqrt() / o.root + o.eps;
        *p = *p * o.shrink - o.rate * *m / denominator;
        *grad = 0.;
    }
}
vectorised!(
    /// # Safety
    /// The machine has the instruction set `set`.
    fn adam_rows(o: Adam, p: &mut [f32], g: &mut [f32], m: &mut [f32], v: &mut [f32]) = adam_body
);

/// One step, which leaves no gradient: g = clip·g + wd·p; m += (1 − β₁)(g − m); v = β₂·v + (1 − β₂)·g²;
/// p = shrink·p − rate · m / (√v / root + eps); then g = 0.
pub fn adam(o: Adam, p: &mut [f32], g: &mut [f32], m: &mut [f32], v: &mut [f32]) {
    same(p.len(), &[g.len(), m.len(), v.len()]);
    // Safety: as in `sgd`.
    unsafe { adam_rows(current(), o, p, g, m, v) }
}

#[inline(always)]
unsafe fn ema_body<S: Simd>(keep: f32, take: f32, e: &mut [f32], p: &[f32]) {
    for (e, p) in e.iter_mut().zip(p) {
        *e = *e * keep + take * *p;
    }
}
vectorised!(
    /// # Safety
    /// The machine has the instruction set `set`.
    fn ema_rows(keep: f32, take: f32, e: &mut [f32], p: &[f32]) = ema_body
);

/// Exponential moving average: e = keep·e + take·p.
pub fn ema(keep: f32, take: f32, e: &mut [f32], p: &[f32]) {
    same(e.len(), &[p.len()]);
    // Safety: as in `sgd`.
    unsafe { ema_rows(current(), keep, take, e, p) }
}

#[inline(always)]
unsafe fn squares_body<S: Simd>(x: &[f32]) -> f64 {
    let mut sums = [0f64; 8];
    let chunks = x.chunks_exact(8);
    for (s, v) in sums.iter_mut().zip(chunks.remainder()) {
        *s += f64::from(*v) * f64::from(*v);
    }
    for c in chunks {
        for i in 0..8 {
            sums[i] += f64::from(c[i]) * f64::from(c[i]);
        }
    }
    sums.iter().sum()
}
vectorised!(
    /// # Safety
    /// The machine has the instruction set `set`.
    fn squares(x: &[f32]) -> f64 = squares_body
);

/// Σ x² in f64, in eight interleaved chains.
pub fn sum_of_squares(x: &[f32]) -> f64 {
    // Safety: as in `sgd`.
    unsafe { squares(current(), x) }
}

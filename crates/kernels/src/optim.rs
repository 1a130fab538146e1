//! Optimiser steps in place over flat slices, by PyTorch's rules. Elementwise, so threads and instruction sets change nothing:
//! no multiply and add is fused here.

use crate::par::{In, Out, chunks, tasks};

/// Floats a task.
const CHUNK: usize = 16384;

#[track_caller]
fn same(p: usize, lens: &[usize]) {
    assert!(lens.iter().all(|&l| l == p), "parameters, gradients and state differ in length");
}

/// Hands the chunks of up to three mutable slices and one shared one to `f`.
fn step(p: &mut [f32], a: &mut [f32], b: &mut [f32], g: &[f32], f: impl Fn(&mut [f32], &mut [f32], &mut [f32], &[f32]) + Sync) {
    let len = p.len();
    let (na, nb, ng) = (a.len(), b.len(), g.len());
    let (p, a, b, g) = (Out::new(p), Out::new(a), Out::new(b), In::new(g));
    chunks(len, CHUNK, |r| {
        let part = |o: Out, n: usize| {
            let (s, e) = (r.start.min(n), r.end.min(n));
            // Safety: chunks are disjoint and inside the slice's n elements.
            unsafe { std::slice::from_raw_parts_mut(o.ptr().add(s), e - s) }
        };
        let (s, e) = (r.start.min(ng), r.end.min(ng));
        // Safety: as above, and shared.
        let g = unsafe { std::slice::from_raw_parts(g.ptr().add(s), e - s) };
        f(part(p, len), part(a, na), part(b, nb), g);
    });
}

/// Stochastic gradient descent.
#[derive(Clone, Copy, Debug)]
pub struct Sgd {
    /// Learning rate.
    pub lr: f32,
    /// 0 for none (`buffer` may then be empty).
    pub momentum: f32,
    /// Added to the gradient times the parameter.
    pub weight_decay: f32,
    /// Nesterov's form.
    pub nesterov: bool,
}

/// One step: g += wd·p; b = m·b + g (b = g at the `first` step); g = g + m·b (Nesterov) or b; p −= lr·g.
pub fn sgd(o: Sgd, first: bool, p: &mut [f32], g: &[f32], buffer: &mut [f32]) {
    let plain = o.momentum == 0.;
    same(p.len(), &[g.len(), if plain { p.len() } else { buffer.len() }]);
    let buffer = if plain { &mut [][..] } else { buffer };
    step(p, buffer, &mut [], g, |p, b, _, g| {
        if plain {
            for (p, g) in p.iter_mut().zip(g) {
                *p -= o.lr * (g + o.weight_decay * *p);
            }
            return;
        }
        for ((p, b), g) in p.iter_mut().zip(b).zip(g) {
            let g = g + o.weight_decay * *p;
            let v = if first { g } else { o.momentum * *b + g };
            *b = v;
            *p -= o.lr * if o.nesterov { g + o.momentum * v } else { v };
        }
    });
}

/// Adam and AdamW.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// Learning rate.
    pub lr: f32,
    /// Decay of the first moment (0.9).
    pub beta1: f32,
    /// Decay of the second moment (0.999).
    pub beta2: f32,
    /// Added to the root of the second moment (1e-8).
    pub eps: f32,
    /// Decoupled (AdamW: p −= lr·wd·p) or added to the gradient (Adam).
    pub weight_decay: f32,
    /// AdamW's decoupled decay.
    pub decoupled: bool,
}

/// Step number `t` (1 for the first) with bias correction: p −= lr/(1 − β₁ᵗ)·m / (√v/√(1 − β₂ᵗ) + eps).
pub fn adam(o: Adam, t: u64, p: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
    assert!(t > 0, "steps count from 1");
    same(p.len(), &[g.len(), m.len(), v.len()]);
    let correction = |beta: f32| 1. - power(f64::from(beta), t);
    let size = (f64::from(o.lr) / correction(o.beta1)) as f32;
    let root = correction(o.beta2).sqrt() as f32;
    let decay = if o.decoupled { (1. - f64::from(o.lr) * f64::from(o.weight_decay)) as f32 } else { 1. };
    let (a1, a2) = ((1. - f64::from(o.beta1)) as f32, (1. - f64::from(o.beta2)) as f32);
    step(p, m, v, g, |p, m, v, g| {
        for (((p, m), v), g) in p.iter_mut().zip(m).zip(v).zip(g) {
            let g = if o.decoupled { *g } else { g + o.weight_decay * *p };
            *m += a1 * (g - *m);
            *v = o.beta2 * *v + a2 * (g * g);
            *p = *p * decay - size * (*m / (v.sqrt() / root + o.eps));
        }
    });
}

/// bᵗ by squaring: unlike `powf`, the same on every machine.
fn power(mut b: f64, mut t: u64) -> f64 {
    let mut r = 1.;
    while t > 0 {
        if t & 1 == 1 {
            r *= b;
        }
        b *= b;
        t >>= 1;
    }
    r
}

/// Exponential moving average: e = decay·e + (1 − decay)·p.
pub fn ema(decay: f32, e: &mut [f32], p: &[f32]) {
    same(e.len(), &[p.len()]);
    let rest = (1. - f64::from(decay)) as f32;
    step(e, &mut [], &mut [], p, |e, _, _, p| e.iter_mut().zip(p).for_each(|(e, p)| *e = decay * *e + rest * p));
}

/// x *= factor (gradient clipping, loss scales).
pub fn scale(factor: f32, x: &mut [f32]) {
    step(x, &mut [], &mut [], &[], |x, _, _, _| x.iter_mut().for_each(|x| *x *= factor));
}

/// Σ x² in f64: chunks of 16384 in 16 chains each, chunks in order.
pub fn sum_of_squares(x: &[f32]) -> f64 {
    let parts: Vec<std::sync::Mutex<f64>> = (0..x.len().div_ceil(CHUNK)).map(|_| Default::default()).collect();
    tasks(parts.len(), |i| {
        let mut acc = [0f64; 16];
        for c in x[i * CHUNK..x.len().min((i + 1) * CHUNK)].chunks(16) {
            for (a, v) in acc.iter_mut().zip(c) {
                *a += f64::from(*v) * f64::from(*v);
            }
        }
        *parts[i].lock().unwrap() = acc.iter().sum();
    });
    parts.iter().map(|p| *p.lock().unwrap()).sum()
}

/// Clips the joint norm of several gradients as PyTorch's `clip_grad_norm_`: all are multiplied by max/(norm + 1e-6) where that
/// is below 1. Answers the norm before (NaN or ∞ where a gradient holds one: then nothing is changed).
pub fn clip_by_norm(max: f32, gradients: &mut [&mut [f32]]) -> f64 {
    let norm = gradients.iter().map(|g| sum_of_squares(g)).sum::<f64>().sqrt();
    let factor = f64::from(max) / (norm + 1e-6);
    if factor < 1. && norm.is_finite() {
        gradients.iter_mut().for_each(|g| scale(factor as f32, g));
    }
    norm
}

/// Holds every element within ±`limit`; NaN stays.
pub fn clip_by_value(limit: f32, x: &mut [f32]) {
    assert!(limit >= 0., "clipping to ±{limit}");
    step(x, &mut [], &mut [], &[], |x, _, _, _| x.iter_mut().for_each(|x| *x = x.clamp(-limit, limit)));
}

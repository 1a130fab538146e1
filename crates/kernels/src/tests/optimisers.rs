//! Optimiser steps against PyTorch's rules written out in f64.

use super::*;
use crate::*;

/// Ends inside a vector.
const LEN: usize = 1001;

#[test]
fn stochastic_gradient_descent() {
    for (momentum, weight_decay, clip) in [(0., 0.01, 1.), (0.9, 0., 0.5), (0.937, 5e-4, 1.)] {
        let o = Sgd { lr: 0.1, momentum, weight_decay, clip };
        let got = everywhere(|| {
            let (mut p, mut b) = (noise(LEN, 1), vec![0.; LEN]);
            for t in 0..3 {
                let mut g = noise(LEN, 10 + t);
                sgd(o, &mut p, &mut g, &mut b);
                assert!(g.iter().all(|g| g.to_bits() == 0), "the gradient is gone");
            }
            p
        });
        let (mut p, mut b) = (wide(&noise(LEN, 1)), vec![0f64; LEN]);
        let (lr, m, wd, clip) = (f64::from(o.lr), f64::from(momentum), f64::from(weight_decay), f64::from(clip));
        for t in 0..3 {
            for (i, g) in noise(LEN, 10 + t).into_iter().enumerate() {
                let g = clip * f64::from(g) + wd * p[i];
                b[i] = m * b[i] + g;
                p[i] -= lr * (g + m * b[i]);
            }
        }
        close(&got, &p, 1e-6);
    }
}

#[test]
fn adam_and_adamw() {
    let (lr, b1, b2, wd, eps) = (0.01f64, 0.9f64, 0.999f64, 0.05f64, 1e-8f64);
    for decoupled in [false, true] {
        let step = |t: i32| Adam {
            rate: (lr / (1. - b1.powi(t))) as f32,
            take1: (1. - b1) as f32,
            keep2: b2 as f32,
            take2: (1. - b2) as f32,
            root: (1. - b2.powi(t)).sqrt() as f32,
            eps: eps as f32,
            weight_decay: if decoupled { 0. } else { wd as f32 },
            shrink: if decoupled { (1. - lr * wd) as f32 } else { 1. },
            clip: 1.,
        };
        let got = everywhere(|| {
            let (mut p, mut m, mut v) = (noise(LEN, 1), vec![0.; LEN], vec![0.; LEN]);
            for t in 1..=4 {
                adam(step(t), &mut p, &mut noise(LEN, 10 + t as u64), &mut m, &mut v);
            }
            p
        });
        let (mut p, mut m, mut v) = (wide(&noise(LEN, 1)), vec![0f64; LEN], vec![0f64; LEN]);
        for t in 1..=4i32 {
            for (i, g) in noise(LEN, 10 + t as u64).into_iter().enumerate() {
                let mut g = f64::from(g);
                if decoupled {
                    p[i] *= 1. - lr * wd;
                } else {
                    g += wd * p[i];
                }
                m[i] = b1 * m[i] + (1. - b1) * g;
                v[i] = b2 * v[i] + (1. - b2) * g * g;
                let (c1, c2) = (1. - b1.powi(t), 1. - b2.powi(t));
                p[i] -= lr / c1 * m[i] / (v[i].sqrt() / c2.sqrt() + eps);
            }
        }
        // A gradient near zero after decay loses digits in m; the step is lr at most.
        close(&got, &p, 1e-5);
    }
}

#[test]
fn averages_and_norms() {
    let (e, p) = (noise(LEN, 1), noise(LEN, 2));
    let got = everywhere(|| {
        let mut x = e.clone();
        ema(0.999, 0.001, &mut x, &p);
        let squares = sum_of_squares(&p);
        x.extend([f32::from_bits(squares.to_bits() as u32), f32::from_bits((squares.to_bits() >> 32) as u32)]);
        x
    });
    let want: Vec<f64> = wide(&e).iter().zip(wide(&p)).map(|(e, p)| 0.999 * e + 0.001 * p).collect();
    close(&got[..LEN], &want, 1e-6);
    let exact: f64 = wide(&p).iter().map(|v| v * v).sum();
    assert!((sum_of_squares(&p) - exact).abs() < 1e-9 * exact);
}

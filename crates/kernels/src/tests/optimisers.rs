//! Optimiser steps against PyTorch's rules written out in f64.

use super::*;
use crate::*;

const LEN: usize = 40_001;

#[test]
fn stochastic_gradient_descent() {
    for (momentum, nesterov, weight_decay) in [(0., false, 0.01), (0.9, false, 0.), (0.937, true, 5e-4)] {
        let o = Sgd { lr: 0.1, momentum, weight_decay, nesterov };
        let got = everywhere(|| {
            let (mut p, mut b) = (noise(LEN, 1), vec![f32::NAN; if momentum == 0. { 0 } else { LEN }]);
            for t in 0..3 {
                sgd(o, t == 0, &mut p, &noise(LEN, 10 + t), &mut b);
            }
            p
        });
        let (mut p, mut b) = (wide(&noise(LEN, 1)), vec![0f64; LEN]);
        let (lr, m, wd) = (f64::from(o.lr), f64::from(momentum), f64::from(weight_decay));
        for t in 0..3 {
            for (i, g) in noise(LEN, 10 + t).into_iter().enumerate() {
                let g = f64::from(g) + wd * p[i];
                b[i] = if t == 0 { g } else { m * b[i] + g };
                p[i] -= lr
                    * if nesterov {
                        g + m * b[i]
                    } else if m > 0. {
                        b[i]
                    } else {
                        g
                    };
            }
        }
        close(&got, &p, 1e-6);
    }
}

#[test]
fn adam_and_adamw() {
    for decoupled in [false, true] {
        let o = Adam { lr: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.05, decoupled };
        let got = everywhere(|| {
            let (mut p, mut m, mut v) = (noise(LEN, 1), vec![0.; LEN], vec![0.; LEN]);
            for t in 1..=4 {
                adam(o, t, &mut p, &noise(LEN, 10 + t), &mut m, &mut v);
            }
            p
        });
        let (mut p, mut m, mut v) = (wide(&noise(LEN, 1)), vec![0f64; LEN], vec![0f64; LEN]);
        let (lr, b1, b2, wd) = (f64::from(o.lr), f64::from(o.beta1), f64::from(o.beta2), f64::from(o.weight_decay));
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
                p[i] -= lr / c1 * m[i] / (v[i].sqrt() / c2.sqrt() + f64::from(o.eps));
            }
        }
        // A gradient near zero after decay loses digits in m; the step is lr at most.
        close(&got, &p, 1e-5);
    }
}

#[test]
fn averages_scales_and_norms() {
    let (e, p) = (noise(LEN, 1), noise(LEN, 2));
    let got = everywhere(|| {
        let mut x = e.clone();
        ema(0.999, &mut x, &p);
        scale(0.5, &mut x);
        let squares = sum_of_squares(&p);
        x.extend([f32::from_bits(squares.to_bits() as u32), f32::from_bits((squares.to_bits() >> 32) as u32)]);
        x
    });
    let want: Vec<f64> = wide(&e).iter().zip(wide(&p)).map(|(e, p)| 0.5 * (0.999 * e + 0.001 * p)).collect();
    close(&got[..LEN], &want, 1e-6);
    let exact: f64 = wide(&p).iter().map(|v| v * v).sum();
    assert!((sum_of_squares(&p) - exact).abs() < 1e-9 * exact);
}

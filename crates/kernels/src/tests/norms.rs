//! Batch norm with activation, its statistics and gradients.

use super::activations::{act, slope};
use super::*;
use crate::*;

const SHAPES: [(usize, usize, usize, usize); 7] =
    [(2, 3, 5, 16), (1, 1, 1, 3), (3, 2, 1, 17), (2, 20, 33, 5), (4, 7, 7, 33), (2, 40, 40, 1), (2, 9, 9, 300)];

fn statistics(x: &[f32], c: usize) -> (Vec<f64>, Vec<f64>) {
    let n = (x.len() / c) as f64;
    let mean: Vec<f64> = (0..c).map(|i| x.iter().skip(i).step_by(c).map(|&v| f64::from(v)).sum::<f64>() / n).collect();
    let var = (0..c).map(|i| x.iter().skip(i).step_by(c).map(|&v| (f64::from(v) - mean[i]).powi(2)).sum::<f64>() / n).collect();
    (mean, var)
}

#[test]
fn forward_and_backward() {
    for (n, h, w, c) in SHAPES {
        for (a, before, after) in Activation::ALL.into_iter().flat_map(|a| [(a, 0, 0), (a, 3, 1)]) {
            let d = View::dense(n, h, w, c);
            let (v, len) = strided(d, before, after);
            let (x, dy, gamma, beta) = (noise(d.len(), 1), noise(d.len(), 2), noise(c, 3), noise(c, 4));
            let (xb, dyb) = (spread(&x, v, len, f32::NAN), spread(&dy, v, len, f32::NAN));
            let eps = 1e-3f32;
            // y, mean, var, invstd, dx, dgamma, dbeta in one vector.
            let all = everywhere(|| {
                let mut s = Scratch::new();
                let mut y = vec![7.; len];
                let (mut mean, mut var, mut invstd) = (vec![0.; c], vec![0.; c], vec![0.; c]);
                channel_statistics(&xb, v, &mut mean, &mut var, &mut s);
                batch_norm_apply(a, &xb, v, &gamma, &beta, eps, &mut y, v, &mean, &var, &mut invstd);
                untouched(&y, v, 7.);
                let (mut dg, mut db) = (vec![0.5; c], vec![0.5; c]);
                let mut dx = vec![7.; len];
                let k = BatchNormGradients { gamma: &gamma, beta: &beta, mean: &mean, invstd: &invstd, dgamma: &mut dg, dbeta: &mut db };
                batch_norm_backward(a, k, &xb, v, &dyb, v, &mut dx, v, &mut s);
                untouched(&dx, v, 7.);
                let (mut dg2, mut db2, mut over) = (vec![0.5; c], vec![0.5; c], dyb.clone());
                let k = BatchNormGradients { gamma: &gamma, beta: &beta, mean: &mean, invstd: &invstd, dgamma: &mut dg2, dbeta: &mut db2 };
                batch_norm_backward_over_dy(a, k, &xb, v, &mut over, v, &mut s);
                assert_eq!((dense(&over, v), &dg2, &db2), (dense(&dx, v), &dg, &db), "in place");
                [dense(&y, v), mean, var, invstd, dense(&dx, v), dg, db].concat()
            });
            let (mean, var) = statistics(&x, c);
            let invstd: Vec<f64> = var.iter().map(|v| 1. / (v + f64::from(eps)).sqrt()).collect();
            let pixels = d.pixels() as f64;
            let hat = |i: usize| (f64::from(x[i]) - mean[i % c]) * invstd[i % c];
            let z = |i: usize| hat(i) * f64::from(gamma[i % c]) + f64::from(beta[i % c]);
            let y: Vec<f64> = (0..x.len()).map(|i| act(a, z(i))).collect();
            let dz: Vec<f64> = (0..x.len()).map(|i| f64::from(dy[i]) * slope(a, z(i))).collect();
            let (mut dg, mut db) = (vec![0f64; c], vec![0f64; c]);
            for i in 0..x.len() {
                dg[i % c] += dz[i] * hat(i);
                db[i % c] += dz[i];
            }
            let dx: Vec<f64> = (0..x.len())
                .map(|i| f64::from(gamma[i % c]) * invstd[i % c] * (dz[i] - db[i % c] / pixels - hat(i) * dg[i % c] / pixels))
                .collect();
            let half = |v: Vec<f64>| v.into_iter().map(|v| v + 0.5).collect::<Vec<_>>();
            close(&all, &[y, mean, var, invstd, dx, half(dg), half(db)].concat(), 3e-5);
        }
    }
}

/// Mean 1000, deviation √(1/3): a sum of squares in f32 would have few correct digits.
#[test]
fn a_large_mean_costs_no_accuracy() {
    let v = View::dense(2, 30, 30, 5);
    let x: Vec<f32> = noise(v.len(), 1).iter().map(|n| 1000. + n).collect();
    let (mean, var) = statistics(&x, 5);
    let got = everywhere(|| {
        let (mut m, mut s) = (vec![0.; 5], vec![0.; 5]);
        channel_statistics(&x, v, &mut m, &mut s, &mut Scratch::new());
        [m, s].concat()
    });
    close(&got[..5], &mean, 1e-7);
    close(&got[5..], &var, 1e-5);
}

#[test]
fn inference() {
    let (v, c) = (View::dense(2, 5, 6, 19), 19);
    let x = noise(v.len(), 1);
    let (gamma, beta, mean, var) = (noise(c, 2), noise(c, 3), noise(c, 4), noise(c, 5).iter().map(|v| v.abs()).collect::<Vec<_>>());
    let (mut scale, mut shift) = (vec![0.; c], vec![0.; c]);
    fold_batch_norm(&gamma, &beta, &mean, &var, 1e-3, &mut scale, &mut shift);
    for a in Activation::ALL {
        let y = everywhere(|| {
            let mut y = vec![0.; v.len()];
            affine_act(a, &x, v, &scale, &shift, &mut y, v);
            let mut z = x.clone();
            affine_act_in_place(a, &mut z, v, &scale, &shift);
            assert_eq!(y, z);
            y
        });
        let want: Vec<f64> = (0..x.len())
            .map(|i| {
                let (k, wide) = (i % c, |v: &[f32], k: usize| f64::from(v[k]));
                act(a, (wide(&x, i) - wide(&mean, k)) / (wide(&var, k) + 1e-3f32 as f64).sqrt() * wide(&gamma, k) + wide(&beta, k))
            })
            .collect();
        close(&y, &want, 2e-5);
    }
}

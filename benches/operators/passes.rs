//! Operators that memory bounds: norms, activations, pools, upsampling, concatenation, sums.

use super::common::noise;
use super::{Pass, Table, Unit, seconds};
use nasflow_kernels::*;
use rayon::prelude::*;

/// GB/s, read and written, of a parallel copy of 256 MB, at best.
pub fn copy_rate() -> f64 {
    let from = vec![1.0f32; 64 << 20];
    let mut to = vec![0.0f32; from.len()];
    let mut once = || seconds(|| to.par_chunks_mut(1 << 16).zip(from.par_chunks(1 << 16)).for_each(|(t, f)| t.copy_from_slice(f)));
    once();
    let best = (0..8).map(|_| once()).fold(f64::INFINITY, f64::min);
    8.0 * from.len() as f64 / best / 1e9
}

/// A row for each operator and shape.
pub fn rows(table: &Table) {
    for (n, side, c) in [(8, 160, 16), (64, 32, 96), (8, 20, 128)] {
        let v = View::dense(n, side, side, c);
        for (word, act) in [("silu", Activation::Silu), ("relu", Activation::Relu), ("hardswish", Activation::HardSwish)] {
            norm(table, word, act, v);
        }
        activation(table, v);
        sums(table, v);
    }
    max_pool(table, "max-pool 5/1/2", Pool2d::square(5, 1, 2), View::dense(8, 10, 10, 128));
    max_pool(table, "max-pool 3/2/1", Pool2d::square(3, 2, 1), View::dense(64, 32, 32, 32));
    avg_pool(table, View::dense(64, 32, 32, 16));
    global_pool(table, View::dense(64, 4, 4, 1280));
    upsample(table, View::dense(8, 20, 20, 128));
    squeeze(table, View::dense(64, 16, 16, 96));
}

fn shape(v: View) -> String {
    format!("{}×{}²×{}", v.n, v.h, v.c)
}

/// Bytes of `tensors` tensors.
fn bytes(tensors: usize, v: View) -> f64 {
    (tensors * v.len() * 4) as f64
}

fn norm(table: &Table, word: &str, act: Activation, v: View) {
    let name = format!("batch-norm+{word} {}", shape(v));
    if !table.wants(&name) {
        return;
    }
    let (x, dy, gamma, beta) = (noise(v.len(), 7919), noise(v.len(), 6007), vec![1.0; v.c], vec![0.1; v.c]);
    let (mut y, mut dx, mut folded) = (vec![0.0; v.len()], vec![0.0; v.len()], vec![0.0; v.len()]);
    let (mut mean, mut var, mut invstd) = (vec![0.0; v.c], vec![0.0; v.c], vec![0.0; v.c]);
    let (mut a, mut b) = (Scratch::new(), Scratch::new());
    channel_statistics(&x, v, &mut mean, &mut var, &mut a);
    batch_norm_apply(act, &x, v, &gamma, &beta, 1e-3, &mut y, v, &mean, &var, &mut invstd);
    let (kept, scale) = ((mean.clone(), invstd.clone()), invstd.clone());
    let (mut dgamma, mut dbeta) = (vec![0.0; v.c], vec![0.0; v.c]);
    let forward = || {
        channel_statistics(&x, v, &mut mean, &mut var, &mut a);
        batch_norm_apply(act, &x, v, &gamma, &beta, 1e-3, &mut y, v, &mean, &var, &mut invstd);
    };
    let backward = || {
        let n = BatchNormGradients { gamma: &gamma, beta: &beta, mean: &kept.0, invstd: &kept.1, dgamma: &mut dgamma, dbeta: &mut dbeta };
        batch_norm_backward(act, n, &x, v, &dy, v, &mut dx, v, &mut b);
    };
    // Forward reads x for the statistics and again to normalise; backward reads x and dy for the sums and again for dx.
    let passes = vec![
        Pass { name: "forward", amount: bytes(3, v), call: Box::new(forward) },
        Pass { name: "backward", amount: bytes(5, v), call: Box::new(backward) },
        Pass { name: "folded", amount: bytes(2, v), call: Box::new(|| affine_act(act, &x, v, &scale, &beta, &mut folded, v)) },
    ];
    table.row(&name, Unit::Bytes, passes);
}

fn activation(table: &Table, v: View) {
    let name = format!("silu {}", shape(v));
    if !table.wants(&name) {
        return;
    }
    let (x, dy, mut y, mut dx) = (noise(v.len(), 7919), noise(v.len(), 6007), vec![0.0; v.len()], vec![0.0; v.len()]);
    let act = Activation::Silu;
    let passes = vec![
        Pass { name: "forward", amount: bytes(2, v), call: Box::new(|| activation_forward(act, &x, v, &mut y, v)) },
        Pass { name: "backward", amount: bytes(3, v), call: Box::new(|| activation_backward(act, &x, v, &dy, v, &mut dx, v, false)) },
    ];
    table.row(&name, Unit::Bytes, passes);
}

/// Addition, and concatenation by copies (forward) and slices of the gradient (backward); planned networks need neither copy.
fn sums(table: &Table, v: View) {
    let (x, z, mut y) = (noise(v.len(), 7919), noise(v.len(), 6007), vec![0.0; v.len()]);
    let name = format!("add {}", shape(v));
    if table.wants(&name) {
        let call = Box::new(|| sum(&[(&x, v), (&z, v)], &mut y, v, false));
        table.row(&name, Unit::Bytes, vec![Pass { name: "forward", amount: bytes(3, v), call }]);
    }
    let name = format!("concat 2 of {}", shape(v));
    if !table.wants(&name) {
        return;
    }
    let wide = View::dense(v.n, v.h, v.w, 2 * v.c);
    let (mut to, from, mut dx) = (vec![0.0; wide.len()], noise(wide.len(), 6007), vec![0.0; v.len()]);
    let forward = || {
        sum(&[(&x, v)], &mut to, wide.channels(0, v.c), false);
        sum(&[(&z, v)], &mut to, wide.channels(v.c, v.c), false);
    };
    let backward = || (0..2).for_each(|i| sum(&[(&from, wide.channels(i * v.c, v.c))], &mut dx, v, false));
    let passes = vec![
        Pass { name: "forward", amount: bytes(4, v), call: Box::new(forward) },
        Pass { name: "backward", amount: bytes(4, v), call: Box::new(backward) },
    ];
    table.row(&name, Unit::Bytes, passes);
}

fn max_pool(table: &Table, what: &str, pool: Pool2d, v: View) {
    let name = format!("{what} {}", shape(v));
    if !table.wants(&name) {
        return;
    }
    let (h, w) = pool.output_size(v.h, v.w);
    let yv = View::dense(v.n, h, w, v.c);
    let (x, dy, mut y, mut dx) = (noise(v.len(), 7919), noise(yv.len(), 6007), vec![0.0; yv.len()], vec![0.0; v.len()]);
    let mut argmax = vec![0; yv.len()];
    max_pool_forward(&pool, &x, v, &mut y, yv, &mut argmax);
    let (winners, amount) = (argmax.clone(), bytes(1, v) + bytes(1, yv));
    let passes = vec![
        Pass { name: "forward", amount, call: Box::new(|| max_pool_forward(&pool, &x, v, &mut y, yv, &mut argmax)) },
        Pass { name: "backward", amount, call: Box::new(|| max_pool_backward(&pool, &winners, &dy, yv, &mut dx, v, false)) },
    ];
    table.row(&name, Unit::Bytes, passes);
}

fn avg_pool(table: &Table, v: View) {
    let name = format!("avg-pool 3/1/1 {}", shape(v));
    if !table.wants(&name) {
        return;
    }
    let pool = Pool2d::square(3, 1, 1);
    let (x, dy, mut y, mut dx) = (noise(v.len(), 7919), noise(v.len(), 6007), vec![0.0; v.len()], vec![0.0; v.len()]);
    let passes = vec![
        Pass { name: "forward", amount: bytes(2, v), call: Box::new(|| avg_pool_forward(&pool, &x, v, &mut y, v)) },
        Pass { name: "backward", amount: bytes(2, v), call: Box::new(|| avg_pool_backward(&pool, &dy, v, &mut dx, v, false)) },
    ];
    table.row(&name, Unit::Bytes, passes);
}

fn global_pool(table: &Table, v: View) {
    let name = format!("global-pool {}", shape(v));
    if !table.wants(&name) {
        return;
    }
    let yv = View::dense(v.n, 1, 1, v.c);
    let (x, dy, mut y, mut dx) = (noise(v.len(), 7919), noise(yv.len(), 6007), vec![0.0; yv.len()], vec![0.0; v.len()]);
    let passes = vec![
        Pass { name: "forward", amount: bytes(1, v), call: Box::new(|| global_avg_pool_forward(&x, v, &mut y, yv)) },
        Pass { name: "backward", amount: bytes(1, v), call: Box::new(|| global_avg_pool_backward(&dy, yv, &mut dx, v, false)) },
    ];
    table.row(&name, Unit::Bytes, passes);
}

fn upsample(table: &Table, v: View) {
    let name = format!("upsample 2 {}", shape(v));
    if !table.wants(&name) {
        return;
    }
    let yv = View::dense(v.n, 2 * v.h, 2 * v.w, v.c);
    let (x, dy, mut y, mut dx) = (noise(v.len(), 7919), noise(yv.len(), 6007), vec![0.0; yv.len()], vec![0.0; v.len()]);
    let amount = bytes(1, v) + bytes(1, yv);
    let passes = vec![
        Pass { name: "forward", amount, call: Box::new(|| upsample_forward((2, 2), &x, v, &mut y, yv)) },
        Pass { name: "backward", amount, call: Box::new(|| upsample_backward((2, 2), &dy, yv, &mut dx, v, false)) },
    ];
    table.row(&name, Unit::Bytes, passes);
}

/// The product by channel that squeeze-excite ends in.
fn squeeze(table: &Table, v: View) {
    let name = format!("channel-scale {}", shape(v));
    if !table.wants(&name) {
        return;
    }
    let sv = View::dense(v.n, 1, 1, v.c);
    let (x, s, dy) = (noise(v.len(), 7919), noise(sv.len(), 6007), noise(v.len(), 104_729));
    let (mut y, mut dx, mut ds) = (vec![0.0; v.len()], vec![0.0; v.len()], vec![0.0; sv.len()]);
    let passes = vec![
        Pass { name: "forward", amount: bytes(2, v), call: Box::new(|| channel_scale_forward(&x, v, &s, sv, &mut y, v)) },
        Pass { name: "dX", amount: bytes(2, v), call: Box::new(|| channel_scale_backward_input(&s, sv, &dy, v, &mut dx, v, false)) },
        Pass { name: "dS", amount: bytes(2, v), call: Box::new(|| channel_scale_backward_scale(&x, v, &dy, v, &mut ds, sv, false)) },
    ];
    table.row(&name, Unit::Bytes, passes);
}

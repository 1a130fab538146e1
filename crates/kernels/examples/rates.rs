//! Prints GFLOP/s of the convolutions (forward, input gradient, weight gradient) and ms of the other passes, on one thread and
//! on two. `cargo run --release --example rates [avx512|avx2|portable] [words that a row's name must contain]`

use nasflow_kernels::*;
use std::hint::black_box;
use std::time::Instant;

fn median(mut f: impl FnMut()) -> f64 {
    f();
    let mut t: Vec<f64> = (0..9)
        .map(|_| {
            let s = Instant::now();
            f();
            s.elapsed().as_secs_f64()
        })
        .collect();
    t.sort_by(f64::total_cmp);
    t[t.len() / 2]
}

fn noise(len: usize, k: usize) -> Vec<f32> {
    (0..len).map(|i| (i * k % 1009) as f32 / 1009. - 0.5).collect()
}

fn convolution(k: usize, s: usize, ic: usize, oc: usize, hw: usize, n: usize, groups: usize) -> String {
    let conv = Conv2d { padding: if k == 6 { (2, 2) } else { (k / 2, k / 2) }, ..Conv2d::square(k, s).with_groups(groups) };
    let (h, w) = conv.output_size(hw, hw);
    let (xv, yv) = (View::dense(n, hw, hw, ic), View::dense(n, h, w, oc));
    let (x, weights, dy) = (noise(xv.len(), 7919), noise(conv.weight_len(ic, oc), 6007), noise(yv.len(), 104_729));
    let (mut y, mut dx, mut dw, mut scratch) = (vec![0.; yv.len()], vec![0.; xv.len()], vec![0.; weights.len()], Scratch::new());
    let flops = 2. * (yv.pixels() * weights.len()) as f64;
    let f = median(|| conv2d_forward(&conv, &x, xv, &weights, None, &mut y, yv, &mut scratch));
    let d = median(|| conv2d_backward_input(&conv, &weights, &dy, yv, &mut dx, xv, false, &mut scratch));
    let g = median(|| conv2d_backward_weight(&conv, &x, xv, &dy, yv, &mut dw, &mut scratch));
    let r = |t: f64| flops / t / 1e9;
    format!("{:6.1} {:6.1} {:6.1} GFLOP/s {:7.2} ms", r(f), r(d), r(g), (f + d + g) * 1e3)
}

fn passes(n: usize, hw: usize, c: usize) -> String {
    let v = View::dense(n, hw, hw, c);
    let (x, dy, mut y, mut s) = (noise(v.len(), 7919), noise(v.len(), 6007), vec![0.; v.len()], Scratch::new());
    let (gamma, beta) = (vec![1.; c], vec![0.1; c]);
    let (mut mean, mut var, mut invstd, mut dg, mut db) = (vec![0.; c], vec![0.; c], vec![0.; c], vec![0.; c], vec![0.; c]);
    let f = median(|| {
        channel_statistics(&x, v, &mut mean, &mut var, &mut s);
        batch_norm_apply(Activation::Silu, &x, v, &gamma, &beta, 1e-3, &mut y, v, &mean, &var, &mut invstd);
    });
    let b = median(|| {
        let n = BatchNormGradients { gamma: &gamma, beta: &beta, mean: &mean, invstd: &invstd, dgamma: &mut dg, dbeta: &mut db };
        batch_norm_backward(Activation::Silu, n, &x, v, &dy, v, &mut y, v, &mut s);
    });
    let pool = Pool2d::square(5, 1, 2);
    let mut argmax = vec![0u8; v.len()];
    let p = median(|| max_pool_forward(&pool, &x, v, &mut y, v, &mut argmax));
    let q = median(|| max_pool_backward(&pool, &argmax, &dy, v, &mut y, v, false));
    let a = median(|| sum(&[(&x, v)], &mut y, v, true));
    black_box(&y);
    let ms = 1e3;
    format!("bn+silu {:.2} + {:.2} ms, max pool 5/1/2 {:.2} + {:.2} ms, add {:.2} ms", f * ms, b * ms, p * ms, q * ms, a * ms)
}

fn main() {
    let (sets, words): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|a| ["avx512", "avx2", "portable"].contains(&a.as_str()));
    let set = InstructionSet::all_available().into_iter().find(|s| sets.first().is_none_or(|n| n == s.name())).expect("an available set");
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    let two = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("a pool");
    println!("{}: forward, dX, dW; one thread, then two", set.name());
    let row = |name: String, f: &(dyn Fn() -> String + Sync)| {
        if words.iter().all(|w| name.contains(w.as_str())) {
            println!("{name:<28} {}", one.install(|| with_instruction_set(set, f)));
            println!("{:<28} {}", "", two.install(|| with_instruction_set(set, f)));
        }
    };
    for (k, s, ic, oc, hw, n, g) in [
        (6, 2, 3, 16, 320, 8, 1),
        (3, 1, 16, 16, 80, 8, 1),
        (3, 1, 32, 32, 40, 8, 1),
        (3, 1, 64, 64, 20, 8, 1),
        (3, 1, 128, 128, 10, 8, 1),
        (3, 2, 16, 32, 160, 8, 1),
        (3, 2, 32, 64, 80, 8, 1),
        (3, 2, 128, 256, 20, 8, 1),
        (5, 1, 32, 32, 40, 8, 1),
        (1, 1, 32, 16, 80, 8, 1),
        (1, 1, 32, 32, 80, 8, 1),
        (1, 1, 64, 64, 40, 8, 1),
        (1, 1, 128, 128, 20, 8, 1),
        (1, 1, 512, 256, 5, 8, 1),
        (1, 1, 64, 255, 40, 8, 1),
        (1, 1, 64, 27, 20, 8, 1),
        (3, 1, 128, 128, 3, 16, 1),
        (3, 1, 256, 256, 3, 16, 1),
        (3, 1, 128, 128, 5, 8, 1),
        (3, 1, 128, 128, 6, 16, 1),
        (3, 2, 128, 256, 6, 16, 1),
        (3, 1, 64, 64, 12, 8, 1),
        (3, 1, 96, 96, 32, 64, 96),
        (3, 2, 96, 96, 32, 64, 96),
        (3, 1, 192, 192, 16, 64, 192),
        (3, 1, 384, 384, 8, 64, 384),
        (5, 2, 96, 96, 32, 64, 96),
        (3, 1, 64, 64, 20, 8, 2),
        (3, 1, 64, 64, 20, 8, 8),
        (3, 1, 128, 128, 20, 8, 32),
        (1, 1, 128, 128, 20, 8, 4),
    ] {
        row(format!("{k}x{k} s{s} {ic}->{oc} @{hw} n{n} g{g}"), &|| convolution(k, s, ic, oc, hw, n, g));
    }
    for (n, hw, c) in [(8, 160, 16), (64, 32, 96), (8, 20, 128), (8, 10, 256)] {
        row(format!("passes {n}x{hw}x{hw}x{c}"), &|| passes(n, hw, c));
    }
}

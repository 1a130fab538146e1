//! Every kernel against a naive f64 computation, on every instruction set of the machine and on 1, 2 and 3 threads, which must
//! all give the same bits.

mod activations;
mod convolution;
mod dense_ops;
mod norms;
mod optimisers;
mod pools;

use crate::{InstructionSet, View, with_instruction_set};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::OnceLock;

/// Numbers in −1..1 from a linear congruential generator.
pub fn noise(len: usize, seed: u64) -> Vec<f32> {
    let mut s = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..len)
        .map(|_| {
            s = s.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (s >> 40) as f32 / (1u64 << 23) as f32 - 1.
        })
        .collect()
}

fn pools() -> &'static [ThreadPool] {
    static POOLS: OnceLock<Vec<ThreadPool>> = OnceLock::new();
    POOLS.get_or_init(|| (1..=4).map(|n| ThreadPoolBuilder::new().num_threads(n).build().unwrap()).collect())
}

/// Runs `f` on every instruction set and thread count; the bits must agree. Answers them.
#[track_caller]
pub fn everywhere(f: impl Fn() -> Vec<f32> + Sync + Send) -> Vec<f32> {
    let mut first: Option<Vec<f32>> = None;
    for set in InstructionSet::all_available() {
        for pool in pools() {
            let got = pool.install(|| with_instruction_set(set, &f));
            match &first {
                None => first = Some(got),
                Some(want) => {
                    let same = want.len() == got.len() && want.iter().zip(&got).all(|(a, b)| a.to_bits() == b.to_bits());
                    assert!(same, "bits differ: {}, {} threads", set.name(), pool.current_num_threads());
                }
            }
        }
    }
    first.unwrap()
}

/// Asserts |got − want| ≤ tol·(1 + |want|·scale) everywhere.
#[track_caller]
pub fn close(got: &[f32], want: &[f64], tol: f64) {
    assert_eq!(got.len(), want.len());
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((f64::from(*g) - w).abs() <= tol * (1. + w.abs()), "element {i}: {g}, not {w}");
    }
}

/// The same shape inside a wider buffer, and that buffer's length.
pub fn strided(v: View, before: usize, after: usize) -> (View, usize) {
    let stride = v.c + before + after;
    (View { stride, offset: before, ..v }, v.pixels() * stride)
}

/// A dense tensor's values, out of a buffer.
pub fn dense(b: &[f32], v: View) -> Vec<f32> {
    (0..v.pixels()).flat_map(|p| b[v.offset + p * v.stride..][..v.c].to_vec()).collect()
}

/// A buffer holding `x` at `v`, `fill` elsewhere.
pub fn spread(x: &[f32], v: View, len: usize, fill: f32) -> Vec<f32> {
    let mut b = vec![fill; len];
    for p in 0..v.pixels() {
        b[v.offset + p * v.stride..][..v.c].copy_from_slice(&x[p * v.c..][..v.c]);
    }
    b
}

/// Asserts that nothing outside the view was written.
#[track_caller]
pub fn untouched(b: &[f32], v: View, fill: f32) {
    for (i, x) in b.iter().enumerate() {
        let c = (i + v.stride - v.offset % v.stride) % v.stride;
        assert!(c < v.c || x.to_bits() == fill.to_bits(), "element {i} outside the view was written");
    }
}

pub fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&v| f64::from(v)).collect()
}

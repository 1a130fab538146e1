//! Dropout with a counted mask: whether an element is kept is a function of (seed, step, index) alone, so the backward pass
//! makes the mask again, and threads and instruction sets change nothing.

use crate::par::{In, Out, chunks, pixels_a_piece};
use crate::simd::{Simd, current, vectorised};
use crate::view::View;

/// Which elements one application of dropout keeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// Chance that an element becomes zero, 0 ≤ rate < 1; the others are multiplied by 1/(1 − rate).
    pub rate: f32,
    /// The layer's and run's number.
    pub seed: u64,
    /// The training step's number.
    pub step: u64,
}

impl Dropout {
    /// Two words that stand for seed and step (SplitMix64's finaliser).
    fn keys(&self) -> (u32, u32) {
        let mix = |mut z: u64| {
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ (z >> 31)
        };
        let k = mix(mix(self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15)) ^ self.step.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        (k as u32, (k >> 32) as u32)
    }
}

/// A hash of 32 bits (Wellons' lowbias32).
#[inline(always)]
fn hash(mut x: u32) -> u32 {
    x = (x ^ (x >> 16)).wrapping_mul(0x7FEB_352D);
    x = (x ^ (x >> 15)).wrapping_mul(0x846C_A68B);
    x ^ (x >> 16)
}

#[inline(always)]
unsafe fn row_body<S: Simd>(x: *const f32, y: *mut f32, len: usize, first: u64, keys: (u32, u32), below: u32, scale: f32, add: bool) {
    for i in 0..len {
        let at = first + i as u64;
        let h = hash(hash(at as u32 ^ keys.0).wrapping_add(keys.1 ^ (at >> 32) as u32));
        let v = if h >= below { *x.add(i) * scale } else { 0. };
        *y.add(i) = if add { *y.add(i) + v } else { v };
    }
}
vectorised!(
    /// # Safety
    /// `len` floats at `x` and `y`.
    fn row(x: *const f32, y: *mut f32, len: usize, first: u64, keys: (u32, u32), below: u32, scale: f32, add: bool) = row_body
);

fn apply(d: Dropout, x: In, xv: View, y: Out, yv: View, add: bool) {
    assert!((0. ..1.).contains(&d.rate), "dropout rate {}", d.rate);
    let (set, keys, scale) = (current(), d.keys(), 1. / (1. - d.rate));
    let below = (f64::from(d.rate) * 4_294_967_296.) as u32;
    chunks(xv.pixels(), pixels_a_piece(xv.c), |p| {
        let dense = xv.is_dense() && yv.is_dense();
        let (rows, c) = if dense { (1, p.len() * xv.c) } else { (p.len(), xv.c) };
        for r in 0..rows {
            let q = p.start + r;
            // Safety: the callers checked the views; the piece writes its own pixels only.
            unsafe { row(set, x.ptr().add(xv.at(q)), y.ptr().add(yv.at(q)), c, (q * xv.c) as u64, keys, below, scale, add) };
        }
    });
}

/// y = x/(1 − rate) where kept, else 0. An element's index counts the tensor's elements in NHWC order, wherever its view lies.
pub fn dropout_forward(d: Dropout, x: &[f32], xv: View, y: &mut [f32], yv: View) {
    xv.check(x.len(), "x");
    yv.check(y.len(), "y");
    xv.same_shape(&yv, "x and y");
    apply(d, In::new(x), xv, Out::new(y), yv, false);
}

/// [`dropout_forward`] in place; of a gradient, its backward pass in place.
pub fn dropout_in_place(d: Dropout, x: &mut [f32], xv: View) {
    xv.check(x.len(), "x");
    let x = Out::new(x);
    apply(d, In::of(x), xv, x, xv, false);
}

/// dx = dy/(1 − rate) where the forward pass of the same `d` kept, else 0; dx += where `accumulate`.
pub fn dropout_backward(d: Dropout, dy: &[f32], dyv: View, dx: &mut [f32], dxv: View, accumulate: bool) {
    dyv.check(dy.len(), "dy");
    dxv.check(dx.len(), "dx");
    dyv.same_shape(&dxv, "dy and dx");
    apply(d, In::new(dy), dyv, Out::new(dx), dxv, accumulate);
}

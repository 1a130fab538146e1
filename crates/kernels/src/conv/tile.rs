//! The inner kernel of dense convolutions: P pixels by J vectors of columns held in registers while the taps and reduced
//! channels go by.

use crate::reduce::{prefetch, prefetch_write};
use crate::simd::{Simd, load, store, vectorised};

/// One block of columns for a list of pixels.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    /// What pixel and run offsets count from.
    pub(crate) read: *const f32,
    /// Offset of each pixel's first float, before the run's.
    pub(crate) sources: *const usize,
    /// Where each pixel's first column of this block goes, from `write`.
    pub(crate) targets: *const usize,
    pub(crate) pixels: usize,
    /// (offset from the pixel, floats): contiguous floats to multiply by consecutive weight rows.
    pub(crate) runs: *const (usize, usize),
    pub(crate) run_count: usize,
    /// Packed weights, `weight_stride` floats a row.
    pub(crate) weights: *const f32,
    pub(crate) weight_stride: usize,
    /// The chains' first terms for this block's columns, or null for zeros.
    pub(crate) bias: *const f32,
    pub(crate) write: *mut f32,
    pub(crate) columns: usize,
    pub(crate) accumulate: bool,
    /// Floats of a pixel to ask for ahead of time: inputs that are read where they are, for the first time.
    pub(crate) ahead: usize,
}

/// P pixels from the `at`th on, of which `valid` are stored (the others repeat the last), columns `column ..`.
#[inline(always)]
unsafe fn tile<S: Simd, const P: usize, const J: usize>(b: &Block, at: usize, valid: usize, column: usize) {
    let mut from = [b.read; P];
    for p in 0..P {
        from[p] = b.read.add(*b.sources.add(at + p.min(valid - 1)));
    }
    let left = b.columns - column;
    // The outputs' lines are on their way while the sums are made.
    for p in 0..P {
        let to = b.write.wrapping_add(*b.targets.add(at + p.min(valid - 1)) + column);
        for j in 0..J * S::LANES / 16 {
            prefetch_write(to.wrapping_add(16 * j));
        }
        if J * S::LANES < 16 {
            prefetch_write(to);
        }
    }
    let mut acc = [[S::splat(0.); J]; P];
    if !b.bias.is_null() {
        for j in 0..J {
            if left > j * S::LANES {
                let v = load::<S>(b.bias.add(column + j * S::LANES), left - j * S::LANES);
                for p in 0..P {
                    acc[p][j] = v;
                }
            }
        }
    }
    let mut w = b.weights.add(column);
    for r in 0..b.run_count {
        let (start, len) = *b.runs.add(r);
        for c in start..start + len {
            let mut wv = [S::splat(0.); J];
            for j in 0..J {
                wv[j] = S::load(w.add(j * S::LANES));
            }
            for p in 0..P {
                let v = S::splat(*from[p].add(c));
                for j in 0..J {
                    acc[p][j] = S::fma(v, wv[j], acc[p][j]);
                }
            }
            w = w.add(b.weight_stride);
        }
    }
    for p in 0..P {
        if p < valid {
            let to = b.write.add(*b.targets.add(at + p) + column);
            for j in 0..J {
                if left > j * S::LANES {
                    let (to, n) = (to.add(j * S::LANES), left - j * S::LANES);
                    let v = if b.accumulate { S::add(load::<S>(to, n), acc[p][j]) } else { acc[p][j] };
                    store::<S>(to, v, n);
                }
            }
        }
    }
}

/// Asks for the inputs of pixels `from..until`.
#[inline(never)]
unsafe fn ask(b: &Block, from: usize, until: usize) {
    for p in from..until.min(b.pixels) {
        let from = b.read.wrapping_add(*b.sources.add(p));
        for c in (0..b.ahead).step_by(16) {
            prefetch(from.wrapping_add(c));
        }
    }
}

/// All pixels for J vectors of columns: tiles of P, then a part of one.
#[inline(always)]
unsafe fn columns<S: Simd, const P: usize, const P2: usize, const P3: usize, const J: usize>(b: &Block, column: usize) {
    let mut at = 0;
    while at < b.pixels {
        let left = b.pixels - at;
        if b.ahead > 0 && left > P {
            ask(b, at + P, at + 2 * P);
        }
        if left > P2 {
            tile::<S, P, J>(b, at, left.min(P), column);
            at += P;
        } else if left > P3 {
            tile::<S, P2, J>(b, at, left, column);
            at += P2;
        } else {
            tile::<S, P3, J>(b, at, left, column);
            at += P3;
        }
    }
}

#[inline(always)]
unsafe fn block_body<S: Simd>(b: &Block) {
    let mut column = 0;
    while column < b.columns {
        let two = b.columns - column > S::LANES;
        match (S::LANES, two) {
            (16, true) => columns::<S, 12, 8, 4, 2>(b, column),
            (16, false) => columns::<S, 12, 8, 4, 1>(b, column),
            (_, true) => columns::<S, 6, 4, 2, 2>(b, column),
            (_, false) => columns::<S, 12, 6, 3, 1>(b, column),
        }
        column += if two { 2 * S::LANES } else { S::LANES };
    }
}

vectorised!(
    /// Computes the block.
    ///
    /// # Safety
    /// All pointers and offsets of the block must be good, `weights` for whole vectors up to `weight_stride`.
    pub(crate) fn block(b: &Block) = block_body
);

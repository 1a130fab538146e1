//! The inner kernel of the dense weight gradient: I input channels by J vectors of output channels held in registers while the
//! pixels of a band go by.

use super::segments::Segment;
use crate::reduce::prefetch_write;
use crate::simd::{Simd, load, vectorised};

/// One tap's product over a band: `rows` values of x against `columns` of dy, into `to` (`stride` floats a row).
#[derive(Clone, Copy)]
pub(super) struct Product {
    pub(super) x: *const f32,
    pub(super) xstep: usize,
    pub(super) dy: *const f32,
    pub(super) dystep: usize,
    pub(super) segments: *const Segment,
    pub(super) segment_count: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) to: *mut f32,
    pub(super) stride: usize,
    /// Write `to`; else add to it (never −0, so that the sum does not depend on what was added first).
    pub(super) first: bool,
}

#[inline(always)]
unsafe fn tile<S: Simd, const I: usize, const J: usize>(p: &Product, row: usize, column: usize) {
    let mut acc = [[S::splat(0.); J]; I];
    let left = p.columns - column;
    let (x, dy) = (p.x.add(row), p.dy.add(column));
    // The outputs' lines are on their way while the sums are made.
    for i in 0..I {
        prefetch_write(p.to.wrapping_add((row + i) * p.stride + column));
    }
    if left >= J * S::LANES {
        for s in 0..p.segment_count {
            let s = *p.segments.add(s);
            let (mut x, mut dy) = (x.add(s.x), dy.add(s.dy));
            for _ in 0..s.count {
                let mut d = [S::splat(0.); J];
                for j in 0..J {
                    d[j] = S::load(dy.add(j * S::LANES));
                }
                for i in 0..I {
                    let v = S::splat(*x.add(i));
                    for j in 0..J {
                        acc[i][j] = S::fma(v, d[j], acc[i][j]);
                    }
                }
                x = x.wrapping_add(p.xstep);
                dy = dy.wrapping_add(p.dystep);
            }
        }
    } else {
        let last = left - (J - 1) * S::LANES;
        for s in 0..p.segment_count {
            let s = *p.segments.add(s);
            let (mut x, mut dy) = (x.add(s.x), dy.add(s.dy));
            for _ in 0..s.count {
                let mut d = [S::splat(0.); J];
                for j in 0..J - 1 {
                    d[j] = S::load(dy.add(j * S::LANES));
                }
                d[J - 1] = S::load_n(dy.add((J - 1) * S::LANES), last);
                for i in 0..I {
                    let v = S::splat(*x.add(i));
                    for j in 0..J {
                        acc[i][j] = S::fma(v, d[j], acc[i][j]);
                    }
                }
                x = x.wrapping_add(p.xstep);
                dy = dy.wrapping_add(p.dystep);
            }
        }
    }
    for i in 0..I {
        for j in 0..J {
            if left > j * S::LANES {
                let to = p.to.add((row + i) * p.stride + column + j * S::LANES);
                let v = if p.first { acc[i][j] } else { S::add(load::<S>(to, S::LANES), S::add(S::splat(0.), acc[i][j])) };
                S::store(to, v);
            }
        }
    }
}

#[inline(always)]
unsafe fn rows<S: Simd, const I: usize, const J: usize>(p: &Product, column: usize) {
    let mut row = 0;
    // Sums of one or two rows would wait for themselves: 8 are 4 + 4, not 6 + 2.
    while row + I <= p.rows && (I != 6 || !matches!(p.rows - row, 7 | 8)) {
        tile::<S, I, J>(p, row, column);
        row += I;
    }
    while row + 4 <= p.rows {
        tile::<S, 4, J>(p, row, column);
        row += 4;
    }
    match p.rows - row {
        3 => tile::<S, 3, J>(p, row, column),
        2 => tile::<S, 2, J>(p, row, column),
        1 => tile::<S, 1, J>(p, row, column),
        _ => (),
    }
}

#[inline(always)]
unsafe fn product_body<S: Simd>(p: &Product) {
    let mut column = 0;
    while column < p.columns {
        let two = p.columns - column > S::LANES;
        match (S::LANES, two) {
            (16, true) => rows::<S, 8, 2>(p, column),
            // 6 · 3, the run of a colour image's stem: 16 + 2 would leave the second tile waiting for its own sums.
            (16, false) if p.rows == 18 => rows::<S, 9, 1>(p, column),
            (16, false) => rows::<S, 16, 1>(p, column),
            (_, true) => rows::<S, 6, 2>(p, column),
            (_, false) => rows::<S, 8, 1>(p, column),
        }
        column += if two { 2 * S::LANES } else { S::LANES };
    }
}
vectorised!(
    /// # Safety
    /// Segments must stay in their buffers for `rows` and `columns` channels; `to` has whole vectors of columns.
    pub(super) fn product(p: &Product) = product_body
);

//! Average pooling (padding counts as zeros: PyTorch's `count_include_pad = True`, its default) and global average pooling.

use crate::par::{Out, aligned, chunks, with_local};
use crate::pool::{Pool2d, covering};
use crate::simd::{Simd, current, load, store, vectorised};
use crate::view::View;

/// y = factor · (sum of some rows), or y = factor · (sum of some pixels of a row), or y +=.
#[derive(Clone, Copy)]
struct Sum {
    x: *const f32,
    /// Terms, and floats from one to the next.
    terms: usize,
    step: usize,
    y: *mut f32,
    len: usize,
    factor: f32,
    accumulate: bool,
}

#[inline(always)]
unsafe fn terms<S: Simd, const T: usize>(s: &Sum) {
    let mut i = 0;
    while i < s.len {
        let left = s.len - i;
        let mut sum = load::<S>(s.x.add(i), left);
        let count = if T == 0 { s.terms } else { T };
        for t in 1..count {
            sum = S::add(sum, load::<S>(s.x.add(t * s.step + i), left));
        }
        let v = S::mul(sum, S::splat(s.factor));
        let v = if s.accumulate { S::add(load::<S>(s.y.add(i), left), v) } else { v };
        store::<S>(s.y.add(i), v, left);
        i += S::LANES;
    }
}

#[inline(always)]
unsafe fn sum_body<S: Simd>(s: &Sum) {
    match s.terms {
        2 => terms::<S, 2>(s),
        3 => terms::<S, 3>(s),
        _ => terms::<S, 0>(s),
    }
}
vectorised!(
    /// # Safety
    /// At least one term; all terms and `y` good for `len`.
    fn sum(s: &Sum) = sum_body
);

/// A row of sums of pixels.
#[inline(always)]
unsafe fn line_body<S: Simd>(s: &Sum, spans: *const (usize, usize), pixels: usize, y_step: usize) {
    for j in 0..pixels {
        let (lo, hi) = *spans.add(j);
        let y = s.y.wrapping_add(j * y_step);
        if lo < hi {
            sum_body::<S>(&Sum { x: s.x.add(lo * s.step), terms: hi - lo, y, ..*s });
        } else if !s.accumulate {
            (0..s.len).for_each(|i| *y.add(i) = 0.);
        }
    }
}
vectorised!(
    /// # Safety
    /// As `sum`, for each of `pixels` spans.
    fn line(s: &Sum, spans: *const (usize, usize), pixels: usize, y_step: usize) = line_body
);

/// y[i, j] = factor · Σ over the rows and columns of x in `rows[i]` and `cols[j]`: rows are added first, then columns.
fn windows(x: &[f32], xv: View, y: Out, yv: View, rows: &[(usize, usize)], cols: &[(usize, usize)], factor: f32, accumulate: bool) {
    if yv.is_empty() {
        return;
    }
    let (set, c) = (current(), yv.c);
    let row_sum = xv.w * c;
    chunks(yv.n * yv.h, (16384 / row_sum.max(yv.w * c).max(1)).max(1), |out_rows| {
        with_local(|local| {
            let sums = aligned(&mut local.floats, row_sum);
            for row in out_rows {
                let (n, i) = (row / yv.h, row % yv.h);
                let (lo, hi) = rows[i];
                let whole = xv.is_dense();
                let (parts, len) = if whole { (1, row_sum) } else { (xv.w, c) };
                for part in 0..if lo < hi { parts } else { 0 } {
                    let x = x[xv.at((n * xv.h + lo) * xv.w + part)..].as_ptr();
                    let y = sums[part * c..].as_mut_ptr();
                    // Safety: rows lo..hi of the checked view; `sums` is one row.
                    unsafe { sum(set, &Sum { x, terms: hi - lo, step: xv.w * xv.stride, y, len, factor: 1., accumulate: false }) };
                }
                if lo >= hi {
                    sums.fill(0.);
                }
                // Safety: `cols` lie inside the row of sums; a row of the checked view, which this task owns.
                unsafe {
                    let to = y.ptr().add(yv.at((n * yv.h + i) * yv.w));
                    let s = Sum { x: sums.as_ptr(), terms: 0, step: c, y: to, len: c, factor, accumulate };
                    line(set, &s, cols.as_ptr(), yv.w, yv.stride);
                }
            }
        });
    });
}

/// For each of `outputs` windows, the inputs it covers.
fn covered(n: usize, outputs: usize, kernel: usize, stride: usize, padding: usize) -> Vec<(usize, usize)> {
    (0..outputs).map(|o| ((o * stride).saturating_sub(padding).min(n), (o * stride + kernel).saturating_sub(padding).min(n))).collect()
}

/// y = window sum / (kh·kw).
pub fn avg_pool_forward(pool: &Pool2d, x: &[f32], xv: View, y: &mut [f32], yv: View) {
    xv.check(x.len(), "x");
    yv.check(y.len(), "y");
    pool.check(&xv, &yv);
    let rows = covered(xv.h, yv.h, pool.kernel.0, pool.stride.0, pool.padding.0);
    let cols = covered(xv.w, yv.w, pool.kernel.1, pool.stride.1, pool.padding.1);
    windows(x, xv, Out::new(y), yv, &rows, &cols, 1. / (pool.kernel.0 * pool.kernel.1) as f32, false);
}

/// dx = dy / (kh·kw) spread over each window; dx += where `accumulate`.
pub fn avg_pool_backward(pool: &Pool2d, dy: &[f32], dyv: View, dx: &mut [f32], dxv: View, accumulate: bool) {
    dyv.check(dy.len(), "dy");
    dxv.check(dx.len(), "dx");
    pool.check(&dxv, &dyv);
    let rows = covering(dxv.h, dyv.h, pool.kernel.0, pool.stride.0, pool.padding.0);
    let cols = covering(dxv.w, dyv.w, pool.kernel.1, pool.stride.1, pool.padding.1);
    windows(dy, dyv, Out::new(dx), dxv, &rows, &cols, 1. / (pool.kernel.0 * pool.kernel.1) as f32, accumulate);
}

/// y[n, 0, 0, c] = mean of x over h and w (rows summed first, then the rows' sums).
pub fn global_avg_pool_forward(x: &[f32], xv: View, y: &mut [f32], yv: View) {
    xv.check(x.len(), "x");
    yv.check(y.len(), "y");
    assert!((yv.n, yv.h, yv.w, yv.c) == (xv.n, 1, 1, xv.c), "global pooling leads from {xv:?} to n×1×1×c, not {yv:?}");
    let (out, scale) = (Out::new(y), 1. / (xv.h * xv.w) as f32);
    chunks(xv.n, 1, |n| {
        let n = n.start;
        // Safety: a pixel of the checked view; a task writes its own image.
        let to = unsafe { std::slice::from_raw_parts_mut(out.ptr().add(yv.at(n)), yv.c) };
        let mut row = vec![0f32; xv.c];
        to.fill(0.);
        for i in 0..xv.h {
            row.fill(0.);
            for j in 0..xv.w {
                let from = &x[xv.at((n * xv.h + i) * xv.w + j)..][..xv.c];
                row.iter_mut().zip(from).for_each(|(t, v)| *t += v);
            }
            to.iter_mut().zip(&row).for_each(|(t, v)| *t += v);
        }
        to.iter_mut().for_each(|t| *t *= scale);
    });
}

/// dx[n, h, w, c] = dy[n, 0, 0, c]/(h·w); dx += where `accumulate`.
pub fn global_avg_pool_backward(dy: &[f32], dyv: View, dx: &mut [f32], dxv: View, accumulate: bool) {
    dyv.check(dy.len(), "dy");
    dxv.check(dx.len(), "dx");
    assert!((dyv.n, dyv.h, dyv.w, dyv.c) == (dxv.n, 1, 1, dxv.c), "global pooling leads from {dxv:?} to n×1×1×c, not {dyv:?}");
    let (out, scale) = (Out::new(dx), 1. / (dxv.h * dxv.w) as f32);
    chunks(dxv.n * dxv.h, (16384 / (dxv.w * dxv.c).max(1)).max(1), |rows| {
        for row in rows {
            let from = &dy[dyv.at(row / dxv.h)..][..dyv.c];
            for j in 0..dxv.w {
                // Safety: a pixel of the checked view; tasks write their own rows.
                let to = unsafe { std::slice::from_raw_parts_mut(out.ptr().add(dxv.at(row * dxv.w + j)), dxv.c) };
                if accumulate {
                    to.iter_mut().zip(from).for_each(|(t, v)| *t += v * scale);
                } else {
                    to.iter_mut().zip(from).for_each(|(t, v)| *t = v * scale);
                }
            }
        }
    });
}

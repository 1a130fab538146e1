//! Average pooling (padding counts as zeros: PyTorch's `count_include_pad = True`, its default) and global average pooling.

use crate::par::{Out, chunks};
use crate::pool::{Pool2d, zero_channels};
use crate::view::View;

/// y = window sum / (kh·kw).
pub fn avg_pool_forward(pool: &Pool2d, x: &[f32], xv: View, y: &mut [f32], yv: View) {
    xv.check(x.len(), "x");
    yv.check(y.len(), "y");
    pool.check(&xv, &yv);
    let (out, scale) = (Out::new(y), 1. / (pool.kernel.0 * pool.kernel.1) as f32);
    chunks(yv.n * yv.h, (8192 / (yv.w * yv.c).max(1)).max(1), |rows| {
        for row in rows {
            for j in 0..yv.w {
                // Safety: a pixel of the checked view; tasks write their own rows.
                let to = unsafe { std::slice::from_raw_parts_mut(out.ptr().add(yv.at(row * yv.w + j)), yv.c) };
                to.fill(0.);
                pool.taps(&xv, row / yv.h, row % yv.h, j, |pixel, _| {
                    for (t, v) in to.iter_mut().zip(&x[xv.at(pixel)..][..xv.c]) {
                        *t += v;
                    }
                });
                to.iter_mut().for_each(|t| *t *= scale);
            }
        }
    });
}

/// dx = dy / (kh·kw) spread over each window; dx += where `accumulate`.
pub fn avg_pool_backward(pool: &Pool2d, dy: &[f32], dyv: View, dx: &mut [f32], dxv: View, accumulate: bool) {
    dyv.check(dy.len(), "dy");
    dxv.check(dx.len(), "dx");
    pool.check(&dxv, &dyv);
    let (out, scale) = (Out::new(dx), 1. / (pool.kernel.0 * pool.kernel.1) as f32);
    let parts = dyv.c.div_ceil(64);
    chunks(dyv.n * parts, 1, |task| {
        let (n, first) = (task.start / parts, task.start % parts * 64);
        let last = dyv.c.min(first + 64);
        if !accumulate {
            zero_channels(out, &dxv, n, first..last);
        }
        for i in 0..dyv.h {
            for j in 0..dyv.w {
                let from = &dy[dyv.at((n * dyv.h + i) * dyv.w + j)..][first..last];
                pool.taps(&dxv, n, i, j, |pixel, _| {
                    // Safety: a pixel of the checked view; a task writes its own image's channels.
                    let to = unsafe { std::slice::from_raw_parts_mut(out.ptr().add(dxv.at(pixel) + first), last - first) };
                    for (t, v) in to.iter_mut().zip(from) {
                        *t += v * scale;
                    }
                });
            }
        }
    });
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

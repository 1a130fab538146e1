//! Nearest-neighbour upsampling by whole factors.

use crate::par::{Out, chunks};
use crate::view::View;

#[track_caller]
fn check(xv: &View, yv: &View, factor: (usize, usize)) {
    assert!(factor.0 > 0 && factor.1 > 0, "upsampling by 0");
    assert!(
        (yv.n, yv.h, yv.w, yv.c) == (xv.n, xv.h * factor.0, xv.w * factor.1, xv.c),
        "upsampling by {factor:?} does not lead from {xv:?} to {yv:?}"
    );
}

/// y[n, i, j, c] = x[n, i/fh, j/fw, c] for `factor` (fh, fw).
pub fn upsample_forward(factor: (usize, usize), x: &[f32], xv: View, y: &mut [f32], yv: View) {
    xv.check(x.len(), "x");
    yv.check(y.len(), "y");
    check(&xv, &yv, factor);
    let out = Out::new(y);
    chunks(yv.n * yv.h, (16384 / (yv.w * yv.c).max(1)).max(1), |rows| {
        for row in rows {
            let (n, i) = (row / yv.h, row % yv.h / factor.0);
            for j in 0..yv.w {
                let from = &x[xv.at((n * xv.h + i) * xv.w + j / factor.1)..][..xv.c];
                // Safety: a pixel of the checked view; tasks write their own rows.
                unsafe { std::slice::from_raw_parts_mut(out.ptr().add(yv.at(row * yv.w + j)), yv.c) }.copy_from_slice(from);
            }
        }
    });
}

/// dx = the sum of dy over each pixel's copies, in row-major order; dx += where `accumulate`.
pub fn upsample_backward(factor: (usize, usize), dy: &[f32], dyv: View, dx: &mut [f32], dxv: View, accumulate: bool) {
    dyv.check(dy.len(), "dy");
    dxv.check(dx.len(), "dx");
    check(&dxv, &dyv, factor);
    let out = Out::new(dx);
    chunks(dxv.n * dxv.h, (8192 / (dxv.w * dxv.c).max(1)).max(1), |rows| {
        for row in rows {
            for j in 0..dxv.w {
                // Safety: a pixel of the checked view; tasks write their own rows.
                let to = unsafe { std::slice::from_raw_parts_mut(out.ptr().add(dxv.at(row * dxv.w + j)), dxv.c) };
                let mut keep = accumulate;
                for a in 0..factor.0 {
                    for b in 0..factor.1 {
                        let from = &dy[dyv.at((row * factor.0 + a) * dyv.w + j * factor.1 + b)..][..dyv.c];
                        if keep {
                            to.iter_mut().zip(from).for_each(|(t, v)| *t += v);
                        } else {
                            to.copy_from_slice(from);
                            keep = true;
                        }
                    }
                }
            }
        }
    });
}

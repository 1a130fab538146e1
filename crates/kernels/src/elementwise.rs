//! Copies, sums and channel scales of views.

use crate::par::{Out, chunks, pixels_a_piece};
use crate::view::View;

/// Calls `f(pixel, its channels in y)` for all pixels; runs of gapless pixels are not joined.
fn each_pixel(y: &mut [f32], yv: View, f: impl Fn(usize, &mut [f32]) + Sync) {
    let out = Out::new(y);
    chunks(yv.pixels(), pixels_a_piece(yv.c), |pixels| {
        for p in pixels {
            // Safety: a pixel of a view the caller checked; tasks have their own pixels.
            f(p, unsafe { std::slice::from_raw_parts_mut(out.ptr().add(yv.at(p)), yv.c) });
        }
    });
}

#[track_caller]
fn check(x: &[f32], xv: &View, y: &[f32], yv: &View) {
    xv.check(x.len(), "x");
    yv.check(y.len(), "y");
    xv.same_shape(yv, "x and y");
}

/// y = x (concatenation where a producer could not write into its slice).
pub fn copy(x: &[f32], xv: View, y: &mut [f32], yv: View) {
    check(x, &xv, y, &yv);
    each_pixel(y, yv, |p, y| y.copy_from_slice(&x[xv.at(p)..][..xv.c]));
}

/// y += x.
pub fn add_into(x: &[f32], xv: View, y: &mut [f32], yv: View) {
    check(x, &xv, y, &yv);
    each_pixel(y, yv, |p, y| y.iter_mut().zip(&x[xv.at(p)..][..xv.c]).for_each(|(y, x)| *y += x));
}

/// y = a + b.
pub fn add(a: &[f32], av: View, b: &[f32], bv: View, y: &mut [f32], yv: View) {
    check(a, &av, y, &yv);
    check(b, &bv, y, &yv);
    each_pixel(y, yv, |p, y| {
        let (a, b) = (&a[av.at(p)..][..av.c], &b[bv.at(p)..][..bv.c]);
        y.iter_mut().zip(a.iter().zip(b)).for_each(|(y, (a, b))| *y = a + b);
    });
}

/// y = 0.
pub fn zero(y: &mut [f32], yv: View) {
    yv.check(y.len(), "y");
    each_pixel(y, yv, |_, y| y.fill(0.));
}

#[track_caller]
fn check_scale(s: &[f32], sv: &View, xv: &View) {
    sv.check(s.len(), "s");
    assert!((sv.n, sv.h, sv.w, sv.c) == (xv.n, 1, 1, xv.c), "the scale of {xv:?} is n×1×1×c, not {sv:?}");
}

/// y[n, h, w, c] = x[n, h, w, c]·s[n, 0, 0, c] (squeeze and excitation).
pub fn channel_scale_forward(x: &[f32], xv: View, s: &[f32], sv: View, y: &mut [f32], yv: View) {
    check(x, &xv, y, &yv);
    check_scale(s, &sv, &xv);
    let image = xv.h * xv.w;
    each_pixel(y, yv, |p, y| {
        let (x, s) = (&x[xv.at(p)..][..xv.c], &s[sv.at(p / image)..][..xv.c]);
        y.iter_mut().zip(x.iter().zip(s)).for_each(|(y, (x, s))| *y = x * s);
    });
}

/// dx = dy·s, or dx += where `accumulate`.
pub fn channel_scale_backward_input(s: &[f32], sv: View, dy: &[f32], dyv: View, dx: &mut [f32], dxv: View, accumulate: bool) {
    check(dy, &dyv, dx, &dxv);
    check_scale(s, &sv, &dxv);
    let image = dxv.h * dxv.w;
    each_pixel(dx, dxv, |p, dx| {
        let terms = dy[dyv.at(p)..][..dxv.c].iter().zip(&s[sv.at(p / image)..][..dxv.c]);
        if accumulate {
            dx.iter_mut().zip(terms).for_each(|(d, (g, s))| *d += g * s);
        } else {
            dx.iter_mut().zip(terms).for_each(|(d, (g, s))| *d = g * s);
        }
    });
}

/// ds[n, 0, 0, c] = Σ over h and w of dy·x (rows summed first, then the rows' sums), or ds += where `accumulate`.
pub fn channel_scale_backward_scale(x: &[f32], xv: View, dy: &[f32], dyv: View, ds: &mut [f32], dsv: View, accumulate: bool) {
    check(x, &xv, dy, &dyv);
    check_scale(ds, &dsv, &xv);
    let out = Out::new(ds);
    chunks(xv.n, 1, |n| {
        let n = n.start;
        let (mut row, mut sum) = (vec![0f32; xv.c], vec![0f32; xv.c]);
        for i in 0..xv.h {
            row.fill(0.);
            for j in 0..xv.w {
                let p = (n * xv.h + i) * xv.w + j;
                let terms = x[xv.at(p)..][..xv.c].iter().zip(&dy[dyv.at(p)..][..xv.c]);
                row.iter_mut().zip(terms).for_each(|(r, (x, g))| *r += x * g);
            }
            sum.iter_mut().zip(&row).for_each(|(s, r)| *s += r);
        }
        // Safety: a pixel of the checked view; a task writes its own image.
        let to = unsafe { std::slice::from_raw_parts_mut(out.ptr().add(dsv.at(n)), xv.c) };
        to.iter_mut().zip(&sum).for_each(|(t, s)| *t = if accumulate { *t + s } else { *s });
    });
}

//! Copies, sums and channel scales of views.

use crate::par::{In, Out, chunks, pixels_a_piece};
use crate::simd::{Simd, current, load, store, vectorised};
use crate::view::View;

/// Calls `f(pixel, its channels in y)` for all pixels.
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

/// Most terms that one pass adds.
const TERMS: usize = 4;

/// Some pixels of a sum: floats at `y` and, for each term, at `x`; `steps` apart.
#[derive(Clone, Copy)]
struct Terms {
    x: [*const f32; TERMS],
    steps: [usize; TERMS],
    y: *mut f32,
    y_step: usize,
    rows: usize,
    len: usize,
    accumulate: bool,
}

#[inline(always)]
unsafe fn sum_rows<S: Simd, const N: usize>(t: &Terms) {
    for r in 0..t.rows {
        let y = t.y.add(r * t.y_step);
        let mut i = 0;
        while i < t.len {
            let left = t.len - i;
            let term = |k: usize| load::<S>(t.x[k].add(r * t.steps[k] + i), left);
            let mut sum = if t.accumulate { S::add(load::<S>(y.add(i), left), term(0)) } else { term(0) };
            for k in 1..N {
                sum = S::add(sum, term(k));
            }
            store::<S>(y.add(i), sum, left);
            i += S::LANES;
        }
    }
}

#[inline(always)]
unsafe fn sum_body<S: Simd>(t: &Terms, n: usize) {
    match n {
        1 => sum_rows::<S, 1>(t),
        2 => sum_rows::<S, 2>(t),
        3 => sum_rows::<S, 3>(t),
        _ => sum_rows::<S, 4>(t),
    }
}
vectorised!(
    /// # Safety
    /// `n` of 1..=4 terms, `rows` rows of `len` floats each and at `y`.
    fn sum_terms(t: &Terms, n: usize) = sum_body
);

/// y = Σ xs from left to right, or y = (…(y + x₀) + …) where `accumulate`. All views have one shape.
pub fn sum(xs: &[(&[f32], View)], y: &mut [f32], yv: View, accumulate: bool) {
    xs.iter().for_each(|(x, xv)| check(x, xv, y, &yv));
    assert!(accumulate || !xs.is_empty(), "a sum of nothing");
    let (set, out) = (current(), Out::new(y));
    for (k, xs) in xs.chunks(TERMS).enumerate() {
        let dense = yv.is_dense() && xs.iter().all(|x| x.1.is_dense());
        let from: Vec<In> = xs.iter().map(|x| In::new(x.0)).collect();
        chunks(yv.pixels(), pixels_a_piece(yv.c), |p| {
            let (rows, len) = if dense { (1, p.len() * yv.c) } else { (p.len(), yv.c) };
            let (mut x, mut steps) = ([std::ptr::null(); TERMS], [0; TERMS]);
            // Safety: the views were checked; the piece writes its own pixels only.
            unsafe {
                for i in 0..xs.len() {
                    (x[i], steps[i]) = (from[i].ptr().add(xs[i].1.at(p.start)), xs[i].1.stride);
                }
                let accumulate = accumulate || k > 0;
                let y = out.ptr().add(yv.at(p.start));
                sum_terms(set, &Terms { x, steps, y, y_step: yv.stride, rows, len, accumulate }, xs.len());
            }
        });
    }
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

#[inline(always)]
unsafe fn same_body<S: Simd>(a: *const f32, b: *const f32, len: usize) -> bool {
    let mut at = 0;
    while at < len {
        let end = len.min(at + 1024);
        let mut differs = 0;
        for i in at..end {
            differs |= (*a.add(i)).to_bits() ^ (*b.add(i)).to_bits();
        }
        if differs != 0 {
            return false;
        }
        at = end;
    }
    true
}
vectorised!(
    /// # Safety
    /// `len` floats at `a` and `b`.
    fn same(a: *const f32, b: *const f32, len: usize) -> bool = same_body
);

/// Whether two slices have the same length and bits.
pub fn same_bits(a: &[f32], b: &[f32]) -> bool {
    // Safety: both have the length that is given.
    a.len() == b.len() && unsafe { same(current(), a.as_ptr(), b.as_ptr(), a.len()) }
}

#[inline(always)]
unsafe fn copies_body<S: Simd>(from: *const f32, from_step: usize, to: *mut f32, to_step: usize, rows: usize, len: usize) {
    for r in 0..rows {
        let (from, to) = (from.add(r * from_step), to.add(r * to_step));
        let mut i = 0;
        while i + S::LANES <= len {
            S::store(to.add(i), S::load(from.add(i)));
            i += S::LANES;
        }
        if i < len {
            S::store_n(to.add(i), S::load_n(from.add(i), len - i), len - i);
        }
    }
}
vectorised!(
    /// # Safety
    /// `rows` rows of `len` floats at `from` and, elsewhere, at `to`.
    fn copies(from: *const f32, from_step: usize, to: *mut f32, to_step: usize, rows: usize, len: usize) = copies_body
);

/// Copies `rows` rows of `len` floats that begin `from_step` and `to_step` apart. (A call of `memcpy` a row is dear for short ones.)
#[inline]
pub(crate) fn copy_rows(from: &[f32], from_step: usize, to: &mut [f32], to_step: usize, rows: usize, len: usize) {
    if rows == 0 || len == 0 {
        return;
    }
    assert!((rows - 1) * from_step + len <= from.len() && (rows - 1) * to_step + len <= to.len(), "rows outside the slices");
    // Safety: just checked.
    unsafe { copies(current(), from.as_ptr(), from_step, to.as_mut_ptr(), to_step, rows, len) }
}

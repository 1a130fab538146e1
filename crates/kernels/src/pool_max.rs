//! Max pooling with −∞ padding. Ties go to the first tap in row-major order and NaN wins, as in PyTorch.

use crate::par::{Out, chunks, take, with_local};
use crate::pool::{Pool2d, covering};
use crate::simd::{Simd, current, load, store, vectorised};
use crate::view::View;

/// One output row of a pass along one axis: every output takes the first largest of its taps, which lie `tap_step` apart.
#[derive(Clone, Copy)]
struct Line {
    x: *const f32,
    /// Index of each x value so far, or null: then a tap's index is its number.
    which: *const f32,
    tap_step: usize,
    /// First tap inside the image, and past the last; the number of the former.
    taps: (usize, usize),
    /// Added to the index, per tap.
    tap_index: f32,
    channels: usize,
    y: *mut f32,
    y_which: *mut f32,
}

#[inline(always)]
unsafe fn line_body<S: Simd>(l: &Line) {
    let mut c = 0;
    while c < l.channels {
        let left = l.channels - c;
        let index = |t: usize| {
            let step = S::splat(t as f32 * l.tap_index);
            if l.which.is_null() { step } else { S::add(step, load::<S>(l.which.add((t - l.taps.0) * l.tap_step + c), left)) }
        };
        let mut best = load::<S>(l.x.add(c), left);
        let mut which = index(l.taps.0);
        for t in l.taps.0 + 1..l.taps.1 {
            let v = load::<S>(l.x.add((t - l.taps.0) * l.tap_step + c), left);
            which = S::if_gt_or_nan(v, best, index(t), which);
            best = S::if_gt_or_nan(v, best, v, best);
        }
        store::<S>(l.y.add(c), best, left);
        store::<S>(l.y_which.add(c), which, left);
        c += S::LANES;
    }
}
vectorised!(
    /// # Safety
    /// At least one tap; all offsets good for `channels`.
    fn line(l: &Line) = line_body
);

/// Indices as bytes.
#[inline(always)]
unsafe fn bytes_body<S: Simd>(from: *const f32, to: *mut u8, len: usize) {
    for i in 0..len {
        // Taps are whole numbers below 256.
        *to.add(i) = (*from.add(i)).to_int_unchecked::<i32>() as u8;
    }
}
vectorised!(
    /// # Safety
    /// `len` taps at `from`, as many bytes at `to`, elsewhere.
    fn bytes(from: *const f32, to: *mut u8, len: usize) = bytes_body
);

#[derive(Clone, Copy)]
struct Bytes(*mut u8);
// Safety: tasks write disjoint bytes.
unsafe impl Send for Bytes {}
unsafe impl Sync for Bytes {}
impl Bytes {
    fn ptr(self) -> *mut u8 {
        self.0
    }
}

fn forward(pool: &Pool2d, x: crate::par::In, xv: View, y: Out, yv: View, argmax: &mut [u8]) {
    let (kh, kw) = pool.kernel;
    assert!(kh * kw <= 255, "the tap's index is a byte");
    assert!(argmax.len() == yv.len(), "argmax is dense: n·h·w·c bytes");
    let (set, argmax) = (current(), Bytes(argmax.as_mut_ptr()));
    let (c, width) = (yv.c, yv.w * yv.c);
    // Rows first, then columns: a window's row maxima are shared by the windows above and below.
    // The halo above and below a piece is computed twice, so pieces are whole images where those are small.
    let piece = (65536 / width.max(1)).clamp(8, yv.h.max(8));
    chunks(yv.n * yv.h, piece, |rows| {
        with_local(|local| {
            let mut images = rows.start;
            while images < rows.end {
                // The part of the piece that lies in one image.
                let n = images / yv.h;
                let until = rows.end.min((n + 1) * yv.h);
                let (first, last) = (images % yv.h, (until - 1) % yv.h);
                let top = (first * pool.stride.0).saturating_sub(pool.padding.0);
                let bottom = (last * pool.stride.0 + kh - pool.padding.0).min(xv.h);
                let maxima = take(&mut local.floats, (bottom - top + 1) * width);
                let taps = take(&mut local.others, (bottom - top + 1) * width);
                let (maxima, taps) = (maxima.as_mut_ptr(), taps.as_mut_ptr());
                for r in top..bottom {
                    for j in 0..yv.w {
                        let span = pool.span(j, 1, xv.w);
                        let at = xv.at((n * xv.h + r) * xv.w + j * pool.stride.1 + span.0 - pool.padding.1);
                        let to = (r - top) * width + j * c;
                        // Safety: `span` keeps the taps in the checked view; `maxima` and `taps` have a row for r.
                        unsafe {
                            let l = Line {
                                x: x.ptr().add(at),
                                which: std::ptr::null(),
                                tap_step: xv.stride,
                                taps: span,
                                tap_index: 1.,
                                channels: c,
                                y: maxima.add(to),
                                y_which: taps.add(to),
                            };
                            line(set, &l);
                        }
                    }
                }
                for i in first..=last {
                    let span = pool.span(i, 0, xv.h);
                    let row = i * pool.stride.0 + span.0 - pool.padding.0 - top;
                    let p = (n * yv.h + i) * yv.w;
                    // Safety: as above; y and argmax are a row that only this task writes; both buffers end with a spare row.
                    unsafe {
                        let (value, index) = (maxima.add((bottom - top) * width), taps.add((bottom - top) * width));
                        let from = row * width;
                        let l = Line {
                            x: maxima.add(from),
                            which: taps.add(from),
                            tap_step: width,
                            taps: span,
                            tap_index: kw as f32,
                            channels: width,
                            y: value,
                            y_which: index,
                        };
                        line(set, &l);
                        bytes(set, index, argmax.ptr().add(p * c), width);
                        for j in 0..yv.w {
                            std::ptr::copy_nonoverlapping(value.add(j * c), y.ptr().add(yv.at(p + j)), c);
                        }
                    }
                }
                images = until;
            }
        });
    });
}

/// y = the largest of each window; `argmax` (dense n·h·w·c of y) is the winner's tap a·kw + b in the window.
pub fn max_pool_forward(pool: &Pool2d, x: &[f32], xv: View, y: &mut [f32], yv: View, argmax: &mut [u8]) {
    xv.check(x.len(), "x");
    yv.check(y.len(), "y");
    pool.check(&xv, &yv);
    forward(pool, crate::par::In::new(x), xv, Out::new(y), yv, argmax);
}

/// [`max_pool_forward`] from one channel slice of a buffer to another (a pyramid of pools in its concatenation).
///
/// # Panics
/// Unless both views have one stride, lie in the same pixels, and share no channel.
pub fn max_pool_forward_within(pool: &Pool2d, buffer: &mut [f32], xv: View, yv: View, argmax: &mut [u8]) {
    xv.check(buffer.len(), "x");
    yv.check(buffer.len(), "y");
    pool.check(&xv, &yv);
    xv.disjoint_channels(&yv);
    let y = Out::new(buffer);
    forward(pool, crate::par::In::of(y), xv, y, yv, argmax);
}

/// dx = each output's gradient at its winner, zero elsewhere; dx += where `accumulate`.
pub fn max_pool_backward(pool: &Pool2d, argmax: &[u8], dy: &[f32], dyv: View, dx: &mut [f32], dxv: View, accumulate: bool) {
    dyv.check(dy.len(), "dy");
    dxv.check(dx.len(), "dx");
    pool.check(&dxv, &dyv);
    backward(pool, argmax, crate::par::In::new(dy), dyv, Out::new(dx), dxv, accumulate);
}

/// [`max_pool_backward`] inside one buffer of gradients, as [`max_pool_forward_within`].
///
/// # Panics
/// Unless both views have one stride, lie in the same pixels, and share no channel.
pub fn max_pool_backward_within(pool: &Pool2d, argmax: &[u8], buffer: &mut [f32], dyv: View, dxv: View, accumulate: bool) {
    dyv.check(buffer.len(), "dy");
    dxv.check(buffer.len(), "dx");
    pool.check(&dxv, &dyv);
    dxv.disjoint_channels(&dyv);
    let dx = Out::new(buffer);
    backward(pool, argmax, crate::par::In::of(dx), dyv, dx, dxv, accumulate);
}

/// The windows that cover one pixel of dx.
#[derive(Clone, Copy)]
struct Covers {
    /// First channel of the first window's gradient, and its winners.
    dy: *const f32,
    winners: *const u8,
    /// Windows down and across; floats and bytes from one to the next.
    count: (usize, usize),
    dy_steps: (usize, usize),
    winner_steps: (usize, usize),
    /// The pixel's tap in the first window, and how much less it is in the next.
    tap: usize,
    tap_steps: (usize, usize),
    dx: *mut f32,
    channels: usize,
    accumulate: bool,
}

/// Every element takes the gradients of the windows that it won, in order.
#[inline(always)]
unsafe fn covers_body<S: Simd>(k: &Covers) {
    let mut c = 0;
    while c < k.channels {
        let left = k.channels - c;
        let mut sum = if k.accumulate { load::<S>(k.dx.add(c), left) } else { S::splat(0.) };
        for i in 0..k.count.0 {
            for j in 0..k.count.1 {
                let tap = (k.tap - i * k.tap_steps.0 - j * k.tap_steps.1) as u8;
                let dy = load::<S>(k.dy.add(i * k.dy_steps.0 + j * k.dy_steps.1 + c), left);
                let winners = k.winners.add(i * k.winner_steps.0 + j * k.winner_steps.1 + c);
                let with = S::add(sum, dy);
                sum = if left >= S::LANES {
                    S::if_byte(winners, tap, with, sum)
                } else {
                    let mut row = [0u8; 16];
                    std::ptr::copy_nonoverlapping(winners, row.as_mut_ptr(), left);
                    S::if_byte(row.as_ptr(), tap, with, sum)
                };
            }
        }
        store::<S>(k.dx.add(c), sum, left);
        c += S::LANES;
    }
}
vectorised!(
    /// # Safety
    /// All windows and the pixel must lie in their buffers.
    fn covers(k: &Covers) = covers_body
);

fn backward(pool: &Pool2d, argmax: &[u8], dy: crate::par::In, dyv: View, dx: Out, dxv: View, accumulate: bool) {
    assert!(pool.kernel.0 * pool.kernel.1 <= 255, "the tap's index is a byte");
    assert!(argmax.len() == dyv.len(), "argmax is dense: n·h·w·c bytes");
    let (set, c, kw) = (current(), dyv.c, pool.kernel.1);
    let rows = covering(dxv.h, dyv.h, pool.kernel.0, pool.stride.0, pool.padding.0);
    let cols = covering(dxv.w, dyv.w, pool.kernel.1, pool.stride.1, pool.padding.1);
    chunks(dxv.n * dxv.h, (8192 / (dxv.w * c).max(1)).max(1), |range| {
        for row in range {
            let (n, r) = (row / dxv.h, row % dxv.h);
            for q in 0..dxv.w {
                let (i, j) = (rows[r], cols[q]);
                let count = (i.1 - i.0, j.1 - j.0);
                let none = count.0 == 0 || count.1 == 0;
                // Of a pixel that no window covers, offsets are those of the first window, which is not read.
                let (first, tap) = if none {
                    (0, 0)
                } else {
                    let (a, b) = (r + pool.padding.0 - i.0 * pool.stride.0, q + pool.padding.1 - j.0 * pool.stride.1);
                    ((n * dyv.h + i.0) * dyv.w + j.0, a * kw + b)
                };
                // Safety: windows inside the checked view; tasks write their own rows, and read other channels where dx and dy
                // are one buffer.
                unsafe {
                    let k = Covers {
                        dy: dy.ptr().wrapping_add(dyv.at(first)),
                        winners: argmax.as_ptr().wrapping_add(first * c),
                        count: if none { (0, 0) } else { count },
                        dy_steps: (dyv.w * dyv.stride, dyv.stride),
                        winner_steps: (dyv.w * c, c),
                        tap,
                        tap_steps: (pool.stride.0 * kw, pool.stride.1),
                        dx: dx.ptr().add(dxv.at(row * dxv.w + q)),
                        channels: c,
                        accumulate,
                    };
                    covers(set, &k);
                }
            }
        }
    });
}

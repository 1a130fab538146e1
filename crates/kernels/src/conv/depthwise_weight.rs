//! Weight gradient of depthwise convolutions: dw[c][tap] += Σ over pixels of x[pixel at tap][c] · dy[pixel][c].
//!
//! Vectors along the channels, one tap at a time over a band small enough for the first-level cache, in four chains (pixels
//! modulo 4 of a run) that are added at the end of the band. Bands and groups as in `weight`.

use super::Conv2d;
use super::segments::{Segment, bands, of_tap};
use crate::par::{Out, take, tasks};
use crate::reduce::warm;
use crate::simd::{Simd, current, load, vectorised};
use crate::view::View;

#[derive(Clone, Copy)]
struct Sum {
    x: *const f32,
    xstep: usize,
    dy: *const f32,
    dystep: usize,
    segments: *const Segment,
    segment_count: usize,
    channels: usize,
    to: *mut f32,
    first: bool,
}

#[inline(always)]
unsafe fn sum_body<S: Simd>(p: &Sum) {
    let mut c = 0;
    while c < p.channels {
        let left = p.channels - c;
        let mut acc = [S::splat(0.); 4];
        for s in 0..p.segment_count {
            let s = *p.segments.add(s);
            let (x, dy) = (p.x.add(s.x + c), p.dy.add(s.dy + c));
            let mut q = 0;
            while q + 4 <= s.count {
                for k in 0..4 {
                    acc[k] = S::fma(load::<S>(x.add((q + k) * p.xstep), left), load::<S>(dy.add((q + k) * p.dystep), left), acc[k]);
                }
                q += 4;
            }
            while q < s.count {
                acc[0] = S::fma(load::<S>(x.add(q * p.xstep), left), load::<S>(dy.add(q * p.dystep), left), acc[0]);
                q += 1;
            }
        }
        let sum = S::add(S::add(acc[0], acc[1]), S::add(acc[2], acc[3]));
        let to = p.to.add(c);
        S::store(to, if p.first { sum } else { S::add(S::load(to), sum) });
        c += S::LANES;
    }
}
vectorised!(
    /// # Safety
    /// Segments must stay in their buffers; `to` has whole vectors of channels.
    fn sum(p: &Sum) = sum_body
);

/// See the module; `dw` is [c][1][kh][kw].
pub(crate) fn weight_gradient(conv: &Conv2d, x: &[f32], xv: View, dy: &[f32], dyv: View, dw: &mut [f32], partial: &mut Vec<f32>) {
    if dw.is_empty() || dyv.is_empty() || xv.is_empty() {
        return;
    }
    let (c, taps) = (xv.c, conv.taps());
    let row_floats = dyv.w * (conv.stride.0 * conv.stride.1 + 1) * c;
    let bands = bands(dyv.n, dyv.h, 8192 / row_floats.max(1));
    let group_bands = bands.len().div_ceil(16);
    let groups = bands.len().div_ceil(group_bands);
    let pitch = c.next_multiple_of(16);
    let size = taps * pitch;
    let partial = take(partial, groups * size);
    let out = Out::new(partial);
    let set = current();
    tasks(groups, |group| {
        let mut segments = Vec::new();
        for b in group * group_bands..((group + 1) * group_bands).min(bands.len()) {
            let pixels = bands[b].pixels(&dyv);
            warm(dy[dyv.at(pixels.start)..].as_ptr(), dyv.stride, pixels.len(), c);
            for t in 0..taps {
                of_tap(conv, &xv, &dyv, &bands[b], 0, t / conv.kernel.1, t % conv.kernel.1, &mut segments);
                // Safety: segments were cut to the checked views; groups own disjoint parts of `out`.
                unsafe {
                    let p = Sum {
                        x: x.as_ptr(),
                        xstep: conv.stride.1 * xv.stride,
                        dy: dy.as_ptr(),
                        dystep: dyv.stride,
                        segments: segments.as_ptr(),
                        segment_count: segments.len(),
                        channels: c,
                        to: out.ptr().add(group * size + t * pitch),
                        first: b == group * group_bands,
                    };
                    sum(set, &p);
                }
            }
        }
    });
    for (i, dw) in dw.chunks_exact_mut(taps).enumerate() {
        for (t, dw) in dw.iter_mut().enumerate() {
            *dw += (0..groups).fold(0., |s, g| s + partial[g * size + t * pitch + i]);
        }
    }
}

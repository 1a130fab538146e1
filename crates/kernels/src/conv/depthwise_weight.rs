//! Weight gradient of depthwise convolutions: dw[c][tap] += Σ over pixels of x[pixel at tap][c] · dy[pixel][c].
//!
//! Vectors along the channels; up to nine taps are summed at once while the pixels of a band go by, one chain a weight and band.
//! What a band reads is copied with its padding, so that all pixels are alike. Bands and groups as in `weight`.

use super::Conv2d;
use super::gather::copy_window;
use super::segments::{bands, window};
use crate::par::{Out, aligned, take, tasks, with_local};
use crate::simd::{Simd, current, load, vectorised};
use crate::view::View;

/// Most taps summed at once.
const TAPS: usize = 9;

#[derive(Clone, Copy)]
struct Sum {
    /// The copy; whole vectors may be read.
    x: *const f32,
    /// Floats from one image, row, and pixel to the next.
    x_steps: [usize; 3],
    /// Images, rows and pixels of a row.
    counts: [usize; 3],
    dy: *const f32,
    dy_step: usize,
    offsets: [usize; TAPS],
    channels: usize,
    /// [tap][pitch]
    to: *mut f32,
    pitch: usize,
    first: bool,
}

#[inline(always)]
unsafe fn column<S: Simd, const T: usize, const FULL: bool>(s: &Sum, c: usize) {
    let mut acc = [S::splat(0.); T];
    let mut dy = s.dy.add(c);
    for n in 0..s.counts[0] {
        for i in 0..s.counts[1] {
            let mut x = s.x.add(n * s.x_steps[0] + i * s.x_steps[1] + c);
            for _ in 0..s.counts[2] {
                let g = if FULL { S::load(dy) } else { S::load_n(dy, s.channels - c) };
                for t in 0..T {
                    acc[t] = S::fma(S::load(x.add(s.offsets[t])), g, acc[t]);
                }
                x = x.wrapping_add(s.x_steps[2]);
                dy = dy.wrapping_add(s.dy_step);
            }
        }
    }
    for t in 0..T {
        let to = s.to.add(t * s.pitch + c);
        S::store(to, if s.first { acc[t] } else { S::add(load::<S>(to, S::LANES), acc[t]) });
    }
}

#[inline(always)]
unsafe fn taps<S: Simd, const T: usize>(s: &Sum) {
    let mut c = 0;
    while c < s.channels {
        if c + S::LANES <= s.channels {
            column::<S, T, true>(s, c)
        } else {
            column::<S, T, false>(s, c)
        }
        c += S::LANES;
    }
}

#[inline(always)]
unsafe fn sum_body<S: Simd>(s: &Sum, count: usize) {
    match count {
        1 => taps::<S, 1>(s),
        2 => taps::<S, 2>(s),
        3 => taps::<S, 3>(s),
        4 => taps::<S, 4>(s),
        5 => taps::<S, 5>(s),
        6 => taps::<S, 6>(s),
        7 => taps::<S, 7>(s),
        8 => taps::<S, 8>(s),
        _ => taps::<S, 9>(s),
    }
}
vectorised!(
    /// # Safety
    /// All pixels and `count` ≤ 9 taps must lie in their buffers; `to` has whole vectors of channels.
    fn sum(s: &Sum, count: usize) = sum_body
);

/// See the module; `dw` is [c][1][kh][kw].
pub(crate) fn weight_gradient(conv: &Conv2d, x: &[f32], xv: View, dy: &[f32], dyv: View, dw: &mut [f32], partial: &mut Vec<f32>) {
    if dw.is_empty() || dyv.is_empty() || xv.is_empty() {
        return;
    }
    let (c, taps) = (xv.c, conv.taps());
    let row_floats = dyv.w * (conv.stride.0 * conv.stride.1 + 1) * c;
    let bands = bands(dyv.n, dyv.h, 32768 / row_floats.max(1));
    let group_bands = bands.len().div_ceil(16);
    let groups = bands.len().div_ceil(group_bands);
    let pitch = c.next_multiple_of(16);
    let size = taps * pitch;
    // As many taps at once as leave no small rest.
    let each = taps.div_ceil(taps.div_ceil(TAPS));
    let partial = take(partial, groups * size);
    let out = Out::new(partial);
    let set = current();
    tasks(groups, |group| {
        with_local(|local| {
            for b in group * group_bands..((group + 1) * group_bands).min(bands.len()) {
                let (band, win) = (&bands[b], window(conv, &dyv, &bands[b]));
                let copied = band.images.len() * win.height * win.width * c;
                let copy = aligned(&mut local.floats, copied + 16);
                copy_window(x, &xv, band.images.clone(), win, &mut copy[..copied]);
                for t in (0..taps).step_by(each) {
                    let count = each.min(taps - t);
                    let mut offsets = [0; TAPS];
                    for (k, offset) in offsets.iter_mut().take(count).enumerate() {
                        let (a, b) = ((t + k) / conv.kernel.1, (t + k) % conv.kernel.1);
                        *offset = (a * conv.dilation.0 * win.width + b * conv.dilation.1) * c;
                    }
                    // Safety: the window was made for these pixels and taps, and ends with a spare vector; dy's pixels are a
                    // run of the checked view; groups own disjoint parts of `out`.
                    unsafe {
                        let s = Sum {
                            x: copy.as_ptr(),
                            x_steps: [win.height * win.width * c, conv.stride.0 * win.width * c, conv.stride.1 * c],
                            counts: [band.images.len(), band.rows.len(), dyv.w],
                            dy: dy.as_ptr().add(dyv.at(band.pixels(&dyv).start)),
                            dy_step: dyv.stride,
                            offsets,
                            channels: c,
                            to: out.ptr().add(group * size + t * pitch),
                            pitch,
                            first: b == group * group_bands,
                        };
                        sum(set, &s, count);
                    }
                }
            }
        });
    });
    for (i, dw) in dw.chunks_exact_mut(taps).enumerate() {
        for (t, dw) in dw.iter_mut().enumerate() {
            *dw += (0..groups).fold(0., |s, g| s + partial[g * size + t * pitch + i]);
        }
    }
}

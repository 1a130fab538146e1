//! Depthwise convolution as a gathering sum (see `axis`), forward and for the input gradient: vectors along the channels,
//! eight pixels of a row at a time. Taps outside the image are left out.

use super::axis::Phase;
use super::gather::Finish;
use crate::activation::{Activation, value};
use crate::par::{Out, aligned, chunks};
use crate::simd::{Simd, current, load, store, vectorised};
use crate::view::View;

/// Some pixels of one output row, all reading the same taps.
#[derive(Clone, Copy)]
struct Row {
    read: *const f32,
    read_step: usize,
    /// (offset of the tap from `read`, offset of its weights), in summing order.
    taps: *const (usize, usize),
    tap_count: usize,
    weights: *const f32,
    bias: *const f32,
    write: *mut f32,
    write_step: usize,
    pixels: usize,
    channels: usize,
    accumulate: bool,
}

#[inline(always)]
unsafe fn pixels<S: Simd, const P: usize>(r: &Row, at: usize, c: usize) {
    let left = r.channels - c;
    let start = if r.bias.is_null() { S::splat(0.) } else { load::<S>(r.bias.add(c), left) };
    let mut acc = [start; P];
    let read = r.read.add(at * r.read_step + c);
    for t in 0..r.tap_count {
        let (offset, weight) = *r.taps.add(t);
        let w = S::load(r.weights.add(weight + c));
        for p in 0..P {
            acc[p] = S::fma(load::<S>(read.add(offset + p * r.read_step), left), w, acc[p]);
        }
    }
    for p in 0..P {
        let to = r.write.add((at + p) * r.write_step + c);
        let v = if r.accumulate { S::add(load::<S>(to, left), acc[p]) } else { acc[p] };
        store::<S>(to, v, left);
    }
}

#[inline(always)]
unsafe fn row_body<S: Simd>(r: &Row) {
    // Pixels outermost: memory is then read nearly in order.
    let mut at = 0;
    while at < r.pixels {
        let left = r.pixels - at;
        let mut c = 0;
        while c < r.channels {
            if left >= 8 {
                pixels::<S, 8>(r, at, c);
            } else if left >= 4 {
                pixels::<S, 4>(r, at, c);
            } else {
                pixels::<S, 1>(r, at, c);
            }
            c += S::LANES;
        }
        at += if left >= 8 {
            8
        } else if left >= 4 {
            4
        } else {
            1
        };
    }
}
vectorised!(
    /// # Safety
    /// All pixels and taps must lie in their buffers; weights have whole vectors of channels.
    fn row(r: &Row) = row_body
);

/// [c][tap] to [tap][c rounded up to 16].
pub(crate) fn pack<'a>(w: &[f32], taps: usize, c: usize, out: &'a mut Vec<f32>) -> &'a [f32] {
    let pitch = c.next_multiple_of(16);
    let out = aligned(out, taps * pitch);
    for (t, row) in out.chunks_exact_mut(pitch).enumerate() {
        for i in 0..c {
            row[i] = w[i * taps + t];
        }
        row[c..].fill(0.);
    }
    out
}

/// write[n, i, j, c] = bias[c] + Σ over taps of read · w[c][tap]; added where `accumulate`.
pub(crate) fn gather(
    x: &[f32],
    read: View,
    packed: &[f32],
    kernel: (usize, usize),
    bias: Option<&[f32]>,
    y: Out,
    write: View,
    rows: &[Phase],
    cols: &[Phase],
    accumulate: bool,
    finish: Finish,
) {
    if write.is_empty() {
        return;
    }
    let pitch = write.c.next_multiple_of(16);
    let set = current();
    let band = (32768 / (write.w * write.c)).max(1);
    let (act, moments) = match finish {
        Finish::Nothing => (Activation::Identity, None),
        Finish::Activate(act) => (act, None),
        Finish::Moments(m) => (Activation::Identity, Some(m.parts((write.n * write.h).div_ceil(band), write.c))),
    };
    chunks(write.n * write.h, band, |out_rows| {
        let mut taps: Vec<(usize, usize)> = Vec::new();
        let (first, pixels) = (out_rows.start, out_rows.len() * write.w);
        for out_row in out_rows {
            let (n, i) = (out_row / write.h, out_row % write.h);
            let r = &rows[i % rows.len()];
            let j = (i - r.start) / r.step;
            // (kernel row, read row), those inside the image.
            let live: Vec<(usize, usize)> = r
                .taps
                .iter()
                .map(|t| (t.0, (j * r.read_step) as isize + t.1))
                .filter(|t| t.1 >= 0 && t.1 < read.h as isize)
                .map(|t| (t.0, t.1 as usize))
                .collect();
            for c in cols {
                let (lo, hi) = if c.taps.is_empty() { (0, c.count) } else { c.inside(&c.taps, read.w) };
                let mut run = |from: usize, until: usize, c_taps: &[(usize, isize)]| {
                    if from >= until {
                        return;
                    }
                    // The run's first pixel reads its leftmost tap at column `origin`.
                    let origin = c_taps.first().map_or(0, |t| (from * c.read_step) as isize + t.1);
                    taps.clear();
                    for a in &live {
                        for b in c_taps {
                            let column = ((from * c.read_step) as isize + b.1 - origin) as usize;
                            taps.push((((a.1 - live[0].1) * read.w + column) * read.stride, (a.0 * kernel.1 + b.0) * pitch));
                        }
                    }
                    let base = if taps.is_empty() { 0 } else { read.at((n * read.h + live[0].1) * read.w + origin as usize) };
                    let to = write.at((n * write.h + i) * write.w + c.start + from * c.step);
                    // Safety: `live` and the column ranges keep every read inside the checked view; each task writes its
                    // own rows; `packed` has whole vectors.
                    unsafe {
                        let job = Row {
                            read: x.as_ptr().add(base),
                            read_step: c.read_step * read.stride,
                            taps: taps.as_ptr(),
                            tap_count: taps.len(),
                            weights: packed.as_ptr(),
                            bias: bias.map_or(std::ptr::null(), |b| b.as_ptr()),
                            write: y.ptr().add(to),
                            write_step: c.step * write.stride,
                            pixels: until - from,
                            channels: write.c,
                            accumulate,
                        };
                        row(set, &job);
                    }
                };
                let edge = |q: usize| -> Vec<(usize, isize)> {
                    let at = |t: &&(usize, isize)| (q * c.read_step) as isize + t.1;
                    c.taps.iter().filter(|t| at(t) >= 0 && at(t) < read.w as isize).copied().collect()
                };
                for q in (0..lo).chain(hi..c.count) {
                    run(q, q + 1, &edge(q));
                }
                run(lo, hi, &c.taps);
            }
        }
        // Safety: the rows that this task wrote.
        unsafe {
            let at = y.ptr().add(write.at(first * write.w));
            if act != Activation::Identity {
                value(set, act, at, write.stride, at, write.stride, pixels, write.c);
            }
            if let Some(m) = moments {
                m.of_run(set, first / band, at, write.stride, pixels, 0, write.c);
            }
        }
    });
}

//! Depthwise convolution as a gathering sum (see `axis`), forward and for the input gradient.
//!
//! A task takes a band of rows of one image, or some small images, and copies what it reads into a zero-padded buffer, so that
//! all pixels are alike. It then goes through channels in blocks whose rows stay in the first-level cache, with vectors along
//! the channels and up to 16 pixels of a row at a time.

use super::axis::Phase;
use super::gather::{Finish, Window, copy_window, span};
use crate::activation::{Activation, value};
use crate::par::{Out, aligned, tasks, with_local};
use crate::simd::{InstructionSet, Simd, current, load, store, vectorised};
use crate::view::View;

/// Some pixels of one output row, a block of channels.
#[derive(Clone, Copy)]
struct Row {
    /// In the copy, where whole vectors may be read.
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
    /// The block's channels.
    first: usize,
    last: usize,
    accumulate: bool,
}

/// P pixels by one vector of channels; T taps (0: as many as there are).
#[inline(always)]
unsafe fn pixels<S: Simd, const P: usize, const T: usize>(r: &Row, at: usize, c: usize) {
    let left = r.last - c;
    let start = if r.bias.is_null() { S::splat(0.) } else { load::<S>(r.bias.add(c), left) };
    let mut acc = [start; P];
    let read = r.read.add(at * r.read_step + c);
    for t in 0..if T == 0 { r.tap_count } else { T } {
        let (offset, weight) = *r.taps.add(t);
        let w = S::load(r.weights.add(weight + c));
        let read = read.add(offset);
        for p in 0..P {
            acc[p] = S::fma(S::load(read.add(p * r.read_step)), w, acc[p]);
        }
    }
    for p in 0..P {
        let to = r.write.add((at + p) * r.write_step + c);
        let v = if r.accumulate { S::add(load::<S>(to, left), acc[p]) } else { acc[p] };
        store::<S>(to, v, left);
    }
}

#[inline(always)]
unsafe fn channels<S: Simd, const P: usize, const T: usize>(r: &Row, at: usize) {
    let mut c = r.first;
    while c < r.last {
        pixels::<S, P, T>(r, at, c);
        c += S::LANES;
    }
}

#[inline(always)]
unsafe fn row_of_taps<S: Simd, const T: usize>(r: &Row) {
    let mut at = 0;
    while at < r.pixels {
        let left = r.pixels - at;
        // 16 sums leave no registers for the rest where there are only 16.
        if left >= 16 && S::LANES == 16 {
            channels::<S, 16, T>(r, at);
            at += 16;
        } else if left >= 8 {
            channels::<S, 8, T>(r, at);
            at += 8;
        } else if left >= 4 {
            channels::<S, 4, T>(r, at);
            at += 4;
        } else {
            channels::<S, 1, T>(r, at);
            at += 1;
        }
    }
}

#[inline(always)]
unsafe fn row_body<S: Simd>(r: &Row) {
    match r.tap_count {
        1 => row_of_taps::<S, 1>(r),
        2 => row_of_taps::<S, 2>(r),
        4 => row_of_taps::<S, 4>(r),
        9 => row_of_taps::<S, 9>(r),
        _ => row_of_taps::<S, 0>(r),
    }
}
vectorised!(
    /// # Safety
    /// All pixels and taps must lie in their buffers, whole vectors of channels in the copy and the weights.
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

/// Floats of a copy, about: a part of the second-level cache.
const COPY: usize = 32768;
/// Floats of the rows that one output row reads, about: a part of the first-level cache.
const ROWS: usize = 6144;

/// What is read and written, for all tasks.
#[derive(Clone, Copy)]
struct Job<'a> {
    weights: &'a [f32],
    pitch: usize,
    kernel_columns: usize,
    bias: Option<&'a [f32]>,
    y: Out,
    write: View,
    rows: &'a [Phase],
    cols: &'a [Phase],
    accumulate: bool,
}

/// write[n, i, j, c] = bias[c] + Σ over taps of read · w[c][tap]; added where `accumulate`.
pub(crate) fn gather(
    x: &[f32],
    read: View,
    weights: &[f32],
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
    let (set, c) = (current(), write.c);
    let jrows = rows.iter().map(|p| p.count).max().unwrap_or(0);
    let width = cols.iter().map(|p| p.count).max().unwrap_or(0);
    // Floats copied for a row of all phases, and how many of them a task takes: enough tasks for a few threads, a part of the
    // cache each.
    let row_floats = (cols[0].read_step * width * rows[0].read_step * c).max(1);
    let wanted = (row_floats * jrows * write.n / 16).clamp(4096, COPY);
    let band = (wanted / row_floats).clamp(1, jrows);
    let images = if band == jrows { (wanted / (row_floats * jrows)).clamp(1, write.n) } else { 1 };
    let band = jrows.div_ceil(jrows.div_ceil(band));
    let bands = jrows.div_ceil(band);
    let pieces = write.n.div_ceil(images) * bands;
    let (act, moments) = match finish {
        Finish::Nothing => (Activation::Identity, None),
        Finish::Activate(act) => (act, None),
        Finish::Moments(m) => (Activation::Identity, Some(m.parts(pieces, c))),
    };
    let job = Job { weights, pitch: c.next_multiple_of(16), kernel_columns: kernel.1, bias, y, write, rows, cols, accumulate };
    tasks(pieces, |piece| {
        let images = piece / bands * images..(piece / bands * images + images).min(write.n);
        let js = piece % bands * band..(piece % bands * band + band).min(jrows);
        with_local(|local| {
            for n in images.clone() {
                let reach = span(rows, js.start, js.end).zip(span(cols, 0, width));
                let win = reach.map_or(Window::default(), |(r, c)| Window {
                    top: r.0,
                    left: c.0,
                    height: (r.1 - r.0 + 1) as usize,
                    width: (c.1 - c.0 + 1) as usize,
                });
                let copied = win.height * win.width * c;
                let copy = aligned(&mut local.floats, copied + 16);
                if copied > 0 {
                    copy_window(x, &read, n..n + 1, win, &mut copy[..copied]);
                }
                image(set, &job, copy, win, n, js.clone());
            }
        });
        // Safety: the rows that this task wrote, in a forward pass (see `Finish`).
        unsafe {
            let at = y.ptr().add(write.at((images.start * write.h + js.start) * write.w));
            let pixels = images.len() * js.len() * write.w;
            if act != Activation::Identity {
                value(set, act, at, write.stride, at, write.stride, pixels, c);
            }
            if let Some(m) = moments {
                m.of_run(set, piece, at, write.stride, pixels, 0, c);
            }
        }
    });
}

/// Writes the rows `js` of image `n` from the copy of what they read.
fn image(set: InstructionSet, job: &Job, copy: &[f32], win: Window, n: usize, js: std::ops::Range<usize>) {
    let (write, c) = (&job.write, job.write.c);
    let mut taps: Vec<(usize, usize)> = Vec::new();
    for rp in job.rows {
        for cp in job.cols {
            let (top, left) = (rp.taps.first().map_or(win.top, |t| t.1), cp.taps.first().map_or(win.left, |t| t.1));
            taps.clear();
            for a in &rp.taps {
                for b in &cp.taps {
                    let offset = ((a.1 - top) as usize * win.width + (b.1 - left) as usize) * c;
                    taps.push((offset, (a.0 * job.kernel_columns + b.0) * job.pitch));
                }
            }
            let rows_read = rp.taps.last().map_or(1, |t| (t.1 - top + 1) as usize);
            let block = (ROWS / (rows_read * win.width).max(1)).max(16) / 16 * 16;
            for first in (0..c).step_by(block) {
                for j in js.start..js.end.min(rp.count) {
                    let line = (j * rp.read_step) as isize + top - win.top;
                    let base = if taps.is_empty() { 0 } else { (line as usize * win.width + (left - win.left) as usize) * c };
                    let to = write.at((n * write.h + rp.start + j * rp.step) * write.w + cp.start);
                    // Safety: `win` spans all taps of all pixels of these rows, and the copy ends with a spare vector; a task
                    // writes its own rows of the checked view; the weights have whole vectors.
                    unsafe {
                        let r = Row {
                            read: copy.as_ptr().add(base),
                            read_step: cp.read_step * c,
                            taps: taps.as_ptr(),
                            tap_count: taps.len(),
                            weights: job.weights.as_ptr(),
                            bias: job.bias.map_or(std::ptr::null(), |b| b.as_ptr()),
                            write: job.y.ptr().add(to),
                            write_step: cp.step * write.stride,
                            pixels: cp.count,
                            first,
                            last: c.min(first + block),
                            accumulate: job.accumulate,
                        };
                        row(set, &r);
                    }
                }
            }
        }
    }
}

//! Weight gradient of dense convolutions: dw[oc][ic][tap] += Σ over pixels of x[pixel at tap][ic] · dy[pixel][oc].
//!
//! Bands of output rows (fixed by the shapes) are summed in registers, one chain a weight; a group's bands are added in order
//! into a partial gradient, and the groups' partials in order into `dw`. Tasks are groups × (where those are few) parts of the
//! output channels, in blocks of 32, × (where that is too few) taps.

use super::gather::{Window, copy_window};
use super::product::{Product, product};
use super::segments::{Band, Segment, bands, of_tap, push, window};
use super::unpack::{Unpack, unpack};
use super::{Conv2d, pack, weight_small as small};
use crate::elementwise::copy_rows;
use crate::par::{In, Out, aligned, chunks, tasks, with_local};
use crate::reduce::warm;
use crate::simd::current;
use crate::view::View;

/// Tasks wanted at least.
pub(super) const TASKS: usize = 8;

/// See the module; `dw` is [oc][ic][kh][kw], one group.
pub(crate) fn weight_gradient(conv: &Conv2d, x: &[f32], xv: View, dy: &[f32], dyv: View, dw: &mut [f32], partial: &mut Vec<f32>) {
    if dw.is_empty() || dyv.is_empty() || xv.is_empty() {
        return;
    }
    let (ic, oc, taps, (kh, kw)) = (xv.c, dyv.c, conv.taps(), conv.kernel);
    // Few channels (an image): adjacent taps of a padded copy are one run of kw·ic values.
    let joined = ic < 8 && kw > 1 && conv.dilation.1 == 1;
    let (run, products) = if joined { (kw * ic, kh) } else { (ic, taps) };
    // Strided and narrow: columns of one remainder side by side, so that a tap reads neighbouring pixels (every block of
    // output channels copies again, which wide inputs do not earn back).
    let phased = !joined && conv.stride.1 > 1 && taps > 1 && ic <= 64;
    let row_floats = dyv.w * (conv.stride.0 * conv.stride.1 * ic + oc);
    let bands = bands(dyv.n, dyv.h, 32768 / row_floats.max(1));
    let blocks = oc.div_ceil(pack::BLOCK);
    let ocp = pack::padded(oc);
    let size = taps * ic * ocp;
    // Enough groups for a few threads, but a partial gradient each: only where many pixels share its cost. A group that has all
    // output channels reads its pixels once.
    let cheap = (xv.len() + dyv.len()) / (8 * size);
    let groups = TASKS.div_ceil(blocks).min(dyv.pixels() / 64).max(cheap.min(TASKS)).clamp(1, bands.len());
    let groups = bands.len().div_ceil(bands.len().div_ceil(groups));
    if let ([band], false) = (bands.as_slice(), joined) {
        return small::gradient(conv, x, xv, dy, dyv, dw, band, phased);
    }
    let group_bands = bands.len().div_ceil(groups);
    let task_blocks = blocks.div_ceil(TASKS.div_ceil(groups).min(blocks));
    let splits = blocks.div_ceil(task_blocks);
    let by_product = groups * splits < TASKS / 2;
    let (pieces, each) = if by_product { (products, 1) } else { (1, products) };
    // Worth a copy where enough passes over dy follow: rows without gaps, on cache lines, with whole vectors.
    let packs = taps * ic >= 64;
    let partial = aligned(partial, groups * size);
    let out = Out::new(partial);
    let set = current();
    tasks(groups * splits * pieces, |task| {
        let (group, rest) = (task / (splits * pieces), task % (splits * pieces));
        let (split, piece) = (rest / pieces, rest % pieces);
        let own = split * task_blocks..((split + 1) * task_blocks).min(blocks);
        let columns = own.start * pack::BLOCK..(own.end * pack::BLOCK).min(oc);
        let mut segments = Vec::new();
        with_local(|local| {
            for b in group * group_bands..((group + 1) * group_bands).min(bands.len()) {
                let band = &bands[b];
                let pixels = band.pixels(&dyv);
                warm(dy[dyv.at(pixels.start) + columns.start..].as_ptr(), dyv.stride, pixels.len(), columns.len());
                let (base, win) = if phased {
                    phased_band(conv, x, &xv, &dyv, band, &mut local.floats)
                } else if joined {
                    padded_band(conv, x, &xv, &dyv, band, &mut local.floats)
                } else {
                    warm_band(conv, x, &xv, band);
                    (x, Window::default())
                };
                for first in own.clone().map(|block| block * pack::BLOCK) {
                    let width = if packs { pack::width(first, oc) } else { pack::BLOCK.min(oc - first) };
                    let (dy, dyv, origin) = if packs {
                        let to = aligned(&mut local.others, pixels.len() * width);
                        pack_columns(dy, &dyv, pixels.clone(), first, width, to);
                        (&*to, View { stride: width, offset: 0, ..dyv }, pixels.start)
                    } else {
                        (&dy[first..], dyv, 0)
                    };
                    for t in piece * each..(piece + 1) * each {
                        let xstep = if phased {
                            phased_segments(conv, &dyv, band, origin, win, ic, (t / kw, t % kw), &mut segments);
                            ic
                        } else if joined {
                            joined_segments(conv, &dyv, band, origin, win, ic, t, &mut segments);
                            conv.stride.1 * ic
                        } else {
                            of_tap(conv, &xv, &dyv, band, origin, t / kw, t % kw, &mut segments);
                            conv.stride.1 * xv.stride
                        };
                        // Safety: segments were cut to the views (or the padded copy); tasks write disjoint blocks of `out`,
                        // whose rows have whole vectors of columns.
                        unsafe {
                            let p = Product {
                                x: base.as_ptr(),
                                xstep,
                                dy: dy.as_ptr(),
                                dystep: dyv.stride,
                                segments: segments.as_ptr(),
                                segment_count: segments.len(),
                                rows: run,
                                columns: width,
                                to: out.ptr().add(group * size + t * run * ocp + first),
                                stride: ocp,
                                first: b == group * group_bands,
                            };
                            product(set, &p);
                        }
                    }
                }
            }
        });
    });
    add_up(partial, groups, size, ocp, ic, taps, oc, dw);
}

/// Asks for the pixels that a band reads, in the order in which they lie.
pub(super) fn warm_band(conv: &Conv2d, x: &[f32], xv: &View, band: &Band) {
    let row = |r: usize| (r * conv.stride.0).saturating_sub(conv.padding.0).min(xv.h);
    let (top, bottom) = (row(band.rows.start), (row(band.rows.end - 1) + (conv.kernel.0 - 1) * conv.dilation.0 + 1).min(xv.h));
    for n in band.images.clone() {
        if top < bottom {
            warm(x[xv.at((n * xv.h + top) * xv.w)..].as_ptr(), xv.stride, (bottom - top) * xv.w, xv.c);
        }
    }
}

/// A zero-padded copy of what a band reads, the columns of a row ordered by their remainder modulo the stride, then by position.
/// The answer's window has the width of that order.
pub(super) fn phased_band<'a>(
    conv: &Conv2d,
    x: &[f32],
    xv: &View,
    dyv: &View,
    band: &Band,
    floats: &'a mut Vec<f32>,
) -> (&'a [f32], Window) {
    let (win, s, c) = (window(conv, dyv, band), conv.stride.1, xv.c);
    let part = win.width.div_ceil(s);
    let to = aligned(floats, band.images.len() * win.height * part * s * c);
    for (k, to) in to.chunks_exact_mut(part * s * c).enumerate() {
        let (n, i) = (band.images.start + k / win.height, win.top + (k % win.height) as isize);
        if i < 0 || i >= xv.h as isize {
            to.fill(0.);
            continue;
        }
        let row = (n * xv.h + i as usize) * xv.w;
        for (remainder, to) in to.chunks_exact_mut(part * c).enumerate() {
            // Positions j whose column left + remainder + j·s lies in the image.
            let left = win.left + remainder as isize;
            let first = ((-left).max(0) as usize).div_ceil(s).min(part);
            let last = ((xv.w as isize - left).max(0) as usize).div_ceil(s).clamp(first, part);
            to[..first * c].fill(0.);
            to[last * c..].fill(0.);
            if first < last {
                let from = &x[xv.at(row + (left + (first * s) as isize) as usize)..];
                copy_rows(from, s * xv.stride, &mut to[first * c..], c, last - first, c);
            }
        }
    }
    (to, Window { width: part * s, ..win })
}

/// The segments of a tap in the copy by remainders.
pub(super) fn phased_segments(
    conv: &Conv2d,
    dyv: &View,
    band: &Band,
    origin: usize,
    win: Window,
    ic: usize,
    tap: (usize, usize),
    to: &mut Vec<Segment>,
) {
    to.clear();
    let (s, shift) = (conv.stride.1, tap.1 * conv.dilation.1);
    let column = shift % s * (win.width / s) + shift / s;
    for (k, n) in band.images.clone().enumerate() {
        for (i, oh) in band.rows.clone().enumerate() {
            let row = k * win.height + i * conv.stride.0 + tap.0 * conv.dilation.0;
            let x = (row * win.width + column) * ic;
            push(to, Segment { x, dy: dyv.at((n * dyv.h + oh) * dyv.w - origin), count: dyv.w }, ic, dyv.stride);
        }
    }
}

/// A zero-padded copy of what a band reads.
fn padded_band<'a>(conv: &Conv2d, x: &[f32], xv: &View, dyv: &View, band: &Band, floats: &'a mut Vec<f32>) -> (&'a [f32], Window) {
    let win = window(conv, dyv, band);
    let to = aligned(floats, band.images.len() * win.height * win.width * xv.c);
    copy_window(x, xv, band.images.clone(), win, to);
    (to, win)
}

/// Channels `first .. first + width` of some pixels of dy, gapless; zeros past the last channel.
pub(super) fn pack_columns(dy: &[f32], dyv: &View, pixels: std::ops::Range<usize>, first: usize, width: usize, to: &mut [f32]) {
    let used = width.min(dyv.c - first);
    if used < width {
        to.fill(0.);
    }
    copy_rows(&dy[dyv.at(pixels.start) + first..], dyv.stride, to, width, pixels.len(), used);
}

/// The segments of kernel row `kh` in the padded copy.
fn joined_segments(conv: &Conv2d, dyv: &View, band: &Band, origin: usize, win: Window, ic: usize, kh: usize, to: &mut Vec<Segment>) {
    to.clear();
    for (k, n) in band.images.clone().enumerate() {
        for (i, oh) in band.rows.clone().enumerate() {
            let row = k * win.height + i * conv.stride.0 + kh * conv.dilation.0;
            let s = Segment { x: row * win.width * ic, dy: dyv.at((n * dyv.h + oh) * dyv.w - origin), count: dyv.w };
            push(to, s, conv.stride.1 * ic, dyv.stride);
        }
    }
}

/// dw[o][i][t] += the groups' [t][i][o] in order.
fn add_up(partial: &[f32], groups: usize, size: usize, ocp: usize, ic: usize, taps: usize, oc: usize, dw: &mut [f32]) {
    let (set, from, out) = (current(), In::new(partial), Out::new(dw));
    chunks(oc, 16, |os| {
        // Safety: `partial` has `groups` gradients of `size`; tasks own disjoint output channels of `dw`.
        unsafe {
            let (from, to) = (from.ptr().add(os.start), out.ptr().add(os.start * ic * taps));
            let part = Unpack {
                from,
                groups,
                group_step: size,
                tap_rows: ic,
                width: ocp,
                taps,
                channels: ic,
                outputs: os.len(),
                to,
                to_step: ic * taps,
            };
            unpack(set, &part)
        }
    });
}

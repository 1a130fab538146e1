//! Weight gradient of dense convolutions over so few pixels that they are one band: few multiply-adds a weight, so that what
//! is done once a weight counts. Sums go to `dw` straight from registers, or turned while they are in the first-level cache.

use super::product::{Product, product};
use super::segments::{Band, Segment, of_tap};
use super::unpack::{Unpack, unpack};
use super::weight::{TASKS, pack_columns, phased_band, phased_segments, warm_band};
use super::{Conv2d, gather::Window, pack};
use crate::par::{In, Out, aligned, chunks, tasks, with_local};
use crate::reduce::warm;
use crate::simd::current;
use crate::view::View;

/// Input channels whose sums are turned together: a multiple of the rows that the products hold in registers, and 9 taps of
/// them for a block of output channels fit the first-level cache.
const CHANNELS: usize = 24;

/// [`weight_gradient`](super::weight::weight_gradient) of one band of all pixels. `phased`: columns of one remainder side by side.
pub(super) fn gradient(conv: &Conv2d, x: &[f32], xv: View, dy: &[f32], dyv: View, dw: &mut [f32], band: &Band, phased: bool) {
    if conv.taps() == 1 && xv.c.is_multiple_of(16) {
        point(conv, x, xv, dy, dyv, dw, band)
    } else {
        turned(conv, x, xv, dy, dyv, dw, band, phased)
    }
}

/// One tap: rows of `dw` are rows of sums, with the roles of x and dy swapped.
fn point(conv: &Conv2d, x: &[f32], xv: View, dy: &[f32], dyv: View, dw: &mut [f32], band: &Band) {
    let (set, ic, oc) = (current(), xv.c, dyv.c);
    let mut segments = Vec::new();
    of_tap(conv, &xv, &dyv, band, 0, 0, 0, &mut segments);
    segments.iter_mut().for_each(|s| std::mem::swap(&mut s.x, &mut s.dy));
    let (out, pixels, segments) = (Out::new(dw), band.pixels(&dyv), &segments[..]);
    chunks(oc, oc.div_ceil(TASKS).next_multiple_of(24), |os| {
        warm(dy[dyv.at(pixels.start) + os.start..].as_ptr(), dyv.stride, pixels.len(), os.len());
        warm_band(conv, x, &xv, band);
        // Safety: segments were cut to the views; tasks have their own rows of `dw`, whole vectors of channels each.
        unsafe {
            let p = Product {
                x: dy.as_ptr().add(os.start),
                xstep: dyv.stride,
                dy: x.as_ptr(),
                dystep: conv.stride.1 * xv.stride,
                segments: segments.as_ptr(),
                segment_count: segments.len(),
                rows: os.len(),
                columns: ic,
                to: out.ptr().add(os.start * ic),
                stride: ic,
                first: false,
            };
            product(set, &p);
        }
    });
}

/// Several taps: a block of output channels by some input channels at a time.
fn turned(conv: &Conv2d, x: &[f32], xv: View, dy: &[f32], dyv: View, dw: &mut [f32], band: &Band, phased: bool) {
    let (set, ic, oc, taps, kw) = (current(), xv.c, dyv.c, conv.taps(), conv.kernel.1);
    let (blocks, parts) = (oc.div_ceil(pack::BLOCK), ic.div_ceil(CHANNELS));
    let pieces = if blocks < TASKS / 2 { TASKS.div_ceil(blocks).min(parts) } else { 1 };
    let each = parts.div_ceil(pieces);
    let pieces = parts.div_ceil(each);
    let (out, pixels) = (Out::new(dw), band.pixels(&dyv));
    tasks(blocks * pieces, |task| {
        let (first, piece) = (task / pieces * pack::BLOCK, task % pieces);
        let width = pack::width(first, oc);
        with_local(|local| {
            warm(dy[dyv.at(pixels.start) + first..].as_ptr(), dyv.stride, pixels.len(), width.min(oc - first));
            let (base, win) = if phased {
                phased_band(conv, x, &xv, &dyv, band, &mut local.floats)
            } else {
                warm_band(conv, x, &xv, band);
                (x, Window::default())
            };
            let columns = aligned(&mut local.others, pixels.len() * width);
            pack_columns(dy, &dyv, pixels.clone(), first, width, columns);
            let (columns, view) = (In::new(columns), View { stride: width, offset: 0, ..dyv });
            let (mut segments, mut ends, mut own) = (Vec::<Segment>::new(), Vec::with_capacity(taps), Vec::new());
            for tap in (0..taps).map(|t| (t / kw, t % kw)) {
                match phased {
                    true => phased_segments(conv, &view, band, pixels.start, win, ic, tap, &mut own),
                    false => of_tap(conv, &xv, &view, band, pixels.start, tap.0, tap.1, &mut own),
                }
                segments.extend_from_slice(&own);
                ends.push(segments.len());
            }
            let xstep = if phased { ic } else { conv.stride.1 * xv.stride };
            let sums = Out::new(aligned(&mut local.sums, taps * CHANNELS * width));
            for part in piece * each..((piece + 1) * each).min(parts) {
                let channel = part * CHANNELS;
                let channels = CHANNELS.min(ic - channel);
                for t in 0..taps {
                    let start = if t == 0 { 0 } else { ends[t - 1] };
                    // Safety: segments were cut to the views (or the padded copy); `sums` has a row of `width` floats for every
                    // tap and channel.
                    unsafe {
                        let p = Product {
                            x: base.as_ptr().add(channel),
                            xstep,
                            dy: columns.ptr(),
                            dystep: width,
                            segments: segments.as_ptr().add(start),
                            segment_count: ends[t] - start,
                            rows: channels,
                            columns: width,
                            to: sums.ptr().add(t * CHANNELS * width),
                            stride: width,
                            first: true,
                        };
                        product(set, &p);
                    }
                }
                // Safety: tasks have their own output and input channels of `dw`.
                unsafe {
                    let part = Unpack {
                        from: sums.ptr(),
                        groups: 1,
                        group_step: 0,
                        tap_rows: CHANNELS,
                        width,
                        taps,
                        channels,
                        outputs: width.min(oc - first),
                        to: out.ptr().add((first * ic + channel) * taps),
                        to_step: ic * taps,
                    };
                    unpack(set, &part);
                }
            }
        });
    });
}

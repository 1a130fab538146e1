//! Dense convolution as a gathering sum, forward and for the input gradient (see `axis`).
//!
//! A task takes a band of rows of one image, or several small images, copies what it reads into a zero-padded buffer (no
//! edge cases, gapless rows, so that neighbouring taps form one run), lists its pixels, and runs the tile kernel for its
//! column blocks. Pixels are listed across rows and images: narrow maps fill the tiles as well as wide ones.

use super::axis::Phase;
use super::pack::{self, BLOCK, Order, Source, pack_block};
use super::tile::{Block, block};
use crate::activation::{Activation, value};
use crate::elementwise::copy_rows;
use crate::moments::Moments;
use crate::par::{Local, Out, aligned, take, tasks, with_local};
use crate::simd::current;
use crate::view::View;

/// How the work is split; from the shapes alone.
struct Plan {
    /// Images a task (1 where `rows` is less than all).
    images: usize,
    /// Row positions j a task.
    rows: usize,
    /// Column blocks a task.
    blocks: usize,
}

/// Tasks wanted at least, so that a few threads share even small layers evenly.
const TASKS: usize = 16;

fn plan(read: &View, write: &View, jrows: usize, macs_a_pixel: usize, rows: &[Phase], cols: &[Phase]) -> Plan {
    let blocks = write.c.div_ceil(BLOCK);
    // Pixels of one j row of all phases, and floats copied for it.
    let row_pixels = (write.w * rows.len()).max(1);
    let row_floats = read.w.max(1) * read.c * rows[0].read_step * cols[0].read_step.min(2);
    let wanted = (1usize << 19).div_ceil(macs_a_pixel.max(1)).max(96);
    let total = write.pixels();
    // Spread over tasks, but no less than is worth a task, nor more than the second-level cache holds.
    let pixels = (total / TASKS).max(wanted);
    let band = pixels.div_ceil(row_pixels).min((1usize << 16).div_ceil(row_floats)).max(1);
    let (images, band) = if band >= jrows { ((band / jrows.max(1)).min(write.n).max(1), jrows) } else { (1, band) };
    // Even out the last task.
    let images = write.n.div_ceil(write.n.div_ceil(images).max(1)).max(1);
    let band = jrows.div_ceil(jrows.div_ceil(band).max(1)).max(1);
    let pieces = write.n.div_ceil(images) * jrows.div_ceil(band);
    let piece_macs = images * band * row_pixels * macs_a_pixel;
    let splits = TASKS.div_ceil(pieces.max(1)).min(piece_macs >> 18).clamp(1, blocks.max(1));
    Plan { images, rows: band, blocks: blocks.div_ceil(splits) }
}

/// The rectangle of the read side that a task needs, and the offsets into its copy.
#[derive(Clone, Copy, Default)]
pub(crate) struct Window {
    pub(crate) top: isize,
    pub(crate) left: isize,
    pub(crate) height: usize,
    pub(crate) width: usize,
}

/// Lowest and highest position that j in `first..last` of any phase read.
pub(crate) fn span(phases: &[Phase], first: usize, last: usize) -> Option<(isize, isize)> {
    phases.iter().filter_map(|p| p.reach(first, last)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// Copies images × window of `x` into `to`, zeros where the window leaves the image.
pub(crate) fn copy_window(x: &[f32], xv: &View, images: std::ops::Range<usize>, win: Window, to: &mut [f32]) {
    let (c, row) = (xv.c, win.width * xv.c);
    let from = win.left.clamp(0, xv.w as isize);
    let until = (win.left + win.width as isize).clamp(from, xv.w as isize);
    let (a, b) = (((from - win.left).max(0) as usize).min(win.width) * c, (until - from) as usize * c);
    for (k, to) in to.chunks_exact_mut(row).take(images.len() * win.height).enumerate() {
        let (n, i) = (images.start + k / win.height, win.top + (k % win.height) as isize);
        if i < 0 || i >= xv.h as isize || b == 0 {
            to.fill(0.);
            continue;
        }
        to[..a].fill(0.);
        to[a + b..].fill(0.);
        let p = (n * xv.h + i as usize) * xv.w + from as usize;
        if xv.is_dense() {
            to[a..a + b].copy_from_slice(&x[xv.at(p)..][..b]);
        } else {
            copy_rows(&x[xv.at(p)..], xv.stride, &mut to[a..a + b], c, b / c, c);
        }
    }
}

/// What is done with a task's outputs while they are in the cache. Forward passes only: the outputs of a task are then a run of
/// pixels.
pub(crate) enum Finish<'a> {
    Nothing,
    /// y = act(y).
    Activate(Activation),
    /// Sums for a batch norm's statistics, a part a task.
    Moments(&'a mut Moments),
}

/// The weights of a gathering sum.
pub(crate) enum Weights<'a> {
    /// As [`pack::pack`] leaves them.
    Packed(&'a [f32]),
    /// In PyTorch's order: packed by the tasks where each block is one task's, else before them into the vector.
    Raw(Source<'a>, &'a mut Vec<f32>),
}

/// What a task does for one pair of phases: its part of the lists of pixels, and of the runs.
struct Pair {
    first: usize,
    count: usize,
    runs: std::ops::Range<usize>,
}

/// write[n, i, j, column] = bias[column] + Σ over taps and reduced channels of read · weights; added where `accumulate`.
pub(crate) fn gather(
    x: &[f32],
    read: View,
    order: &Order,
    weights: Weights,
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
    let set = current();
    let jrows = rows.iter().map(|p| p.count).max().unwrap_or(0);
    let taps = |phases: &[Phase]| phases.iter().map(|p| p.taps.len()).sum::<usize>();
    let macs = (taps(rows) * taps(cols) * read.c * write.c).div_ceil(rows.len() * cols.len());
    let plan = plan(&read, &write, jrows, macs, rows, cols);
    let bands = jrows.div_ceil(plan.rows);
    let blocks = write.c.div_ceil(BLOCK);
    let splits = blocks.div_ceil(plan.blocks);
    // Kernels that never leave the image and have one tap need no copy.
    let width = cols.iter().map(|p| p.count).max().unwrap_or(0);
    let within = |s: Option<(isize, isize)>, n: usize| s.is_none_or(|(a, b)| a >= 0 && b < n as isize);
    let single = rows.iter().chain(cols).all(|p| p.taps.len() <= 1);
    // Too large to be in the second-level cache.
    let large = read.len() > 1 << 20;
    let direct = single && within(span(rows, 0, jrows), read.h) && within(span(cols, 0, width), read.w);
    let pieces = write.n.div_ceil(plan.images) * bands;
    let (act, moments) = match finish {
        Finish::Nothing => (Activation::Identity, None),
        Finish::Activate(act) => (act, None),
        Finish::Moments(m) => (Activation::Identity, Some(m.parts(pieces, write.c))),
    };
    let (packed, raw) = match weights {
        Weights::Packed(floats) => (floats, None),
        // A block's weights are then still in the cache where they are used.
        Weights::Raw(source, _) if pieces == 1 => (&[][..], Some(source)),
        Weights::Raw(source, room) => (pack::pack(&source, order, room), None),
    };
    tasks(pieces * splits, |task| {
        let (piece, split) = (task / splits, task % splits);
        let images = piece / bands * plan.images..(piece / bands * plan.images + plan.images).min(write.n);
        let js = piece % bands * plan.rows..(piece % bands * plan.rows + plan.rows).min(jrows);
        let reach = span(rows, js.start, js.end).zip(span(cols, 0, width));
        with_local(|local| {
            let Local { floats, others, sources, targets, .. } = local;
            let (base, win, stride): (&[f32], Window, usize) = match reach {
                Some(_) if direct => (&x[read.at(0)..], Window { top: 0, left: 0, height: read.h, width: read.w }, read.stride),
                Some((r, c)) => {
                    let win = Window { top: r.0, left: c.0, height: (r.1 - r.0 + 1) as usize, width: (c.1 - c.0 + 1) as usize };
                    let to = aligned(floats, images.len() * win.height * win.width * read.c);
                    copy_window(x, &read, images.clone(), win, to);
                    (to, win, read.c)
                }
                None => (&[], Window { top: 0, left: 0, height: 0, width: 0 }, 0),
            };
            let mut pairs = Vec::with_capacity(rows.len() * cols.len());
            let mut runs = Vec::new();
            let mut pixels = 0;
            for (r, c) in rows.iter().flat_map(|r| cols.iter().map(move |c| (r, c))) {
                let own = js.start..js.end.min(r.count);
                let count = images.len() * own.len() * c.count;
                // Offsets count from the first tap, so that they never go below zero.
                let (top, left) = (r.taps.first().map_or(0, |t| t.1), c.taps.first().map_or(0, |t| t.1));
                let (sources, targets) = (take_from(sources, pixels, count), take_from(targets, pixels, count));
                let mut lists = sources.chunks_exact_mut(c.count.max(1)).zip(targets.chunks_exact_mut(c.count.max(1)));
                for n in images.clone() {
                    let image = if direct { n } else { n - images.start };
                    for (j, (sources, targets)) in own.clone().zip(&mut lists) {
                        let to = (n * write.h + r.start + j * r.step) * write.w + c.start;
                        let from = if base.is_empty() || r.taps.is_empty() || c.taps.is_empty() {
                            0
                        } else {
                            let row = (j * r.read_step) as isize + top - win.top;
                            (image * win.height + row as usize) * win.width + (left - win.left) as usize
                        };
                        let (mut source, mut target) = (from * stride, write.at(to));
                        for (s, t) in sources.iter_mut().zip(targets) {
                            (*s, *t) = (source, target);
                            source += c.read_step * stride;
                            target += c.step * write.stride;
                        }
                    }
                }
                let first = runs.len();
                for a in &r.taps {
                    for b in &c.taps {
                        let at = ((a.1 - top) as usize * win.width + (b.1 - left) as usize) * stride;
                        match runs[first..].last_mut() {
                            Some((start, len)) if *start + *len == at => *len += read.c,
                            _ => runs.push((at, read.c)),
                        }
                    }
                }
                pairs.push(Pair { first: pixels, count, runs: first..runs.len() });
                pixels += count;
            }
            for b in split * plan.blocks..((split + 1) * plan.blocks).min(blocks) {
                let first = b * BLOCK;
                let bw = pack::width(first, write.c);
                let weights = match &raw {
                    Some(source) => {
                        let to = aligned(others, order.block_len(read.c, bw));
                        pack_block(set, source, order, b, to);
                        &*to
                    }
                    None => &packed[order.block_len(read.c, first)..],
                };
                for (pair, before) in pairs.iter().zip(&order.starts).filter(|(pair, _)| pair.count > 0) {
                    // Safety: sources and runs stay inside the copy (or, where direct, the checked view), which was made for
                    // them; targets are pixels of the checked view that no other task writes; the packed block has a row of
                    // `bw` weights for every tap and channel of the runs.
                    unsafe {
                        let job = Block {
                            read: base.as_ptr(),
                            sources: sources.as_ptr().add(pair.first),
                            targets: targets.as_ptr().add(pair.first),
                            pixels: pair.count,
                            runs: runs.as_ptr().add(pair.runs.start),
                            run_count: pair.runs.len(),
                            weights: weights[before * read.c * bw..].as_ptr(),
                            weight_stride: bw,
                            bias: bias.map_or(std::ptr::null(), |b| b.as_ptr().add(first)),
                            write: y.ptr().add(first),
                            columns: BLOCK.min(write.c - first),
                            accumulate,
                            ahead: if direct && large && b == split * plan.blocks { read.c } else { 0 },
                        };
                        block(set, &job);
                        // The run of pixels that this task wrote (see `Finish`).
                        let at = || y.ptr().add(write.at((images.start * write.h + js.start) * write.w) + first);
                        if act != Activation::Identity {
                            value(set, act, at(), write.stride, at(), write.stride, pair.count, job.columns);
                        }
                        if let Some(m) = moments {
                            m.of_run(set, piece, at(), write.stride, pair.count, first, job.columns);
                        }
                    }
                }
            }
        });
    });
}

/// A list's elements `first .. first + count`; those before them stay.
fn take_from(list: &mut Vec<usize>, first: usize, count: usize) -> &mut [usize] {
    &mut take(list, first + count)[first..]
}

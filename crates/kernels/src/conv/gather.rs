//! Dense convolution as a gathering sum, forward and for the input gradient (see `axis`).
//!
//! A task takes a band of rows of one image, or several small images, copies what it reads into a zero-padded buffer (no
//! edge cases, gapless rows, so that neighbouring taps form one run), lists its pixels, and runs the tile kernel for its
//! column blocks. Pixels are listed across rows and images: narrow maps fill the tiles as well as wide ones.

use super::axis::Phase;
use super::pack::{self, BLOCK};
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

/// write[n, i, j, column] = bias[column] + Σ over taps and reduced channels of read · weights; added where `accumulate`.
pub(crate) fn gather(
    x: &[f32],
    read: View,
    (starts, packed): (&[usize], &[f32]),
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
    tasks(pieces * splits, |task| {
        let (piece, split) = (task / splits, task % splits);
        let images = piece / bands * plan.images..(piece / bands * plan.images + plan.images).min(write.n);
        let js = piece % bands * plan.rows..(piece % bands * plan.rows + plan.rows).min(jrows);
        let reach = span(rows, js.start, js.end).zip(span(cols, 0, width));
        with_local(|local| {
            let Local { floats, sources, targets, .. } = local;
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
            for (ri, r) in rows.iter().enumerate() {
                for (ci, c) in cols.iter().enumerate() {
                    let js = js.start..js.end.min(r.count);
                    let count = images.len() * js.len() * c.count;
                    if count == 0 {
                        continue;
                    }
                    // Offsets count from the first tap, so that they never go below zero.
                    let (top, left) = (r.taps.first().map_or(0, |t| t.1), c.taps.first().map_or(0, |t| t.1));
                    let (sources, targets) = (take(sources, count), take(targets, count));
                    let mut k = 0;
                    for n in images.clone() {
                        let image = if direct { n } else { n - images.start };
                        for j in js.clone() {
                            let to = (n * write.h + r.start + j * r.step) * write.w + c.start;
                            let from = if base.is_empty() || r.taps.is_empty() || c.taps.is_empty() {
                                0
                            } else {
                                let row = (j * r.read_step) as isize + top - win.top;
                                (image * win.height + row as usize) * win.width + (left - win.left) as usize
                            };
                            let (sources, targets) = (&mut sources[k..k + c.count], &mut targets[k..k + c.count]);
                            let (mut source, mut target) = (from * stride, write.at(to));
                            for (s, t) in sources.iter_mut().zip(targets) {
                                (*s, *t) = (source, target);
                                source += c.read_step * stride;
                                target += c.step * write.stride;
                            }
                            k += c.count;
                        }
                    }
                    let mut runs: Vec<(usize, usize)> = Vec::with_capacity(r.taps.len() * c.taps.len());
                    for a in &r.taps {
                        for b in &c.taps {
                            let at = ((a.1 - top) as usize * win.width + (b.1 - left) as usize) * stride;
                            match runs.last_mut() {
                                Some(last) if last.0 + last.1 == at => last.1 += read.c,
                                _ => runs.push((at, read.c)),
                            }
                        }
                    }
                    let depth = r.taps.len() * c.taps.len() * read.c;
                    for b in split * plan.blocks..((split + 1) * plan.blocks).min(blocks) {
                        let first = b * BLOCK;
                        // Safety: sources and runs stay inside the copy (or, where direct, the checked view), which was
                        // made for them; targets are pixels of the checked view that no other task writes; the packed
                        // block is `depth` rows of whole vectors.
                        unsafe {
                            let job = Block {
                                read: base.as_ptr(),
                                sources: sources.as_ptr(),
                                targets: targets.as_ptr(),
                                pixels: count,
                                runs: runs.as_ptr(),
                                run_count: runs.len(),
                                weights: packed.as_ptr().add(starts[ri * cols.len() + ci] + depth * first),
                                weight_stride: pack::width(first, write.c),
                                bias: bias.map_or(std::ptr::null(), |b| b.as_ptr().add(first)),
                                write: y.ptr().add(first),
                                columns: BLOCK.min(write.c - first),
                                accumulate,
                                ahead: if direct && large && b == split * plan.blocks { read.c } else { 0 },
                            };
                            block(set, &job);
                            // The run of pixels that this task wrote (see `Finish`).
                            let at = || y.ptr().add(write.at((images.start * write.h + js.start) * write.w) + first);
                            let columns = BLOCK.min(write.c - first);
                            if act != Activation::Identity {
                                value(set, act, at(), write.stride, at(), write.stride, count, columns);
                            }
                            if let Some(m) = moments {
                                m.of_run(set, piece, at(), write.stride, count, first, columns);
                            }
                        }
                    }
                }
            }
        });
    });
}

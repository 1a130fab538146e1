//! Weights from PyTorch's order into the order the tile kernel reads: for each block of columns
//! [tap][reduced channel][column of the block], the taps of one pair of phases after those of the other.
//!
//! "Columns" are the channels that are written (output channels forward, input channels in the input gradient). A block has
//! 32 columns, the last one 16 where that is enough; missing columns are zeros. Block widths do not depend on the
//! instruction set. Blocks are packed all at once, or each by the task that reads it (see `gather`).

use super::axis::Phase;
use crate::par::{Out, aligned, tasks};
use crate::reduce::prefetch;
use crate::simd::{InstructionSet, Simd, current, vectorised};

/// The weights and how to walk them.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) w: &'a [f32],
    /// Channels summed over.
    pub(crate) reduced: usize,
    pub(crate) columns: usize,
    pub(crate) column_stride: usize,
    pub(crate) reduced_stride: usize,
    /// Rows and columns of the kernel: tap (a, b) is at a·kw + b.
    pub(crate) kernel: (usize, usize),
}

/// Columns a block.
pub(crate) const BLOCK: usize = 32;

/// What an earlier [`pack`] (of the same sizes) left in `v`.
pub(crate) fn packed(v: &[f32], len: usize) -> &[f32] {
    let skip = v.as_ptr().align_offset(64).min(15);
    &v[skip..skip + len]
}

/// Width of the block that starts at `column` of `columns`.
#[inline(always)]
pub(crate) const fn width(column: usize, columns: usize) -> usize {
    if columns - column > BLOCK / 2 { BLOCK } else { BLOCK / 2 }
}

/// All columns with the last block's padding.
pub(crate) const fn padded(columns: usize) -> usize {
    let whole = columns / BLOCK * BLOCK;
    if whole == columns { whole } else { whole + width(whole, columns) }
}

/// The order of the taps in a block.
pub(crate) struct Order {
    /// By tap of the kernel; [`NOWHERE`] where no phase reads it.
    places: Vec<usize>,
    /// Taps before those of pair (i, j), at i·cols.len() + j.
    pub(crate) starts: Vec<usize>,
    taps: usize,
}

const NOWHERE: usize = usize::MAX;

impl Order {
    pub(crate) fn new(kernel: (usize, usize), rows: &[Phase], cols: &[Phase]) -> Self {
        let mut order = Order { places: vec![NOWHERE; kernel.0 * kernel.1], starts: Vec::with_capacity(rows.len() * cols.len()), taps: 0 };
        for r in rows {
            for c in cols {
                order.starts.push(order.taps);
                for a in &r.taps {
                    for b in &c.taps {
                        order.places[a.0 * kernel.1 + b.0] = order.taps;
                        order.taps += 1;
                    }
                }
            }
        }
        order
    }

    /// Floats of a block of `bw` columns.
    pub(crate) fn block_len(&self, reduced: usize, bw: usize) -> usize {
        self.taps * reduced * bw
    }
}

/// A block of columns to be packed.
#[derive(Clone, Copy)]
struct Job {
    /// The first column's weights.
    from: *const f32,
    column_stride: usize,
    reduced: usize,
    reduced_stride: usize,
    places: *const usize,
    taps: usize,
    bw: usize,
    /// Columns that exist.
    used: usize,
    to: *mut f32,
}

impl Job {
    /// Where the row of a tap and a channel goes; `spare` where no phase reads the tap.
    #[inline(always)]
    unsafe fn row(&self, tap: usize, channel: usize, spare: *mut f32) -> *mut f32 {
        let place = *self.places.add(tap);
        if place == NOWHERE { spare } else { self.to.add((place * self.reduced + channel) * self.bw) }
    }
}

/// Columns that are gapless in themselves, `m` weights each from `channel` on, turned into rows.
#[inline(always)]
unsafe fn turned<S: Simd>(j: &Job, from: *const f32, channel: usize, m: usize, spare: *mut f32) {
    let (mut tap, mut channel) = (0, channel);
    let mut next = || {
        let row = j.row(tap, channel, spare);
        tap += 1;
        if tap == j.taps {
            (tap, channel) = (0, channel + 1);
        }
        row
    };
    let mut at = 0;
    while at + 8 <= m {
        let mut to = [spare; 8];
        for to in &mut to {
            *to = next();
        }
        let mut l = 0;
        while l + 8 <= j.used {
            let from = from.add(l * j.column_stride + at);
            if at.is_multiple_of(16) {
                // Columns are far apart: each is a stream of its own.
                for r in 0..8 {
                    prefetch(from.wrapping_add(r * j.column_stride + 64));
                }
            }
            let s = j.column_stride;
            let rows = S::turn8([
                S::load8(from),
                S::load8(from.add(s)),
                S::load8(from.add(2 * s)),
                S::load8(from.add(3 * s)),
                S::load8(from.add(4 * s)),
                S::load8(from.add(5 * s)),
                S::load8(from.add(6 * s)),
                S::load8(from.add(7 * s)),
            ]);
            for k in 0..8 {
                S::store8(to[k].add(l), rows[k]);
            }
            l += 8;
        }
        for k in 0..8 {
            for l in l..j.used {
                *to[k].add(l) = *from.add(l * j.column_stride + at + k);
            }
            for l in j.used..j.bw {
                *to[k].add(l) = 0.;
            }
        }
        at += 8;
    }
    while at < m {
        let to = next();
        for l in 0..j.used {
            *to.add(l) = *from.add(l * j.column_stride + at);
        }
        for l in j.used..j.bw {
            *to.add(l) = 0.;
        }
        at += 1;
    }
}

#[inline(always)]
unsafe fn block_body<S: Simd>(j: &Job) {
    let mut spare = [0f32; BLOCK];
    let spare = spare.as_mut_ptr();
    if j.column_stride == j.reduced * j.taps {
        return turned::<S>(j, j.from, 0, j.reduced * j.taps, spare);
    }
    // Channels that lie some pages on, asked for in time.
    let ahead = (64 / j.taps).max(2);
    for i in 0..j.reduced {
        let from = j.from.add(i * j.reduced_stride);
        for l in (0..j.used * j.column_stride).step_by(16) {
            prefetch(from.wrapping_add(ahead * j.reduced_stride + l));
        }
        if j.column_stride == 1 {
            let to = j.row(0, i, spare);
            std::ptr::copy_nonoverlapping(from, to, j.used);
            for l in j.used..j.bw {
                *to.add(l) = 0.;
            }
        } else {
            turned::<S>(j, from, i, j.taps, spare);
        }
    }
}
vectorised!(
    /// # Safety
    /// All weights of `used` columns can be read; `to` holds the block; `places` has `taps` entries.
    fn pack_rows(j: &Job) = block_body
);

/// Packs block `block` into `to`, whose length is [`Order::block_len`].
pub(crate) fn pack_block(set: InstructionSet, source: &Source, order: &Order, block: usize, to: &mut [f32]) {
    let first = block * BLOCK;
    let (bw, used) = (width(first, source.columns), BLOCK.min(source.columns - first));
    assert!(to.len() == order.block_len(source.reduced, bw) && order.places.len() == source.kernel.0 * source.kernel.1, "a block's length");
    if source.reduced == 0 {
        return;
    }
    let last = (first + used - 1) * source.column_stride + (source.reduced - 1) * source.reduced_stride + order.places.len() - 1;
    assert!(last < source.w.len(), "weights end before their last tap");
    let job = Job {
        from: source.w[first * source.column_stride..].as_ptr(),
        column_stride: source.column_stride,
        reduced: source.reduced,
        reduced_stride: source.reduced_stride,
        places: order.places.as_ptr(),
        taps: order.places.len(),
        bw,
        used,
        to: to.as_mut_ptr(),
    };
    // Safety: the last weight exists, and `to` has a row for every place and channel.
    unsafe { pack_rows(set, &job) }
}

/// Packs all blocks into `out`; block b starts at `block_len(reduced, b·BLOCK)`.
pub(crate) fn pack<'a>(source: &Source, order: &Order, out: &'a mut Vec<f32>) -> &'a [f32] {
    let set = current();
    let total = order.block_len(source.reduced, padded(source.columns));
    let packed = aligned(out, total);
    let out = Out::new(packed);
    let one = |block: usize| {
        let first = block * BLOCK;
        let (start, len) = (order.block_len(source.reduced, first), order.block_len(source.reduced, width(first, source.columns)));
        // Safety: blocks are disjoint parts of `out`.
        pack_block(set, source, order, block, unsafe { std::slice::from_raw_parts_mut(out.ptr().add(start), len) });
    };
    let blocks = source.columns.div_ceil(BLOCK);
    // Small weights are not worth waking other threads.
    if total < 32768 {
        (0..blocks).for_each(one);
    } else {
        tasks(blocks, one);
    }
    packed
}

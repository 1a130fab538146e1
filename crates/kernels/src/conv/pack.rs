//! Weights from PyTorch's order into the order the tile kernel reads: for each pair of phases, for each block of columns,
//! [row tap][column tap][reduced channel][column of the block].
//!
//! "Columns" are the channels that are written (output channels forward, input channels in the input gradient). A block has
//! 32 columns, the last one 16 where that is enough; missing columns are zeros. Block widths do not depend on the
//! instruction set.

use super::axis::Phase;
use crate::par::{Out, aligned, tasks};

/// The weights and how to walk them.
pub(crate) struct Source<'a> {
    pub(crate) w: &'a [f32],
    /// Channels summed over.
    pub(crate) reduced: usize,
    pub(crate) column_stride: usize,
    pub(crate) reduced_stride: usize,
    /// Columns of the kernel: tap (a, b) is at a·kw + b.
    pub(crate) kw: usize,
}

/// Columns a block.
pub(crate) const BLOCK: usize = 32;

/// What an earlier [`pack`] (of the same sizes) left in `v`.
pub(crate) fn packed(v: &[f32], len: usize) -> &[f32] {
    let skip = v.as_ptr().align_offset(64).min(15);
    &v[skip..skip + len]
}

/// Weights of a column that are turned at a time.
const TURNED: usize = 16;

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

/// Packs for all pairs of phases into `out`; pair (i, j) starts at element i·cols.len() + j of the answered starts.
pub(crate) fn pack<'a>(source: &Source, columns: usize, rows: &[Phase], cols: &[Phase], out: &'a mut Vec<f32>) -> (Vec<usize>, &'a [f32]) {
    let mut starts = Vec::new();
    let mut total = 0;
    for r in rows {
        for c in cols {
            starts.push(total);
            total += r.taps.len() * c.taps.len() * source.reduced * padded(columns);
        }
    }
    let packed = aligned(out, total);
    let out = Out::new(packed);
    let blocks = columns.div_ceil(BLOCK);
    let one = |pair: usize, block: usize| {
        let (r, c) = (&rows[pair / cols.len()], &cols[pair % cols.len()]);
        let taps: Vec<usize> = r.taps.iter().flat_map(|a| c.taps.iter().map(|b| a.0 * source.kw + b.0)).collect();
        let first = block * BLOCK;
        let (bw, used) = (width(first, columns), BLOCK.min(columns - first));
        // Safety: blocks are disjoint parts of `out`, each taps·reduced·bw long, and `starts` were laid out for them.
        let to = unsafe {
            let p = out.ptr().add(starts[pair] + taps.len() * source.reduced * first);
            std::slice::from_raw_parts_mut(p, taps.len() * source.reduced * bw)
        };
        // Columns far apart, but gapless in themselves (the forward pass): some of each are turned at a time.
        let kernel = source.reduced_stride;
        if source.column_stride == source.reduced * kernel && taps.len() == kernel && source.reduced > 1 {
            let mut place = vec![0; kernel];
            taps.iter().enumerate().for_each(|(t, &tap)| place[tap] = t);
            let mut turned = [0f32; TURNED * BLOCK];
            for m in (0..source.column_stride).step_by(TURNED) {
                let count = TURNED.min(source.column_stride - m);
                for l in 0..used {
                    let from = &source.w[(first + l) * source.column_stride + m..][..count];
                    for (k, v) in from.iter().enumerate() {
                        turned[k * BLOCK + l] = *v;
                    }
                }
                for k in 0..count {
                    let (i, tap) = ((m + k) / kernel, (m + k) % kernel);
                    to[(place[tap] * source.reduced + i) * bw..][..bw].copy_from_slice(&turned[k * BLOCK..][..bw]);
                }
            }
            return;
        }
        for i in 0..source.reduced {
            for (t, &tap) in taps.iter().enumerate() {
                let from = &source.w[first * source.column_stride + i * source.reduced_stride + tap..];
                let row = &mut to[(t * source.reduced + i) * bw..][..bw];
                for l in 0..used {
                    row[l] = from[l * source.column_stride];
                }
                row[used..].fill(0.);
            }
        }
    };
    // Small weights are not worth waking other threads.
    if total < 32768 {
        (0..starts.len() * blocks).for_each(|i| one(i / blocks, i % blocks));
    } else {
        tasks(starts.len() * blocks, |i| one(i / blocks, i % blocks));
    }
    (starts, packed)
}

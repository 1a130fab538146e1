//! Gradients of weights from the order in which they are summed into PyTorch's: dw[o][i][tap] += Σ over groups of
//! [tap][i][o], added in order.

use crate::reduce::prefetch_write;
use crate::simd::{Simd, vectorised};

/// Some input and output channels of a gradient.
#[derive(Clone, Copy)]
pub(super) struct Unpack {
    /// [group][tap][channel][output], `width` floats a row, `tap_rows` rows a tap, `group_step` floats a group.
    pub(super) from: *const f32,
    pub(super) groups: usize,
    pub(super) group_step: usize,
    pub(super) tap_rows: usize,
    pub(super) width: usize,
    pub(super) taps: usize,
    /// Input channels, from the first row on.
    pub(super) channels: usize,
    /// Output channels.
    pub(super) outputs: usize,
    /// First weight of the first channel and output; `to_step` floats from one output to the next.
    pub(super) to: *mut f32,
    pub(super) to_step: usize,
}

#[inline(always)]
unsafe fn sum8<S: Simd>(u: &Unpack, from: *const f32) -> S::Eight {
    let mut sum = S::add8(S::load8([0f32; 8].as_ptr()), S::load8(from));
    for g in 1..u.groups {
        sum = S::add8(sum, S::load8(from.add(g * u.group_step)));
    }
    sum
}

#[inline(always)]
unsafe fn unpack_body<S: Simd>(u: &Unpack) {
    let all = u.channels * u.taps;
    let (mut tap, mut channel) = (0, 0);
    let mut next = || {
        let row = u.from.add((tap * u.tap_rows + channel) * u.width);
        tap += 1;
        if tap == u.taps {
            (tap, channel) = (0, channel + 1);
        }
        row
    };
    let mut at = 0;
    while at + 8 <= all {
        let mut from = [u.from; 8];
        for from in &mut from {
            *from = next();
        }
        let mut o = 0;
        while o + 8 <= u.outputs {
            let to = u.to.add(o * u.to_step + at);
            if at.is_multiple_of(16) {
                // Outputs are far apart: each is a stream of its own.
                for r in 0..8 {
                    prefetch_write(to.wrapping_add(r * u.to_step + 64));
                }
            }
            let rows = S::turn8([
                sum8::<S>(u, from[0].add(o)),
                sum8::<S>(u, from[1].add(o)),
                sum8::<S>(u, from[2].add(o)),
                sum8::<S>(u, from[3].add(o)),
                sum8::<S>(u, from[4].add(o)),
                sum8::<S>(u, from[5].add(o)),
                sum8::<S>(u, from[6].add(o)),
                sum8::<S>(u, from[7].add(o)),
            ]);
            for k in 0..8 {
                let to = to.add(k * u.to_step);
                S::store8(to, S::add8(S::load8(to), rows[k]));
            }
            o += 8;
        }
        for k in 0..8 {
            rest(u, from[k], o, at + k);
        }
        at += 8;
    }
    while at < all {
        rest(u, next(), 0, at);
        at += 1;
    }
}

/// The outputs from `o` on, one at a time.
#[inline(always)]
unsafe fn rest(u: &Unpack, from: *const f32, o: usize, at: usize) {
    for o in o..u.outputs {
        let mut sum = 0.;
        for g in 0..u.groups {
            sum += *from.add(g * u.group_step + o);
        }
        *u.to.add(o * u.to_step + at) += sum;
    }
}

vectorised!(
    /// # Safety
    /// All rows and all weights named exist; nothing else writes the weights.
    pub(super) fn unpack(u: &Unpack) = unpack_body
);

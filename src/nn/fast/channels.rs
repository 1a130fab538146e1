//! Channels in another order. Plain loops in a fixed order, one thread: the same bits everywhere.

use nasflow_kernels::View;

fn row(view: View, pixel: usize) -> std::ops::Range<usize> {
    let start = view.offset + pixel * view.stride;
    start..start + view.c
}

/// y = the channels of x, the `groups` × (c / groups) grid of them transposed: y[i · groups + g] = x[g · (c / groups) + i].
pub(super) fn shuffle(groups: usize, x: &[f32], xv: View, y: &mut [f32], yv: View) {
    let each = xv.c / groups;
    for pixel in 0..yv.pixels() {
        let (x, y) = (&x[row(xv, pixel)], &mut y[row(yv, pixel)]);
        for (g, x) in x.chunks_exact(each).enumerate() {
            x.iter().zip(y[g..].iter_mut().step_by(groups)).for_each(|(x, y)| *y = *x);
        }
    }
}

/// The gradient of [`shuffle`]: the way back, written or added.
pub(super) fn unshuffle(groups: usize, dy: &[f32], dyv: View, dx: &mut [f32], dxv: View, add: bool) {
    let each = dxv.c / groups;
    for pixel in 0..dyv.pixels() {
        let (dy, dx) = (&dy[row(dyv, pixel)], &mut dx[row(dxv, pixel)]);
        for (g, dx) in dx.chunks_exact_mut(each).enumerate() {
            let from = dy[g..].iter().step_by(groups);
            match add {
                true => dx.iter_mut().zip(from).for_each(|(dx, dy)| *dx += dy),
                false => dx.iter_mut().zip(from).for_each(|(dx, dy)| *dx = *dy),
            }
        }
    }
}

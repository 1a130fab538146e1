//! The processor's kernels of mixtures: a value times its weight, and scalar products. Plain loops in a fixed order, one
//! thread: the same bits everywhere.

use nasflow_kernels::View;

/// Elements that are summed side by side in a scalar product.
const LANES: usize = 8;

fn row(view: View, pixel: usize) -> std::ops::Range<usize> {
    let start = view.offset + pixel * view.stride;
    start..start + view.c
}

/// y = factor · x, or y += factor · x.
pub(super) fn scaled(factor: f32, x: &[f32], xv: View, y: &mut [f32], yv: View, add: bool) {
    for pixel in 0..yv.pixels() {
        let (x, y) = (&x[row(xv, pixel)], &mut y[row(yv, pixel)]);
        match add {
            true => y.iter_mut().zip(x).for_each(|(y, x)| *y += factor * x),
            false => y.iter_mut().zip(x).for_each(|(y, x)| *y = factor * x),
        }
    }
}

/// Σ a · b.
pub(super) fn dot(a: &[f32], av: View, b: &[f32], bv: View) -> f64 {
    let mut sum = 0.0f64;
    for pixel in 0..av.pixels() {
        let (a, b) = (a[row(av, pixel)].chunks(LANES), b[row(bv, pixel)].chunks(LANES));
        let mut lanes = [0.0f32; LANES];
        for (a, b) in a.zip(b) {
            lanes.iter_mut().zip(a.iter().zip(b)).for_each(|(lane, (a, b))| *lane += a * b);
        }
        sum += lanes.iter().map(|l| f64::from(*l)).sum::<f64>();
    }
    sum
}

//! Batch normalisation in training, fused with the activation: forward.
//!
//! Statistics: a band's mean, then its squared deviations from its own mean (f32, two passes over cached data); bands are
//! combined in order in f64 (Chan, Golub and LeVeque 1983), so a large mean costs no accuracy.

use crate::activation::{Act, Activation, for_activation};
use crate::par::{Out, Scratch, chunks, pixels_a_piece};
use crate::reduce::{band_pixels, by_band, four_chains, warm};
use crate::simd::{Simd, current, load, vectorised};
use crate::view::View;

/// A band's moments: an approximate mean, and the sums of deviations and squared deviations from exactly that value.
#[inline(always)]
unsafe fn moments_body<S: Simd>(x: *const f32, stride: usize, pixels: usize, channels: usize, to: *mut f32, width: usize) {
    warm(x, stride, pixels, channels);
    let scale = S::splat(1. / pixels as f32);
    let mut c = 0;
    while c < channels {
        let left = channels - c;
        let x = x.add(c);
        let mean = S::mul(four_chains!(S, pixels, |p| load::<S>(x.add(p * stride), left)), scale);
        let (mut first, mut second) = ([S::splat(0.); 4], [S::splat(0.); 4]);
        let mut q = 0;
        while q + 4 <= pixels {
            for i in 0..4 {
                let d = S::sub(load::<S>(x.add((q + i) * stride), left), mean);
                first[i] = S::add(first[i], d);
                second[i] = S::fma(d, d, second[i]);
            }
            q += 4;
        }
        while q < pixels {
            let d = S::sub(load::<S>(x.add(q * stride), left), mean);
            first[0] = S::add(first[0], d);
            second[0] = S::fma(d, d, second[0]);
            q += 1;
        }
        S::store(to.add(c), mean);
        S::store(to.add(width + c), S::add(S::add(first[0], first[1]), S::add(first[2], first[3])));
        S::store(to.add(2 * width + c), S::add(S::add(second[0], second[1]), S::add(second[2], second[3])));
        c += S::LANES;
    }
}
vectorised!(
    /// # Safety
    /// `pixels` pixels at `x`; `to` has 3·`width` floats, `width` whole vectors of channels.
    fn moments(x: *const f32, stride: usize, pixels: usize, channels: usize, to: *mut f32, width: usize) = moments_body
);

/// Mean and biased variance of each channel over all pixels.
pub fn channel_statistics(x: &[f32], xv: View, mean: &mut [f32], var: &mut [f32], scratch: &mut Scratch) {
    xv.check(x.len(), "x");
    assert!(mean.len() == xv.c && var.len() == xv.c, "statistics are one value a channel");
    assert!(xv.pixels() > 0, "statistics of no pixels");
    let (set, width) = (current(), xv.c.next_multiple_of(16));
    let partial = &mut scratch.partial;
    let bands = by_band(xv.pixels(), xv.c, 3 * width, partial, |first, n, part| {
        // Safety: the view was checked; `part` has 3·width floats.
        unsafe { moments(set, x.as_ptr().add(xv.at(first)), xv.stride, n, xv.c, part, width) }
    });
    let (size, pixels) = (band_pixels(xv.c), xv.pixels());
    for c in 0..xv.c {
        // (pixels, mean, squared deviations from it) of a band.
        let band = |b: usize| {
            let at = |k: usize| f64::from(partial[(b * 3 + k) * width + c]);
            let n = size.min(pixels - b * size) as f64;
            (n, at(0) + at(1) / n, at(2) - at(1) * at(1) / n)
        };
        let all = (0..bands).map(|b| band(b).0 * band(b).1).sum::<f64>() / pixels as f64;
        let squares = (0..bands).map(|b| band(b).2 + band(b).0 * (band(b).1 - all) * (band(b).1 - all)).sum::<f64>();
        mean[c] = all as f32;
        // Rounding may leave less than nothing; NaN stays NaN.
        var[c] = (if squares < 0. { 0. } else { squares } / pixels as f64) as f32;
    }
}

/// The per-channel values of the normalising pass.
#[derive(Clone, Copy)]
struct Affine {
    /// Subtracted first.
    centre: *const f32,
    scale: *const f32,
    shift: *const f32,
}

#[inline(always)]
unsafe fn affine_rows<S: Simd, A: Act>(a: Affine, x: *const f32, xs: usize, y: *mut f32, ys: usize, pixels: usize, channels: usize) {
    for p in 0..pixels {
        let (x, y) = (x.add(p * xs), y.add(p * ys));
        let mut c = 0;
        while c + S::LANES <= channels {
            let d = S::sub(S::load(x.add(c)), S::load(a.centre.add(c)));
            S::store(y.add(c), A::value::<S>(S::fma(d, S::load(a.scale.add(c)), S::load(a.shift.add(c)))));
            c += S::LANES;
        }
        if c < channels {
            let n = channels - c;
            let d = S::sub(S::load_n(x.add(c), n), S::load_n(a.centre.add(c), n));
            let z = S::fma(d, S::load_n(a.scale.add(c), n), S::load_n(a.shift.add(c), n));
            S::store_n(y.add(c), A::value::<S>(z), n);
        }
    }
}

#[inline(always)]
unsafe fn affine_any<S: Simd>(
    act: Activation,
    a: Affine,
    x: *const f32,
    xs: usize,
    y: *mut f32,
    ys: usize,
    pixels: usize,
    channels: usize,
) {
    for_activation!(act, affine_rows::<S>(a, x, xs, y, ys, pixels, channels))
}
vectorised!(
    /// # Safety
    /// `pixels` pixels at `x` and `y`, `channels` values at the pointers of `a`.
    fn affine(act: Activation, a: Affine, x: *const f32, xs: usize, y: *mut f32, ys: usize, pixels: usize, channels: usize) = affine_any
);

/// y = act((x − centre)·scale + shift) for pixels of checked views; x and y may be one buffer and view.
fn apply(act: Activation, centre: &[f32], scale: &[f32], shift: &[f32], x: crate::par::In, xv: View, y: Out, yv: View) {
    let set = current();
    let values = [crate::par::In::new(centre), crate::par::In::new(scale), crate::par::In::new(shift)];
    chunks(xv.pixels(), pixels_a_piece(xv.c), |p| {
        let a = Affine { centre: values[0].ptr(), scale: values[1].ptr(), shift: values[2].ptr() };
        // Safety: the callers checked views and lengths; the piece writes its own pixels only.
        unsafe { affine(set, act, a, x.ptr().add(xv.at(p.start)), xv.stride, y.ptr().add(yv.at(p.start)), yv.stride, p.len(), xv.c) }
    });
}

/// Training batch norm: y = act((x − mean)·invstd·gamma + beta).
///
/// Writes the batch's `mean`, its biased variance `var`, and `invstd` = 1/√(var + eps), one value a channel each. The backward
/// pass needs x, `mean` and `invstd`; running statistics are the caller's.
pub fn batch_norm_forward(
    act: Activation,
    x: &[f32],
    xv: View,
    gamma: &[f32],
    beta: &[f32],
    eps: f32,
    y: &mut [f32],
    yv: View,
    mean: &mut [f32],
    var: &mut [f32],
    invstd: &mut [f32],
    scratch: &mut Scratch,
) {
    xv.check(x.len(), "x");
    yv.check(y.len(), "y");
    xv.same_shape(&yv, "x and y");
    assert!(gamma.len() == xv.c && beta.len() == xv.c && invstd.len() == xv.c, "gamma, beta and invstd are one value a channel");
    channel_statistics(x, xv, mean, var, scratch);
    let mut scale = vec![0.; xv.c];
    for c in 0..xv.c {
        invstd[c] = (1. / (f64::from(var[c]) + f64::from(eps)).sqrt()) as f32;
        scale[c] = gamma[c] * invstd[c];
    }
    apply(act, mean, &scale, beta, crate::par::In::new(x), xv, Out::new(y), yv);
}

/// Inference: y = act(x·scale + shift), one `scale` and `shift` a channel (a batch norm folded by [`fold_batch_norm`]).
pub fn affine_act(act: Activation, x: &[f32], xv: View, scale: &[f32], shift: &[f32], y: &mut [f32], yv: View) {
    xv.check(x.len(), "x");
    yv.check(y.len(), "y");
    xv.same_shape(&yv, "x and y");
    assert!(scale.len() == xv.c && shift.len() == xv.c, "scale and shift are one value a channel");
    apply(act, &vec![0.; xv.c], scale, shift, crate::par::In::new(x), xv, Out::new(y), yv);
}

/// x = act(x·scale + shift), in place.
pub fn affine_act_in_place(act: Activation, x: &mut [f32], xv: View, scale: &[f32], shift: &[f32]) {
    xv.check(x.len(), "x");
    assert!(scale.len() == xv.c && shift.len() == xv.c, "scale and shift are one value a channel");
    let x = Out::new(x);
    apply(act, &vec![0.; xv.c], scale, shift, crate::par::In::of(x), xv, x, xv);
}

/// The `scale` and `shift` of [`affine_act`] that a batch norm with running `mean` and `var` is in inference.
pub fn fold_batch_norm(gamma: &[f32], beta: &[f32], mean: &[f32], var: &[f32], eps: f32, scale: &mut [f32], shift: &mut [f32]) {
    let c = gamma.len();
    assert!([beta.len(), mean.len(), var.len(), scale.len(), shift.len()].iter().all(|&l| l == c), "one value a channel");
    for i in 0..c {
        let s = f64::from(gamma[i]) / (f64::from(var[i]) + f64::from(eps)).sqrt();
        scale[i] = s as f32;
        shift[i] = (f64::from(beta[i]) - f64::from(mean[i]) * s) as f32;
    }
}

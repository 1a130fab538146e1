//! Batch normalisation in training, fused with the activation: forward. Statistics are made by `moments`.

use crate::activation::{Act, Activation, for_activation};
use crate::par::{Out, chunks, pixels_a_piece};
use crate::simd::{Simd, current, vectorised};
use crate::view::View;

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

/// Training batch norm: y = act((x − mean)·invstd·gamma + beta), with the batch's `mean` and biased variance `var` (of
/// [`channel_statistics`](crate::channel_statistics) or [`conv2d_forward_statistics`](crate::conv2d_forward_statistics)).
///
/// Writes `invstd` = 1/√(var + eps). All are one value a channel. The backward pass needs x, `mean` and `invstd`; running
/// statistics are the caller's.
pub fn batch_norm_apply(
    act: Activation,
    x: &[f32],
    xv: View,
    gamma: &[f32],
    beta: &[f32],
    eps: f32,
    y: &mut [f32],
    yv: View,
    mean: &[f32],
    var: &[f32],
    invstd: &mut [f32],
) {
    xv.check(x.len(), "x");
    yv.check(y.len(), "y");
    xv.same_shape(&yv, "x and y");
    let lens = [gamma.len(), beta.len(), mean.len(), var.len(), invstd.len()];
    assert!(lens.iter().all(|&l| l == xv.c), "batch norm parameters are one value a channel");
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

//! Batch normalisation in training, fused with the activation: backward. Nothing but x, the mean and the inverse deviation is
//! kept from the forward pass; the pre-activation is computed again with the same operations.

use crate::activation::{Act, Activation, for_activation};
use crate::par::{In, Out, Scratch, chunks, pixels_a_piece};
use crate::reduce::{by_band, warm};
use crate::simd::{Simd, current, store, vectorised};
use crate::view::View;

/// Per-channel values; `k1` and `k2` are for the second pass.
#[derive(Clone, Copy)]
struct Channel {
    mean: In,
    scale: In,
    beta: In,
    k1: In,
    k2: In,
}

/// Pixels of x, dy and dx.
#[derive(Clone, Copy)]
struct At {
    x: *const f32,
    xs: usize,
    dy: *const f32,
    dys: usize,
    dx: *mut f32,
    dxs: usize,
    pixels: usize,
    channels: usize,
}

/// Loads a whole vector where the row is known to hold one.
#[inline(always)]
unsafe fn get<S: Simd, const FULL: bool>(p: *const f32, n: usize) -> S::V {
    if FULL { S::load(p) } else { S::load_n(p, n) }
}

/// The sums of one vector of channels: of the gradient before the activation, and of its product with x − mean.
#[inline(always)]
unsafe fn sums_column<S: Simd, A: Act, const FULL: bool, const KEEP: bool>(k: &Channel, at: At, c: usize) -> (S::V, S::V) {
    let left = at.channels - c;
    let channel = |i: In| get::<S, FULL>(i.ptr().add(c), left);
    let (mean, scale, beta) = (channel(k.mean), channel(k.scale), channel(k.beta));
    let (x, dy, dx) = (at.x.add(c), at.dy.add(c), at.dx.wrapping_add(c));
    let (mut s, mut p) = ([S::splat(0.); 4], [S::splat(0.); 4]);
    macro_rules! term {
        ($i:expr, $q:expr) => {
            let d = S::sub(get::<S, FULL>(x.add($q * at.xs), left), mean);
            let g = S::mul(get::<S, FULL>(dy.add($q * at.dys), left), A::slope::<S>(S::fma(d, scale, beta)));
            s[$i] = S::add(s[$i], g);
            p[$i] = S::fma(g, d, p[$i]);
            if KEEP {
                store::<S>(dx.add($q * at.dxs), g, if FULL { S::LANES } else { left });
            }
        };
    }
    let mut q = 0;
    while q + 4 <= at.pixels {
        term!(0, q);
        term!(1, q + 1);
        term!(2, q + 2);
        term!(3, q + 3);
        q += 4;
    }
    while q < at.pixels {
        term!(0, q);
        q += 1;
    }
    (S::add(S::add(s[0], s[1]), S::add(s[2], s[3])), S::add(S::add(p[0], p[1]), S::add(p[2], p[3])))
}

#[inline(always)]
unsafe fn sums_rows<S: Simd, A: Act, const KEEP: bool>(k: &Channel, at: At, sum: *mut f32, product: *mut f32) {
    warm(at.x, at.xs, at.pixels, at.channels);
    warm(at.dy, at.dys, at.pixels, at.channels);
    let mut c = 0;
    while c < at.channels {
        let full = c + S::LANES <= at.channels;
        let (s, p) = if full { sums_column::<S, A, true, KEEP>(k, at, c) } else { sums_column::<S, A, false, KEEP>(k, at, c) };
        S::store(sum.add(c), s);
        S::store(product.add(c), p);
        c += S::LANES;
    }
}
#[inline(always)]
unsafe fn sums_kept<S: Simd, A: Act>(k: &Channel, at: At, sum: *mut f32, product: *mut f32) {
    sums_rows::<S, A, true>(k, at, sum, product)
}
#[inline(always)]
unsafe fn sums_only<S: Simd, A: Act>(k: &Channel, at: At, sum: *mut f32, product: *mut f32) {
    sums_rows::<S, A, false>(k, at, sum, product)
}
#[inline(always)]
unsafe fn sums_any<S: Simd>(act: Activation, k: &Channel, at: At, sum: *mut f32, product: *mut f32, keep: bool) {
    if keep { for_activation!(act, sums_kept::<S>(k, at, sum, product)) } else { for_activation!(act, sums_only::<S>(k, at, sum, product)) }
}
vectorised!(
    /// # Safety
    /// Pixels and channel values as said; `sum` and `product` have whole vectors of channels. Where `keep`, dx becomes the
    /// gradient before the activation.
    fn sums(act: Activation, k: &Channel, at: At, sum: *mut f32, product: *mut f32, keep: bool) = sums_any
);

/// dx = scale·dz − k1 − (x − mean)·k2 for one vector of channels of one pixel.
#[inline(always)]
unsafe fn apply_one<S: Simd, A: Act, const FULL: bool>(k: &Channel, x: *const f32, dy: *const f32, dx: *mut f32, c: usize, left: usize) {
    let channel = |i: In| get::<S, FULL>(i.ptr().add(c), left);
    let d = S::sub(get::<S, FULL>(x.add(c), left), channel(k.mean));
    let g = S::mul(get::<S, FULL>(dy.add(c), left), A::slope::<S>(S::fma(d, channel(k.scale), channel(k.beta))));
    let v = S::sub(S::mul(channel(k.scale), g), S::fma(d, channel(k.k2), channel(k.k1)));
    store::<S>(dx.add(c), v, if FULL { S::LANES } else { left });
}

#[inline(always)]
unsafe fn apply_rows<S: Simd, A: Act>(k: &Channel, at: At) {
    for q in 0..at.pixels {
        let (x, dy, dx) = (at.x.add(q * at.xs), at.dy.add(q * at.dys), at.dx.add(q * at.dxs));
        let mut c = 0;
        while c + S::LANES <= at.channels {
            apply_one::<S, A, true>(k, x, dy, dx, c, S::LANES);
            c += S::LANES;
        }
        if c < at.channels {
            apply_one::<S, A, false>(k, x, dy, dx, c, at.channels - c);
        }
    }
}
#[inline(always)]
unsafe fn apply_any<S: Simd>(act: Activation, k: &Channel, at: At) {
    for_activation!(act, apply_rows::<S>(k, at))
}
vectorised!(
    /// # Safety
    /// Pixels and channel values as said; dx may be the pixels of x or of dy.
    fn apply(act: Activation, k: &Channel, at: At) = apply_any
);

/// What the forward pass of one batch norm left and the gradients it collects, all one value a channel.
pub struct BatchNormGradients<'a> {
    /// Weight of the normalised value.
    pub gamma: &'a [f32],
    /// Shift after it.
    pub beta: &'a [f32],
    /// The batch's mean.
    pub mean: &'a [f32],
    /// 1/√(var + eps).
    pub invstd: &'a [f32],
    /// Added to.
    pub dgamma: &'a mut [f32],
    /// Added to.
    pub dbeta: &'a mut [f32],
}

fn backward(act: Activation, n: BatchNormGradients, x: In, xv: View, dy: In, dyv: View, dx: Out, dxv: View, scratch: &mut Scratch) {
    let c = xv.c;
    let lens = [n.gamma.len(), n.beta.len(), n.mean.len(), n.invstd.len(), n.dgamma.len(), n.dbeta.len()];
    assert!(lens.iter().all(|&l| l == c), "batch norm parameters are one value a channel");
    if xv.is_empty() {
        return;
    }
    let (set, width) = (current(), c.next_multiple_of(16));
    let scale: Vec<f32> = n.gamma.iter().zip(n.invstd).map(|(g, i)| g * i).collect();
    let (mut k1, mut k2) = (vec![0.; c], vec![0.; c]);
    let channel = |k1: &[f32], k2: &[f32]| Channel {
        mean: In::new(n.mean),
        scale: In::new(&scale),
        beta: In::new(n.beta),
        k1: In::new(k1),
        k2: In::new(k2),
    };
    let at = |first: usize, pixels: usize| {
        // Safety: the callers checked the views.
        unsafe {
            At {
                x: x.ptr().add(xv.at(first)),
                xs: xv.stride,
                dy: dy.ptr().add(dyv.at(first)),
                dys: dyv.stride,
                dx: dx.ptr().add(dxv.at(first)),
                dxs: dxv.stride,
                pixels,
                channels: c,
            }
        }
    };
    // An exponential is dearer than a store and a load: the gradient before the activation then waits in dx for the second pass.
    let keep = matches!(act, Activation::Silu | Activation::Sigmoid) && !std::ptr::eq(x.ptr(), dx.ptr());
    let k = channel(&k1, &k2);
    let partial = &mut scratch.partial;
    let bands = by_band(xv.pixels(), c, 2 * width, partial, |first, pixels, part| {
        // Safety: checked views; `part` has 2·width floats.
        unsafe { sums(set, act, &k, at(first, pixels), part, part.add(width), keep) }
    });
    let pixels = xv.pixels() as f64;
    let mut totals = vec![0f64; 2 * width];
    for band in partial.chunks_exact(2 * width).take(bands) {
        totals.iter_mut().zip(band).for_each(|(t, v)| *t += f64::from(*v));
    }
    for i in 0..c {
        let (sum, invstd) = (totals[i], f64::from(n.invstd[i]));
        let product = totals[width + i] * invstd;
        n.dbeta[i] += sum as f32;
        n.dgamma[i] += product as f32;
        k1[i] = (f64::from(scale[i]) * sum / pixels) as f32;
        k2[i] = (f64::from(scale[i]) * invstd * product / pixels) as f32;
    }
    let k = channel(&k1, &k2);
    let act = if keep { Activation::Identity } else { act };
    let dy = if keep { (In::of(dx), dxv) } else { (dy, dyv) };
    let at = |first: usize, pixels: usize| At {
        // Safety: as above.
        dy: unsafe { dy.0.ptr().add(dy.1.at(first)) },
        dys: dy.1.stride,
        ..at(first, pixels)
    };
    chunks(xv.pixels(), pixels_a_piece(c), |p| {
        // Safety: checked views; the piece writes its own pixels only, after it has read them.
        unsafe { apply(set, act, &k, at(p.start, p.len())) }
    });
}

#[track_caller]
fn check(x: (usize, &View), dy: (usize, &View)) {
    x.1.check(x.0, "x");
    dy.1.check(dy.0, "dy");
    x.1.same_shape(dy.1, "x and dy");
}

/// dx = gradient with respect to x of y = act(batch norm(x)) for the gradient `dy` of y; `n.dgamma` and `n.dbeta` are added to.
pub fn batch_norm_backward(
    act: Activation,
    n: BatchNormGradients,
    x: &[f32],
    xv: View,
    dy: &[f32],
    dyv: View,
    dx: &mut [f32],
    dxv: View,
    scratch: &mut Scratch,
) {
    check((x.len(), &xv), (dy.len(), &dyv));
    dxv.check(dx.len(), "dx");
    xv.same_shape(&dxv, "x and dx");
    backward(act, n, In::new(x), xv, In::new(dy), dyv, Out::new(dx), dxv, scratch);
}

/// [`batch_norm_backward`] with dx in dy's place.
pub fn batch_norm_backward_over_dy(
    act: Activation,
    n: BatchNormGradients,
    x: &[f32],
    xv: View,
    dy: &mut [f32],
    dyv: View,
    scratch: &mut Scratch,
) {
    check((x.len(), &xv), (dy.len(), &dyv));
    let dy = Out::new(dy);
    backward(act, n, In::new(x), xv, In::of(dy), dyv, dy, dyv, scratch);
}

//! Soft-max cross-entropy with label smoothing, loss and gradient in one pass.

use crate::math::{exp, ln};
use crate::par::{In, Out, chunks, take, with_local};
use crate::simd::{Simd, current, load, store, vectorised};

/// y = e^(x − most), elementwise.
#[inline(always)]
unsafe fn exponentials_body<S: Simd>(x: *const f32, most: f32, y: *mut f32, len: usize) {
    let mut i = 0;
    while i < len {
        store::<S>(y.add(i), exp::<S>(S::sub(load::<S>(x.add(i), len - i), S::splat(most))), len - i);
        i += S::LANES;
    }
}
vectorised!(
    /// # Safety
    /// `len` floats at `x` and `y`.
    fn exponentials(x: *const f32, most: f32, y: *mut f32, len: usize) = exponentials_body
);

/// Mean over `n` rows of the cross-entropy between soft-max(`logits`) and the labels, and its gradient.
///
/// `logits` and `dlogits` are n × `classes`; the target is 1 − `smoothing` on the label plus `smoothing`/classes on every class,
/// as PyTorch's `CrossEntropyLoss(label_smoothing=…)`. `dlogits` is overwritten with the gradient of the mean. No rows: 0.
///
/// # Panics
/// Where lengths disagree, a label is no class, or `smoothing` is outside 0..=1.
pub fn softmax_cross_entropy(logits: &[f32], n: usize, classes: usize, labels: &[u32], smoothing: f32, dlogits: &mut [f32]) -> f64 {
    assert!(logits.len() == n * classes && dlogits.len() == logits.len() && labels.len() == n, "{n} rows of {classes} logits");
    assert!(labels.iter().all(|l| (*l as usize) < classes), "a label is none of the {classes} classes");
    assert!((0. ..=1.).contains(&smoothing), "label smoothing {smoothing}");
    if n == 0 {
        return 0.;
    }
    let set = current();
    let mut losses = vec![0f32; 2 * n];
    // A row's loss is an f64 in two floats, which tasks can share.
    let (out, loss, x) = (Out::new(dlogits), Out::new(&mut losses), In::new(logits));
    let (each, share) = (f64::from(smoothing) / classes as f64, 1. / n as f64);
    chunks(n, (16384 / classes).max(1), |rows| {
        with_local(|local| {
            for r in rows {
                // Safety: row r of the buffers whose lengths were checked; tasks have their own rows.
                let (x, d) = unsafe {
                    let x = std::slice::from_raw_parts(x.ptr().add(r * classes), classes);
                    (x, std::slice::from_raw_parts_mut(out.ptr().add(r * classes), classes))
                };
                let most = x.iter().fold(f32::NEG_INFINITY, |m, v| if *v > m || v.is_nan() { *v } else { m });
                let e = take(&mut local.floats, classes);
                unsafe { exponentials(set, x.as_ptr(), most, e.as_mut_ptr(), classes) };
                let sum: f64 = e.iter().map(|v| f64::from(*v)).sum();
                let (label, log) = (labels[r] as usize, ln(sum));
                // −Σ q·log p with log p = x − most − log.
                let own = f64::from(x[label]) - f64::from(most) - log;
                let all: f64 = if smoothing > 0. { x.iter().map(|v| f64::from(*v) - f64::from(most) - log).sum() } else { 0. };
                let value = -((1. - f64::from(smoothing)) * own + each * all);
                let high = value as f32;
                unsafe {
                    *loss.ptr().add(2 * r) = high;
                    *loss.ptr().add(2 * r + 1) = if high.is_finite() { (value - f64::from(high)) as f32 } else { 0. };
                }
                for (k, (d, e)) in d.iter_mut().zip(&*e).enumerate() {
                    let q = each + if k == label { 1. - f64::from(smoothing) } else { 0. };
                    *d = ((f64::from(*e) / sum - q) * share) as f32;
                }
            }
        });
    });
    losses.iter().map(|v| f64::from(*v)).sum::<f64>() * share
}

//! The logistic function, softplus and binary cross-entropy in f64, without branches, so that loops over them vectorise; nothing is
//! fused, so that the bits are the same on every machine.

use crate::simd::{Simd, current, vectorised};

/// (σ(x), ln(1 + eˣ)); errors below 1e-14 relative. NaN where `x` is not finite, so that divergence shows.
#[inline(always)]
pub fn logistic(x: f64) -> (f64, f64) {
    // Zero for finite numbers, NaN for the others: the selections below would hide them.
    let poison = x * 0.0;
    let e = exp_negative(-x.abs());
    let whole = 1.0 / (1.0 + e);
    let sigma = if x >= 0.0 { whole } else { e * whole };
    let positive = if x > 0.0 { x } else { 0.0 };
    (sigma + poison, positive + log1p_unit(e) + poison)
}

/// Binary cross-entropy with logits against target `t`, and its derivative by `x`.
#[inline(always)]
pub fn bce(x: f64, t: f64) -> (f64, f64) {
    let (sigma, softplus) = logistic(x);
    (softplus - x * t, sigma - t)
}

#[inline(always)]
unsafe fn rows_body<S: Simd>(x: &[f64], t: &[f64], losses: &mut [f64], slopes: &mut [f64]) {
    for (((x, t), loss), slope) in x.iter().zip(t).zip(losses).zip(slopes) {
        (*loss, *slope) = bce(*x, *t);
    }
}
vectorised!(
    /// # Safety
    /// The machine has the instruction set `set`.
    fn rows(x: &[f64], t: &[f64], losses: &mut [f64], slopes: &mut [f64]) = rows_body
);

/// [`bce`] of every logit against its target.
///
/// # Panics
/// Where lengths differ.
pub fn bce_rows(x: &[f64], t: &[f64], losses: &mut [f64], slopes: &mut [f64]) {
    assert!([t.len(), losses.len(), slopes.len()].iter().all(|&l| l == x.len()), "one target, loss and slope a logit");
    // Safety: `current` names a set that the machine has.
    unsafe { rows(current(), x, t, losses, slopes) }
}

/// eˣ for x <= 0 (flat below −700): x = k·ln 2 + r, Taylor to r¹³, exponent set in the bits.
#[inline(always)]
fn exp_negative(x: f64) -> f64 {
    /// 1.5 · 2⁵²: adding it rounds to a whole number, which then stands in the low bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = if x > -700.0 { x } else { -700.0 };
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN2_HIGH) - k * LN2_LOW;
    let mut p = 1.0 / 6_227_020_800.0;
    for c in [
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        p = p * r + c;
    }
    f64::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 52))
}

/// ln(1 + e) for 0 <= e <= 1: 2·artanh(e / (2 + e)), whose argument is at most 1/3.
#[inline(always)]
fn log1p_unit(e: f64) -> f64 {
    let s = e / (2.0 + e);
    let q = s * s;
    let mut p = 1.0 / 31.0;
    for odd in [29.0, 27.0, 25.0, 23.0, 21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        p = p * q + 1.0 / odd;
    }
    2.0 * s * p
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_system() {
        for i in -40_000..=40_000 {
            let x = f64::from(i) * 0.001_234_5;
            let (sigma, softplus) = logistic(x);
            let want = 1.0 / (1.0 + (-x).exp());
            let want_softplus = x.max(0.0) + (-x.abs()).exp().ln_1p();
            assert!((sigma / want - 1.0).abs() < 1e-14, "σ({x}) = {sigma}, not {want}");
            assert!((softplus / want_softplus - 1.0).abs() < 1e-14, "softplus({x}) = {softplus}, not {want_softplus}");
        }
    }

    #[test]
    fn extremes_are_finite_and_bad_values_show() {
        for x in [-1e30, -800.0, 800.0, 1e30] {
            let (sigma, softplus) = logistic(x);
            assert!((0.0..=1.0).contains(&sigma) && softplus >= 0.0 && softplus.is_finite());
        }
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(logistic(x).0.is_nan() && logistic(x).1.is_nan());
        }
    }

    #[test]
    fn rows_of_binary_cross_entropy() {
        let x: Vec<f64> = crate::tests::noise(101, 1).iter().map(|x| f64::from(*x) * 20.0).collect();
        let t: Vec<f64> = crate::tests::noise(101, 2).iter().map(|t| f64::from(t.abs())).collect();
        let got = crate::tests::everywhere(|| {
            let (mut losses, mut slopes) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            bce_rows(&x, &t, &mut losses, &mut slopes);
            let halves = losses.iter().chain(&slopes).flat_map(|v| [v.to_bits() as u32, (v.to_bits() >> 32) as u32]);
            halves.map(f32::from_bits).collect()
        });
        let got: Vec<f64> =
            got.as_chunks::<2>().0.iter().map(|[a, b]| f64::from_bits(u64::from(a.to_bits()) | u64::from(b.to_bits()) << 32)).collect();
        for i in 0..x.len() {
            assert_eq!((got[i], got[x.len() + i]), bce(x[i], t[i]));
        }
    }
}

//! Exponential and sigmoid made of fused multiply-adds and integer additions, the same on every instruction set.

use crate::simd::Simd;

/// eˣ with about 1 ulp of error; x is held within ±87, NaN stays NaN. Range reduction and polynomial are those of Cephes'
/// `expf` (Moshier), but for its 0.500 000 01.
#[inline(always)]
pub(crate) unsafe fn exp<S: Simd>(x: S::V) -> S::V {
    let x = S::min(S::splat(87.), S::max(S::splat(-87.), x));
    // 1.5·2²³: adding it leaves round(x / ln 2) in the low mantissa bits.
    let magic = S::splat(12_582_912.);
    let k = S::fma(x, S::splat(std::f32::consts::LOG2_E), magic);
    let n = S::sub(k, magic);
    let r = S::fma(n, S::splat(-0.693_359_4), x);
    let r = S::fma(n, S::splat(2.121_944_4e-4), r);
    let mut p = S::splat(1.987_569_1e-4);
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = S::fma(p, r, S::splat(c));
    }
    let y = S::add(S::fma(S::mul(r, r), p, r), S::splat(1.));
    S::scale_exponent(y, k)
}

/// 1 / (1 + e⁻ˣ).
#[inline(always)]
pub(crate) unsafe fn sigmoid<S: Simd>(x: S::V) -> S::V {
    let one = S::splat(1.);
    S::div(one, S::add(one, exp::<S>(S::sub(S::splat(0.), x))))
}

/// Natural logarithm of a positive number in f64 made of basic operations, so that it is the same on every machine (the
/// system's differs between versions). Error below 1e-15 of the larger of 1 and the result; NaN and ∞ stay, 0 gives −∞.
pub(crate) fn ln(x: f64) -> f64 {
    if x.is_nan() || x == f64::INFINITY || x < f64::MIN_POSITIVE {
        return if x == 0. { f64::NEG_INFINITY } else { x.max(f64::NAN) };
    }
    // x = m·2ᵉ with m in √½ .. √2; ln m = 2·artanh((m − 1)/(m + 1)).
    let bits = x.to_bits();
    let mut e = (bits >> 52) as i64 - 1023;
    let mut m = f64::from_bits(bits & 0x000F_FFFF_FFFF_FFFF | 0x3FF0_0000_0000_0000);
    if m > std::f64::consts::SQRT_2 {
        m *= 0.5;
        e += 1;
    }
    let s = (m - 1.) / (m + 1.);
    let q = s * s;
    let series = (0..12).rev().fold(0., |sum, k| sum * q + 1. / f64::from(2 * k + 1));
    e as f64 * std::f64::consts::LN_2 + 2. * s * series
}

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

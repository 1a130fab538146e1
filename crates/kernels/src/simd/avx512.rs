//! The vector operations in AVX-512F.

use super::{Avx2, Simd};
use std::arch::x86_64::*;

/// 16 lanes, masked tails.
#[derive(Clone, Copy)]
pub(crate) struct Avx512;

#[inline(always)]
fn mask(n: usize) -> __mmask16 {
    ((1u32 << n) - 1) as u16
}

impl Simd for Avx512 {
    type V = __m512;
    const LANES: usize = 16;
    #[inline(always)]
    unsafe fn splat(x: f32) -> __m512 {
        _mm512_set1_ps(x)
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> __m512 {
        _mm512_loadu_ps(p)
    }
    #[inline(always)]
    unsafe fn load_n(p: *const f32, n: usize) -> __m512 {
        _mm512_maskz_loadu_ps(mask(n), p)
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: __m512) {
        _mm512_storeu_ps(p, v)
    }
    #[inline(always)]
    unsafe fn store_n(p: *mut f32, v: __m512, n: usize) {
        _mm512_mask_storeu_ps(p, mask(n), v)
    }
    #[inline(always)]
    unsafe fn fma(a: __m512, b: __m512, c: __m512) -> __m512 {
        _mm512_fmadd_ps(a, b, c)
    }
    #[inline(always)]
    unsafe fn add(a: __m512, b: __m512) -> __m512 {
        _mm512_add_ps(a, b)
    }
    #[inline(always)]
    unsafe fn sub(a: __m512, b: __m512) -> __m512 {
        _mm512_sub_ps(a, b)
    }
    #[inline(always)]
    unsafe fn mul(a: __m512, b: __m512) -> __m512 {
        _mm512_mul_ps(a, b)
    }
    #[inline(always)]
    unsafe fn div(a: __m512, b: __m512) -> __m512 {
        _mm512_div_ps(a, b)
    }
    #[inline(always)]
    unsafe fn max(a: __m512, b: __m512) -> __m512 {
        _mm512_max_ps(a, b)
    }
    #[inline(always)]
    unsafe fn min(a: __m512, b: __m512) -> __m512 {
        _mm512_min_ps(a, b)
    }
    #[inline(always)]
    unsafe fn if_gt(a: __m512, b: __m512, t: __m512, f: __m512) -> __m512 {
        _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b), f, t)
    }
    #[inline(always)]
    unsafe fn if_gt_or_nan(a: __m512, b: __m512, t: __m512, f: __m512) -> __m512 {
        let k = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b) | _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(a, a);
        _mm512_mask_blend_ps(k, f, t)
    }
    #[inline(always)]
    unsafe fn if_byte(p: *const u8, b: u8, t: __m512, f: __m512) -> __m512 {
        let x = _mm512_cvtepu8_epi32(_mm_loadu_si128(p.cast()));
        _mm512_mask_blend_ps(_mm512_cmpeq_epi32_mask(x, _mm512_set1_epi32(i32::from(b))), f, t)
    }
    #[inline(always)]
    unsafe fn scale_exponent(p: __m512, k: __m512) -> __m512 {
        _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(p), _mm512_slli_epi32::<23>(_mm512_castps_si512(k))))
    }
    type Eight = __m256;
    #[inline(always)]
    unsafe fn load8(p: *const f32) -> __m256 {
        Avx2::load8(p)
    }
    #[inline(always)]
    unsafe fn store8(p: *mut f32, v: __m256) {
        Avx2::store8(p, v)
    }
    #[inline(always)]
    unsafe fn add8(a: __m256, b: __m256) -> __m256 {
        Avx2::add8(a, b)
    }
    #[inline(always)]
    unsafe fn turn8(rows: [__m256; 8]) -> [__m256; 8] {
        Avx2::turn8(rows)
    }
}

//! The vector operations in AVX2 with FMA.

use super::Simd;
use std::arch::x86_64::*;

/// 8 lanes, masked tails.
#[derive(Clone, Copy)]
pub(crate) struct Avx2;

/// A window of this at `8 - n` is the mask of the first n lanes.
static MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

#[inline(always)]
unsafe fn mask(n: usize) -> __m256i {
    _mm256_loadu_si256(MASKS.as_ptr().add(8 - n) as *const __m256i)
}

impl Simd for Avx2 {
    type V = __m256;
    const LANES: usize = 8;
    #[inline(always)]
    unsafe fn splat(x: f32) -> __m256 {
        _mm256_set1_ps(x)
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> __m256 {
        _mm256_loadu_ps(p)
    }
    #[inline(always)]
    unsafe fn load_n(p: *const f32, n: usize) -> __m256 {
        _mm256_maskload_ps(p, mask(n))
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: __m256) {
        _mm256_storeu_ps(p, v)
    }
    #[inline(always)]
    unsafe fn store_n(p: *mut f32, v: __m256, n: usize) {
        _mm256_maskstore_ps(p, mask(n), v)
    }
    #[inline(always)]
    unsafe fn fma(a: __m256, b: __m256, c: __m256) -> __m256 {
        _mm256_fmadd_ps(a, b, c)
    }
    #[inline(always)]
    unsafe fn add(a: __m256, b: __m256) -> __m256 {
        _mm256_add_ps(a, b)
    }
    #[inline(always)]
    unsafe fn sub(a: __m256, b: __m256) -> __m256 {
        _mm256_sub_ps(a, b)
    }
    #[inline(always)]
    unsafe fn mul(a: __m256, b: __m256) -> __m256 {
        _mm256_mul_ps(a, b)
    }
    #[inline(always)]
    unsafe fn div(a: __m256, b: __m256) -> __m256 {
        _mm256_div_ps(a, b)
    }
    #[inline(always)]
    unsafe fn max(a: __m256, b: __m256) -> __m256 {
        _mm256_max_ps(a, b)
    }
    #[inline(always)]
    unsafe fn min(a: __m256, b: __m256) -> __m256 {
        _mm256_min_ps(a, b)
    }
    #[inline(always)]
    unsafe fn if_gt(a: __m256, b: __m256, t: __m256, f: __m256) -> __m256 {
        _mm256_blendv_ps(f, t, _mm256_cmp_ps::<_CMP_GT_OQ>(a, b))
    }
    #[inline(always)]
    unsafe fn if_gt_or_nan(a: __m256, b: __m256, t: __m256, f: __m256) -> __m256 {
        let k = _mm256_or_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(a, b), _mm256_cmp_ps::<_CMP_UNORD_Q>(a, a));
        _mm256_blendv_ps(f, t, k)
    }
    #[inline(always)]
    unsafe fn if_byte(p: *const u8, b: u8, t: __m256, f: __m256) -> __m256 {
        let x = _mm256_cvtepu8_epi32(_mm_loadl_epi64(p.cast()));
        _mm256_blendv_ps(f, t, _mm256_castsi256_ps(_mm256_cmpeq_epi32(x, _mm256_set1_epi32(i32::from(b)))))
    }
    #[inline(always)]
    unsafe fn scale_exponent(p: __m256, k: __m256) -> __m256 {
        _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), _mm256_slli_epi32::<23>(_mm256_castps_si256(k))))
    }
    type Eight = __m256;
    #[inline(always)]
    unsafe fn load8(p: *const f32) -> __m256 {
        _mm256_loadu_ps(p)
    }
    #[inline(always)]
    unsafe fn store8(p: *mut f32, v: __m256) {
        _mm256_storeu_ps(p, v)
    }
    #[inline(always)]
    unsafe fn add8(a: __m256, b: __m256) -> __m256 {
        _mm256_add_ps(a, b)
    }
    #[inline(always)]
    unsafe fn turn8(r: [__m256; 8]) -> [__m256; 8] {
        // Pairs of rows, then quads, then the halves of the registers.
        let low = |i: usize| _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        let high = |i: usize| _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
        let (a, b) = ([low(0), low(1), low(2), low(3)], [high(0), high(1), high(2), high(3)]);
        let quads = |p: [__m256; 4], i: usize| {
            (_mm256_shuffle_ps::<0x44>(p[2 * i], p[2 * i + 1]), _mm256_shuffle_ps::<0xEE>(p[2 * i], p[2 * i + 1]))
        };
        let ((c0, c1), (c4, c5)) = (quads(a, 0), quads(a, 1));
        let ((c2, c3), (c6, c7)) = (quads(b, 0), quads(b, 1));
        let (low, high) = (|a, b| _mm256_permute2f128_ps::<0x20>(a, b), |a, b| _mm256_permute2f128_ps::<0x31>(a, b));
        [low(c0, c4), low(c1, c5), low(c2, c6), low(c3, c7), high(c0, c4), high(c1, c5), high(c2, c6), high(c3, c7)]
    }
}

//! The vector operations in plain Rust, for any machine. The bits are those of the x86 implementations; the speed
//! depends on whether the target has a fused multiply-add instruction at compile time.

use super::Simd;

/// 8 lanes in an array.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

type V = [f32; 8];

#[inline(always)]
fn each(a: V, b: V, f: impl Fn(f32, f32) -> f32) -> V {
    std::array::from_fn(|i| f(a[i], b[i]))
}

impl Simd for Portable {
    type V = V;
    const LANES: usize = 8;
    #[inline(always)]
    unsafe fn splat(x: f32) -> V {
        [x; 8]
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> V {
        std::ptr::read_unaligned(p as *const V)
    }
    #[inline(always)]
    unsafe fn load_n(p: *const f32, n: usize) -> V {
        let mut v = [0.; 8];
        for i in 0..n {
            v[i] = *p.add(i);
        }
        v
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: V) {
        std::ptr::write_unaligned(p as *mut V, v)
    }
    #[inline(always)]
    unsafe fn store_n(p: *mut f32, v: V, n: usize) {
        for i in 0..n {
            *p.add(i) = v[i];
        }
    }
    #[inline(always)]
    unsafe fn fma(a: V, b: V, c: V) -> V {
        std::array::from_fn(|i| a[i].mul_add(b[i], c[i]))
    }
    #[inline(always)]
    unsafe fn add(a: V, b: V) -> V {
        each(a, b, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn sub(a: V, b: V) -> V {
        each(a, b, |a, b| a - b)
    }
    #[inline(always)]
    unsafe fn mul(a: V, b: V) -> V {
        each(a, b, |a, b| a * b)
    }
    #[inline(always)]
    unsafe fn div(a: V, b: V) -> V {
        each(a, b, |a, b| a / b)
    }
    #[inline(always)]
    unsafe fn max(a: V, b: V) -> V {
        each(a, b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    unsafe fn min(a: V, b: V) -> V {
        each(a, b, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    unsafe fn if_gt(a: V, b: V, t: V, f: V) -> V {
        std::array::from_fn(|i| if a[i] > b[i] { t[i] } else { f[i] })
    }
    #[inline(always)]
    unsafe fn if_gt_or_nan(a: V, b: V, t: V, f: V) -> V {
        std::array::from_fn(|i| if a[i] > b[i] || a[i].is_nan() { t[i] } else { f[i] })
    }
    #[inline(always)]
    unsafe fn if_byte(p: *const u8, b: u8, t: V, f: V) -> V {
        std::array::from_fn(|i| if *p.add(i) == b { t[i] } else { f[i] })
    }
    #[inline(always)]
    unsafe fn scale_exponent(p: V, k: V) -> V {
        each(p, k, |p, k| f32::from_bits(p.to_bits().wrapping_add(k.to_bits() << 23)))
    }
    type Eight = V;
    #[inline(always)]
    unsafe fn load8(p: *const f32) -> V {
        Self::load(p)
    }
    #[inline(always)]
    unsafe fn store8(p: *mut f32, v: V) {
        Self::store(p, v)
    }
    #[inline(always)]
    unsafe fn add8(a: V, b: V) -> V {
        each(a, b, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn turn8(rows: [V; 8]) -> [V; 8] {
        std::array::from_fn(|i| std::array::from_fn(|k| rows[k][i]))
    }
}

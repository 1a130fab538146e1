//! Sums over pixels, a channel at a time: fixed bands of pixels, four chains a band (pixels modulo 4), bands added in order.

use crate::par::{Out, take, tasks};
use crate::simd::{Simd, current, load, vectorised};
use crate::view::View;

/// Pixels a band: about 32 KiB, so that a second pass over it finds it in the cache.
pub(crate) fn band_pixels(c: usize) -> usize {
    (8192 / c.max(1)).clamp(16, 512)
}

/// Asks for `pixels` rows of `channels` floats in the order they lie, ahead of a pass that strides through them.
#[inline(always)]
pub(crate) fn warm(x: *const f32, stride: usize, pixels: usize, channels: usize) {
    for p in 0..pixels {
        for c in (0..channels).step_by(16) {
            prefetch(x.wrapping_add(p * stride + c));
        }
    }
}

/// Asks for the line at `p`.
#[inline(always)]
pub(crate) fn prefetch(p: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // Safety: a prefetch is a hint and never faults.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(p.cast())
    };
    #[cfg(not(target_arch = "x86_64"))]
    let _ = p;
}

/// Asks for the line at `p`, to be written.
#[inline(always)]
pub(crate) fn prefetch_write(p: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // Safety: a prefetch is a hint and never faults.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_ET0 }>(p.cast())
    };
    #[cfg(not(target_arch = "x86_64"))]
    let _ = p;
}

/// The sum of four chains over `pixels` of `f(pixel offset)`, in the fixed order.
macro_rules! four_chains {
    ($s:ident, $pixels:expr, |$p:ident| $term:expr) => {{
        let mut acc = [$s::splat(0.); 4];
        let mut q = 0;
        while q + 4 <= $pixels {
            for k in 0..4 {
                let $p = q + k;
                acc[k] = $s::add(acc[k], $term);
            }
            q += 4;
        }
        while q < $pixels {
            let $p = q;
            acc[0] = $s::add(acc[0], $term);
            q += 1;
        }
        $s::add($s::add(acc[0], acc[1]), $s::add(acc[2], acc[3]))
    }};
}
pub(crate) use four_chains;

#[inline(always)]
unsafe fn sums_body<S: Simd>(x: *const f32, stride: usize, pixels: usize, channels: usize, to: *mut f32) {
    warm(x, stride, pixels, channels);
    let mut c = 0;
    while c < channels {
        let left = channels - c;
        let x = x.add(c);
        S::store(to.add(c), four_chains!(S, pixels, |p| load::<S>(x.add(p * stride), left)));
        c += S::LANES;
    }
}
vectorised!(
    /// # Safety
    /// `pixels` pixels at `x`; `to` has whole vectors of channels.
    fn sums(x: *const f32, stride: usize, pixels: usize, channels: usize, to: *mut f32) = sums_body
);

/// Runs `each(first pixel, pixels, part)` for the bands of `pixels`, `part` being the band's `width` floats of `partial`.
/// Answers the number of bands.
pub(crate) fn by_band(
    pixels: usize,
    c: usize,
    width: usize,
    partial: &mut Vec<f32>,
    each: impl Fn(usize, usize, *mut f32) + Sync,
) -> usize {
    let size = band_pixels(c);
    let bands = pixels.div_ceil(size);
    let out = Out::new(take(partial, bands * width));
    // Safety of the pointer: every band has its own `width` floats.
    tasks(bands, |b| each(b * size, size.min(pixels - b * size), unsafe { out.ptr().add(b * width) }));
    bands
}

/// to[c] += Σ over pixels of x.
pub(crate) fn add_channel_sums(x: &[f32], xv: View, to: &mut [f32], partial: &mut Vec<f32>) {
    let (set, width) = (current(), xv.c.next_multiple_of(16));
    let bands = by_band(xv.pixels(), xv.c, width, partial, |first, n, part| {
        // Safety: the caller checked the view; `part` has `width` floats.
        unsafe { sums(set, x.as_ptr().add(xv.at(first)), xv.stride, n, xv.c, part) }
    });
    let mut totals = vec![0f64; width];
    for band in partial.chunks_exact(width.max(1)).take(bands) {
        totals.iter_mut().zip(band).for_each(|(t, v)| *t += f64::from(*v));
    }
    to.iter_mut().zip(&totals).for_each(|(to, t)| *to += *t as f32);
}

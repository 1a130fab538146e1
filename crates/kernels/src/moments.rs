//! A batch norm's statistics: mean and variance of each channel over all pixels.
//!
//! A band's mean, then its squared deviations from its own mean (f32, two passes over cached data); bands are combined in order
//! in f64 (Chan, Golub and LeVeque 1983), so a large mean costs no accuracy. The bands are runs of pixels that the shapes fix:
//! those of `reduce`, or the tasks of the convolution that makes the tensor, which looks at its outputs while they are cached.

use crate::par::{Out, Scratch, chunks, take};
use crate::reduce::{band_pixels, four_chains, warm};
use crate::simd::{InstructionSet, Simd, current, load, vectorised};
use crate::view::View;

/// A band's moments: an approximate mean, and the sums of deviations and squared deviations from exactly that value.
#[inline(always)]
unsafe fn moments_body<S: Simd>(x: *const f32, stride: usize, pixels: usize, channels: usize, to: *mut f32, width: usize) {
    let scale = S::splat(1. / pixels as f32);
    let mut c = 0;
    while c < channels {
        let left = channels - c;
        let x = x.add(c);
        let mean = S::mul(four_chains!(S, pixels, |p| load::<S>(x.add(p * stride), left)), scale);
        let (mut first, mut second) = ([S::splat(0.); 4], [S::splat(0.); 4]);
        let mut q = 0;
        while q + 4 <= pixels {
            for i in 0..4 {
                let d = S::sub(load::<S>(x.add((q + i) * stride), left), mean);
                first[i] = S::add(first[i], d);
                second[i] = S::fma(d, d, second[i]);
            }
            q += 4;
        }
        while q < pixels {
            let d = S::sub(load::<S>(x.add(q * stride), left), mean);
            first[0] = S::add(first[0], d);
            second[0] = S::fma(d, d, second[0]);
            q += 1;
        }
        S::store(to.add(c), mean);
        S::store(to.add(width + c), S::add(S::add(first[0], first[1]), S::add(first[2], first[3])));
        S::store(to.add(2 * width + c), S::add(S::add(second[0], second[1]), S::add(second[2], second[3])));
        c += S::LANES;
    }
}
vectorised!(
    /// # Safety
    /// `pixels` pixels at `x`; `to` has 3·`width` floats, `width` whole vectors of channels.
    fn moments(x: *const f32, stride: usize, pixels: usize, channels: usize, to: *mut f32, width: usize) = moments_body
);

/// The moments of runs of pixels, in order, that together are a tensor.
#[derive(Default)]
pub(crate) struct Moments {
    /// [run][3][width].
    partial: Vec<f32>,
    /// Pixels of each run.
    pixels: Vec<usize>,
    width: usize,
}

/// Where tasks leave the moments of their runs.
#[derive(Clone, Copy)]
pub(crate) struct Parts {
    partial: Out,
    pixels: *mut usize,
    width: usize,
}
// Safety: tasks write disjoint runs, or disjoint channels and the same number of pixels.
unsafe impl Send for Parts {}
unsafe impl Sync for Parts {}

impl Moments {
    /// Makes room for `runs` runs of `c` channels.
    pub(crate) fn parts(&mut self, runs: usize, c: usize) -> Parts {
        self.width = c.next_multiple_of(16);
        self.pixels.clear();
        self.pixels.resize(runs, 0);
        Parts { partial: Out::new(take(&mut self.partial, runs * 3 * self.width)), pixels: self.pixels.as_mut_ptr(), width: self.width }
    }

    /// Floats it holds.
    pub(crate) fn len(&self) -> usize {
        self.partial.len()
    }

    /// Mean and biased variance of each channel over all runs.
    pub(crate) fn combine(&self, mean: &mut [f32], var: &mut [f32]) {
        let (c, total) = (mean.len(), self.pixels.iter().sum::<usize>() as f64);
        let part = |run: usize, k: usize| &self.partial[(run * 3 + k) * self.width..][..c];
        let mut sums = vec![0f64; 2 * c];
        let (all, squares) = sums.split_at_mut(c);
        for (run, &n) in self.pixels.iter().enumerate() {
            for ((all, m), d) in all.iter_mut().zip(part(run, 0)).zip(part(run, 1)) {
                *all += n as f64 * f64::from(*m) + f64::from(*d);
            }
        }
        all.iter_mut().for_each(|m| *m /= total);
        for (run, &n) in self.pixels.iter().enumerate() {
            let (n, share) = (n as f64, 1. / n as f64);
            let terms = all.iter().zip(part(run, 0)).zip(part(run, 1)).zip(part(run, 2));
            for (sum, (((all, m), d), s)) in squares.iter_mut().zip(terms) {
                let d = f64::from(*d);
                // The run's own mean, and the squared deviations from that.
                let away = f64::from(*m) + d * share - all;
                *sum += f64::from(*s) - d * d * share + n * away * away;
            }
        }
        for (i, (mean, var)) in mean.iter_mut().zip(var).enumerate() {
            *mean = all[i] as f32;
            // Rounding may leave less than nothing; NaN stays NaN.
            *var = (if squares[i] < 0. { 0. } else { squares[i] } / total) as f32;
        }
    }
}

impl Parts {
    /// Notes the moments of run `run` of `pixels` pixels at `x`, for `channels` channels from `first` on.
    ///
    /// # Safety
    /// The run exists and its pixels lie in their buffer; no other task has this run and these channels. `first` is a multiple
    /// of 16.
    pub(crate) unsafe fn of_run(
        self,
        set: InstructionSet,
        run: usize,
        x: *const f32,
        stride: usize,
        pixels: usize,
        first: usize,
        channels: usize,
    ) {
        let to = self.partial.ptr().add(run * 3 * self.width + first);
        moments(set, x, stride, pixels, channels, to, self.width);
        // Tasks of one run's other channels write the same number.
        std::sync::atomic::AtomicUsize::from_ptr(self.pixels.add(run)).store(pixels, std::sync::atomic::Ordering::Relaxed);
    }
}

/// Mean and biased variance of each channel over all pixels.
pub fn channel_statistics(x: &[f32], xv: View, mean: &mut [f32], var: &mut [f32], scratch: &mut Scratch) {
    xv.check(x.len(), "x");
    assert!(mean.len() == xv.c && var.len() == xv.c, "statistics are one value a channel");
    assert!(xv.pixels() > 0, "statistics of no pixels");
    let (set, size, pixels) = (current(), band_pixels(xv.c), xv.pixels());
    let parts = scratch.moments.parts(pixels.div_ceil(size), xv.c);
    chunks(pixels, size, |p| {
        let x = x[xv.at(p.start)..].as_ptr();
        warm(x, xv.stride, p.len(), xv.c);
        // Safety: the view was checked.
        unsafe { parts.of_run(set, p.start / size, x, xv.stride, p.len(), 0, xv.c) }
    });
    scratch.moments.combine(mean, var);
}

//! What max and average pooling share: the window, its taps, its shape rules.

use crate::view::View;

/// A pooling window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool2d {
    /// Rows and columns of the window.
    pub kernel: (usize, usize),
    /// Pixels from one window to the next, down and across.
    pub stride: (usize, usize),
    /// Padding above and below, left and right; at most half the kernel, as in PyTorch.
    pub padding: (usize, usize),
}

impl Pool2d {
    /// A square window.
    pub const fn square(kernel: usize, stride: usize, padding: usize) -> Self {
        Self { kernel: (kernel, kernel), stride: (stride, stride), padding: (padding, padding) }
    }

    /// Output height and width for an h×w input (PyTorch's formula, `ceil_mode` off); 0 where the window does not fit.
    pub const fn output_size(&self, h: usize, w: usize) -> (usize, usize) {
        const fn one(n: usize, k: usize, s: usize, p: usize) -> usize {
            if n + 2 * p < k { 0 } else { (n + 2 * p - k) / s + 1 }
        }
        (one(h, self.kernel.0, self.stride.0, self.padding.0), one(w, self.kernel.1, self.stride.1, self.padding.1))
    }

    #[track_caller]
    pub(crate) fn check(&self, xv: &View, yv: &View) {
        let (k, s, p) = (self.kernel, self.stride, self.padding);
        assert!(k.0 > 0 && k.1 > 0 && s.0 > 0 && s.1 > 0, "empty {self:?}");
        assert!(2 * p.0 <= k.0 && 2 * p.1 <= k.1, "{self:?}: padding above half the kernel");
        assert!(
            xv.n == yv.n && xv.c == yv.c && self.output_size(xv.h, xv.w) == (yv.h, yv.w),
            "{self:?} does not lead from {xv:?} to {yv:?}"
        );
    }

    /// First tap inside the image, and past the last, of output `o` along axis 0 (rows) or 1 of length `len`.
    #[inline(always)]
    pub(crate) fn span(&self, o: usize, axis: usize, len: usize) -> (usize, usize) {
        let of = |pair: (usize, usize)| if axis == 0 { pair.0 } else { pair.1 };
        let (at, p) = (o * of(self.stride), of(self.padding));
        (p.saturating_sub(at), of(self.kernel).min((len + p).saturating_sub(at)))
    }
}

/// For each of `n` inputs, the windows that cover it.
pub(crate) fn covering(n: usize, outputs: usize, kernel: usize, stride: usize, padding: usize) -> Vec<(usize, usize)> {
    (0..n)
        .map(|i| {
            let first = (i + padding + 1).saturating_sub(kernel).div_ceil(stride);
            let last = ((i + padding) / stride + 1).min(outputs);
            (first.min(last), last)
        })
        .collect()
}

//! One spatial axis of a convolution, seen from the side that is written: which positions are written together and where
//! their taps lie on the side that is read.
//!
//! Forward and input gradient are the same gathering sum under this view. The forward pass has one phase (step = stride on
//! the read side). The input gradient has `stride` phases: positions of one remainder share their taps, so that a strided
//! convolution's gradient multiplies no inserted zeros.

/// The positions `start + j·step`, j in `0..count`, and their taps.
#[derive(Clone, Debug)]
pub(crate) struct Phase {
    pub(crate) start: usize,
    pub(crate) step: usize,
    pub(crate) count: usize,
    /// Read positions from one j to the next.
    pub(crate) read_step: usize,
    /// (kernel index, read position for j = 0), by ascending position. Positions may lie outside the axis: zeros there.
    pub(crate) taps: Vec<(usize, isize)>,
}

impl Phase {
    /// Lowest and highest position read for j in `first..last`, or None where nothing is read.
    pub(crate) fn reach(&self, first: usize, last: usize) -> Option<(isize, isize)> {
        let last = last.min(self.count);
        if first >= last || self.taps.is_empty() {
            return None;
        }
        let at = |j: usize| (j * self.read_step) as isize;
        Some((at(first) + self.taps[0].1, at(last - 1) + self.taps[self.taps.len() - 1].1))
    }
}

/// What the kernel, stride, padding and dilation are along one axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) dilation: usize,
}

impl Axis {
    /// Output positions for `n` input positions, as PyTorch counts them; 0 where the kernel does not fit.
    pub(crate) const fn output(&self, n: usize) -> usize {
        let reach = self.dilation * (self.kernel - 1) + 1;
        if n + 2 * self.padding < reach { 0 } else { (n + 2 * self.padding - reach) / self.stride + 1 }
    }

    /// Outputs written, inputs read.
    pub(crate) fn forward(&self, outputs: usize) -> Vec<Phase> {
        let taps = (0..self.kernel).map(|k| (k, (k * self.dilation) as isize - self.padding as isize)).collect();
        vec![Phase { start: 0, step: 1, count: outputs, read_step: self.stride, taps }]
    }

    /// Input gradients written, output gradients read.
    pub(crate) fn backward(&self, inputs: usize) -> Vec<Phase> {
        let s = self.stride as isize;
        (0..self.stride.min(inputs))
            .map(|r| {
                let mut taps: Vec<_> = (0..self.kernel)
                    .map(|k| (k, (r + self.padding) as isize - (k * self.dilation) as isize))
                    .filter(|&(_, at)| at.rem_euclid(s) == 0)
                    .map(|(k, at)| (k, at.div_euclid(s)))
                    .collect();
                taps.sort_by_key(|t| t.1);
                Phase { start: r, step: self.stride, count: (inputs - r).div_ceil(self.stride), read_step: 1, taps }
            })
            .collect()
    }
}

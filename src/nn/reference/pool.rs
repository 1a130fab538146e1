//! Pooling and resizing over candle tensors (n × c × h × w).

use super::window::{pad, taps};
use crate::space::Window;
use candle_core::{Result, Tensor};

/// Max pooling, padding −∞. Of equal values the first of the window takes the gradient, as in PyTorch.
pub(super) fn max_pool(x: &Tensor, window: &Window, out: (usize, usize)) -> Result<Tensor> {
    let x = pad(x, window.padding, f64::NEG_INFINITY)?;
    let mut slices = taps(&x, window, out)?.into_iter();
    let mut best = slices.next().ok_or_else(|| candle_core::Error::Msg("empty window".into()))?.contiguous()?;
    for slice in slices {
        let slice = slice.contiguous()?;
        best = slice.gt(&best)?.where_cond(&slice, &best)?;
    }
    Ok(best)
}

/// Average pooling; padding counts as zeros.
pub(super) fn avg_pool(x: &Tensor, window: &Window, out: (usize, usize)) -> Result<Tensor> {
    let x = pad(x, window.padding, 0.0)?;
    let slices = taps(&x, window, out)?;
    let mut sum = slices[0].clone();
    for slice in &slices[1..] {
        sum = (sum + slice)?;
    }
    sum.affine(1.0 / slices.len() as f64, 0.0)
}

/// Mean over all pixels: n × c × 1 × 1.
pub(super) fn global_pool(x: &Tensor) -> Result<Tensor> {
    let (_, _, h, w) = x.dims4()?;
    x.sum_keepdim((2, 3))?.affine(1.0 / (h * w) as f64, 0.0)
}

/// Nearest-neighbour upsampling by a whole factor, as a broadcast (candle's own operator loses gradients).
pub(super) fn upsample(x: &Tensor, factor: usize) -> Result<Tensor> {
    let (n, c, h, w) = x.dims4()?;
    x.reshape((n, c, h, 1, w, 1))?.broadcast_as((n, c, h, factor, w, factor))?.reshape((n, c, h * factor, w * factor))
}

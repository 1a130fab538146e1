//! Convolution and linear layers over candle tensors (n × c × h × w).

use super::window::{pad, taps};
use crate::space::Window;
use candle_core::{Module, Result, Tensor};

/// Convolution of `x` with `weight` [out, in/groups, kh, kw].
///
/// candle's own convolution is used where its backward is right: padding made explicit, rows and columns that no window
/// reaches narrowed away, one stride, one group. Depthwise and uneven windows are sums over the kernel's taps.
pub(super) fn conv(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    window: &Window,
    groups: usize,
    out: (usize, usize),
) -> Result<Tensor> {
    let x = pad(x, window.padding, 0.0)?;
    let used = |out: usize, k: usize, s: usize, d: usize| (out - 1) * s + d * (k - 1) + 1;
    let x = x.narrow(2, 0, used(out.0, window.kernel.0, window.stride.0, window.dilation.0))?;
    let x = x.narrow(3, 0, used(out.1, window.kernel.1, window.stride.1, window.dilation.1))?.contiguous()?;
    let (outputs, per_group, _, _) = weight.dims4()?;
    let y = if groups > 1 && per_group == 1 && outputs == groups {
        depthwise(&x, weight, window, out)?
    } else {
        let mut parts = Vec::with_capacity(groups);
        for g in 0..groups {
            let x = x.narrow(1, g * per_group, per_group)?.contiguous()?;
            let w = weight.narrow(0, g * (outputs / groups), outputs / groups)?.contiguous()?;
            parts.push(dense(&x, &w, window, out)?);
        }
        if groups == 1 { parts.remove(0) } else { Tensor::cat(&parts, 1)? }
    };
    match bias {
        Some(b) => y.broadcast_add(&b.reshape((1, outputs, 1, 1))?),
        None => Ok(y),
    }
}

fn dense(x: &Tensor, weight: &Tensor, window: &Window, out: (usize, usize)) -> Result<Tensor> {
    if window.stride.0 == window.stride.1 && window.dilation.0 == window.dilation.1 {
        return x.conv2d(weight, 0, window.stride.0, window.dilation.0, 1);
    }
    let (n, c, _, _) = x.dims4()?;
    let outputs = weight.dim(0)?;
    let mut sum: Option<Tensor> = None;
    for (t, slice) in taps(x, window, out)?.into_iter().enumerate() {
        let w = tap(weight, window, t)?.reshape((1, outputs, c))?;
        let y = w.broadcast_matmul(&slice.contiguous()?.reshape((n, c, out.0 * out.1))?)?;
        sum = Some(add(sum, y)?);
    }
    finish(sum)?.reshape((n, outputs, out.0, out.1))
}

fn depthwise(x: &Tensor, weight: &Tensor, window: &Window, out: (usize, usize)) -> Result<Tensor> {
    let mut sum: Option<Tensor> = None;
    for (t, slice) in taps(x, window, out)?.into_iter().enumerate() {
        let w = tap(weight, window, t)?.reshape((1, x.dim(1)?, 1, 1))?;
        sum = Some(add(sum, slice.broadcast_mul(&w)?)?);
    }
    finish(sum)
}

/// One tap of all kernels: [out, in/groups, 1, 1].
fn tap(weight: &Tensor, window: &Window, t: usize) -> Result<Tensor> {
    weight.narrow(2, t / window.kernel.1, 1)?.narrow(3, t % window.kernel.1, 1)?.contiguous()
}

fn add(sum: Option<Tensor>, y: Tensor) -> Result<Tensor> {
    match sum {
        Some(sum) => sum + y,
        None => Ok(y),
    }
}

fn finish(sum: Option<Tensor>) -> Result<Tensor> {
    sum.ok_or_else(|| candle_core::Error::Msg("empty window".into()))
}

/// Fully connected layer: x flattened as (c, h, w); weight [out, in]. Result n × out × 1 × 1.
pub(super) fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let (n, c, h, w) = x.dims4()?;
    let flat = x.contiguous()?.reshape((n, c * h * w))?;
    let y = candle_nn::Linear::new(weight.clone(), bias.cloned()).forward(&flat)?;
    y.reshape((n, weight.dim(0)?, 1, 1))
}

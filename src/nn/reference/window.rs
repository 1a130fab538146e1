//! Sliding windows as slices: one strided slice of the padded input for each tap, from operators that candle
//! differentiates correctly (narrow, cat, reshape). Its own pooling operators do not (facts: candle, section 1).

use crate::space::Window;
use candle_core::{Result, Tensor};

/// Pads rows and columns of an n × c × h × w tensor with a constant.
pub(super) fn pad(x: &Tensor, padding: (usize, usize), value: f64) -> Result<Tensor> {
    let mut x = x.clone();
    for (axis, p) in [(2, padding.0), (3, padding.1)] {
        if p > 0 {
            let mut dims = x.dims().to_vec();
            dims[axis] = p;
            let border = Tensor::full(value, dims, x.device())?.to_dtype(x.dtype())?;
            x = Tensor::cat(&[&border, &x, &border], axis)?;
        }
    }
    Ok(x)
}

/// Every `stride`-th of `count` rows (axis 2) or columns (axis 3) from `start` on.
fn strided(x: &Tensor, axis: usize, start: usize, stride: usize, count: usize) -> Result<Tensor> {
    let present = x.dim(axis)? - start;
    if stride == 1 || count == 1 {
        return x.narrow(axis, start, count);
    }
    // The last group of `stride` may stick out of the input: only its first element is read.
    let needed = count * stride;
    let x = x.narrow(axis, start, needed.min(present))?.pad_with_zeros(axis, 0, needed.saturating_sub(present))?;
    let mut dims = x.dims().to_vec();
    dims[axis] = count;
    dims.insert(axis + 1, stride);
    x.reshape(dims)?.narrow(axis + 1, 0, 1)?.squeeze(axis + 1)
}

/// The n × c × oh × ow slices of the padded `x` that the kernel's taps meet, row by row of the kernel.
pub(super) fn taps(x: &Tensor, window: &Window, out: (usize, usize)) -> Result<Vec<Tensor>> {
    let mut slices = Vec::with_capacity(window.kernel.0 * window.kernel.1);
    for i in 0..window.kernel.0 {
        let rows = strided(x, 2, i * window.dilation.0, window.stride.0, out.0)?;
        for j in 0..window.kernel.1 {
            slices.push(strided(&rows, 3, j * window.dilation.1, window.stride.1, out.1)?);
        }
    }
    Ok(slices)
}

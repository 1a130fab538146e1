//! Batch norm written out (Ioffe and Szegedy 2015), over candle tensors (n × c × h × w).

use candle_core::{Result, Tensor};

/// Result of [`train`]: the output, and the batch's statistics [c], cut off from the tape.
pub(super) struct Trained {
    pub y: Tensor,
    pub mean: Tensor,
    /// Unbiased.
    pub var: Tensor,
}

/// Normalises with the batch's own statistics (biased variance) and returns them (unbiased) for the running ones.
pub(super) fn train(x: &Tensor, scale: &Tensor, shift: &Tensor, eps: f64) -> Result<Trained> {
    let (n, c, h, w) = x.dims4()?;
    let m = (n * h * w) as f64;
    let over = |x: &Tensor| -> Result<Tensor> { x.sum_keepdim((0, 2, 3))?.affine(1.0 / m, 0.0) };
    let mean = over(x)?;
    let centred = x.broadcast_sub(&mean)?;
    let var = over(&centred.sqr()?)?;
    let inverse = var.affine(1.0, eps)?.sqrt()?.recip()?;
    let y = affine(&centred.broadcast_mul(&inverse)?, scale, shift)?;
    Ok(Trained { y, mean: mean.detach().reshape(c)?, var: var.detach().reshape(c)?.affine(m / (m - 1.0), 0.0)? })
}

/// Normalises with the running statistics.
pub(super) fn eval(x: &Tensor, scale: &Tensor, shift: &Tensor, mean: &Tensor, var: &Tensor, eps: f64) -> Result<Tensor> {
    let c = x.dim(1)?;
    let inverse = var.affine(1.0, eps)?.sqrt()?.recip()?;
    let x = x.broadcast_sub(&mean.reshape((1, c, 1, 1))?)?.broadcast_mul(&inverse.reshape((1, c, 1, 1))?)?;
    affine(&x, scale, shift)
}

fn affine(x: &Tensor, scale: &Tensor, shift: &Tensor) -> Result<Tensor> {
    let c = x.dim(1)?;
    x.broadcast_mul(&scale.reshape((1, c, 1, 1))?)?.broadcast_add(&shift.reshape((1, c, 1, 1))?)
}

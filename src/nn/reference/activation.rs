//! Activations from operators whose gradients candle gets right; at the kinks they follow PyTorch.

use crate::space::Activation;
use candle_core::{Result, Tensor};

/// The logistic function as (1 + tanh(x/2))/2, which neither overflows nor has an infinite gradient.
fn sigmoid(x: &Tensor) -> Result<Tensor> {
    x.affine(0.5, 0.0)?.tanh()?.affine(0.5, 0.5)
}

/// `activation` of every element.
pub(super) fn activate(x: &Tensor, activation: Activation) -> Result<Tensor> {
    let six = |x: &Tensor| -> Result<Tensor> { x.affine(1.0 / 6.0, 0.5) };
    match activation {
        Activation::Identity => Ok(x.clone()),
        Activation::Silu => x * sigmoid(x)?,
        Activation::Sigmoid => sigmoid(x),
        Activation::Relu => x.gt(0.0)?.where_cond(x, &x.zeros_like()?),
        Activation::LeakyRelu => x.gt(0.0)?.where_cond(x, &x.affine(0.1, 0.0)?),
        Activation::Hardsigmoid => {
            let inner = x.lt(3.0)?.where_cond(&six(x)?, &x.ones_like()?)?;
            x.gt(-3.0)?.where_cond(&inner, &x.zeros_like()?)
        }
        Activation::Hardswish => {
            let inner = x.lt(3.0)?.where_cond(&(x * six(x)?)?, x)?;
            x.gt(-3.0)?.where_cond(&inner, &x.zeros_like()?)
        }
    }
}

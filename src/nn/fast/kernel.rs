//! The language's operators in the kernels' terms.

use crate::space::{Activation, Shape, Window};
use nasflow_kernels as kernels;

pub(super) fn activation(a: Activation) -> kernels::Activation {
    match a {
        Activation::Identity => kernels::Activation::Identity,
        Activation::Silu => kernels::Activation::Silu,
        Activation::Relu => kernels::Activation::Relu,
        Activation::Hardswish => kernels::Activation::HardSwish,
        Activation::LeakyRelu => kernels::Activation::LeakyRelu,
        Activation::Sigmoid => kernels::Activation::Sigmoid,
        Activation::Hardsigmoid => kernels::Activation::HardSigmoid,
    }
}

pub(super) fn conv2d(w: &Window, groups: usize) -> kernels::Conv2d {
    kernels::Conv2d { kernel: w.kernel, stride: w.stride, padding: w.padding, dilation: w.dilation, groups }
}

/// A linear layer is a convolution whose kernel covers the image: its weights [out, c·h·w] are [out][c][h][w].
pub(super) fn conv_of_linear(x: Shape) -> kernels::Conv2d {
    kernels::Conv2d { kernel: (x.h, x.w), stride: (1, 1), padding: (0, 0), dilation: (1, 1), groups: 1 }
}

pub(super) fn pool2d(w: &Window) -> kernels::Pool2d {
    kernels::Pool2d { kernel: w.kernel, stride: w.stride, padding: w.padding }
}

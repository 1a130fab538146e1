//! What PyTorch calls things, for the formats that name its modules.

use crate::space::Activation;

/// How PyTorch calls an activation.
pub fn call(activation: Activation) -> &'static str {
    match activation {
        Activation::Identity => "nn.Identity()",
        Activation::Silu => "nn.SiLU()",
        Activation::Relu => "nn.ReLU()",
        Activation::Hardswish => "nn.Hardswish()",
        Activation::LeakyRelu => "nn.LeakyReLU(0.1)",
        Activation::Sigmoid => "nn.Sigmoid()",
        Activation::Hardsigmoid => "nn.Hardsigmoid()",
    }
}

//! Synaptic flow (Tanaka et al. 2020, section 4; as a predictor: Abdelfattah et al. 2021).

use super::network::{Proxy, Untrained};
use crate::document::Fed;
use crate::nn::by_scale;

/// ln Σ |w · ∂R/∂w| over the weights of convolutions and linear layers: R is the sum of all outputs (of a detector, of all levels) for
/// one image of ones, every parameter counts by its absolute value, and batch norm is left out (its activation stays).
///
/// With absolute weights and an image of ones nothing in the network is negative, and the activations of the language do not fall
/// there: so every term is positive, and the sum is the derivative of R by one factor of all weights, which a single forward pass
/// gives ([`by_scale`]). It is computed in f64, whose exponents reach some 250 layers of 600 inputs each; beyond, there is no value.
pub static SYNFLOW: Proxy = Proxy::new(
    "synflow",
    Fed::Ones,
    value,
    "Synaptic flow: ln Σ |w · ∂R/∂w|, R the sum of the outputs for an image of ones, absolute weights, no batch norm.",
);

fn value(network: &mut Untrained) -> Result<f64, String> {
    let (_, slope) = by_scale(network.program, &network.weights())?;
    Ok(libm::log(slope))
}

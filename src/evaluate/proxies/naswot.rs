//! Neural architecture search without training (Mellor et al. 2021, section 3).

use super::codes::Codes;
use super::eigenvalues::log_determinant;
use super::network::{Proxy, Untrained};
use super::rewrite::{before_activations, reaching};
use crate::document::Fed;
use crate::nn::NormOptions;

/// ln |det Σ (K + K₂)| over all activation functions: K counts the units that two images of the batch both switch on, K₂ those that
/// both leave off. A unit is on where what goes into its activation is above zero: with ReLU the published definition, and the same
/// sign where the activation is SiLU, Hardswish or leaky ReLU. Sigmoids are gates, and do not count. Batch norm with the batch's
/// statistics. Where two images have one code there is no value.
pub static NASWOT: Proxy = Proxy::new(
    "naswot",
    Fed::Images,
    value,
    "ln |det K|, K counting the units (signs before activations) in which two images of a batch agree.",
);

fn value(network: &mut Untrained) -> Result<f64, String> {
    let mut params = network.weights();
    let batch = network.images()?.clone();
    let (program, sources) = before_activations(network.program);
    if sources.is_empty() {
        return Err("`naswot` needs a network with activations".into());
    }
    // Each value once, however many activations read it.
    let mut outputs = sources.clone();
    outputs.sort_unstable();
    outputs.dedup();
    let program = reaching(&program, &outputs);
    let mut executor = (network.executor)(&program, batch.n)?;
    executor.forward_train(&mut params, &batch.images, batch.n, NormOptions { eps: network.eps, momentum: 0.0 })?;
    let mut codes = Codes::new(batch.n);
    for source in &sources {
        if let Ok(at) = outputs.binary_search(source) {
            codes.add(executor.output(at));
        }
    }
    Ok(log_determinant(&codes.kernel()))
}

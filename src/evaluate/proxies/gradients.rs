//! Two predictors that read the gradient of one training step: SNIP and the gradient's norm (Abdelfattah et al. 2021, section 3.1).

use super::network::{Proxy, Untrained};
use crate::document::Fed;
use crate::nn::{NormOptions, Parameters};
use crate::space::Op;

/// Σ |g · w| over the weights of convolutions and linear layers (Lee et al. 2019).
pub static SNIP: Proxy = Proxy::new(
    "snip",
    Fed::Truth,
    |network| {
        let product = |(g, w): (&f32, &f32)| (f64::from(*g) * f64::from(*w)).abs();
        over_layers(network, |grads, weights| grads.iter().zip(weights).map(product).sum())
    },
    "Σ |gradient · weight| of one batch's loss, over the weights of convolutions and linear layers.",
);

/// Σ over convolutions and linear layers of the Euclidean norm of the gradient of their weights.
pub static GRAD_NORM: Proxy = Proxy::new(
    "grad-norm",
    Fed::Truth,
    |network| {
        let square = |g: &f32| f64::from(*g) * f64::from(*g);
        over_layers(network, |grads, _| libm::sqrt(grads.iter().map(square).sum()))
    },
    "Sum over convolutions and linear layers of the norm of their weights' gradient, of one batch's loss.",
);

/// The sum of `f` (gradient, weights) over the layers, after one step of training with the batch's statistics.
fn over_layers(network: &mut Untrained, f: impl Fn(&[f32], &[f32]) -> f64) -> Result<f64, String> {
    let mut params = network.weights();
    let (program, batch) = (network.program, network.images()?.clone());
    let mut executor = (network.executor)(program, batch.n)?;
    executor.forward_train(&mut params, &batch.images, batch.n, NormOptions { eps: network.eps, momentum: 0.0 })?;
    let outputs: Vec<&[f32]> = (0..program.outputs.len()).map(|i| executor.output(i)).collect();
    let seeds = (network.loss)(&outputs, &batch)?;
    let mut grads = Parameters::zeros(program);
    executor.backward(&params, &seeds, &mut grads)?;
    let layers = program.nodes.iter().filter_map(|node| match node.op {
        Op::Conv { weight, .. } | Op::Linear { weight, .. } => Some(weight),
        _ => None,
    });
    Ok(layers.map(|weight| f(&grads.0[weight], &params.0[weight])).sum())
}

//! Copies between the parameters of a network and the shared tensors that they are slices of. Parameters are copied in
//! parallel, each by one thread, so the bits do not depend on threads.

use super::networks::Network;
use crate::nn::Parameters;
use crate::space::ParamKind;
use crate::space::supernet::Slice;
use rayon::prelude::*;

/// Parameters that one thread takes at once: most are small.
const GRAIN: usize = 8;

/// own = the network's slices of the shared tensors. What has no place there keeps its length: weights of mixtures are set by the
/// caller, a batch norm without scale and shift has 1 and 0, and its running statistics from anew.
pub fn gather(network: &Network, shared: &[Vec<f32>], own: &mut Parameters) {
    fit(network, own);
    let pairs = own.0.par_iter_mut().with_min_len(GRAIN).zip(&network.slices).zip(&network.program.params);
    pairs.for_each(|((own, slice), spec)| match (slice, spec.kind) {
        (Some(slice), _) => slice.gather(&shared[slice.tensor], own),
        (None, ParamKind::NormScale | ParamKind::RunningVar) => own.fill(1.0),
        (None, ParamKind::NormShift | ParamKind::RunningMean) => own.fill(0.0),
        (None, _) => {}
    });
}

/// Makes every list as long as its parameter; what is kept is not cleared.
pub fn fit(network: &Network, own: &mut Parameters) {
    let specs = &network.program.params;
    own.0.resize_with(specs.len(), Vec::new);
    own.0.iter_mut().zip(specs).for_each(|(own, spec)| own.resize(spec.len(), 0.0));
}

/// Adds gradients of a network to those of the shared tensors, and notes which tensors it has read.
pub fn add(network: &Network, own: &Parameters, shared: &mut Parameters, touched: &mut [bool]) {
    for slice in network.slices.iter().flatten() {
        touched[slice.tensor] = true;
    }
    each(network, own, shared, ParamKind::is_trained, |slice, own, shared| slice.scatter_add(own, shared));
}

/// The slices of the shared tensors = the network's running statistics.
pub fn statistics(network: &Network, own: &Parameters, shared: &mut Parameters) {
    let running = |kind| matches!(kind, ParamKind::RunningMean | ParamKind::RunningVar);
    each(network, own, shared, running, |slice, own, shared| slice.scatter(own, shared));
}

/// `act` on every parameter of these kinds. Two parameters of one tensor come one after the other, in their order.
fn each(
    network: &Network,
    own: &Parameters,
    shared: &mut Parameters,
    kinds: impl Fn(ParamKind) -> bool,
    act: impl Fn(&Slice, &[f32], &mut [f32]) + Sync,
) {
    let mut tensors: Vec<Option<&mut Vec<f32>>> = shared.0.iter_mut().map(Some).collect();
    let (mut alone, mut again) = (Vec::with_capacity(own.0.len()), Vec::new());
    for ((slice, own), spec) in network.slices.iter().zip(&own.0).zip(&network.program.params) {
        let Some(slice) = slice.as_ref().filter(|_| kinds(spec.kind)) else { continue };
        match tensors[slice.tensor].take() {
            Some(tensor) => alone.push((slice, own, tensor)),
            None => again.push((slice, own)),
        }
    }
    alone.into_par_iter().with_min_len(GRAIN).for_each(|(slice, own, tensor)| act(slice, own, tensor));
    for (slice, own) in again {
        act(slice, own, &mut shared.0[slice.tensor]);
    }
}

//! Convolutions packed for inference, kept while their parameters do not change.

use super::kernel::{activation, conv_of_linear, conv2d};
use super::kernels::{Kernels, Running};
use super::plan::Plan;
use crate::space::{Op, ParamId, Program};
use nasflow_kernels::Activation;
use rayon::prelude::*;

/// One packed convolution and what it was made of.
struct Entry<K: Kernels> {
    conv: K::Prepared,
    made_of: Vec<(ParamId, K::Tensor)>,
    eps: f64,
}

/// By node; none where it is no convolution or was never run.
pub(super) struct Packed<K: Kernels>(Vec<Option<Entry<K>>>);

impl<K: Kernels> Default for Packed<K> {
    fn default() -> Self {
        Packed(Vec::new())
    }
}

impl<K: Kernels> Packed<K> {
    /// Packs the convolutions whose parameters are not those of the last time.
    pub fn refresh(&mut self, kernels: &K, program: &Program, plan: &Plan, params: &[K::Tensor], eps: f64) {
        self.0.resize_with(program.nodes.len(), || None);
        self.0.par_iter_mut().enumerate().for_each(|(i, entry)| {
            let made_of = |e: &Entry<K>| e.made_of.iter().all(|(id, v)| kernels.same(v, &params[*id]));
            let fresh = |e: &Entry<K>| e.eps.to_bits() == eps.to_bits() && made_of(e);
            if !entry.as_ref().is_some_and(fresh) {
                *entry = pack(kernels, program, plan, params, eps, i);
            }
        });
    }

    /// Forgets everything: another program.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The convolution of node `i`, with what its plan folds into it.
    pub fn get(&self, i: usize) -> Option<&K::Prepared> {
        self.0.get(i)?.as_ref().map(|e| &e.conv)
    }
}

fn pack<K: Kernels>(kernels: &K, program: &Program, plan: &Plan, params: &[K::Tensor], eps: f64, i: usize) -> Option<Entry<K>> {
    let node = &program.nodes[i];
    let x = program.values[node.inputs[0]];
    let (conv, weight, bias) = match &node.op {
        Op::Conv { weight, bias, window, groups } => (conv2d(window, *groups), *weight, *bias),
        Op::Linear { weight, bias } => (conv_of_linear(x), *weight, *bias),
        _ => return None,
    };
    let p = |id: ParamId| &params[id];
    let mut ids: Vec<ParamId> = [Some(weight), bias].into_iter().flatten().collect();
    let (mut norm, mut act) = (None, Activation::Identity);
    match plan.fused[i].map(|j| &program.nodes[j].op) {
        Some(Op::Norm { scale, shift, mean, var, activation: a }) => {
            norm = Some(Running { scale: p(*scale), shift: p(*shift), mean: p(*mean), var: p(*var), eps });
            act = activation(*a);
            ids.extend([*scale, *shift, *mean, *var]);
        }
        Some(Op::Activate(a)) => act = activation(*a),
        _ => {}
    }
    let channels = (x.c, program.values[node.output].c);
    let conv = kernels.prepare(&conv, channels, p(weight), bias.map(p), norm, act);
    Some(Entry { conv, made_of: ids.into_iter().map(|id| (id, params[id].clone())).collect(), eps })
}

//! Convolutions packed for inference, kept while their parameters do not change.

use super::kernel::{activation, conv_of_linear, conv2d};
use super::plan::Plan;
use crate::nn::Parameters;
use crate::space::{Op, ParamId, Program};
use nasflow_kernels::{Activation, PackedConv2d, fold_batch_norm, same_bits};
use rayon::prelude::*;

/// One packed convolution and what it was made of.
struct Entry {
    conv: PackedConv2d,
    act: Activation,
    made_of: Vec<(ParamId, Vec<f32>)>,
    eps: f64,
}

/// By node; none where it is no convolution or was never run.
#[derive(Default)]
pub(super) struct Packed(Vec<Option<Entry>>);

impl Packed {
    /// Packs the convolutions whose parameters are not those of the last time.
    pub fn refresh(&mut self, program: &Program, plan: &Plan, params: &Parameters, eps: f64) {
        self.0.resize_with(program.nodes.len(), || None);
        self.0.par_iter_mut().enumerate().for_each(|(i, entry)| {
            let fresh = |e: &Entry| e.eps.to_bits() == eps.to_bits() && e.made_of.iter().all(|(id, v)| same_bits(v, &params.0[*id]));
            if !entry.as_ref().is_some_and(fresh) {
                *entry = pack(program, plan, params, eps, i);
            }
        });
    }

    /// Forgets everything: another program.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The convolution of node `i`, with what its plan folds into it.
    pub fn get(&self, i: usize) -> Option<(&PackedConv2d, Activation)> {
        self.0.get(i)?.as_ref().map(|e| (&e.conv, e.act))
    }
}

fn pack(program: &Program, plan: &Plan, params: &Parameters, eps: f64, i: usize) -> Option<Entry> {
    let node = &program.nodes[i];
    let x = program.values[node.inputs[0]];
    let (conv, weight, bias) = match &node.op {
        Op::Conv { weight, bias, window, groups } => (conv2d(window, *groups), *weight, *bias),
        Op::Linear { weight, bias } => (conv_of_linear(x), *weight, *bias),
        _ => return None,
    };
    let p = |id: ParamId| params.0[id].as_slice();
    let oc = program.values[node.output].c;
    let mut ids: Vec<ParamId> = [Some(weight), bias].into_iter().flatten().collect();
    let (mut fold, mut act) = (None, Activation::Identity);
    match plan.fused[i].map(|j| &program.nodes[j].op) {
        Some(Op::Norm { scale, shift, mean, var, activation: a }) => {
            let (mut factor, mut term) = (vec![0.0; oc], vec![0.0; oc]);
            fold_batch_norm(p(*scale), p(*shift), p(*mean), p(*var), eps as f32, &mut factor, &mut term);
            fold = Some((factor, term));
            act = activation(*a);
            ids.extend([*scale, *shift, *mean, *var]);
        }
        Some(Op::Activate(a)) => act = activation(*a),
        _ => {}
    }
    let fold = fold.as_ref().map(|(f, t)| (f.as_slice(), t.as_slice()));
    let conv = PackedConv2d::new(&conv, x.c, oc, p(weight), bias.map(p), fold);
    Some(Entry { conv, act, made_of: ids.into_iter().map(|id| (id, params.0[id].clone())).collect(), eps })
}

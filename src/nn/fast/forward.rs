//! The forward pass: one kernel a node, from block to block.

use super::channels;
use super::kernel::{activation, conv_of_linear, conv2d, pool2d};
use super::mix;
use super::plan::Plan;
use super::state::State;
use crate::nn::{NormOptions, Parameters};
use crate::space::{Node, Op, Program};
use nasflow_kernels::{self as kernels, Conv2d, View};

/// Runs node `i` with running statistics, or with the batch's (kept in the state) where `training`.
pub(super) fn forward(
    state: &mut State,
    program: &Program,
    plan: &Plan,
    i: usize,
    params: &Parameters,
    images: &[f32],
    n: usize,
    norm: NormOptions,
    training: bool,
) {
    let node = &program.nodes[i];
    let place = plan.values[node.output];
    let yv = place.view(n);
    let from = |k: usize| plan.values[node.inputs[k]];
    let (x, xv) = (from(0).block, from(0).view(n));
    let p = |id: usize| params.0[id].as_slice();
    let mut block = state.take(place.block);
    let y = block.as_mut_slice();
    match &node.op {
        Op::Conv { .. } | Op::Linear { .. } if !training => {
            if let Some((conv, act)) = state.packed.get(i) {
                let (x, xv) = match node.inputs[0] {
                    0 => (images, View::dense(n, xv.h, xv.w, xv.c)),
                    _ => (state.blocks[x].as_slice(), xv),
                };
                conv.forward(act, x, xv, y, yv);
            }
        }
        Op::Conv { weight, bias, window, groups } => conv(state, plan, i, &conv2d(window, *groups), x, xv, p(*weight), bias.map(p), y, yv),
        Op::Linear { weight, bias } => {
            let shape = conv_of_linear(program.values[node.inputs[0]]);
            conv(state, plan, i, &shape, x, xv, p(*weight), bias.map(p), y, yv)
        }
        Op::Norm { scale, shift, activation: a, .. } if training => {
            let s = &mut state.statistics[i];
            let (x, act, eps) = (state.blocks[x].as_slice(), activation(*a), norm.eps as f32);
            if !plan.follows[i] {
                kernels::channel_statistics(x, xv, &mut s.mean, &mut s.var, &mut state.scratch);
            }
            kernels::batch_norm_apply(act, x, xv, p(*scale), p(*shift), eps, y, yv, &s.mean, &s.var, &mut s.invstd)
        }
        Op::Norm { .. } | Op::Activate(_) if !training && plan.follows[i] => {}
        Op::Norm { scale, shift, mean, var, activation: a } => {
            let (mut factor, mut term) = (vec![0.0; yv.c], vec![0.0; yv.c]);
            kernels::fold_batch_norm(p(*scale), p(*shift), p(*mean), p(*var), norm.eps as f32, &mut factor, &mut term);
            match from(0) == place {
                true => kernels::affine_act_in_place(activation(*a), y, yv, &factor, &term),
                false => kernels::affine_act(activation(*a), state.block(x), xv, &factor, &term, y, yv),
            }
        }
        Op::Activate(a) => match from(0) == place {
            true => kernels::activation_forward_in_place(activation(*a), y, yv),
            false => kernels::activation_forward(activation(*a), state.block(x), xv, y, yv),
        },
        Op::MaxPool(w) => {
            let argmax = &mut state.argmax[i];
            argmax.resize(argmax.len().max(yv.len()), 0);
            let argmax = &mut argmax[..yv.len()];
            match x == place.block {
                true => kernels::max_pool_forward_within(&pool2d(w), y, xv, yv, argmax),
                false => kernels::max_pool_forward(&pool2d(w), state.blocks[x].as_slice(), xv, y, yv, argmax),
            }
        }
        Op::AvgPool(w) => kernels::avg_pool_forward(&pool2d(w), state.block(x), xv, y, yv),
        Op::GlobalPool => kernels::global_avg_pool_forward(state.block(x), xv, y, yv),
        Op::Upsample(f) => kernels::upsample_forward((*f, *f), state.block(x), xv, y, yv),
        Op::Scale => kernels::channel_scale_forward(state.block(x), xv, state.block(from(1).block), from(1).view(n), y, yv),
        Op::Concat => {
            let mut channel = 0;
            for v in node.inputs.iter().map(|&v| plan.values[v]) {
                let slice = place.channels(channel, v.view(n).c);
                if v != slice {
                    kernels::copy(state.block(v.block), v.view(n), y, slice.view(n));
                }
                channel += v.view(n).c;
            }
        }
        Op::Add => add(state, plan, node, y, n),
        Op::Zero => kernels::zero(y, yv),
        Op::Slice { first, channels } => kernels::copy(state.block(x), from(0).channels(*first, *channels).view(n), y, yv),
        Op::Shuffle { groups } => channels::shuffle(*groups, state.block(x), xv, y, yv),
        Op::Mix { weights, picks } => mix::forward(state, plan, node, p(*weights), picks, y, n),
    }
    state.give_back(place.block, block);
}

/// A convolution in training, with the statistics of the norm that follows.
fn conv(
    state: &mut State,
    plan: &Plan,
    i: usize,
    conv: &Conv2d,
    x: usize,
    xv: View,
    w: &[f32],
    b: Option<&[f32]>,
    y: &mut [f32],
    yv: View,
) {
    let (x, scratch) = (state.blocks[x].as_slice(), &mut state.scratch);
    match plan.fused[i] {
        Some(j) => {
            let s = &mut state.statistics[j];
            kernels::conv2d_forward_statistics(conv, x, xv, w, b, y, yv, &mut s.mean, &mut s.var, scratch)
        }
        None => kernels::conv2d_forward(conv, x, xv, w, b, y, yv, scratch),
    }
}

/// y = Σ inputs; one of them may already lie there.
fn add(state: &State, plan: &Plan, node: &Node, y: &mut [f32], n: usize) {
    let place = plan.values[node.output];
    let yv = place.view(n);
    let mut rest: Vec<_> = node.inputs.iter().map(|&v| plan.values[v]).collect();
    let present = rest.len();
    rest.retain(|v| *v != place);
    let terms: Vec<_> = rest.iter().map(|v| (state.block(v.block), v.view(n))).collect();
    kernels::sum(&terms, y, yv, rest.len() < present);
}

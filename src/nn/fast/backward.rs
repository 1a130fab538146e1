//! The backward pass: the gradient of one node's inputs and parameters from the gradient of its output.

use super::channels;
use super::kernel::{activation, conv_of_linear, conv2d, pool2d};
use super::plan::{Flow, Place, Plan};
use super::state::State;
use crate::nn::Parameters;
use crate::space::{Activation, Op, Program};
use nasflow_kernels::{self as kernels, BatchNormGradients, Conv2d, View};

/// What every step reads.
pub(super) struct Pass<'a> {
    pub program: &'a Program,
    pub plan: &'a Plan,
    pub params: &'a Parameters,
    pub n: usize,
}

impl Pass<'_> {
    /// Runs node `i` backward; `grads` of its parameters are added to.
    pub fn node(&self, state: &mut State, grads: &mut Parameters, i: usize) {
        let node = &self.program.nodes[i];
        let (plan, n) = (self.plan, self.n);
        let Some(dy) = plan.gradients[node.output].filter(|_| !plan.flows[i].is_empty()) else { return };
        match &node.op {
            Op::Conv { weight, bias, window, groups } => self.conv(state, grads, i, dy, &conv2d(window, *groups), (*weight, *bias)),
            Op::Linear { weight, bias } => {
                self.conv(state, grads, i, dy, &conv_of_linear(self.program.values[node.inputs[0]]), (*weight, *bias))
            }
            Op::Norm { scale, shift, activation, .. } => self.norm(state, grads, i, dy, (*scale, *shift), *activation),
            Op::Activate(a) => {
                let (a, x, xv) = (activation(*a), plan.values[node.inputs[0]].block, plan.values[node.inputs[0]].view(n));
                match plan.flows[i][0] {
                    Flow::InPlace => {
                        let mut block = state.take(dy.block);
                        kernels::activation_backward_in_place(a, state.block(x), xv, block.as_mut_slice(), dy.view(n));
                        state.give_back(dy.block, block);
                    }
                    _ => self.to_input(state, i, 0, |state, dx, dxv, add| {
                        kernels::activation_backward(a, state.block(x), xv, state.block(dy.block), dy.view(n), dx, dxv, add)
                    }),
                }
            }
            Op::MaxPool(w) => {
                let len = dy.view(n).len();
                self.to_input(state, i, 0, |state, dx, dxv, add| {
                    let argmax = &state.argmax[i][..len];
                    match plan.gradients[node.inputs[0]].is_some_and(|dx| dx.block == dy.block) {
                        true => kernels::max_pool_backward_within(&pool2d(w), argmax, dx, dy.view(n), dxv, add),
                        false => kernels::max_pool_backward(&pool2d(w), argmax, state.block(dy.block), dy.view(n), dx, dxv, add),
                    }
                });
            }
            Op::AvgPool(w) => self.to_input(state, i, 0, |state, dx, dxv, add| {
                kernels::avg_pool_backward(&pool2d(w), state.block(dy.block), dy.view(n), dx, dxv, add)
            }),
            Op::GlobalPool => self.to_input(state, i, 0, |state, dx, dxv, add| {
                kernels::global_avg_pool_backward(state.block(dy.block), dy.view(n), dx, dxv, add)
            }),
            Op::Upsample(f) => self.to_input(state, i, 0, |state, dx, dxv, add| {
                kernels::upsample_backward((*f, *f), state.block(dy.block), dy.view(n), dx, dxv, add)
            }),
            Op::Scale => {
                let [x, s] = [0, 1].map(|k| plan.values[node.inputs[k]]);
                self.to_input(state, i, 0, |state, dx, dxv, add| {
                    kernels::channel_scale_backward_input(state.block(s.block), s.view(n), state.block(dy.block), dy.view(n), dx, dxv, add)
                });
                self.to_input(state, i, 1, |state, ds, dsv, add| {
                    kernels::channel_scale_backward_scale(state.block(x.block), x.view(n), state.block(dy.block), dy.view(n), ds, dsv, add)
                });
            }
            Op::Concat => {
                let mut channel = 0;
                for (k, &v) in node.inputs.iter().enumerate() {
                    let slice = dy.channels(channel, self.program.values[v].c);
                    self.pass_on(state, i, k, slice);
                    channel += self.program.values[v].c;
                }
            }
            // The image needs no gradient.
            Op::Zero => {}
            Op::Slice { first, .. } => self.to_input(state, i, 0, |state, dx, dxv, add| {
                let yv = dy.view(n);
                match add {
                    true => kernels::add_into(state.block(dy.block), yv, dx, dxv.channels(*first, yv.c)),
                    false => {
                        kernels::zero(dx, dxv);
                        kernels::copy(state.block(dy.block), yv, dx, dxv.channels(*first, yv.c));
                    }
                }
            }),
            Op::Shuffle { groups } => self
                .to_input(state, i, 0, |state, dx, dxv, add| channels::unshuffle(*groups, state.block(dy.block), dy.view(n), dx, dxv, add)),
            Op::Mix { weights, picks } => self.mix(state, grads, i, dy, *weights, picks),
            Op::Add => {
                // What lies in dy's place is added to only by earlier nodes, so the order of the inputs is free.
                (0..node.inputs.len()).for_each(|k| self.pass_on(state, i, k, dy));
            }
        }
    }

    /// Lends the block of the gradient of input `k` of node `i`, its view, and whether to add.
    pub(super) fn to_input(&self, state: &mut State, i: usize, k: usize, kernel: impl FnOnce(&State, &mut [f32], View, bool)) {
        let flow = self.plan.flows[i][k];
        let Some(dx) = self.plan.gradients[self.program.nodes[i].inputs[k]] else { return };
        if matches!(flow, Flow::Write | Flow::Add) {
            let mut block = state.take(dx.block);
            kernel(state, block.as_mut_slice(), dx.view(self.n), flow == Flow::Add);
            state.give_back(dx.block, block);
        }
    }

    /// The gradient of an input that is (a slice of) the output's.
    fn pass_on(&self, state: &mut State, i: usize, k: usize, dy: Place) {
        let yv = dy.view(self.n);
        self.to_input(state, i, k, |state, dx, dxv, add| match add {
            true => kernels::add_into(state.block(dy.block), yv, dx, dxv),
            false => kernels::copy(state.block(dy.block), yv, dx, dxv),
        });
    }

    fn conv(&self, state: &mut State, grads: &mut Parameters, i: usize, dy: Place, conv: &Conv2d, (weight, bias): (usize, Option<usize>)) {
        let x = self.plan.values[self.program.nodes[i].inputs[0]];
        let (n, mut scratch) = (self.n, std::mem::take(&mut state.scratch));
        let (dyv, w) = (dy.view(n), self.params.0[weight].as_slice());
        let (x, xv, g) = (state.block(x.block), x.view(n), state.block(dy.block));
        kernels::conv2d_backward_weight(conv, x, xv, g, dyv, &mut grads.0[weight], &mut scratch);
        if let Some(bias) = bias {
            kernels::conv2d_backward_bias(g, dyv, &mut grads.0[bias], &mut scratch);
        }
        self.to_input(state, i, 0, |state, dx, dxv, add| {
            kernels::conv2d_backward_input(conv, w, state.block(dy.block), dyv, dx, dxv, add, &mut scratch)
        });
        state.scratch = scratch;
    }

    fn norm(&self, state: &mut State, grads: &mut Parameters, i: usize, dy: Place, (scale, shift): (usize, usize), act: Activation) {
        let x = self.plan.values[self.program.nodes[i].inputs[0]];
        let (n, act) = (self.n, activation(act));
        let (mut dgamma, mut dbeta) = (std::mem::take(&mut grads.0[scale]), std::mem::take(&mut grads.0[shift]));
        let mut scratch = std::mem::take(&mut state.scratch);
        let s = std::mem::take(&mut state.statistics[i]);
        let norm = BatchNormGradients {
            gamma: &self.params.0[scale],
            beta: &self.params.0[shift],
            mean: &s.mean,
            invstd: &s.invstd,
            dgamma: &mut dgamma,
            dbeta: &mut dbeta,
        };
        match self.plan.flows[i][0] {
            Flow::InPlace | Flow::None => {
                // Where the input needs no gradient, gamma and beta still do; dy is not read again.
                let mut block = state.take(dy.block);
                let (x, xv) = (state.block(x.block), x.view(n));
                kernels::batch_norm_backward_over_dy(act, norm, x, xv, block.as_mut_slice(), dy.view(n), &mut scratch);
                state.give_back(dy.block, block);
            }
            Flow::Add => {
                // The kernel overwrites: its result is made aside and added.
                let dense = View::dense(n, x.view(n).h, x.view(n).w, x.view(n).c);
                let mut own = vec![0.0; dense.len()];
                let (x, xv, g) = (state.block(x.block), x.view(n), state.block(dy.block));
                kernels::batch_norm_backward(act, norm, x, xv, g, dy.view(n), &mut own, dense, &mut scratch);
                self.to_input(state, i, 0, |_, dx, dxv, _| kernels::add_into(&own, dense, dx, dxv));
            }
            Flow::Write => self.to_input(state, i, 0, |state, dx, dxv, _| {
                let (x, xv, g) = (state.block(x.block), x.view(n), state.block(dy.block));
                kernels::batch_norm_backward(act, norm, x, xv, g, dy.view(n), dx, dxv, &mut scratch)
            }),
        }
        state.statistics[i] = s;
        state.scratch = scratch;
        (grads.0[scale], grads.0[shift]) = (dgamma, dbeta);
    }
}

//! The backward pass: the gradient of one node's inputs and parameters from the gradient of its output.

use super::kernel::{activation, conv_of_linear, conv2d, pool2d};
use super::kernels::{Kernels, NormGradients, Out};
use super::plan::{Flow, Place, Plan};
use super::state::State;
use crate::space::{Activation, Op, ParamId, Program};
use nasflow_kernels::{Conv2d, View};

/// What every step reads.
pub(super) struct Pass<'a, K: Kernels> {
    pub kernels: &'a K,
    pub program: &'a Program,
    pub plan: &'a Plan,
    pub params: &'a [K::Tensor],
    pub n: usize,
}

impl<K: Kernels> Pass<'_, K> {
    /// Runs node `i` backward; `grads` of its parameters are added to.
    pub fn node(&self, state: &mut State<K>, grads: &mut [K::Tensor], i: usize) {
        let node = &self.program.nodes[i];
        let (k, plan, n) = (self.kernels, self.plan, self.n);
        let Some(dy) = plan.gradients[node.output].filter(|_| !plan.flows[i].is_empty()) else { return };
        let value = |k: usize| plan.values[node.inputs[k]];
        match &node.op {
            Op::Conv { weight, bias, window, groups } => self.conv(state, grads, i, dy, &conv2d(window, *groups), (*weight, *bias)),
            Op::Linear { weight, bias } => {
                self.conv(state, grads, i, dy, &conv_of_linear(self.program.values[node.inputs[0]]), (*weight, *bias))
            }
            Op::Norm { scale, shift, activation, .. } => self.norm(state, grads, i, dy, (*scale, *shift), *activation),
            Op::Activate(a) => {
                let (a, x) = (activation(*a), value(0));
                match plan.flows[i][0] {
                    Flow::InPlace => {
                        self.over(state, dy, |state, out| k.activate_backward(a, state.at(x, n), state.from(dy, n, dy.block), out, false))
                    }
                    _ => self.to_input(state, i, 0, |state, dx, add| {
                        k.activate_backward(a, state.at(x, n), state.from(dy, n, usize::MAX), dx, add)
                    }),
                }
            }
            Op::MaxPool(w) => {
                let own = plan.gradients[node.inputs[0]].map_or(usize::MAX, |dx| dx.block);
                self.to_input(state, i, 0, |state, dx, add| {
                    k.max_pool_backward(&pool2d(w), &state.winners[i], state.from(dy, n, own), dx, add)
                });
            }
            Op::AvgPool(w) => self.to_input(state, i, 0, |state, dx, add| k.avg_pool_backward(&pool2d(w), state.at(dy, n), dx, add)),
            Op::GlobalPool => self.to_input(state, i, 0, |state, dx, add| k.global_pool_backward(state.at(dy, n), dx, add)),
            Op::Upsample(f) => self.to_input(state, i, 0, |state, dx, add| k.upsample_backward(*f, state.at(dy, n), dx, add)),
            Op::Scale => {
                self.to_input(state, i, 0, |state, dx, add| k.scale_input(state.at(value(1), n), state.at(dy, n), dx, add));
                self.to_input(state, i, 1, |state, ds, add| k.scale_scale(state.at(value(0), n), state.at(dy, n), ds, add));
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
            Op::Slice { first, channels } => self.to_input(state, i, 0, |state, (dx, dxv), add| {
                if !add {
                    k.zero((&mut *dx, dxv));
                }
                k.copy(state.at(dy, n), (dx, dxv.channels(*first, *channels)), add);
            }),
            Op::Shuffle { groups } => self.to_input(state, i, 0, |state, dx, add| k.unshuffle(*groups, state.at(dy, n), dx, add)),
            Op::Mix { weights, picks } => {
                // To the gradient of an input's weight <dy, input>, to the input its weight times dy.
                for (j, &pick) in picks.iter().enumerate().take(node.inputs.len()) {
                    k.mix_weight(state.at(dy, n), state.at(value(j), n), &mut grads[*weights], pick);
                    self.to_input(state, i, j, |state, dx, add| k.mix(&self.params[*weights], pick, state.at(dy, n), dx, add));
                }
            }
            Op::Add => {
                // What lies in dy's place is added to only by earlier nodes, so the order of the inputs is free.
                (0..node.inputs.len()).for_each(|k| self.pass_on(state, i, k, dy));
            }
        }
    }

    /// Lends the place of the gradient of input `k` of node `i`, and whether to add.
    fn to_input(&self, state: &mut State<K>, i: usize, k: usize, kernel: impl FnOnce(&State<K>, Out<K::Block>, bool)) {
        let flow = self.plan.flows[i][k];
        let Some(dx) = self.plan.gradients[self.program.nodes[i].inputs[k]] else { return };
        if matches!(flow, Flow::Write | Flow::Add) {
            self.over(state, dx, |state, out| kernel(state, out, flow == Flow::Add));
        }
    }

    /// Lends a place to be written.
    fn over(&self, state: &mut State<K>, place: Place, kernel: impl FnOnce(&State<K>, Out<K::Block>)) {
        let mut block = state.take(place.block);
        kernel(state, (&mut block, place.view(self.n)));
        state.give_back(place.block, block);
    }

    /// The gradient of an input that is (a slice of) the output's.
    fn pass_on(&self, state: &mut State<K>, i: usize, k: usize, dy: Place) {
        self.to_input(state, i, k, |state, dx, add| self.kernels.copy(state.at(dy, self.n), dx, add));
    }

    fn conv(
        &self,
        state: &mut State<K>,
        grads: &mut [K::Tensor],
        i: usize,
        dy: Place,
        conv: &Conv2d,
        (weight, bias): (ParamId, Option<ParamId>),
    ) {
        let x = self.plan.values[self.program.nodes[i].inputs[0]];
        let (k, n, mut work) = (self.kernels, self.n, std::mem::take(&mut state.work));
        k.conv_weight(conv, state.at(x, n), state.at(dy, n), &mut grads[weight], &mut work);
        if let Some(bias) = bias {
            k.conv_bias(state.at(dy, n), &mut grads[bias], &mut work);
        }
        self.to_input(state, i, 0, |state, dx, add| k.conv_input(conv, &self.params[weight], state.at(dy, n), dx, add, &mut work));
        state.work = work;
    }

    fn norm(
        &self,
        state: &mut State<K>,
        grads: &mut [K::Tensor],
        i: usize,
        dy: Place,
        (scale, shift): (ParamId, ParamId),
        act: Activation,
    ) {
        let x = self.plan.values[self.program.nodes[i].inputs[0]];
        let (k, n, act) = (self.kernels, self.n, activation(act));
        let (mut dscale, mut dshift) = (std::mem::take(&mut grads[scale]), std::mem::take(&mut grads[shift]));
        let mut work = std::mem::take(&mut state.work);
        let statistics = std::mem::take(&mut state.statistics[i]);
        let norm = NormGradients {
            scale: &self.params[scale],
            shift: &self.params[shift],
            statistics: &statistics,
            dscale: &mut dscale,
            dshift: &mut dshift,
        };
        match self.plan.flows[i][0] {
            // Where the input needs no gradient, scale and shift still do; dy is not read again.
            Flow::InPlace | Flow::None => {
                self.over(state, dy, |state, out| k.norm_backward(act, norm, state.at(x, n), state.from(dy, n, dy.block), out, &mut work))
            }
            Flow::Add => {
                // The kernel overwrites: its result is made aside and added.
                let view = x.view(n);
                let (dense, mut own) = (View::dense(n, view.h, view.w, view.c), K::Block::default());
                k.reserve(&mut own, dense.len());
                k.norm_backward(act, norm, state.at(x, n), state.from(dy, n, usize::MAX), (&mut own, dense), &mut work);
                self.to_input(state, i, 0, |_, dx, add| k.copy((&own, dense), dx, add));
            }
            Flow::Write => self.to_input(state, i, 0, |state, dx, _| {
                k.norm_backward(act, norm, state.at(x, n), state.from(dy, n, usize::MAX), dx, &mut work)
            }),
        }
        state.statistics[i] = statistics;
        state.work = work;
        (grads[scale], grads[shift]) = (dscale, dshift);
    }
}

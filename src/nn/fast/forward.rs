//! The forward pass: one kernel a node, from block to block.

use super::kernel::{activation, conv_of_linear, conv2d, pool2d};
use super::kernels::{In, Kernels, Running};
use super::plan::{Place, Plan};
use super::state::State;
use crate::nn::NormOptions;
use crate::space::{Node, Op, ParamId, Program};
use nasflow_kernels::{Conv2d, View};

/// What every node's forward pass reads.
pub(super) struct Forward<'a, K: Kernels> {
    pub kernels: &'a K,
    pub program: &'a Program,
    pub plan: &'a Plan,
    pub params: &'a [K::Tensor],
    pub images: &'a [f32],
    pub n: usize,
    pub norm: NormOptions,
    /// With the batch's statistics, which the state keeps; else with running ones.
    pub training: bool,
}

impl<K: Kernels> Forward<'_, K> {
    /// Runs node `i`.
    pub fn node(&self, state: &mut State<K>, i: usize) {
        let node = &self.program.nodes[i];
        let (k, plan, n, training) = (self.kernels, self.plan, self.n, self.training);
        let place = plan.values[node.output];
        let yv = place.view(n);
        let from = |k: usize| plan.values[node.inputs[k]];
        let p = |id: ParamId| &self.params[id];
        let mut block = state.take(place.block);
        let y = &mut block;
        match &node.op {
            Op::Conv { .. } | Op::Linear { .. } if !training => {
                if let Some(conv) = state.packed.get(i) {
                    let xv = from(0).view(n);
                    match node.inputs[0] {
                        0 => k.prepared_on_images(conv, self.images, View::dense(n, xv.h, xv.w, xv.c), (y, yv)),
                        _ => k.prepared(conv, state.at(from(0), n), (y, yv)),
                    }
                }
            }
            Op::Conv { weight, bias, window, groups } => self.conv(state, i, &conv2d(window, *groups), from(0), (*weight, *bias), y),
            Op::Linear { weight, bias } => {
                self.conv(state, i, &conv_of_linear(self.program.values[node.inputs[0]]), from(0), (*weight, *bias), y)
            }
            Op::Norm { scale, shift, activation: a, .. } if training => {
                let State { blocks, statistics, work, .. } = state;
                let (x, s) = ((&blocks[from(0).block], from(0).view(n)), &mut statistics[i]);
                if !plan.follows[i] {
                    k.statistics(x, s, work);
                }
                k.norm(activation(*a), x, p(*scale), p(*shift), self.norm.eps, (y, yv), s)
            }
            Op::Norm { .. } | Op::Activate(_) if !training && plan.follows[i] => {}
            Op::Norm { scale, shift, mean, var, activation: a } => {
                let norm = Running { scale: p(*scale), shift: p(*shift), mean: p(*mean), var: p(*var), eps: self.norm.eps };
                k.norm_running(activation(*a), norm, state.from(from(0), n, place.block), (y, yv))
            }
            Op::Activate(a) => k.activate(activation(*a), state.from(from(0), n, place.block), (y, yv)),
            Op::MaxPool(w) => {
                let mut winners = std::mem::take(&mut state.winners[i]);
                k.max_pool(&pool2d(w), state.from(from(0), n, place.block), (y, yv), &mut winners);
                state.winners[i] = winners;
            }
            Op::AvgPool(w) => k.avg_pool(&pool2d(w), state.at(from(0), n), (y, yv)),
            Op::GlobalPool => k.global_pool(state.at(from(0), n), (y, yv)),
            Op::Upsample(f) => k.upsample(*f, state.at(from(0), n), (y, yv)),
            Op::Scale => k.scale(state.at(from(0), n), state.at(from(1), n), (y, yv)),
            Op::Concat => {
                let mut channel = 0;
                for v in node.inputs.iter().map(|&v| plan.values[v]) {
                    let slice = place.channels(channel, v.view(n).c);
                    if v != slice {
                        k.copy(state.at(v, n), (&mut *y, slice.view(n)), false);
                    }
                    channel += v.view(n).c;
                }
            }
            Op::Add => self.add(state, node, y),
            Op::Zero => k.zero((y, yv)),
            Op::Slice { first, channels } => k.copy(state.at(from(0).channels(*first, *channels), n), (y, yv), false),
            Op::Shuffle { groups } => k.shuffle(*groups, state.at(from(0), n), (y, yv)),
            Op::Mix { weights, picks } => {
                for (j, (&input, &pick)) in node.inputs.iter().zip(picks).enumerate() {
                    k.mix(p(*weights), pick, state.at(plan.values[input], n), (&mut *y, yv), j > 0);
                }
            }
        }
        state.give_back(place.block, block);
    }

    /// A convolution in training, with the statistics of the norm that follows.
    fn conv(&self, state: &mut State<K>, i: usize, conv: &Conv2d, x: Place, (weight, bias): (ParamId, Option<ParamId>), y: &mut K::Block) {
        let State { blocks, statistics, work, .. } = state;
        let yv = self.plan.values[self.program.nodes[i].output].view(self.n);
        let statistics = self.plan.fused[i].map(|j| &mut statistics[j]);
        let bias = bias.map(|id| &self.params[id]);
        self.kernels.conv(conv, (&blocks[x.block], x.view(self.n)), &self.params[weight], bias, (y, yv), statistics, work);
    }

    /// y = Σ inputs; one of them may already lie there.
    fn add(&self, state: &State<K>, node: &Node, y: &mut K::Block) {
        let place = self.plan.values[node.output];
        let mut rest: Vec<_> = node.inputs.iter().map(|&v| self.plan.values[v]).collect();
        let present = rest.len();
        rest.retain(|v| *v != place);
        let terms: Vec<In<K::Block>> = rest.iter().map(|v| state.at(*v, self.n)).collect();
        self.kernels.sum(&terms, (y, place.view(self.n)), rest.len() < present);
    }
}

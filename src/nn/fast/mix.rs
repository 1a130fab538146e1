//! Mixtures: a weighted sum of values, the gradients of the values and of the weights. Plain loops in a fixed order, one
//! thread: the same bits everywhere.

use super::backward::Pass;
use super::plan::{Place, Plan};
use super::state::State;
use crate::nn::Parameters;
use crate::space::Node;
use nasflow_kernels::View;

/// Elements that are summed side by side in a scalar product.
const LANES: usize = 8;

/// y = Σ weights[picks[j]] · input j.
pub(super) fn forward(state: &State, plan: &Plan, node: &Node, weights: &[f32], picks: &[usize], y: &mut [f32], n: usize) {
    let yv = plan.values[node.output].view(n);
    for (j, (&input, &pick)) in node.inputs.iter().zip(picks).enumerate() {
        let place = plan.values[input];
        scaled(weights[pick], state.block(place.block), place.view(n), y, yv, j > 0);
    }
}

impl Pass<'_> {
    /// Adds <dy, input j> to the gradient of its weight, and gives each input its weight times dy.
    pub(super) fn mix(&self, state: &mut State, grads: &mut Parameters, i: usize, dy: Place, weights: usize, picks: &[usize]) {
        let (node, n) = (&self.program.nodes[i], self.n);
        for (j, (&input, &pick)) in node.inputs.iter().zip(picks).enumerate() {
            let place = self.plan.values[input];
            let product = dot(state.block(dy.block), dy.view(n), state.block(place.block), place.view(n));
            grads.0[weights][pick] += product as f32;
            let weight = self.params.0[weights][pick];
            self.to_input(state, i, j, |state, dx, dxv, add| scaled(weight, state.block(dy.block), dy.view(n), dx, dxv, add));
        }
    }
}

fn row(view: View, pixel: usize) -> std::ops::Range<usize> {
    let start = view.offset + pixel * view.stride;
    start..start + view.c
}

/// y = factor · x, or y += factor · x.
fn scaled(factor: f32, x: &[f32], xv: View, y: &mut [f32], yv: View, add: bool) {
    for pixel in 0..yv.pixels() {
        let (x, y) = (&x[row(xv, pixel)], &mut y[row(yv, pixel)]);
        match add {
            true => y.iter_mut().zip(x).for_each(|(y, x)| *y += factor * x),
            false => y.iter_mut().zip(x).for_each(|(y, x)| *y = factor * x),
        }
    }
}

fn dot(a: &[f32], av: View, b: &[f32], bv: View) -> f64 {
    let mut sum = 0.0f64;
    for pixel in 0..av.pixels() {
        let (a, b) = (a[row(av, pixel)].chunks(LANES), b[row(bv, pixel)].chunks(LANES));
        let mut lanes = [0.0f32; LANES];
        for (a, b) in a.zip(b) {
            lanes.iter_mut().zip(a.iter().zip(b)).for_each(|(lane, (a, b))| *lane += a * b);
        }
        sum += lanes.iter().map(|l| f64::from(*l)).sum::<f64>();
    }
    sum
}

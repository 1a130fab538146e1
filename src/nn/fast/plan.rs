//! Everything about a run that does not depend on numbers: where each value and gradient lies, what is written first and
//! what is added, and which blocks of memory are shared.

use super::lifetime::{Need, assign};
use super::placement::{Placement, Uses};
use crate::space::{Op, Program, Shape, ValueId};
use nasflow_kernels::View;

/// Where one value or gradient lies: block of memory, and the view in it for one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub block: usize,
    view: View,
}

impl Place {
    /// The view for `n` images.
    pub fn view(&self, n: usize) -> View {
        View { n, ..self.view }
    }

    /// A part of it.
    pub fn channels(self, first: usize, c: usize) -> Place {
        Place { view: self.view.channels(first, c), ..self }
    }
}

/// What the backward pass does with the gradient of one input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// Nothing reads it.
    None,
    /// It lies in the output's gradient, or is computed in its place.
    InPlace,
    /// First contribution: overwrites.
    Write,
    /// Later contribution: adds.
    Add,
}

/// A plan for training, or for inference (without gradients).
pub(super) struct Plan {
    /// By value.
    pub values: Vec<Place>,
    /// By value; none where no gradient is needed.
    pub gradients: Vec<Option<Place>>,
    /// By node and input; an empty list where no gradient reaches the node.
    pub flows: Vec<Vec<Flow>>,
    /// By output: whether its seed is added to another seed of the same value.
    pub seeds: Vec<Flow>,
    /// Floats an image, by block.
    pub blocks: Vec<usize>,
    /// By node: the norm (or, in inference, activation) after a convolution that is computed with it. In training that is the
    /// norm's statistics, in inference the whole node.
    pub fused: Vec<Option<usize>>,
    /// By node: whether it is computed with the convolution before it.
    pub follows: Vec<bool>,
}

impl Plan {
    /// Plan of forward passes with running statistics.
    pub fn inference(program: &Program) -> Plan {
        Plan::new(program, false, false)
    }

    /// Plan of forward passes with batch statistics, and their backward passes; with `to_images` as far as the images.
    pub fn training(program: &Program, to_images: bool) -> Plan {
        Plan::new(program, true, to_images)
    }

    fn new(program: &Program, training: bool, to_images: bool) -> Plan {
        let uses = Uses::of(program);
        let count = program.values.len();
        let (active, wanted) = if training { reach(program, to_images) } else { (vec![false; program.nodes.len()], vec![false; count]) };
        let mut saved = vec![false; count];
        for (node, active) in program.nodes.iter().zip(&active) {
            let reads = matches!(node.op, Op::Conv { .. } | Op::Activate(_) | Op::Linear { .. } | Op::Scale | Op::Mix { .. });
            // Training batch norm does not work in place, whether or not a gradient comes back.
            if *active && reads || training && matches!(node.op, Op::Norm { .. }) {
                node.inputs.iter().for_each(|&v| saved[v] = true);
            }
        }
        let values = Placement::of_values(program, &uses, &saved);
        let gradients = Placement::of_gradients(program, &uses, &active, &wanted);
        let (flows, seeds, written) = flows(program, &active, &wanted, &gradients);

        let mut clock = Clock { needs: vec![None; 2 * count], nodes: program.nodes.len() };
        let size = |v: ValueId| program.values[v].h * program.values[v].w * program.values[v].c;
        clock.touch(0, size(0), 0);
        for v in 0..count {
            let (root, floats) = (values.root[v], size(values.root[v]));
            uses.writer[v].iter().chain(&uses.readers[v]).for_each(|&i| clock.touch(root, floats, i));
            if uses.is_output[v] {
                clock.touch(root, floats, clock.end());
            }
            if saved[v] {
                uses.readers[v].iter().filter(|i| active[**i]).for_each(|&i| clock.touch(root, floats, clock.backward(i)));
            }
            if written[v] {
                let (root, floats) = (gradients.root[v], size(gradients.root[v]));
                let nodes = uses.writer[v].iter().chain(uses.readers[v].iter().filter(|i| active[**i]));
                nodes.for_each(|&i| clock.touch(count + root, floats, clock.backward(i)));
                if uses.is_output[v] {
                    clock.touch(count + root, floats, clock.nodes);
                }
                // The images' is read when everything is done.
                if v == 0 {
                    clock.touch(count + root, floats, clock.end());
                }
            }
        }
        let (block_of, blocks) = assign(&clock.needs);
        let place = |placement: &Placement, v: ValueId, first: usize| {
            let Shape { h, w, c } = program.values[v];
            let stride = program.values[placement.root[v]].c;
            Place { block: block_of[first + placement.root[v]], view: View { n: 1, h, w, c, stride, offset: placement.offset[v] } }
        };
        let places: Vec<Place> = (0..count).map(|v| place(&values, v, 0)).collect();
        let gradient_places = (0..count).map(|v| written[v].then(|| place(&gradients, v, count))).collect();
        let fused = fusions(program, &uses, &places, training);
        let mut follows = vec![false; program.nodes.len()];
        fused.iter().flatten().for_each(|&j| follows[j] = true);
        Plan { fused, follows, values: places, gradients: gradient_places, flows, seeds, blocks }
    }
}

/// Steps: forward of node i is i, the seeds are step `nodes`, backward of node i is 2·nodes − i.
struct Clock {
    needs: Vec<Option<Need>>,
    nodes: usize,
}

impl Clock {
    fn backward(&self, node: usize) -> usize {
        2 * self.nodes - node
    }

    fn end(&self) -> usize {
        2 * self.nodes + 1
    }

    fn touch(&mut self, buffer: usize, floats: usize, step: usize) {
        let need = self.needs[buffer].get_or_insert(Need { floats, first: step, last: step });
        need.first = need.first.min(step);
        need.last = need.last.max(step);
    }
}

/// What is computed with the convolution before it (see [`Plan::fused`]).
fn fusions(program: &Program, uses: &Uses, places: &[Place], training: bool) -> Vec<Option<usize>> {
    let after = |i: usize| {
        let node = &program.nodes[i];
        let v = node.output;
        if !matches!(node.op, Op::Conv { .. } | Op::Linear { .. }) {
            return None;
        }
        let next = |j: &&usize| match program.nodes[**j].op {
            Op::Norm { .. } => true,
            Op::Activate(_) => !training,
            _ => false,
        };
        let j = *uses.readers[v].iter().find(next)?;
        // In inference the convolution's own output never exists.
        let hidden = uses.readers[v].len() == 1 && !uses.is_output[v] && places[v] == places[program.nodes[j].output];
        (training || hidden).then_some(j)
    };
    (0..program.nodes.len()).map(after).collect()
}

/// Which nodes a gradient reaches (there is a way from them to an output, and something to learn at or before them), and
/// which values need one: the images only where they are asked for.
fn reach(program: &Program, to_images: bool) -> (Vec<bool>, Vec<bool>) {
    let mut wanted = vec![false; program.values.len()];
    wanted[0] = to_images;
    for node in &program.nodes {
        let learns = matches!(node.op, Op::Conv { .. } | Op::Norm { .. } | Op::Linear { .. } | Op::Mix { .. });
        // Zeros do not look at the image.
        wanted[node.output] = learns || !matches!(node.op, Op::Zero) && node.inputs.iter().any(|&v| wanted[v]);
    }
    let mut read = vec![false; program.values.len()];
    program.outputs.iter().for_each(|&v| read[v] = true);
    let mut active = vec![false; program.nodes.len()];
    for (i, node) in program.nodes.iter().enumerate().rev() {
        active[i] = read[node.output] && wanted[node.output];
        if active[i] {
            node.inputs.iter().for_each(|&v| read[v] = true);
        }
    }
    (active, wanted)
}

/// Goes through the backward pass and notes which contribution to a gradient comes first.
fn flows(program: &Program, active: &[bool], wanted: &[bool], gradients: &Placement) -> (Vec<Vec<Flow>>, Vec<Flow>, Vec<bool>) {
    let mut written = vec![false; program.values.len()];
    let mut contribute = |v: ValueId| match (wanted[v], std::mem::replace(&mut written[v], wanted[v])) {
        (false, _) => Flow::None,
        (true, false) => Flow::Write,
        (true, true) => Flow::Add,
    };
    let any = active.iter().any(|a| *a);
    let seeds = program.outputs.iter().map(|&v| if any { contribute(v) } else { Flow::None }).collect();
    let mut flows = vec![Vec::new(); program.nodes.len()];
    for (i, node) in program.nodes.iter().enumerate().rev().filter(|(i, _)| active[*i]) {
        let shares = |v: ValueId| gradients.root[v] == gradients.root[node.output];
        let pools = matches!(node.op, Op::MaxPool(_));
        flows[i] = (node.inputs.iter())
            .map(|&v| match contribute(v) {
                Flow::Write if shares(v) && !pools => Flow::InPlace,
                flow => flow,
            })
            .collect();
    }
    (flows, seeds, written)
}

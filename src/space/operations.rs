//! A network as a bag of operations, each with a name and as a program of its own: what a table of latencies has rows for.
//!
//! An operation is one operator; a convolution or linear layer takes the batch norm and the activation that alone read it, as the fast
//! executor computes them in one. Names hold what time depends on, and no weights: `conv 64x32x3x3 s2 p1 in 32x32 norm silu`.

use super::graph::{Activation, Head, Node, Op, ParamSpec, Program, Shape, ValueId, Window};
use std::collections::BTreeMap;
use std::fmt::Write;

/// An operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Its name: equal ones take equally long.
    pub key: String,
    /// It alone, over an image of its input's shape. Joined inputs are a copy of the output, several equal ones the same one.
    pub alone: Program,
    /// What of `alone` is not the operation's: a squeeze-excite's gate is made of its input by a mean.
    pub less: Option<Program>,
}

impl Program {
    /// The operations that this network is, in order.
    pub fn operations(&self) -> Vec<Operation> {
        self.operations_of_layers().into_iter().map(|(operation, _)| operation).collect()
    }

    /// The same, each with the layer in which it begins.
    pub(super) fn operations_of_layers(&self) -> Vec<(Operation, usize)> {
        let mut readers: Vec<Vec<usize>> = vec![vec![]; self.values.len()];
        for (i, node) in self.nodes.iter().enumerate() {
            node.inputs.iter().for_each(|&v| readers[v].push(i));
        }
        let mut taken = vec![false; self.nodes.len()];
        let mut all = vec![];
        for i in 0..self.nodes.len() {
            if taken[i] {
                continue;
            }
            let mut nodes = vec![i];
            let mut fuses = matches!(self.nodes[i].op, Op::Conv { .. } | Op::Linear { .. });
            while fuses {
                let value = self.nodes[nodes[nodes.len() - 1]].output;
                fuses = match readers[value][..] {
                    [j] if !self.outputs.contains(&value) && matches!(self.nodes[j].op, Op::Norm { .. } | Op::Activate(_)) => {
                        nodes.push(j);
                        taken[j] = true;
                        matches!(self.nodes[j].op, Op::Norm { activation: Activation::Identity, .. })
                    }
                    _ => false,
                };
            }
            all.push((self.operation(&nodes), self.nodes[i].layer));
        }
        all
    }

    /// The names of the operations with how often each comes.
    pub fn operation_counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        self.operations().into_iter().for_each(|o| *counts.entry(o.key).or_default() += 1);
        counts
    }

    fn operation(&self, nodes: &[usize]) -> Operation {
        let key = nodes.iter().map(|&i| self.name(&self.nodes[i])).collect::<Vec<_>>().join(" ");
        let (first, mut params) = (&self.nodes[nodes[0]], vec![]);
        let input = self.values[first.inputs[0]];
        let mut alone = Small::over(match first.op {
            Op::Concat => self.values[first.output],
            _ => input,
        });
        let mut less = None;
        for (k, &i) in nodes.iter().enumerate() {
            let node = &self.nodes[i];
            let x = if k == 0 { 0 } else { alone.last() };
            let out = self.values[node.output];
            match &node.op {
                Op::Concat => alone.push(Op::Slice { first: 0, channels: out.c }, vec![x], out),
                Op::Scale => {
                    alone.push(Op::GlobalPool, vec![x], Shape { h: 1, w: 1, c: input.c });
                    less = Some(alone.clone().program(&[]));
                    let gate = alone.last();
                    alone.push(Op::Scale, vec![x, gate], out);
                }
                op => alone.push(self.moved(op, &mut params), vec![x; node.inputs.len()], out),
            }
        }
        Operation { key, alone: alone.program(&params), less }
    }

    /// The operator with its parameters in another list.
    fn moved(&self, op: &Op, params: &mut Vec<ParamSpec>) -> Op {
        let mut take = |id: usize| {
            params.push(self.params[id].clone());
            params.len() - 1
        };
        match op.clone() {
            Op::Conv { weight, bias, window, groups } => Op::Conv { weight: take(weight), bias: bias.map(&mut take), window, groups },
            Op::Linear { weight, bias } => Op::Linear { weight: take(weight), bias: bias.map(take) },
            Op::Norm { scale, shift, mean, var, activation } => {
                Op::Norm { scale: take(scale), shift: take(shift), mean: take(mean), var: take(var), activation }
            }
            Op::Mix { weights, picks } => Op::Mix { weights: take(weights), picks },
            other => other,
        }
    }

    fn name(&self, node: &Node) -> String {
        let s = self.values[node.inputs[0]];
        let shape = |id: usize| self.params[id].shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
        let map = format!("in {}x{}", s.h, s.w);
        let of = |word: &str, w: &Window| format!("{word} {}{} in {}x{}x{}", pair(w.kernel), window(w), s.h, s.w, s.c);
        let whole = |word: &str| format!("{word} in {}x{}x{}", s.h, s.w, s.c);
        match &node.op {
            Op::Conv { weight, bias, window: w, groups } => {
                let groups = if *groups == 1 { String::new() } else { format!(" g{groups}") };
                format!("conv {}{}{groups}{} {map}", shape(*weight), window(w), if bias.is_some() { " bias" } else { "" })
            }
            Op::Linear { weight, bias } => format!("linear {}{}", shape(*weight), if bias.is_some() { " bias" } else { "" }),
            // Behind a convolution the shape is known.
            Op::Norm { activation, .. } if self.follows(node) => format!("norm {}", activation.word()),
            Op::Norm { activation, .. } => whole(&format!("norm {}", activation.word())),
            Op::Activate(a) if self.follows(node) => a.word().into(),
            Op::Activate(a) => whole(a.word()),
            Op::MaxPool(w) => of("max-pool", w),
            Op::AvgPool(w) => of("avg-pool", w),
            Op::GlobalPool => whole("global-pool"),
            Op::Upsample(f) => whole(&format!("upsample {f}")),
            Op::Concat => {
                let c = node.inputs.iter().map(|&v| self.values[v].c.to_string()).collect::<Vec<_>>().join("+");
                format!("concat {c} {map}")
            }
            Op::Add => whole(&format!("add {}", node.inputs.len())),
            Op::Scale => whole("scale"),
            Op::Zero => {
                let s = self.values[node.output];
                format!("zero {}x{}x{}", s.h, s.w, s.c)
            }
            Op::Slice { first, channels } => whole(&format!("slice {first}+{channels}")),
            Op::Shuffle { groups } => whole(&format!("shuffle {groups}")),
            Op::Mix { .. } => whole(&format!("mix {}", node.inputs.len())),
        }
    }

    /// Whether a convolution or linear layer made its input.
    fn follows(&self, node: &Node) -> bool {
        let made = |n: &&Node| n.output == node.inputs[0];
        match self.nodes.iter().find(made).map(|n| &n.op) {
            Some(Op::Conv { .. } | Op::Linear { .. }) => true,
            Some(Op::Norm { activation: Activation::Identity, .. }) => matches!(node.op, Op::Activate(_)),
            _ => false,
        }
    }
}

/// A program of a few operators.
#[derive(Clone)]
struct Small {
    values: Vec<Shape>,
    nodes: Vec<Node>,
}

impl Small {
    fn over(image: Shape) -> Self {
        Small { values: vec![image], nodes: vec![] }
    }

    fn last(&self) -> ValueId {
        self.values.len() - 1
    }

    fn push(&mut self, op: Op, inputs: Vec<ValueId>, shape: Shape) {
        self.values.push(shape);
        self.nodes.push(Node { op, inputs, output: self.last(), layer: 0 });
    }

    fn program(self, params: &[ParamSpec]) -> Program {
        let outputs = vec![self.last()];
        Program { values: self.values, nodes: self.nodes, params: params.to_vec(), outputs, head: Head::Features }
    }
}

fn pair((a, b): (usize, usize)) -> String {
    if a == b { a.to_string() } else { format!("{a}x{b}") }
}

/// ` s2 p1`, and the dilation where there is one.
fn window(w: &Window) -> String {
    let mut text = format!(" s{} p{}", pair(w.stride), pair(w.padding));
    if w.dilation != (1, 1) {
        let _ = write!(text, " d{}", pair(w.dilation));
    }
    text
}

impl Activation {
    /// The word in the file.
    pub fn word(self) -> &'static str {
        match self {
            Activation::Identity => "identity",
            Activation::Silu => "silu",
            Activation::Relu => "relu",
            Activation::Hardswish => "hardswish",
            Activation::LeakyRelu => "leaky-relu",
            Activation::Sigmoid => "sigmoid",
            Activation::Hardsigmoid => "hardsigmoid",
        }
    }
}

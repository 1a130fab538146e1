//! A program's operators as ONNX's.

use super::boxes;
use super::graph::{Attribute, Graph, INPUT, OUTPUT, value};
use super::wire::Message;
use crate::nn::Parameters;
use crate::space::{Activation, Head, Node, Op, ParamId, Program, Window};

/// The graph of a whole network. Fails where an operator is none of a finished network's.
pub(super) fn graph(program: &Program, params: &Parameters, eps: f64) -> Result<Message, String> {
    let mut writer = Writer { program, params, eps, graph: Graph::default() };
    let mut done = vec![false; program.nodes.len()];
    for i in 0..program.nodes.len() {
        if !done[i] {
            let norm = writer.folded(i);
            writer.node(&program.nodes[i], norm.map(|n| &program.nodes[n]))?;
            norm.into_iter().for_each(|n| done[n] = true);
        }
    }
    let Writer { mut graph, .. } = writer;
    let image = program.values[0];
    let output = match &program.head {
        Head::Detect { .. } => boxes::decode(&mut graph, program)?,
        Head::Classify { classes } => vec![*classes],
        Head::Features => return Err("the network has no head".into()),
    };
    Ok(graph.finish("nasflow", (INPUT, &[image.c, image.h, image.w]), (OUTPUT, &output)))
}

struct Writer<'a> {
    program: &'a Program,
    params: &'a Parameters,
    eps: f64,
    graph: Graph,
}

impl Writer<'_> {
    /// The norm that goes into the convolution at this place: it alone reads what the convolution makes.
    fn folded(&self, at: usize) -> Option<usize> {
        let node = &self.program.nodes[at];
        let Op::Conv { bias: None, .. } = node.op else { return None };
        let mut readers = self.program.nodes.iter().enumerate().filter(|(_, n)| n.inputs.contains(&node.output));
        let (norm, reader) = readers.next()?;
        let alone = readers.next().is_none() && !self.program.outputs.contains(&node.output);
        (alone && matches!(reader.op, Op::Norm { .. })).then_some(norm)
    }

    /// Writes an operator, with the norm that is folded into it.
    fn node(&mut self, node: &Node, norm: Option<&Node>) -> Result<(), String> {
        let inputs: Vec<String> = node.inputs.iter().map(|&x| value(x)).collect();
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let y = &value(node.output);
        match &node.op {
            Op::Conv { weight, bias, window, groups } => self.conv(&inputs, (*weight, *bias), window, *groups, node, norm),
            Op::Norm { scale, shift, mean, var, activation } => {
                let names: Vec<String> = [scale, shift, mean, var].iter().map(|&&p| self.parameter(p)).collect();
                let all: Vec<&str> = [inputs[0]].into_iter().chain(names.iter().map(String::as_str)).collect();
                let normed = format!("{y}/norm");
                self.graph.node("BatchNormalization", &all, &normed, &[("epsilon", Attribute::Float(self.eps as f32))]);
                self.activate(*activation, &normed, y);
            }
            Op::Activate(activation) => self.activate(*activation, inputs[0], y),
            Op::MaxPool(window) => self.graph.node("MaxPool", &inputs, y, &slide(&sizes(window))),
            Op::AvgPool(window) => {
                let sizes = sizes(window);
                let mut attributes = slide(&sizes);
                // Distances within a window came to average pools with a later set of operators.
                attributes.retain(|(name, _)| *name != "dilations");
                attributes.push(("count_include_pad", Attribute::Int(1)));
                self.graph.node("AveragePool", &inputs, y, &attributes);
            }
            Op::GlobalPool => self.graph.node("GlobalAveragePool", &inputs, y, &[]),
            Op::Linear { weight, bias } => self.linear(inputs[0], (*weight, *bias), node),
            Op::Upsample(factor) => {
                let scales = format!("{y}/scales");
                self.graph.floats(&scales, &[4], [1.0, 1.0, *factor as f32, *factor as f32]);
                let attributes = [
                    ("mode", Attribute::Word("nearest")),
                    ("coordinate_transformation_mode", Attribute::Word("asymmetric")),
                    ("nearest_mode", Attribute::Word("floor")),
                ];
                self.graph.node("Resize", &[inputs[0], "", &scales], y, &attributes);
            }
            Op::Concat => self.graph.node("Concat", &inputs, y, &[("axis", Attribute::Int(1))]),
            Op::Add => self.graph.node("Sum", &inputs, y, &[]),
            Op::Scale => self.graph.node("Mul", &inputs, y, &[]),
            Op::Zero => self.zero(node),
            Op::Slice { first, channels } => self.slice(inputs[0], (*first, *channels), y),
            Op::Shuffle { groups } => self.shuffle(inputs[0], *groups, node),
            Op::Mix { .. } => return Err(format!("layer {} has an operator of supernets, which are not exported", node.layer)),
        }
        Ok(())
    }

    fn conv(
        &mut self,
        inputs: &[&str],
        (weight, bias): (ParamId, Option<ParamId>),
        window: &Window,
        groups: usize,
        node: &Node,
        norm: Option<&Node>,
    ) {
        let spec = &self.program.params[weight];
        let (name, channels) = (spec.name.clone(), spec.shape[0]);
        let (shift, activation, output) = match norm.map(|n| (&n.op, n.output)) {
            Some((Op::Norm { scale, shift, mean, var, activation }, output)) => {
                let of = |p: &ParamId| &self.params.0[*p];
                let gain = of(scale).iter().zip(of(var)).map(|(g, v)| f64::from(*g) / libm::sqrt(f64::from(*v) + self.eps));
                let gain: Vec<f64> = gain.collect();
                let per_channel = self.params.0[weight].chunks_exact((spec.len() / channels).max(1)).zip(&gain);
                let weights: Vec<f32> = per_channel.flat_map(|(w, g)| w.iter().map(move |w| (f64::from(*w) * g) as f32)).collect();
                let moved = |((b, m), g): ((&f32, &f32), &f64)| (f64::from(*b) - f64::from(*m) * g) as f32;
                let shift: Vec<f32> = of(shift).iter().zip(of(mean)).zip(&gain).map(moved).collect();
                self.graph.floats(&name, &spec.shape, weights);
                (Some(shift), *activation, output)
            }
            _ => {
                self.graph.floats(&name, &spec.shape, self.params.0[weight].iter().copied());
                (bias.map(|b| self.params.0[b].clone()), Activation::Identity, node.output)
            }
        };
        let bias = name.strip_suffix("weight").unwrap_or(&name).to_string() + "bias";
        let mut all = vec![inputs[0], &name];
        if let Some(shift) = shift {
            self.graph.floats(&bias, &[channels], shift);
            all.push(&bias);
        }
        let sizes = sizes(window);
        let mut attributes = slide(&sizes);
        attributes.push(("group", Attribute::Int(groups as i64)));
        let y = value(output);
        match activation {
            Activation::Identity => self.graph.node("Conv", &all, &y, &attributes),
            activation => {
                let conv = format!("{y}/conv");
                self.graph.node("Conv", &all, &conv, &attributes);
                self.activate(activation, &conv, &y);
            }
        }
    }

    fn activate(&mut self, activation: Activation, x: &str, y: &str) {
        let sixth = ("alpha", Attribute::Float(1.0 / 6.0));
        match activation {
            Activation::Identity => self.graph.node("Identity", &[x], y, &[]),
            Activation::Silu => {
                let gate = format!("{y}/sigmoid");
                self.graph.node("Sigmoid", &[x], &gate, &[]);
                self.graph.node("Mul", &[x, &gate], y, &[]);
            }
            Activation::Relu => self.graph.node("Relu", &[x], y, &[]),
            Activation::Hardswish => self.graph.node("HardSwish", &[x], y, &[]),
            Activation::LeakyRelu => self.graph.node("LeakyRelu", &[x], y, &[("alpha", Attribute::Float(0.1))]),
            Activation::Sigmoid => self.graph.node("Sigmoid", &[x], y, &[]),
            Activation::Hardsigmoid => self.graph.node("HardSigmoid", &[x], y, &[sixth, ("beta", Attribute::Float(0.5))]),
        }
    }

    /// Over all of a map in PyTorch's order; its result is a map of one pixel, and the logits themselves at a classifier's end.
    fn linear(&mut self, x: &str, (weight, bias): (ParamId, Option<ParamId>), node: &Node) {
        let y = value(node.output);
        let (flat, row) = (format!("{y}/flat"), format!("{y}/row"));
        self.graph.node("Flatten", &[x], &flat, &[("axis", Attribute::Int(1))]);
        let names: Vec<String> = [Some(weight), bias].into_iter().flatten().map(|p| self.parameter(p)).collect();
        let all: Vec<&str> = [flat.as_str()].into_iter().chain(names.iter().map(String::as_str)).collect();
        let end = self.program.outputs.contains(&node.output) && matches!(self.program.head, Head::Classify { .. });
        self.graph.node("Gemm", &all, if end { OUTPUT } else { &row }, &[("transB", Attribute::Int(1))]);
        if !end {
            let shape = format!("{y}/shape");
            self.graph.ints(&shape, &[0, self.program.values[node.output].c as i64, 1, 1]);
            self.graph.node("Reshape", &[&row, &shape], &y, &[]);
        }
    }

    /// Some of the channels.
    fn slice(&mut self, x: &str, (first, channels): (usize, usize), y: &str) {
        let names = ["from", "to", "axis"].map(|part| format!("{y}/{part}"));
        let [from, to, axis] = &names;
        self.graph.ints(from, &[first as i64]);
        self.graph.ints(to, &[(first + channels) as i64]);
        self.graph.ints(axis, &[1]);
        self.graph.node("Slice", &[x, from, to, axis], y, &[]);
    }

    /// The grid of channels, transposed.
    fn shuffle(&mut self, x: &str, groups: usize, node: &Node) {
        let (y, s) = (value(node.output), self.program.values[node.output]);
        let names = ["cut", "grid", "turned", "shape"].map(|part| format!("{y}/{part}"));
        let [cut, grid, turned, shape] = &names;
        self.graph.ints(cut, &[0, groups as i64, (s.c / groups) as i64, (s.h * s.w) as i64]);
        self.graph.ints(shape, &[0, s.c as i64, s.h as i64, s.w as i64]);
        self.graph.node("Reshape", &[x, cut], grid, &[]);
        self.graph.node("Transpose", &[grid], turned, &[("perm", Attribute::Ints(&[0, 2, 1, 3]))]);
        self.graph.node("Reshape", &[turned, shape], &y, &[]);
    }

    /// Zeros, as many as the batch has images.
    fn zero(&mut self, node: &Node) {
        let (y, s) = (value(node.output), self.program.values[node.output]);
        let names = ["first", "rest", "all", "batch", "shape"].map(|part| format!("{y}/{part}"));
        let [first, rest, all, batch, shape] = &names;
        self.graph.ints(first, &[0]);
        self.graph.ints(rest, &[s.c as i64, s.h as i64, s.w as i64]);
        self.graph.node("Shape", &[INPUT], all, &[]);
        self.graph.node("Gather", &[all, first], batch, &[("axis", Attribute::Int(0))]);
        self.graph.node("Concat", &[batch, rest], shape, &[("axis", Attribute::Int(0))]);
        self.graph.node("ConstantOfShape", &[shape], &y, &[]);
    }

    /// A parameter as it is; its name.
    fn parameter(&mut self, id: ParamId) -> String {
        let spec = &self.program.params[id];
        self.graph.floats(&spec.name, &spec.shape, self.params.0[id].iter().copied());
        spec.name.clone()
    }
}

/// What [`sizes`] says, as attributes.
fn slide(sizes: &[[usize; 4]; 4]) -> Vec<(&'static str, Attribute<'_>)> {
    vec![
        ("kernel_shape", Attribute::Ints(&sizes[0][..2])),
        ("strides", Attribute::Ints(&sizes[1][..2])),
        ("pads", Attribute::Ints(&sizes[2])),
        ("dilations", Attribute::Ints(&sizes[3][..2])),
    ]
}

/// Kernel, stride, padding (top, left, bottom, right) and dilation.
fn sizes(window: &Window) -> [[usize; 4]; 4] {
    let Window { kernel, stride, padding, dilation } = *window;
    [kernel, stride, padding, dilation].map(|(h, w)| [h, w, h, w])
}

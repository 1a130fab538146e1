//! For tests: builds small programs by hand, and compares.

use super::Parameters;
use crate::base::Random;
use crate::space::{Activation, Head, Node, Op, ParamKind, ParamSpec, Program, Shape, ValueId, Window};

/// Appends operators to a program.
pub(crate) struct Builder {
    program: Program,
}

/// A window with equal sides.
pub(crate) fn square(kernel: usize, stride: usize, padding: usize) -> Window {
    Window { kernel: (kernel, kernel), stride: (stride, stride), padding: (padding, padding), dilation: (1, 1) }
}

impl Builder {
    pub fn new(h: usize, w: usize, c: usize) -> Self {
        let values = vec![Shape { h, w, c }];
        Builder { program: Program { values, nodes: vec![], params: vec![], outputs: vec![], head: Head::Features } }
    }

    pub fn shape(&self, v: ValueId) -> Shape {
        self.program.values[v]
    }

    fn param(&mut self, kind: ParamKind, shape: Vec<usize>, fan_in: usize) -> usize {
        let id = self.program.params.len();
        self.program.params.push(ParamSpec { name: format!("model.{id}.{kind:?}"), shape, kind, fan_in, shift: vec![] });
        id
    }

    pub fn push(&mut self, op: Op, inputs: &[ValueId], output: Shape) -> ValueId {
        let id = self.program.values.len();
        self.program.values.push(output);
        let layer = self.program.nodes.len();
        self.program.nodes.push(Node { op, inputs: inputs.to_vec(), output: id, layer });
        id
    }

    pub fn conv(&mut self, x: ValueId, out: usize, window: Window, groups: usize, bias: bool) -> ValueId {
        let s = self.shape(x);
        let fan_in = s.c / groups * window.kernel.0 * window.kernel.1;
        let weight = self.param(ParamKind::Weight, vec![out, s.c / groups, window.kernel.0, window.kernel.1], fan_in);
        let bias = bias.then(|| self.param(ParamKind::Bias, vec![out], fan_in));
        let (h, w) = window.output(s.h, s.w).expect("the window fits");
        self.push(Op::Conv { weight, bias, window, groups }, &[x], Shape { h, w, c: out })
    }

    pub fn conv_bias(&mut self, x: ValueId, out: usize, k: usize, s: usize, groups: usize) -> ValueId {
        self.conv(x, out, square(k, s, k / 2), groups, true)
    }

    pub fn norm(&mut self, x: ValueId, activation: Activation) -> ValueId {
        let s = self.shape(x);
        let [scale, shift, mean, var] = [ParamKind::NormScale, ParamKind::NormShift, ParamKind::RunningMean, ParamKind::RunningVar]
            .map(|kind| self.param(kind, vec![s.c], s.c));
        self.push(Op::Norm { scale, shift, mean, var, activation }, &[x], s)
    }

    pub fn conv_norm(&mut self, x: ValueId, out: usize, k: usize, s: usize, groups: usize, activation: Activation) -> ValueId {
        let y = self.conv(x, out, square(k, s, k / 2), groups, false);
        self.norm(y, activation)
    }

    pub fn pool(&mut self, x: ValueId, window: Window, max: bool) -> ValueId {
        let s = self.shape(x);
        let (h, w) = window.output(s.h, s.w).expect("the window fits");
        self.push(if max { Op::MaxPool(window) } else { Op::AvgPool(window) }, &[x], Shape { h, w, c: s.c })
    }

    pub fn unary(&mut self, op: Op, x: ValueId) -> ValueId {
        let s = self.shape(x);
        let out = match op {
            Op::GlobalPool => Shape { h: 1, w: 1, c: s.c },
            Op::Upsample(f) => Shape { h: s.h * f, w: s.w * f, c: s.c },
            _ => s,
        };
        self.push(op, &[x], out)
    }

    pub fn linear(&mut self, x: ValueId, out: usize, bias: bool) -> ValueId {
        let s = self.shape(x);
        let inputs = s.h * s.w * s.c;
        let weight = self.param(ParamKind::Weight, vec![out, inputs], inputs);
        let bias = bias.then(|| self.param(ParamKind::Bias, vec![out], inputs));
        self.push(Op::Linear { weight, bias }, &[x], Shape { h: 1, w: 1, c: out })
    }

    pub fn concat(&mut self, xs: &[ValueId]) -> ValueId {
        let c = xs.iter().map(|&x| self.shape(x).c).sum();
        let s = self.shape(xs[0]);
        self.push(Op::Concat, xs, Shape { c, ..s })
    }

    pub fn add(&mut self, xs: &[ValueId]) -> ValueId {
        let s = self.shape(xs[0]);
        self.push(Op::Add, xs, s)
    }

    pub fn scale(&mut self, x: ValueId, s: ValueId) -> ValueId {
        let shape = self.shape(x);
        self.push(Op::Scale, &[x, s], shape)
    }

    pub fn features(mut self, outputs: &[ValueId]) -> Program {
        self.program.outputs = outputs.to_vec();
        self.program
    }
}

/// Standard normal values.
pub(crate) fn normal(purpose: &str, len: usize) -> Vec<f32> {
    let mut r = Random::at(11, purpose, &[len as u64]);
    (0..len).map(|_| r.normal() as f32).collect()
}

/// Initial parameters with norms and running statistics away from 1 and 0.
pub(crate) fn random_parameters(program: &Program) -> Parameters {
    let mut params = Parameters::init(program, 5);
    for (id, (spec, values)) in program.params.iter().zip(&mut params.0).enumerate() {
        let mut r = Random::at(6, "norms", &[id as u64]);
        for v in values.iter_mut() {
            match spec.kind {
                ParamKind::NormScale => *v = r.range(0.5, 1.5) as f32,
                ParamKind::NormShift | ParamKind::RunningMean => *v = r.range(-0.5, 0.5) as f32,
                ParamKind::RunningVar => *v = r.range(0.3, 1.2) as f32,
                ParamKind::Mixture => *v = r.range(0.2, 1.0) as f32,
                _ => {}
            }
        }
    }
    params
}

/// A gradient for every output.
pub(crate) fn output_grads(program: &Program, n: usize) -> Vec<Vec<f32>> {
    let len = |v: &usize| n * program.values[*v].h * program.values[*v].w * program.values[*v].c;
    program.outputs.iter().enumerate().map(|(i, v)| normal(&format!("gradient {i}"), len(v))).collect()
}

/// Asserts |a − b| ≤ tolerance · max |b|.
#[track_caller]
pub(crate) fn assert_close(a: &[f32], b: &[f32], tolerance: f32, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    let max = b.iter().fold(1e-6f32, |m, v| m.max(v.abs()));
    for (i, (x, y)) in a.iter().zip(b).enumerate() {
        assert!((x - y).abs() <= tolerance * max, "{what}: element {i} of {} is {x}, expected {y} (largest {max})", a.len());
    }
}

/// Small programs that together use every operator, with a name each.
pub(crate) fn programs() -> Vec<(&'static str, Program)> {
    vec![
        ("convolutions", convolutions()),
        ("activations", activations()),
        ("pyramid", pyramid()),
        ("neck", neck()),
        ("mobile", mobile()),
        ("odd wiring", odd_wiring()),
        ("mixtures", mixtures()),
        ("partial channels", partial()),
    ]
}

/// Odd sizes with stride 2, dilation, groups, uneven windows, depthwise, a linear layer over pixels.
fn convolutions() -> Program {
    let mut b = Builder::new(8, 7, 3);
    let x = b.conv(0, 6, square(3, 2, 1), 1, true);
    let y = b.conv(0, 6, Window { kernel: (3, 1), stride: (2, 1), padding: (1, 0), dilation: (1, 2) }, 3, false);
    let z = b.conv(x, 4, square(3, 1, 1), 2, false);
    let z = b.unary(Op::Activate(Activation::Silu), z);
    let d = b.conv(y, 6, Window { dilation: (2, 2), ..square(3, 1, 2) }, 6, true);
    let e = b.conv(d, 5, Window { kernel: (2, 3), stride: (1, 2), padding: (0, 1), dilation: (1, 1) }, 1, true);
    let f = b.linear(e, 4, true);
    let g = b.linear(z, 4, false);
    let out = b.add(&[f, g]);
    b.features(&[out, z])
}

/// Every activation, fused and alone.
fn activations() -> Program {
    use Activation::*;
    let mut b = Builder::new(5, 6, 3);
    let mut parts = Vec::new();
    for a in [Identity, Silu, Relu, Hardswish, LeakyRelu, Sigmoid, Hardsigmoid] {
        let x = b.conv_norm(0, 4, 3, 1, 1, a);
        let y = b.conv_bias(x, 3, 1, 1, 1);
        parts.push(b.unary(Op::Activate(a), y));
    }
    let x = b.concat(&parts);
    let y = b.conv_bias(x, 4, 1, 1, 1);
    b.features(&[y])
}

/// YOLOv5's SPPF: pools of pools, all in one concatenation; then other pools.
fn pyramid() -> Program {
    let mut b = Builder::new(9, 8, 3);
    let x = b.conv_norm(0, 5, 3, 1, 1, Activation::Silu);
    let p = b.pool(x, square(5, 1, 2), true);
    let q = b.pool(p, square(5, 1, 2), true);
    let r = b.pool(q, square(5, 1, 2), true);
    let c = b.concat(&[x, p, q, r]);
    let y = b.conv_norm(c, 6, 1, 1, 1, Activation::LeakyRelu);
    let m = b.pool(y, square(2, 2, 0), true);
    let a = b.pool(y, square(3, 2, 1), false);
    let a = b.pool(a, square(2, 1, 0), false);
    let m = b.conv_bias(m, 4, 1, 1, 1);
    let a = b.conv_bias(a, 4, 2, 1, 1);
    b.features(&[m, a])
}

/// YOLOv5's neck in small: a bottleneck with a shortcut, upsampling with two readers, nested concatenations.
fn neck() -> Program {
    let mut b = Builder::new(12, 8, 3);
    let silu = Activation::Silu;
    let p3 = b.conv_norm(0, 8, 3, 2, 1, silu);
    let l = b.conv_norm(p3, 6, 1, 1, 1, silu);
    let k = b.conv_norm(l, 6, 3, 1, 1, silu);
    let l = b.add(&[l, k]);
    let r = b.conv_norm(p3, 6, 1, 1, 1, silu);
    let c3 = b.concat(&[l, r]);
    let c3 = b.conv_norm(c3, 8, 1, 1, 1, silu);
    let p4 = b.conv_norm(c3, 8, 3, 2, 1, silu);
    let up = b.unary(Op::Upsample(2), p4);
    let inner = b.concat(&[up, c3]);
    let side = b.conv_norm(up, 5, 3, 1, 1, silu);
    let outer = b.concat(&[inner, side, up]);
    let head = b.conv_norm(outer, 8, 3, 1, 1, silu);
    let down = b.conv_norm(head, 8, 3, 2, 1, silu);
    let last = b.concat(&[down, p4]);
    let y3 = b.conv_bias(head, 7, 1, 1, 1);
    let y4 = b.conv_bias(last, 7, 1, 1, 1);
    b.features(&[y3, y4])
}

/// MobileNet's inverted residual with squeeze and excitation; a classifier's end.
fn mobile() -> Program {
    let mut b = Builder::new(8, 8, 3);
    let stem = b.conv_norm(0, 8, 3, 2, 1, Activation::Hardswish);
    let e = b.conv_norm(stem, 20, 1, 1, 1, Activation::Relu);
    let d = b.conv_norm(e, 20, 3, 1, 20, Activation::Relu);
    let s = b.unary(Op::GlobalPool, d);
    let s = b.linear(s, 6, true);
    let s = b.unary(Op::Activate(Activation::Relu), s);
    let s = b.conv_bias(s, 20, 1, 1, 1);
    let s = b.unary(Op::Activate(Activation::Hardsigmoid), s);
    let d = b.scale(d, s);
    let p = b.conv_norm(d, 8, 1, 1, 1, Activation::Identity);
    let x = b.add(&[stem, p]);
    let g = b.unary(Op::GlobalPool, x);
    let y = b.linear(g, 5, true);
    b.features(&[y])
}

/// What no block makes but a program may hold: a value read twice by one node, sums of one and of three, an output that
/// is read on, the image in a concatenation, a norm of the image, a pool of the image, dead nodes, an output named twice.
fn odd_wiring() -> Program {
    let mut b = Builder::new(6, 6, 3);
    let n = b.norm(0, Activation::Silu);
    let i = b.pool(0, square(3, 1, 1), true);
    let x = b.conv_bias(n, 4, 3, 1, 1);
    let twice = b.add(&[x, x]);
    let three = b.add(&[twice, x, twice]);
    let one = b.add(&[three]);
    let cat = b.concat(&[one, 0, x, i, x]);
    let y = b.conv_norm(cat, 4, 1, 1, 1, Activation::Relu);
    let again = b.norm(y, Activation::Sigmoid);
    let also = b.norm(y, Activation::Silu);
    let dead = b.conv_norm(y, 3, 1, 1, 1, Activation::Silu);
    b.unary(Op::Activate(Activation::Silu), dead);
    let p = b.pool(also, square(3, 1, 1), true);
    let both = b.concat(&[also, p, y]);
    let out = b.concat(&[both, again]);
    let z = b.conv_bias(out, 3, 1, 1, 1);
    b.features(&[z, y, out, y])
}

/// What differentiable methods run: mixtures of convolutions, pools and their own input, weights used twice, one input
/// twice, the image among the inputs, a mixture in a concatenation, one of one.
fn mixtures() -> Program {
    let mut b = Builder::new(6, 7, 3);
    let mixture = |b: &mut Builder, options: usize| b.param(ParamKind::Mixture, vec![options], options);
    let (ops, depth) = (mixture(&mut b, 4), mixture(&mut b, 2));
    let mut x = b.conv_norm(0, 12, 3, 1, 1, Activation::Silu);
    for _ in 0..2 {
        let c = b.conv_norm(x, 12, 3, 1, 1, Activation::Relu);
        let p = b.pool(x, square(3, 1, 1), true);
        let a = b.pool(x, square(3, 1, 1), false);
        let s = b.shape(x);
        x = b.push(Op::Mix { weights: ops, picks: vec![0, 2, 1, 3] }, &[c, p, a, x], s);
    }
    let s = b.shape(x);
    let deep = b.conv_norm(x, 12, 1, 1, 1, Activation::Silu);
    let zero = b.push(Op::Zero, &[0], s);
    let m = b.push(Op::Mix { weights: depth, picks: vec![0, 1, 0, 1] }, &[x, deep, x, zero], s);
    let one = b.push(Op::Mix { weights: depth, picks: vec![1] }, &[m], s);
    let image = b.shape(0);
    let c = b.conv_bias(0, 3, 3, 1, 1);
    let i = b.push(Op::Mix { weights: depth, picks: vec![0, 1] }, &[0, c], image);
    let joined = b.concat(&[one, i, zero, m]);
    let y = b.conv_bias(joined, 4, 1, 1, 1);
    b.features(&[y, m])
}

/// PC-DARTS: a part of the channels through a mixture, the rest beside it (pooled where the mixture has a stride), shuffled; slices
/// of the image, of a concatenation and of one value read otherwise too, slices that nothing reads, shuffles of shuffles.
fn partial() -> Program {
    let mut b = Builder::new(6, 7, 3);
    let slice = |b: &mut Builder, x: ValueId, first: usize, channels: usize| {
        let s = Shape { c: channels, ..b.shape(x) };
        b.push(Op::Slice { first, channels }, &[x], s)
    };
    let weights = b.param(ParamKind::Mixture, vec![3], 3);
    let mut x = b.conv_norm(0, 12, 3, 1, 1, Activation::Silu);
    for stride in [1, 2, 1] {
        let (part, rest) = (slice(&mut b, x, 0, 3), slice(&mut b, x, 3, 9));
        let c = b.conv_norm(part, 3, 3, stride, 1, Activation::Relu);
        let p = b.pool(part, square(3, stride, 1), true);
        let p = b.norm(p, Activation::Identity);
        let d = b.conv_norm(part, 3, 3, stride, 3, Activation::Silu);
        let s = b.shape(c);
        let m = b.push(Op::Mix { weights, picks: vec![0, 2, 1] }, &[c, p, d], s);
        let rest = if stride == 1 { rest } else { b.pool(rest, Window { padding: (0, 1), ..square(2, 2, 0) }, true) };
        let joined = b.concat(&[m, rest]);
        x = b.unary(Op::Shuffle { groups: 4 }, joined);
    }
    let image = slice(&mut b, 0, 1, 2);
    let image = b.unary(Op::Shuffle { groups: 2 }, image);
    let image = b.pool(image, Window { padding: (0, 1), ..square(2, 2, 0) }, false);
    let twice = b.unary(Op::Shuffle { groups: 3 }, x);
    let twice = b.unary(Op::Shuffle { groups: 6 }, twice);
    let wide = b.concat(&[x, image, twice]);
    let across = slice(&mut b, wide, 10, 5);
    let whole = slice(&mut b, wide, 0, 26);
    slice(&mut b, x, 11, 1);
    let sum = b.add(&[x, twice]);
    let end = b.concat(&[across, sum, whole, across]);
    let y = b.conv_bias(end, 4, 1, 1, 1);
    b.features(&[y, across])
}

/// A random network over 6 × 6 maps: every operator reads any earlier values, several outputs, dead ends.
pub(crate) fn random_wiring(seed: u64) -> Program {
    let mut r = Random::at(seed, "wiring", &[]);
    let mut b = Builder::new(6, 6, 3);
    let mut maps = vec![0];
    for _ in 0..18 {
        // Late values are likelier, so that chains form.
        let mut pick = || maps[maps.len() - 1 - r.below(maps.len()).min(r.below(maps.len()))];
        let (x, y, z) = (pick(), pick(), pick());
        let act = [Activation::Silu, Activation::Sigmoid, Activation::Identity][r.below(3)];
        let same: Vec<ValueId> = maps.iter().copied().filter(|&v| b.shape(v) == b.shape(x)).collect();
        let out = match r.below(11) {
            0 | 1 => b.conv_norm(x, 4, 3, 1, 1, act),
            2 => b.conv_bias(x, 4, 1, 1, 1),
            3 => b.add(&[x, same[r.below(same.len())]]),
            4 => b.concat(&[x, y]),
            5 => b.concat(&[x, y, z]),
            6 => b.pool(x, square(3, 1, 1), true),
            7 => b.unary(Op::Activate(act), x),
            8 => {
                let s = b.shape(x);
                let first = r.below(s.c);
                let channels = 1 + r.below(s.c - first);
                b.push(Op::Slice { first, channels }, &[x], Shape { c: channels, ..s })
            }
            9 => {
                let divisors: Vec<usize> = (1..=b.shape(x).c).filter(|g| b.shape(x).c.is_multiple_of(*g)).collect();
                b.unary(Op::Shuffle { groups: divisors[r.below(divisors.len())] }, x)
            }
            _ => {
                let s = b.unary(Op::GlobalPool, y);
                let c = b.shape(x).c;
                let s = b.linear(s, c, true);
                b.scale(x, s)
            }
        };
        maps.push(out);
    }
    let last = maps[maps.len() - 1];
    let end = b.conv_bias(last, 3, 3, 2, 1);
    let other = maps[r.below(maps.len())];
    b.features(&[end, other])
}

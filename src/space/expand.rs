//! Blocks become operators here. One walk serves two ends: it writes a [`Program`], or it only follows shapes and
//! counts costs, so that shape errors, FLOPs and the executed network cannot disagree.

use super::costs::Cost;
use super::graph::{Activation, Node, Op, ParamId, ParamKind, ParamSpec, Shape, ValueId, Window};
use super::supernet::Tracker;

/// Upper bounds that keep hostile architectures from overflowing anything.
const MAX_SIDE: usize = 1 << 14;
const MAX_CHANNELS: usize = 1 << 16;
const MAX_VALUE: usize = 1 << 31;
const MAX_PARAMS: u64 = 1 << 31;
const MAX_VALUES: usize = 1 << 16;

/// A declared convolution, so that parameters can be declared in the order of the state dict and applied in another.
#[derive(Clone, Copy, Debug)]
pub struct Unit {
    weight: ParamId,
    bias: Option<ParamId>,
    norm: Option<[ParamId; 4]>,
    channels: usize,
    inputs: usize,
    window: Window,
    groups: usize,
    activation: Activation,
}

/// The window of a square kernel with PyTorch's "same" padding, floor(k / 2).
pub fn square(kernel: usize, stride: usize) -> Window {
    Window { kernel: (kernel, kernel), stride: (stride, stride), padding: (kernel / 2, kernel / 2), dilation: (1, 1) }
}

/// Writes operators, or only counts them.
pub struct Expander {
    counting: bool,
    layer: usize,
    /// Shapes of all values so far.
    pub values: Vec<Shape>,
    /// By value: how many pixels of the image one of its rows spans, as the strides on the way say.
    strides: Vec<usize>,
    /// Operators (empty when counting).
    pub nodes: Vec<Node>,
    /// Parameters (empty when counting).
    pub params: Vec<ParamSpec>,
    /// Costs so far.
    pub cost: Cost,
    elements: u64,
    /// Where channels come from, for supernets.
    pub(super) tracker: Option<Tracker>,
}

impl Expander {
    /// Writes a program over this image.
    pub fn writing(image: Shape) -> Self {
        Expander {
            counting: false,
            layer: 0,
            values: vec![image],
            strides: vec![1],
            nodes: vec![],
            params: vec![],
            cost: Cost::default(),
            elements: 0,
            tracker: None,
        }
    }

    /// Writes a program and follows every channel back to where it is made.
    pub(super) fn tracking(image: Shape) -> Self {
        Expander { tracker: Some(Tracker::new(image.c)), ..Self::writing(image) }
    }

    /// The same value under a name of its own: what reads it there sees the first channels of one place. Only where
    /// channels are followed; elsewhere it is the value itself.
    pub(super) fn relabel(&mut self, value: ValueId, place: &str) -> ValueId {
        let shape = self.values[value];
        let Some(tracker) = &mut self.tracker else { return value };
        tracker.alias(value, place, shape.c);
        self.values.push(shape);
        self.strides.push(self.strides[value]);
        self.values.len() - 1
    }

    /// Follows shapes and costs only.
    pub fn counting(image: Shape) -> Self {
        Expander { counting: true, ..Self::writing(image) }
    }

    /// Counts, or writes, what stands over values of these shapes: 1, 2 and so on.
    pub(super) fn over(image: Shape, inputs: &[Shape], counting: bool) -> Self {
        let mut e = Expander { counting, ..Self::writing(image) };
        e.values.extend(inputs);
        e.strides.resize(e.values.len(), 1);
        e
    }

    /// Says which layer the next operators belong to.
    pub fn enter(&mut self, layer: usize) {
        self.layer = layer;
        if let Some(tracker) = &mut self.tracker {
            tracker.enter(layer.to_string());
        }
    }

    /// The shape of the image.
    pub fn image(&self) -> Shape {
        self.values[0]
    }

    /// A value's shape.
    pub fn shape(&self, value: ValueId) -> Shape {
        self.values[value]
    }

    /// The largest stride of all values so far.
    pub(super) fn largest_stride(&self) -> usize {
        self.strides.iter().copied().max().unwrap_or(1)
    }

    fn emit(&mut self, op: Op, inputs: &[ValueId], shape: Shape) -> Result<ValueId, String> {
        if shape.c == 0 {
            return Err("it would have no channels".into());
        }
        if shape.h == 0 || shape.w == 0 {
            return Err("nothing is left of the map".into());
        }
        let fits = shape.h <= MAX_SIDE && shape.w <= MAX_SIDE && shape.c <= MAX_CHANNELS && shape.h * shape.w * shape.c <= MAX_VALUE;
        if !fits || self.values.len() >= MAX_VALUES {
            return Err(format!("{} is larger than nasflow builds", show(shape)));
        }
        let output = self.values.len();
        let read = inputs.iter().map(|&x| self.strides[x]).max().unwrap_or(1);
        self.strides.push(match &op {
            Op::Conv { window, .. } | Op::MaxPool(window) | Op::AvgPool(window) => {
                read.saturating_mul(window.stride.0.max(window.stride.1))
            }
            Op::Upsample(factor) => read.div_ceil((*factor).max(1)),
            _ => read,
        });
        if let Some(tracker) = &mut self.tracker {
            tracker.follow(&op, inputs, &self.values, shape.c, &self.params);
        }
        self.values.push(shape);
        if !self.counting {
            self.nodes.push(Node { op, inputs: inputs.to_vec(), output, layer: self.layer });
        }
        Ok(output)
    }

    /// Declares the weights of a mixture of so many options.
    pub(super) fn mixture(&mut self, name: &str, options: usize) -> ParamId {
        let (name, shape, kind) = (name.to_string(), vec![options], ParamKind::Mixture);
        self.params.push(ParamSpec { name, shape, kind, fan_in: options, shift: vec![] });
        self.params.len() - 1
    }

    /// Σ weights[picks[j]] · values[j]. Of values that cannot be added the first two are named, with the reason.
    pub(super) fn mix(&mut self, weights: ParamId, picks: Vec<usize>, values: &[ValueId]) -> Result<ValueId, (usize, usize, String)> {
        let first = self.shape(values[0]);
        if let Some(other) = values.iter().position(|&x| self.shape(x) != first) {
            let why = format!("different shapes cannot be added: {} and {}", show(first), show(self.shape(values[other])));
            return Err((0, other, why));
        }
        let op = Op::Mix { weights, picks };
        self.emit(op, values, first).map_err(|why| (0, 0, why))
    }

    fn param(&mut self, name: &[&str], shape: &[usize], kind: ParamKind, fan_in: usize) -> Result<ParamId, String> {
        let len = shape.iter().try_fold(1u64, |n, &d| n.checked_mul(d as u64)).unwrap_or(u64::MAX);
        self.elements = self.elements.saturating_add(len);
        if self.elements > MAX_PARAMS {
            return Err("it has more parameters than nasflow builds (2³¹)".into());
        }
        if kind.is_trained() {
            self.cost.params += len;
        }
        if !self.counting {
            let mut full = format!("model.{}", self.layer);
            for part in name.iter().filter(|p| !p.is_empty()) {
                full.push('.');
                full.push_str(part);
            }
            self.params.push(ParamSpec { name: full, shape: shape.to_vec(), kind, fan_in, shift: vec![] });
        }
        Ok(self.params.len().saturating_sub(1))
    }

    fn declare(
        &mut self,
        at: [&str; 2],
        inputs: usize,
        channels: usize,
        window: Window,
        groups: usize,
        biased: bool,
    ) -> Result<(ParamId, Option<ParamId>), String> {
        if channels == 0 || inputs == 0 {
            return Err("it would have no channels".into());
        }
        if channels > MAX_CHANNELS {
            return Err(format!("{channels} channels are more than nasflow builds"));
        }
        if groups == 0 || !inputs.is_multiple_of(groups) || !channels.is_multiple_of(groups) {
            return Err(format!("{groups} groups do not divide {inputs} input and {channels} output channels"));
        }
        let fan_in = (inputs / groups).saturating_mul(window.kernel.0).saturating_mul(window.kernel.1);
        let shape = [channels, inputs / groups, window.kernel.0, window.kernel.1];
        let weight = self.param(&[at[0], at[1], "weight"], &shape, ParamKind::Weight, fan_in)?;
        let bias = match biased {
            true => Some(self.param(&[at[0], at[1], "bias"], &[channels], ParamKind::Bias, fan_in)?),
            false => None,
        };
        Ok((weight, bias))
    }

    /// Declares a convolution, its batch norm and its activation: upstream's `Conv`.
    pub fn conv_norm(
        &mut self,
        name: &str,
        inputs: usize,
        channels: usize,
        window: Window,
        groups: usize,
        activation: Activation,
    ) -> Result<Unit, String> {
        let (weight, bias) = self.declare([name, "conv"], inputs, channels, window, groups, false)?;
        let mut norm = [0; 4];
        let parts = [
            ("weight", ParamKind::NormScale),
            ("bias", ParamKind::NormShift),
            ("running_mean", ParamKind::RunningMean),
            ("running_var", ParamKind::RunningVar),
        ];
        for (id, (part, kind)) in norm.iter_mut().zip(parts) {
            *id = self.param(&[name, "bn", part], &[channels], kind, channels)?;
        }
        Ok(Unit { weight, bias, norm: Some(norm), channels, inputs, window, groups, activation })
    }

    /// Declares a 1×1 convolution with bias and an activation, without norm.
    pub fn conv_bias(&mut self, name: &str, inputs: usize, channels: usize, activation: Activation) -> Result<Unit, String> {
        let window = square(1, 1);
        let (weight, bias) = self.declare([name, ""], inputs, channels, window, 1, true)?;
        Ok(Unit { weight, bias, norm: None, channels, inputs, window, groups: 1, activation })
    }

    /// Adds to the initial values of a declared bias.
    pub fn shift(&mut self, unit: Unit, shift: Vec<f32>) {
        if let (false, Some(bias)) = (self.counting, unit.bias) {
            self.params[bias].shift = shift;
        }
    }

    /// Applies a declared convolution.
    pub fn run(&mut self, unit: Unit, x: ValueId) -> Result<ValueId, String> {
        let shape = self.slide(self.shape(x), unit.window, "kernel")?;
        let shape = Shape { c: unit.channels, ..shape };
        if self.shape(x).c != unit.inputs {
            return Err(format!("it expects {} channels and reads {}", unit.inputs, show(self.shape(x))));
        }
        let op = Op::Conv { weight: unit.weight, bias: unit.bias, window: unit.window, groups: unit.groups };
        let mut y = self.emit(op, &[x], shape)?;
        let per_output = (unit.inputs / unit.groups * unit.window.kernel.0 * unit.window.kernel.1) as u64;
        self.count_macs(shape, per_output);
        if let Some([scale, shift, mean, var]) = unit.norm {
            y = self.emit(Op::Norm { scale, shift, mean, var, activation: unit.activation }, &[y], shape)?;
        } else if unit.activation != Activation::Identity {
            y = self.activate(unit.activation, y)?;
        }
        Ok(y)
    }

    fn count_macs(&mut self, out: Shape, per_output: u64) {
        let outputs = (out.h * out.w * out.c) as u64;
        self.cost.macs = self.cost.macs.saturating_add(outputs.saturating_mul(per_output));
    }

    /// Declares and applies a fully connected layer over all of x.
    pub fn linear(&mut self, name: &str, x: ValueId, channels: usize) -> Result<ValueId, String> {
        let s = self.shape(x);
        let inputs = s.h * s.w * s.c;
        let weight = self.param(&[name, "weight"], &[channels, inputs], ParamKind::Weight, inputs)?;
        let bias = Some(self.param(&[name, "bias"], &[channels], ParamKind::Bias, inputs)?);
        let shape = Shape { h: 1, w: 1, c: channels };
        let y = self.emit(Op::Linear { weight, bias }, &[x], shape)?;
        self.count_macs(shape, inputs as u64);
        Ok(y)
    }

    /// The shape after a window slid over it, channels unchanged.
    fn slide(&self, x: Shape, window: Window, what: &str) -> Result<Shape, String> {
        match window.output(x.h, x.w) {
            Some((h, w)) => Ok(Shape { h, w, c: x.c }),
            None => {
                Err(format!("a {}×{} {what} does not fit {}, padded by {}", window.kernel.0, window.kernel.1, show(x), window.padding.0))
            }
        }
    }

    /// An activation alone.
    pub fn activate(&mut self, activation: Activation, x: ValueId) -> Result<ValueId, String> {
        self.emit(Op::Activate(activation), &[x], self.shape(x))
    }

    /// Max pooling.
    pub fn max_pool(&mut self, window: Window, x: ValueId) -> Result<ValueId, String> {
        let shape = self.pooled(window, x)?;
        self.emit(Op::MaxPool(window), &[x], shape)
    }

    /// Average pooling.
    pub fn avg_pool(&mut self, window: Window, x: ValueId) -> Result<ValueId, String> {
        let shape = self.pooled(window, x)?;
        self.emit(Op::AvgPool(window), &[x], shape)
    }

    fn pooled(&self, window: Window, x: ValueId) -> Result<Shape, String> {
        if window.padding.0 * 2 > window.kernel.0 || window.padding.1 * 2 > window.kernel.1 {
            return Err(format!("padding {} is more than half of the pool's {}", window.padding.0, window.kernel.0));
        }
        self.slide(self.shape(x), window, "pool")
    }

    /// Mean over all pixels.
    pub fn global_pool(&mut self, x: ValueId) -> Result<ValueId, String> {
        self.emit(Op::GlobalPool, &[x], Shape { h: 1, w: 1, c: self.shape(x).c })
    }

    /// Nearest-neighbour upsampling.
    pub fn upsample(&mut self, factor: usize, x: ValueId) -> Result<ValueId, String> {
        let Shape { h, w, c } = self.shape(x);
        let shape = Shape { h: h.saturating_mul(factor), w: w.saturating_mul(factor), c };
        self.emit(Op::Upsample(factor), &[x], shape)
    }

    /// Along channels.
    pub fn concat(&mut self, inputs: &[ValueId]) -> Result<ValueId, String> {
        let first = self.shape(inputs[0]);
        let mut c = 0;
        for &x in inputs {
            let s = self.shape(x);
            if (s.h, s.w) != (first.h, first.w) {
                return Err(format!("maps of different sizes cannot be concatenated: {} and {}", show(first), show(s)));
            }
            c += s.c;
        }
        self.emit(Op::Concat, inputs, Shape { c, ..first })
    }

    /// Sum of equal shapes.
    pub fn add(&mut self, inputs: &[ValueId]) -> Result<ValueId, String> {
        let first = self.shape(inputs[0]);
        if let Some(other) = inputs.iter().map(|&x| self.shape(x)).find(|s| *s != first) {
            return Err(format!("different shapes cannot be added: {} and {}", show(first), show(other)));
        }
        self.emit(Op::Add, inputs, first)
    }

    /// Zeros of this shape.
    pub fn zero(&mut self, shape: Shape) -> Result<ValueId, String> {
        self.emit(Op::Zero, &[0], shape)
    }

    /// Channels `first` … `first + channels` of x.
    pub(super) fn slice(&mut self, first: usize, channels: usize, x: ValueId) -> Result<ValueId, String> {
        self.emit(Op::Slice { first, channels }, &[x], Shape { c: channels, ..self.shape(x) })
    }

    /// The `groups` × (c / groups) grid of channels, transposed; `groups` divides the channels.
    pub(super) fn shuffle(&mut self, groups: usize, x: ValueId) -> Result<ValueId, String> {
        self.emit(Op::Shuffle { groups }, &[x], self.shape(x))
    }

    /// Batch norm whose scale and shift stay 1 and 0: parameters of no shared tensor.
    pub(super) fn plain_norm(&mut self, name: &str, x: ValueId) -> Result<ValueId, String> {
        let shape = self.shape(x);
        let kinds = [ParamKind::NormScale, ParamKind::NormShift, ParamKind::RunningMean, ParamKind::RunningVar];
        let mut ids = [0; 4];
        for (id, kind) in ids.iter_mut().zip(kinds) {
            *id = self.params.len();
            self.params.push(ParamSpec { name: format!("{name}.{kind:?}"), shape: vec![shape.c], kind, fan_in: shape.c, shift: vec![] });
        }
        let [scale, shift, mean, var] = ids;
        let y = self.emit(Op::Norm { scale, shift, mean, var, activation: Activation::Identity }, &[x], shape)?;
        if let Some(tracker) = &mut self.tracker {
            tracker.forget(&ids);
        }
        Ok(y)
    }

    /// x times a gate of 1 × 1 × c.
    pub fn scale(&mut self, x: ValueId, gate: ValueId) -> Result<ValueId, String> {
        self.emit(Op::Scale, &[x, gate], self.shape(x))
    }
}

/// A shape for people: height × width × channels.
pub fn show(s: Shape) -> String {
    format!("{}×{}×{}", s.h, s.w, s.c)
}

//! A network's layers as lines of Python: each makes a block of `blocks.py`.

use crate::export::{Artefact, ExportError, torch};
use crate::space::blocks::{Block, Conv};
use crate::space::{Activation, Shape, Source};
use std::fmt::Display;

/// One layer.
pub(super) struct Line {
    /// What makes it.
    pub module: String,
    /// What it is called with.
    pub reads: String,
    /// What it makes, for people: rows × columns × channels.
    pub shape: String,
}

/// All layers of a model. Fails where one cannot be said in Python.
pub(super) fn lines(artefact: &Artefact) -> Result<Vec<Line>, ExportError> {
    let (architecture, program) = (&artefact.card.architecture, &artefact.program);
    let outputs = |layer: usize| program.nodes.iter().filter(move |n| n.layer == layer).map(|n| program.values[n.output]);
    let shape = |source: &Source| match source {
        Source::Image => Some(program.values[0]),
        Source::Layer(layer) => outputs(*layer).next_back(),
    };
    let line = |(i, layer): (usize, &crate::space::Layer)| {
        let inputs: Option<Vec<Shape>> = layer.inputs.iter().map(shape).collect();
        let inputs = inputs.filter(|i| !i.is_empty()).ok_or_else(|| ExportError::CannotWrite(format!("layer {i} reads nothing")))?;
        let names = layer.inputs.iter().map(|source| match source {
            Source::Image => "image".to_string(),
            Source::Layer(layer) => format!("x{layer}"),
        });
        let names = names.collect::<Vec<_>>().join(", ");
        let reads = if layer.block.joins() { format!("[{names}]") } else { names };
        let made: Vec<String> = match &layer.block {
            Block::Detect(_) => outputs(i).map(show).collect(),
            _ => outputs(i).next_back().map(show).into_iter().collect(),
        };
        Ok(Line { module: module(&layer.block, &inputs, artefact)?, reads, shape: made.join(", ") })
    };
    architecture.layers.iter().enumerate().map(line).collect()
}

fn show(s: Shape) -> String {
    format!("{} x {} x {}", s.h, s.w, s.c)
}

/// What makes a block that reads maps of these shapes.
fn module(block: &Block, inputs: &[Shape], artefact: &Artefact) -> Result<String, ExportError> {
    let first = inputs[0];
    let c = first.c;
    Ok(match block {
        Block::Conv(b) => conv(b, c),
        Block::MaxPool(b) => Call::new("nn.MaxPool2d").always(b.kernel).always(b.stride).always(b.padding).end(),
        Block::AvgPool(b) => Call::new("nn.AvgPool2d").always(b.kernel).always(b.stride).always(b.padding).end(),
        Block::GlobalPool => "GlobalPool()".into(),
        Block::Linear(b) => Call::new("Linear").always(first.h * first.w * c).always(b.channels).end(),
        Block::Residual(b) => Call::new("Residual")
            .always(c)
            .always(b.channels)
            .unless("kernel", b.kernel, 3)
            .unless("stride", b.stride, 1)
            .unless("groups", b.groups, 1)
            .act(b.activation),
        Block::Bottleneck(b) => Call::new("Bottleneck")
            .always(c)
            .always(b.channels)
            .named("hidden", b.hidden)
            .unless("kernel", b.kernel, 3)
            .unless("stride", b.stride, 1)
            .flag("shortcut", b.shortcut)
            .unless("groups", b.groups, 1)
            .act(b.activation),
        Block::Inception(b) => Call::new("Inception").always(c).always(b.channels).unless("stride", b.stride, 1).act(b.activation),
        Block::C3(b) => Call::new("C3")
            .always(c)
            .always(b.channels)
            .named("hidden", b.hidden)
            .unless("repeats", b.repeats, 1)
            .unless("kernel", b.kernel, 3)
            .flag("shortcut", b.shortcut)
            .unless("groups", b.groups, 1)
            .act(b.activation),
        Block::Sppf(b) => {
            Call::new("SPPF").always(c).always(b.channels).named("hidden", b.hidden).named("kernel", b.kernel).act(b.activation)
        }
        Block::Mbconv(b) => {
            let call = Call::new("MBConv").always(c).always(b.channels).named("hidden", b.hidden).unless("kernel", b.kernel, 3);
            let call = call.unless("stride", b.stride, 1);
            let call = if let Some(reduced) = b.squeeze { call.named("squeeze", reduced) } else { call };
            call.flag("shortcut", b.shortcut).act(b.activation)
        }
        Block::Ghost(b) => {
            Call::new("Ghost").always(c).always(b.channels).unless("kernel", b.kernel, 3).unless("stride", b.stride, 1).act(b.activation)
        }
        Block::Shuffle(b) => Call::new("Shuffle")
            .always(c)
            .always(b.channels)
            .named("hidden", b.hidden)
            .unless("kernel", b.kernel, 3)
            .unless("stride", b.stride, 1)
            .unless("depthwise", b.depthwise, 1)
            .act(b.activation),
        Block::SqueezeExcite(b) => Call::new("SqueezeExcite").always(c).always(b.reduced).named("gate", torch::call(b.gate)).end(),
        Block::Upsample(b) => Call::new("nn.Upsample").named("scale_factor", b.factor).end(),
        Block::Concat => "Concat()".into(),
        Block::Add => "Add()".into(),
        Block::Zero(b) => Call::new("Zero").always(b.channels).always(b.height).always(b.width).end(),
        Block::Detect(b) => {
            let crate::space::Head::Detect { strides, .. } = &artefact.program.head else {
                return Err(ExportError::CannotWrite("a head of boxes stands before the network's end".into()));
            };
            let same = b.anchors.iter().all(|level| level.len() == b.anchors[0].len());
            if !same {
                return Err(ExportError::CannotWrite(
                    "its levels have different numbers of anchors: YOLOv5's head keeps one number".into(),
                ));
            }
            let list = |items: Vec<String>| format!("[{}]", items.join(", "));
            let channels = list(inputs.iter().map(|s| s.c.to_string()).collect());
            let strides = list(strides.iter().map(usize::to_string).collect());
            let pair = |(w, h): &(f32, f32)| format!("({w:?}, {h:?})");
            let anchors = list(b.anchors.iter().map(|level| list(level.iter().map(pair).collect())).collect());
            Call::new("Detect").always(channels).named("classes", b.classes).named("strides", strides).named("anchors", anchors).end()
        }
    })
}

fn conv(b: &Conv, inputs: usize) -> String {
    let call = Call::new("Conv").always(inputs).always(b.channels);
    let call = if b.kernel.0 == b.kernel.1 { call.always(b.kernel.0) } else { call.always(format!("{:?}", b.kernel)) };
    let call = call.unless("stride", b.stride, 1);
    let call = match b.padding {
        (0, 0) => call,
        (h, w) if h == w => call.named("padding", h),
        both => call.named("padding", format!("{both:?}")),
    };
    call.unless("dilation", b.dilation, 1).unless("groups", b.groups, 1).act(b.activation)
}

/// A call with its arguments.
struct Call {
    name: &'static str,
    arguments: Vec<String>,
}

impl Call {
    fn new(name: &'static str) -> Self {
        Call { name, arguments: Vec::new() }
    }
    fn always(mut self, value: impl Display) -> Self {
        self.arguments.push(value.to_string());
        self
    }
    fn named(self, name: &str, value: impl Display) -> Self {
        self.always(format!("{name}={value}"))
    }
    fn unless(self, name: &str, value: usize, usual: usize) -> Self {
        if value == usual { self } else { self.named(name, value) }
    }
    fn flag(self, name: &str, value: bool) -> Self {
        if value { self } else { self.named(name, "False") }
    }
    fn act(self, value: Activation) -> String {
        if value == Activation::Silu { self.end() } else { self.named("act", torch::call(value)).end() }
    }
    fn end(self) -> String {
        format!("{}({})", self.name, self.arguments.join(", "))
    }
}

//! The blocks of the language: one file a family. A new block is one file, one variant of [`Block`] and one line
//! in [`kinds`]; decoding, choices, labels, costs, canonical form and JSON follow from its table of properties.

mod bottleneck;
mod c3;
mod conv;
mod detect;
mod ghost;
mod inception;
mod join;
mod linear;
mod mbconv;
mod pool;
mod residual;
mod sppf;
mod squeeze_excite;
mod upsample;
mod zero;

pub use bottleneck::Bottleneck;
pub use c3::C3;
pub use conv::Conv;
pub use detect::{COCO_ANCHORS, Detect};
pub use ghost::Ghost;
pub use inception::Inception;
pub use linear::Linear;
pub use mbconv::Mbconv;
pub use pool::Pool;
pub use residual::Residual;
pub use sppf::Sppf;
pub use squeeze_excite::SqueezeExcite;
pub use upsample::Upsample;
pub use zero::Zero;

use super::expand::Expander;
use super::graph::{Activation, Shape, ValueId};
use serde::{Deserialize, Serialize};

/// A block with nothing left open: channels are after `width`, hidden widths are numbers, padding is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "block", rename_all = "kebab-case")]
pub enum Block {
    /// Convolution, batch norm, activation (upstream's `Conv`). Depthwise and separable ones are these too.
    Conv(Conv),
    /// Max pooling.
    MaxPool(Pool),
    /// Average pooling.
    AvgPool(Pool),
    /// Mean over all pixels.
    GlobalPool,
    /// Fully connected.
    Linear(Linear),
    /// ResNet's basic block.
    Residual(Residual),
    /// Upstream's `Bottleneck`.
    Bottleneck(Bottleneck),
    /// Four parallel branches.
    Inception(Inception),
    /// Upstream's `C3`.
    C3(C3),
    /// Upstream's `SPPF`.
    Sppf(Sppf),
    /// Inverted residual.
    Mbconv(Mbconv),
    /// Upstream's `GhostBottleneck`.
    Ghost(Ghost),
    /// Channel attention.
    SqueezeExcite(SqueezeExcite),
    /// Nearest neighbour.
    Upsample(Upsample),
    /// Along channels, in order.
    Concat,
    /// Sum; the order of inputs is canonical.
    Add,
    /// Upstream's `Detect`.
    Detect(Detect),
    /// Zeros, whatever is read.
    Zero(Zero),
}

impl Block {
    /// The word of the language.
    pub fn word(&self) -> &'static str {
        match self {
            Block::Conv(_) => "conv",
            Block::MaxPool(_) => "max-pool",
            Block::AvgPool(_) => "avg-pool",
            Block::GlobalPool => "global-pool",
            Block::Linear(_) => "linear",
            Block::Residual(_) => "residual",
            Block::Bottleneck(_) => "bottleneck",
            Block::Inception(_) => "inception",
            Block::C3(_) => "c3",
            Block::Sppf(_) => "sppf",
            Block::Mbconv(_) => "mbconv",
            Block::Ghost(_) => "ghost",
            Block::SqueezeExcite(_) => "squeeze-excite",
            Block::Upsample(_) => "upsample",
            Block::Concat => "concat",
            Block::Add => "add",
            Block::Detect(_) => "detect",
            Block::Zero(_) => "zero",
        }
    }

    /// What a person wants to know of it beside its word, defaults left out.
    pub fn details(&self) -> String {
        match self {
            Block::Conv(b) => b.details(),
            Block::MaxPool(b) | Block::AvgPool(b) => b.details(),
            Block::Linear(b) => b.channels.to_string(),
            Block::Residual(b) => b.details(),
            Block::Bottleneck(b) => b.details(),
            Block::Inception(b) => b.details(),
            Block::C3(b) => b.details(),
            Block::Sppf(b) => b.details(),
            Block::Mbconv(b) => b.details(),
            Block::Ghost(b) => b.details(),
            Block::SqueezeExcite(b) => b.details(),
            Block::Upsample(b) => b.factor.to_string(),
            Block::Detect(b) => format!("classes={}", b.classes),
            Block::Zero(b) => format!("{}×{}×{}", b.height, b.width, b.channels),
            Block::GlobalPool | Block::Concat | Block::Add => String::new(),
        }
    }

    /// Its operators over these inputs; the head has several outputs, every other block has one.
    pub fn expand(&self, e: &mut Expander, inputs: &[ValueId]) -> Result<Vec<ValueId>, String> {
        let x = *inputs.first().ok_or("it has no input")?;
        let one = match self {
            Block::Conv(b) => b.expand(e, x),
            Block::MaxPool(b) => e.max_pool(b.window(), x),
            Block::AvgPool(b) => e.avg_pool(b.window(), x),
            Block::GlobalPool => e.global_pool(x),
            Block::Linear(b) => e.linear("linear", x, b.channels),
            Block::Residual(b) => b.expand(e, x),
            Block::Bottleneck(b) => b.expand(e, "", x),
            Block::Inception(b) => b.expand(e, x),
            Block::C3(b) => b.expand(e, x),
            Block::Sppf(b) => b.expand(e, x),
            Block::Mbconv(b) => b.expand(e, x),
            Block::Ghost(b) => b.expand(e, x),
            Block::SqueezeExcite(b) => b.expand(e, "", x),
            Block::Upsample(b) => e.upsample(b.factor, x),
            Block::Concat => e.concat(inputs),
            Block::Add => e.add(inputs),
            Block::Zero(b) => e.zero(b.shape()),
            Block::Detect(b) => return b.expand(e, inputs),
        };
        Ok(vec![one?])
    }

    /// Whether it takes any number of inputs; the others take one.
    pub fn joins(&self) -> bool {
        matches!(self, Block::Concat | Block::Add | Block::Detect(_))
    }

    /// Whether it returns its first input unchanged, given how many it has.
    pub fn is_identity(&self, inputs: usize) -> bool {
        match self {
            Block::MaxPool(b) | Block::AvgPool(b) => b.kernel == 1 && b.stride == 1 && b.padding == 0,
            Block::Upsample(b) => b.factor == 1,
            Block::Concat | Block::Add => inputs == 1,
            _ => false,
        }
    }
}

/// A value of a property, typed by the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// Whole number.
    Int(usize),
    /// Number.
    Float(f64),
    /// Truth value.
    Bool(bool),
    /// Activation.
    Activation(Activation),
    /// One of the words of the property.
    Word(&'static str),
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Scalar::Int(v) => write!(f, "{v}"),
            Scalar::Float(v) => write!(f, "{v}"),
            Scalar::Bool(v) => write!(f, "#{v}"),
            Scalar::Activation(v) => f.write_str(activation_word(*v)),
            Scalar::Word(v) => f.write_str(v),
        }
    }
}

/// What a property may hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Type {
    /// Channels: multiplied by `width`.
    Channels,
    /// A whole number from 1 (or 0) to this.
    Whole(usize, usize),
    /// A number above 0, at most this.
    Number(f64),
    /// `#true` or `#false`.
    Flag,
    /// The word of an activation.
    Activation,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// What stands where nothing is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default {
    /// It must be written.
    Required,
    /// The block works it out (padding, groups, the input's channels).
    Auto,
    /// The network's activation.
    Network,
    /// This value.
    Is(Scalar),
}

/// A property of a block.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub r#type: Type,
    /// Where it is left out.
    pub default: Default,
    /// One line for the reference.
    pub doc: &'static str,
}

const fn property(name: &'static str, r#type: Type, default: Default, doc: &'static str) -> Property {
    Property { name, r#type, default, doc }
}
const fn int(v: usize) -> Default {
    Default::Is(Scalar::Int(v))
}

const CHANNELS: Property = property("channels", Type::Channels, Default::Required, "output channels, before `width`");
const STRIDE: Property = property("stride", Type::Whole(1, 64), int(1), "step of the window");
const ACTIVATION: Property = property("activation", Type::Activation, Default::Network, "after each batch norm");
const REPEATS: Property = property("repeats", Type::Whole(1, 100), int(1), "how many, one after another");
const GROUPS: Property = property("groups", Type::Whole(1, 65536), int(1), "groups of the convolution");
const EXPANSION: Property = property("expansion", Type::Number(16.0), Default::Is(Scalar::Float(0.5)), "hidden channels ÷ output channels");
const SHORTCUT: Property = property("shortcut", Type::Flag, Default::Is(Scalar::Bool(true)), "adds the input where the channels agree");
const PADDING: Property = property("padding", Type::Whole(0, 255), Default::Auto, "on all sides; half of the kernel's reach");
const DILATION: Property = property("dilation", Type::Whole(1, 64), int(1), "distance between the kernel's taps");
const fn kernel(default: usize) -> Property {
    property("kernel", Type::Whole(1, 255), int(default), "height and width of the window")
}

/// A word of the language that builds blocks.
#[derive(Clone, Copy)]
pub struct Kind {
    /// The word.
    pub word: &'static str,
    /// One line for the reference.
    pub doc: &'static str,
    /// The property that the positional argument stands for.
    pub first: Option<&'static str>,
    /// Whether the positional arguments are names of layers.
    pub joins: bool,
    /// What may be written.
    pub properties: &'static [Property],
    /// The blocks, one after another, that it stands for.
    pub build: fn(&Resolved, &Context) -> Result<Vec<Block>, String>,
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kind({})", self.word)
    }
}

/// All words that build blocks.
pub fn kinds() -> &'static [Kind] {
    &[
        conv::CONV,
        conv::DEPTHWISE,
        conv::SEP_CONV,
        conv::DIL_CONV,
        c3::KIND,
        bottleneck::KIND,
        residual::KIND,
        inception::KIND,
        sppf::KIND,
        mbconv::KIND,
        ghost::KIND,
        squeeze_excite::KIND,
        pool::MAX,
        pool::AVG,
        pool::GLOBAL,
        linear::KIND,
        upsample::KIND,
        join::CONCAT,
        join::ADD,
        detect::KIND,
        zero::KIND,
    ]
}

/// The values of a block's properties in one sample, defaults filled in.
#[derive(Debug, Default)]
pub struct Resolved {
    /// (name, value); those that are left to the block are missing.
    pub values: Vec<(&'static str, Scalar)>,
}

impl Resolved {
    fn get(&self, name: &str) -> Option<Scalar> {
        self.values.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
    }
    fn maybe(&self, name: &str) -> Option<usize> {
        match self.get(name) {
            Some(Scalar::Int(v)) => Some(v),
            _ => None,
        }
    }
    // The getters below read properties that the table fills, so the fallbacks are never taken.
    fn whole(&self, name: &str) -> usize {
        self.maybe(name).unwrap_or(1)
    }
    fn number(&self, name: &str) -> f64 {
        match self.get(name) {
            Some(Scalar::Float(v)) => v,
            _ => 1.0,
        }
    }
    fn flag(&self, name: &str) -> bool {
        self.get(name) == Some(Scalar::Bool(true))
    }
    fn activation(&self) -> Activation {
        match self.get("activation") {
            Some(Scalar::Activation(a)) => a,
            _ => Activation::Silu,
        }
    }
    fn word(&self, name: &str) -> &'static str {
        match self.get(name) {
            Some(Scalar::Word(w)) => w,
            _ => "",
        }
    }
}

/// What a block may read beside its properties.
pub struct Context<'a> {
    /// Shapes of its inputs.
    pub inputs: &'a [Shape],
    /// The image.
    pub image: Shape,
    /// Classes of the data.
    pub classes: usize,
    /// `anchors=auto`, where they are known already.
    pub anchors: Option<&'a [Vec<(f32, f32)>]>,
}

impl Context<'_> {
    fn channels(&self) -> usize {
        self.inputs.first().map_or(0, |s| s.c)
    }
}

/// The activations that a file may name.
pub const ACTIVATIONS: [(&str, Activation); 7] = [
    ("silu", Activation::Silu),
    ("relu", Activation::Relu),
    ("hardswish", Activation::Hardswish),
    ("leaky-relu", Activation::LeakyRelu),
    ("sigmoid", Activation::Sigmoid),
    ("hardsigmoid", Activation::Hardsigmoid),
    ("identity", Activation::Identity),
];

/// The word of an activation.
pub fn activation_word(activation: Activation) -> &'static str {
    ACTIVATIONS.iter().find(|(_, a)| *a == activation).map_or("identity", |(w, _)| w)
}

/// Hidden channels: the product, cut off as upstream's `int(c2 * e)`.
fn hidden(channels: usize, expansion: f64) -> Result<usize, String> {
    match (channels as f64 * expansion) as usize {
        0 => Err(format!("expansion {expansion} of {channels} channels leaves none")),
        h => Ok(h),
    }
}

/// Writes ` name=value` where the value is not the usual one.
struct Details(String);

impl Details {
    fn of(first: usize) -> Self {
        Details(first.to_string())
    }
    fn unless<T: PartialEq + std::fmt::Display>(mut self, name: &str, value: T, usual: T) -> Self {
        if value != usual {
            self.0.push_str(&format!(" {name}={value}"));
        }
        self
    }
    fn flag(self, name: &str, value: bool) -> Self {
        if value { self } else { self.always(name, "#false") }
    }
    fn always(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.0.push_str(&format!(" {name}={value}"));
        self
    }
    fn activation(self, value: Activation) -> String {
        self.unless("activation", activation_word(value), "silu").0
    }
}

//! What a block's word takes: properties with their types and defaults, the values of one sample, and what stands around it.

use crate::space::graph::{Activation, Shape};

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

pub(super) const fn property(name: &'static str, r#type: Type, default: Default, doc: &'static str) -> Property {
    Property { name, r#type, default, doc }
}
pub(super) const fn int(v: usize) -> Default {
    Default::Is(Scalar::Int(v))
}

pub(super) const CHANNELS: Property = property("channels", Type::Channels, Default::Required, "output channels, before `width`");
pub(super) const STRIDE: Property = property("stride", Type::Whole(1, 64), int(1), "step of the window");
pub(super) const ACTIVATION: Property = property("activation", Type::Activation, Default::Network, "after each batch norm");
pub(super) const REPEATS: Property = property("repeats", Type::Whole(1, 100), int(1), "how many, one after another");
pub(super) const GROUPS: Property = property("groups", Type::Whole(1, 65536), int(1), "groups of the convolution");
pub(super) const EXPANSION: Property =
    property("expansion", Type::Number(16.0), Default::Is(Scalar::Float(0.5)), "hidden channels ÷ output channels");
pub(super) const SHORTCUT: Property =
    property("shortcut", Type::Flag, Default::Is(Scalar::Bool(true)), "adds the input where the channels agree");
pub(super) const PADDING: Property = property("padding", Type::Whole(0, 255), Default::Auto, "on all sides; half of the kernel's reach");
pub(super) const DILATION: Property = property("dilation", Type::Whole(1, 64), int(1), "distance between the kernel's taps");
pub(super) const fn kernel(default: usize) -> Property {
    property("kernel", Type::Whole(1, 255), int(default), "height and width of the window")
}

/// A word that builds blocks of one type, as the block's own file describes it.
#[derive(Clone, Copy)]
pub(super) struct Spec<B: 'static> {
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
    pub build: fn(&Resolved, &Context) -> Result<Vec<B>, String>,
}

/// The values of a block's properties in one sample, defaults filled in.
#[derive(Debug, Default)]
pub struct Resolved {
    /// (name, value); those that are left to the block are missing.
    pub values: Vec<(&'static str, Scalar)>,
}

impl Resolved {
    pub(super) fn get(&self, name: &str) -> Option<Scalar> {
        self.values.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
    }
    pub(super) fn maybe(&self, name: &str) -> Option<usize> {
        match self.get(name) {
            Some(Scalar::Int(v)) => Some(v),
            _ => None,
        }
    }
    // The getters below read properties that the table fills, so the fallbacks are never taken.
    pub(super) fn whole(&self, name: &str) -> usize {
        self.maybe(name).unwrap_or(1)
    }
    pub(super) fn number(&self, name: &str) -> f64 {
        match self.get(name) {
            Some(Scalar::Float(v)) => v,
            _ => 1.0,
        }
    }
    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name) == Some(Scalar::Bool(true))
    }
    pub(super) fn activation(&self) -> Activation {
        match self.get("activation") {
            Some(Scalar::Activation(a)) => a,
            _ => Activation::Silu,
        }
    }
    pub(super) fn word(&self, name: &str) -> &'static str {
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
    /// `anchors=auto`, where they are known already; the error says that others are.
    pub anchors: Result<Option<&'a [Vec<(f32, f32)>]>, String>,
}

impl Context<'_> {
    pub(super) fn channels(&self) -> usize {
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
pub(super) fn hidden(channels: usize, expansion: f64) -> Result<usize, String> {
    match (channels as f64 * expansion) as usize {
        0 => Err(format!("expansion {expansion} of {channels} channels leaves none")),
        h => Ok(h),
    }
}

//! How a supernet is trained: what every one-shot method shares. What a method is stands in its own file of `train::oneshot`.

use super::diagnostic::Diagnostic;
use super::settings::{Settings, Unset};
use super::word::{Described, Words};
use serde::de::Error as _;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// `method`, `holdout` and `penalty` of a `train` over a space, as keys and jobs hold them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OneShot {
    /// The method with its numbers.
    pub method: Form,
    /// `holdout`: the share of the train split that choices learn from, and weights do not; 0: both learn from all of it.
    pub holdout: f64,
    /// `penalty`.
    pub penalty: Option<Penalty>,
}

impl OneShot {
    /// How many of so many training images are held out for the choices, the last in the order of digests: the share rounded,
    /// and at least one image on either side; 0 where `holdout` is 0. An epoch has as many iterations as the others have batches.
    pub fn held_out(&self, images: usize) -> usize {
        if self.holdout <= 0.0 || images < 2 {
            return 0;
        }
        ((images as f64 * self.holdout + 0.5).floor() as usize).clamp(1, images - 1)
    }
}

/// A method and all its numbers: what a key covers, and all that the method's behaviour is built from. Written `{TAG: numbers}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// The method's name in keys, which is not its word.
    pub tag: String,
    /// Its numbers.
    pub numbers: Value,
}

impl Serialize for Form {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(&self.tag, &self.numbers)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Form {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = BTreeMap::<String, Value>::deserialize(deserializer)?;
        match (fields.pop_first(), fields.is_empty()) {
            (Some((tag, numbers)), true) => Ok(Form { tag, numbers }),
            _ => Err(D::Error::custom("one method with its numbers was expected")),
        }
    }
}

/// A one-shot method, as far as a file is concerned; its behaviour is in the room `train`.
pub trait MethodWord: Described {
    /// What it is like.
    fn traits(&self) -> Traits;
    /// What its lines amount to; `found` takes what stands against them. None where it trains no supernet.
    fn read(&self, lines: &MethodLines, found: &mut Vec<Diagnostic>) -> Result<Option<MethodRule>, Unset>;
}

/// What rules of the whole file ask of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traits {
    /// Its choices learn, from images held out.
    pub learns: bool,
    /// They may learn from the images that weights learn from: `holdout=0`.
    pub shares_images: bool,
    /// It trains a part of the channels, so that no network inside has weights worth measuring.
    pub partial: bool,
    /// It mixes all edges of a node, so that its strongest network keeps the strongest of them.
    pub mixes_edges: bool,
    /// Its own lines say how many epochs it takes.
    pub own_epochs: bool,
}

impl Traits {
    /// Paths are drawn without learning.
    pub const DRAWS: Traits = Traits { learns: false, shares_images: false, partial: false, mixes_edges: false, own_epochs: false };
    /// Choices learn.
    pub const LEARNS: Traits = Traits { learns: true, ..Traits::DRAWS };
}

/// What a method reads.
pub struct MethodLines<'a> {
    /// Its own fields and lines.
    pub settings: &'a Settings,
    /// `epochs`, where written.
    pub epochs: Option<usize>,
}

/// What the lines of a method amount to.
pub struct MethodRule {
    /// The method with its numbers.
    pub form: Form,
    /// How long its own lines say that it takes.
    pub epochs: Option<usize>,
    /// Epochs in which its choices do not learn.
    pub warmup: usize,
}

impl MethodRule {
    /// Of a method whose choices do not learn, and that takes as long as `epochs` says.
    pub fn of(form: Form) -> Self {
        MethodRule { form, epochs: None, warmup: 0 }
    }

    /// Of a method whose choices learn.
    pub fn learning(form: Form, choices: &ChoiceRule) -> Self {
        MethodRule { form, epochs: None, warmup: choices.warmup }
    }
}

/// The method that a file names.
#[derive(Clone, Copy)]
pub struct Named(pub &'static dyn MethodWord);

impl Named {
    /// The word in the file.
    pub fn name(self) -> &'static str {
        self.0.word().name
    }

    /// What it is like.
    pub fn traits(self) -> Traits {
        self.0.traits()
    }
}

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Words<dyn MethodWord> {
    /// The names of those whose choices learn.
    pub fn learning(&self) -> Vec<&'static str> {
        self.known.iter().filter(|m| m.traits().learns).map(|m| m.word().name).collect()
    }
}

/// The optimiser of choices: Adam.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChoiceRule {
    /// Learning rate.
    pub lr: f64,
    /// Adam's first beta.
    pub beta1: f64,
    /// Adam's second.
    pub beta2: f64,
    /// Added to the gradient, as PyTorch's Adam does.
    pub weight_decay: f64,
    /// Clip the norm of the gradient; 0: off.
    pub clip_norm: f64,
    /// Epochs at the start in which only weights learn.
    pub warmup: usize,
}

/// What a choice varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Elastic {
    /// Kernels.
    Kernel,
    /// Repeats.
    Depth,
    /// Hidden channels: `expand`, `expansion`.
    Expand,
    /// Channels.
    Width,
    /// Layers, activations, inputs: whatever does not nest.
    Branch,
}

impl Elastic {
    /// All of them.
    pub const ALL: [Elastic; 5] = [Elastic::Kernel, Elastic::Depth, Elastic::Expand, Elastic::Width, Elastic::Branch];

    /// The word in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Elastic::Kernel => "kernel",
            Elastic::Depth => "depth",
            Elastic::Expand => "expand",
            Elastic::Width => "width",
            Elastic::Branch => "branch",
        }
    }
}
/// `penalty METRIC target= weight= form=`: what an expected cost adds to the loss that choices learn from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Penalty {
    /// Which cost.
    pub of: Cost,
    /// The cost at which nothing is added, or its multiple of the reference's.
    pub target: f64,
    /// `of=reference`.
    pub of_reference: bool,
    /// λ.
    pub weight: f64,
    /// How it is added.
    pub form: PenaltyForm,
    /// `exponent` of [`PenaltyForm::Log`].
    pub exponent: f64,
    /// `latency-table`, resolved against its file, or its text once the pipeline is prepared; with [`Cost::TableLatency`] only.
    pub table: Option<String>,
}

/// Costs that can be expected over a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cost {
    /// 2 × multiply-adds.
    Flops,
    /// Half of them.
    Macs,
    /// Trained parameters.
    Params,
    /// Of a table.
    TableLatency,
}

/// How a penalty enters the loss L, E the expected cost and T its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PenaltyForm {
    /// L + λ (E / T − 1).
    Add,
    /// L (E / T)^λ.
    Multiply,
    /// L λ (ln E / ln T)^β.
    Log,
}

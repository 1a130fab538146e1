//! A block: one of the layers that networks are made of.

use super::bottleneck::Bottleneck;
use super::c3::C3;
use super::conv::Conv;
use super::detect::Detect;
use super::ghost::Ghost;
use super::inception::Inception;
use super::linear::Linear;
use super::mbconv::Mbconv;
use super::pool::Pool;
use super::residual::Residual;
use super::shuffle::Shuffle;
use super::sppf::Sppf;
use super::squeeze_excite::SqueezeExcite;
use super::upsample::Upsample;
use super::zero::Zero;
use crate::space::expand::Expander;
use crate::space::graph::ValueId;
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
    /// ShuffleNetV2's block.
    Shuffle(Shuffle),
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
            Block::Shuffle(_) => "shuffle",
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
            Block::Shuffle(b) => b.details(),
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
            Block::Shuffle(b) => b.expand(e, x),
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

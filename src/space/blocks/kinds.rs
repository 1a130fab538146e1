//! The words that build blocks: the specs of the blocks' files as one table.

use super::block::Block;
use super::property::{Context, Property, Resolved};
use super::{
    bottleneck, c3, conv, detect, ghost, inception, join, linear, mbconv, pool, residual, shuffle, sppf, squeeze_excite, upsample, zero,
};

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

/// A spec, with the variant that holds its block.
macro_rules! kind {
    ($spec:path, $wrap:expr) => {
        Kind {
            word: $spec.word,
            doc: $spec.doc,
            first: $spec.first,
            joins: $spec.joins,
            properties: $spec.properties,
            build: |properties, context| Ok(($spec.build)(properties, context)?.into_iter().map($wrap).collect()),
        }
    };
}

static KINDS: [Kind; 22] = [
    kind!(conv::CONV, Block::Conv),
    kind!(conv::DEPTHWISE, Block::Conv),
    kind!(conv::SEP_CONV, Block::Conv),
    kind!(conv::DIL_CONV, Block::Conv),
    kind!(c3::KIND, Block::C3),
    kind!(bottleneck::KIND, Block::Bottleneck),
    kind!(residual::KIND, Block::Residual),
    kind!(inception::KIND, Block::Inception),
    kind!(sppf::KIND, Block::Sppf),
    kind!(mbconv::KIND, Block::Mbconv),
    kind!(ghost::KIND, Block::Ghost),
    kind!(shuffle::KIND, Block::Shuffle),
    kind!(squeeze_excite::KIND, Block::SqueezeExcite),
    kind!(pool::MAX, Block::MaxPool),
    kind!(pool::AVG, Block::AvgPool),
    kind!(pool::GLOBAL, |()| Block::GlobalPool),
    kind!(linear::KIND, Block::Linear),
    kind!(upsample::KIND, Block::Upsample),
    kind!(join::CONCAT, |()| Block::Concat),
    kind!(join::ADD, |()| Block::Add),
    kind!(detect::KIND, Block::Detect),
    kind!(zero::KIND, Block::Zero),
];

/// All words that build blocks.
pub fn kinds() -> &'static [Kind] {
    &KINDS
}

//! The blocks of the language: one file a family. A new block is one file, one variant of [`Block`] and one line
//! in [`kinds`]; decoding, choices, labels, costs, canonical form and JSON follow from its table of properties.
//!
//! From the bottom up: `property` (what a word takes), the blocks, `block` (one of them), `kinds` (all words).

mod block;
mod bottleneck;
mod c3;
mod conv;
mod details;
mod detect;
mod ghost;
mod inception;
mod join;
mod kinds;
mod linear;
mod mbconv;
mod pool;
mod property;
mod residual;
mod shuffle;
mod sppf;
mod squeeze_excite;
mod upsample;
mod zero;

pub use block::Block;
pub use bottleneck::Bottleneck;
pub use c3::C3;
pub use conv::Conv;
pub use detect::{COCO_ANCHORS, Detect};
pub use ghost::Ghost;
pub use inception::Inception;
pub use kinds::{Kind, kinds};
pub use linear::Linear;
pub use mbconv::Mbconv;
pub use pool::Pool;
pub use property::{ACTIVATIONS, Context, Default, Property, Resolved, Scalar, Type, activation_word};
pub use residual::Residual;
pub use shuffle::Shuffle;
pub use sppf::Sppf;
pub use squeeze_excite::SqueezeExcite;
pub use upsample::Upsample;
pub use zero::Zero;

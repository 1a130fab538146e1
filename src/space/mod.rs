//! Search spaces: choices, samples, constraints, canonical architectures, shapes and costs, the zoo.
//!
//! Promises: pure; everything is found from shapes, without tensors. May import `document` and `base` only.
//!
//! A `space` node is compiled once (`compile`) into a [`Structure`](structure::Structure) of items and decisions. A
//! [`Sample`] answers the decisions; [`Space::architecture`] turns it into the canonical [`Architecture`], which is
//! what a candidate is; [`Architecture::program`] is the list of operators that is executed and counted.

mod address;
pub mod architecture;
mod asked;
pub mod blocks;
pub mod bounds;
mod canonical;
mod check;
mod compile;
mod content;
pub mod costs;
mod count;
mod coverage;
mod deciding;
mod derive;
mod edges;
mod entropy;
mod envelope;
pub mod expand;
pub mod function;
pub mod graph;
mod heads;
mod input;
pub mod latency;
mod named;
mod names;
mod operations;
mod options;
mod outside;
mod place;
mod priors;
pub mod prune;
mod range;
mod resolve;
pub mod sample;
mod shares;
#[allow(clippy::module_inception)]
mod space;
mod stated;
pub mod structure;
pub mod supernet;
pub mod survey;
mod trained;
mod values;
pub mod warm;
mod within;
pub mod zoo;

pub use architecture::{Architecture, Input, Layer, Seen, Source};
pub use blocks::Block;
pub use bounds::Bound;
pub use canonical::canonical;
pub use costs::{COSTS, Cost, cost_as};
pub use coverage::{Looked, operations};
pub use edges::EdgePick;
pub use entropy::{ENTROPIES, NetworkEntropy, entropy};
pub use envelope::Envelope;
pub use graph::{Activation, Head, Node, Op, ParamId, ParamKind, ParamSpec, Program, Shape, ValueId, Window};
pub use heads::{HeadShape, same_outputs};
pub use input::{AnchorSet, Infeasible, InputSpec};
pub use latency::{LATENCIES, LatencyTable, TABLE_LATENCY};
pub use operations::Operation;
pub use sample::Sample;
pub use shares::Shares;
pub use space::Space;
pub use structure::Decision;
pub use supernet::Supernet;
pub use survey::{Effort, Survey};
pub use trained::recipe_canon;

#[cfg(test)]
pub(crate) mod tests;

//! Structured pruning: which channels of a network can go, which of them go together, and the network that is left.
//!
//! Knows no numbers but the scores that it is handed. A *maker* is a convolution (or linear layer) with the channels that it writes. Makers
//! whose channels are added, or passed through a depthwise convolution or a gate, lose the same channels: they are a [`Group`]
//! (Fang et al. 2023, "DepGraph"). Groups of which a block states one number (both paths of a `c3`) may lose different channels, but as many:
//! they share a *width*. What is left is an ordinary canonical [`Architecture`], and for every tensor of it the indices that it keeps.
//!
//! Fixed are the image, what the network returns, and channels whose number or order a block derives in its own way (grouped convolutions,
//! `shuffle`, `ghost`, sums over parts of concatenations).

mod choose;
mod fields;
mod follow;
mod pruning;
mod rebuild;
mod widths;

pub use choose::Bound;
pub use pruning::{Group, Maker, Pruned, Pruning};

#[cfg(test)]
mod tests;

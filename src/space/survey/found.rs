//! What a look at a space found.

use super::distinct::Distinct;
use super::idle::{Idle, Never};
use super::spread::Spread;

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// Samples of the space, those that cannot be built among them.
    pub samples: f64,
    /// Whether all of them were looked at.
    pub exact: bool,
    /// Samples whose networks were built to say what they cost.
    pub looked: usize,
    /// How many of those cannot be built (their shapes do not fit, or they break a rule of a cell or a `require (expr)`).
    pub unbuilt: usize,
    /// Distinct networks, by their canonical architectures.
    pub distinct: Distinct,
    /// Choices that change no network.
    pub idle: Vec<Idle>,
    /// Options that no network takes; of spaces that are listed whole, within their bounds.
    pub never: Vec<Never>,
    /// Costs of the networks.
    pub spread: Vec<Spread>,
}

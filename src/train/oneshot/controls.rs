//! The numbers of a controller that proposes paths.

use serde::{Deserialize, Serialize};

/// The line `controller`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Units of the LSTM.
    pub hidden: usize,
    /// Steps of the controller after each epoch of the weights.
    pub steps: usize,
    /// Paths a step.
    pub samples: usize,
    /// Decay of the moving average of rewards.
    pub baseline: f64,
    /// Weight of the entropy.
    pub entropy: f64,
}

//! Predictors without training ("zero-cost proxies"): numbers of an untrained network that may tell good networks from bad ones.
//!
//! One file a predictor, and one line in [`PROXIES`]. Definitions are those of NASLib (Mehta et al. 2022, "NAS-Bench-Suite-Zero", and
//! its `predictors/pruners`), who follow the papers that each file names; where these differ from each other, the file says so. All
//! weights are fresh: those that a training with the same seed starts from, unless the predictor draws its own.

mod codes;
mod eigenvalues;
mod gradients;
mod jacov;
mod naswot;
mod network;
mod rewrite;
mod synflow;
mod zen;

#[cfg(test)]
mod tests;

use crate::document::MetricWord;
pub use network::{LossGradient, MakeExecutor, Proxy, Untrained};

/// All of them.
pub static PROXIES: &[&Proxy] = &[&synflow::SYNFLOW, &gradients::SNIP, &gradients::GRAD_NORM, &jacov::JACOV, &naswot::NASWOT, &zen::ZEN];

/// The predictor of this name.
pub fn proxy(name: &str) -> Option<&'static Proxy> {
    PROXIES.iter().copied().find(|p| p.word.word.name == name)
}

/// Their words.
pub fn proxy_words() -> Vec<&'static MetricWord> {
    PROXIES.iter().map(|p| &p.word).collect()
}

//! `prune` of a `train`: the incoming network is made smaller before it is trained on.

use serde::{Deserialize, Serialize};

/// `prune flops=0.5 by=l1`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prune {
    /// What a channel counts for.
    pub by: Importance,
    /// Most of the network's FLOPs that may be left, 0 … 1.
    pub flops: f64,
    /// Most of its parameters that may be left, 0 … 1.
    pub params: f64,
    /// Channels of a layer stay multiples of this.
    pub multiple: usize,
    /// Least share of a layer's channels that stays.
    pub least: f64,
}

/// What a channel counts for: that with the lowest goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Importance {
    /// Sum of its filter's absolute weights (Li et al. 2017).
    L1,
    /// Its filter's Euclidean norm.
    L2,
    /// Distances of its filter from the others of its layer: what lies in their middle is redundant (He et al. 2019, FPGM).
    Fpgm,
    /// Absolute gamma of the batch norm behind it (Liu et al. 2017, "network slimming").
    Bn,
}

impl Importance {
    /// The words of the language, in the order of the variants.
    pub const WORDS: [&str; 4] = ["l1", "l2", "fpgm", "bn"];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Importance::L1 => "l1",
            Importance::L2 => "l2",
            Importance::Fpgm => "fpgm",
            Importance::Bn => "bn",
        }
    }

    /// What a word means.
    pub fn named(word: &str) -> Option<Importance> {
        [Importance::L1, Importance::L2, Importance::Fpgm, Importance::Bn].into_iter().find(|i| i.word() == word)
    }
}

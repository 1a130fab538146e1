//! How a supernet is trained: the one-shot methods of `train`, with their numbers. Nothing is left open.

use serde::{Deserialize, Serialize};

/// `method` of a `train` over a space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OneShot {
    /// The method.
    pub method: Method,
}

/// The one-shot methods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Method {
    /// One path a step, uniform (SPOS), or `sampling=fair`: as many as the largest decision has values, each value once (FairNAS).
    SinglePath {
        /// `sampling=fair`.
        fair: bool,
    },
}

impl Method {
    /// The word in the file.
    pub fn word(&self) -> &'static str {
        match self {
            Method::SinglePath { .. } => "single-path",
        }
    }
}

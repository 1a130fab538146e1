//! The fully connected layer: a classifier's head.

use super::property::{Default, Spec, Type, property};
use serde::{Deserialize, Serialize};

/// Fully connected over everything that it reads, with bias.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linear {
    /// Outputs.
    pub channels: usize,
}

pub(super) const KIND: Spec<Linear> = Spec {
    word: "linear",
    doc: "fully connected, with bias; as many outputs as the data has classes where nothing is written",
    first: Some("channels"),
    joins: false,
    properties: &[property("channels", Type::Whole(1, 65536), Default::Auto, "outputs; `width` does not change them")],
    build: |p, context| Ok(vec![Linear { channels: p.maybe("channels").unwrap_or(context.classes) }]),
};

//! Nearest-neighbour upsampling.

use super::property::{Spec, Type, int, property};
use serde::{Deserialize, Serialize};

/// Nearest neighbour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upsample {
    /// Both axes.
    pub factor: usize,
}

pub(super) const KIND: Spec<Upsample> = Spec {
    word: "upsample",
    doc: "nearest neighbour, by a whole factor",
    first: Some("factor"),
    joins: false,
    properties: &[property("factor", Type::Whole(1, 64), int(2), "of both sides")],
    build: |p, _| Ok(vec![Upsample { factor: p.whole("factor") }]),
};

//! Layers that read several others.

use super::*;

pub(super) const CONCAT: Kind = Kind {
    word: "concat",
    doc: "the named layers along channels, in the order of the names",
    first: None,
    joins: true,
    properties: &[],
    build: |_, _| Ok(vec![Block::Concat]),
};

pub(super) const ADD: Kind =
    Kind { word: "add", doc: "the sum of the named layers, which must have one shape", build: |_, _| Ok(vec![Block::Add]), ..CONCAT };

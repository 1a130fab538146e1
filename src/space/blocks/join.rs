//! Layers that read several others.

use super::property::Spec;

pub(super) const CONCAT: Spec<()> = Spec {
    word: "concat",
    doc: "the named layers along channels, in the order of the names",
    first: None,
    joins: true,
    properties: &[],
    build: |_, _| Ok(vec![()]),
};

pub(super) const ADD: Spec<()> =
    Spec { word: "add", doc: "the sum of the named layers, which must have one shape", build: |_, _| Ok(vec![()]), ..CONCAT };

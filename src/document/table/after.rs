//! Lines of a `train` that go on from what a search has found: what teaches it, and how it is made smaller.

use super::spec::Spec;
use super::{Field, Type::*};

/// `teacher`.
pub const NODES: &[Spec] = &[
    Spec::new(
        "teacher",
        &["train"],
        &["from"],
        &[&[
            Field::one("from", &[Name("stage")], "", "The stage that leaves it: one trained network with the same head.").required(),
            Field::one("temperature", &[Positive], "4", "Classifiers: what both networks' logits are divided by."),
            Field::one(
                "weight",
                &[Positive],
                "0.9 of classifiers, 1 of detectors",
                "Classifiers: the teacher's share of the loss, the labels have the rest. Detectors: how often its loss counts beside that against the boxes.",
            ),
        ]],
        "Distillation: a trained network that is learned from beside the labels, by its outputs for the very images of each batch.",
        "teacher \"big\" weight=0.5",
    )
    .once(),
];

//! Lines of a `train` that go on from what a search has found: what teaches it, and how it is made smaller.

use super::spec::Spec;
use super::{Field, Type::*};
use crate::document::pipeline::Importance;

/// `teacher` and `prune`.
pub const NODES: &[Spec] = &[
    Spec::new(
        "teacher",
        &["train"],
        &["from"],
        &[&[
            Field::one("from", &[Name("stage")], "", "The stage that leaves it: one trained network with the same head."),
            Field::one("file", &[Path], "", "In its place a model that `nasflow export` wrote (safetensors)."),
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
    Spec::new(
        "prune",
        &["train"],
        &[],
        &[&[
            Field::one("flops", &[Number(1e-3, 1.0)], "all, where `params` is written", "Most of the network's FLOPs that are left."),
            Field::one("params", &[Number(1e-3, 1.0)], "all", "Most of its parameters that are left."),
            Field::one(
                "by",
                &[Word(&Importance::WORDS)],
                "l1",
                "What a channel counts for: `l1`, `l2`: the norm of its filter; `fpgm`: how far that is from the others; `bn`: gamma of its batch norm.",
            ),
            Field::one("multiple", &[Int(1, 1024)], "8", "Channels of a layer stay multiples of this, or all that it has."),
            Field::one("least", &[Number(0.0, 1.0)], "0.1", "Least share of a layer's channels that stays."),
        ]],
        "The incoming network is made smaller, and this training goes on with what is left of its weights: whole channels go, the least important \
         of all layers first; those that are added to each other go together.",
        "prune flops=0.5 by=l1",
    )
    .once(),
];

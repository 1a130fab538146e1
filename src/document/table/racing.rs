//! What ends trainings before their last epoch: `stop-early` of an `objective`, `budget` of a `train`.

use super::spec::Spec;
use super::{Field, Kind, Type::*};

/// `stop-early` and `budget`.
pub const NODES: &[Spec] = &[
    Spec::new(
        "stop-early",
        &["objective"],
        &["kind"],
        &[&[Field::one("kind", &[Of(Kind::Stopping)], "", "Which rule.").required()]],
        "Trials are measured at a few epochs (rungs), and only the promising ones are trained on; `epochs` of the `train` stage is the most that a trial has. The other properties are the rule's own.",
        "stop-early asha reduction=3 min-epochs=2",
    )
    .once(),
    Spec::new(
        "budget",
        &["train"],
        &[],
        &[&[Field::one(
            "epochs",
            &[Int(1, 1_000_000_000)],
            "",
            "Epochs of the whole stage: of all its models and all `seeds`, those that are known already included.",
        )
        .required()]],
        "The most that a stage trains. A search that it feeds asks for no further trial when it is spent.",
        "budget epochs=600",
    )
    .once(),
];

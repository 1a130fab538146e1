//! `runner` of a `train`, and what stands in it, in a `metric` of one's own and in `strategy command`.

use super::spec::Spec;
use super::{Field, Type::*};

/// The sides of a metric.
pub const BETTER_WORDS: [&str; 2] = ["higher", "lower"];
/// The units that a metric of one's own may have.
pub const OWN_UNIT_WORDS: [&str; 5] = ["share", "ms", "bytes", "count", "per-second"];

/// The nodes.
pub const NODES: &[Spec] = &[
    Spec::new(
        "runner",
        &["train"],
        &["kind"],
        &[&[
            Field::one("kind", &[Word(&["command"])], "", "`command`: one's own program trains.").required(),
            Field::one(
                "weights",
                &[Bool],
                "#true",
                "Whether it leaves weights of the network that it is given; `#false`: only what it reports can be measured.",
            ),
        ]],
        "A trainer of one's own: a command that is given architecture and recipe, and leaves weights and figures.",
        "runner command { command \"python\" \"train.py\"; uses \"train.py\" }",
    )
    .once(),
    Spec::new(
        "command",
        &["runner", "metric", "strategy"],
        &["words"],
        &[&[Field::list("words", &[Argument], "", "The program and its arguments; no shell reads them.").required()]],
        "What runs, in a folder of its own with the files that it uses.",
        "command \"python\" \"train.py\"",
    )
    .once(),
    Spec::new(
        "uses",
        &["runner", "metric", "strategy"],
        &["paths"],
        &[&[Field::list("paths", &[Path], "", "Files and folders, from the folder of this file on.").required()]],
        "What the command needs: it is given it, and runs again when it changes.",
        "uses \"train.py\" \"lib\"",
    )
    .once(),
    Spec::new(
        "reports",
        &["runner"],
        &["name"],
        &[&[
            Field::one("name", &[Metric], "", "The metric, which the file names here.").required(),
            Field::one("better", &[Word(&BETTER_WORDS)], "", "Its better side.").required(),
            Field::one("unit", &[Word(&OWN_UNIT_WORDS)], "a number", "In what it is measured."),
        ]],
        "A figure that the trainer itself leaves, for `metrics` of an `evaluate`.",
        "reports \"dice\" better=higher unit=share",
    ),
];

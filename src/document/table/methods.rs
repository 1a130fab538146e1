//! `method` of a `train` over a space, whose words have fields and lines of their own; `penalty`; the table of latencies of an `evaluate`.

use super::spec::Spec;
use super::{Field, Kind, Type::*};

/// `method`, `penalty` and `latency-table`.
pub const NODES: &[Spec] = &[
    Spec::new(
        "method",
        &["train"],
        &["kind"],
        &[&[Field::one("kind", &[Of(Kind::Method)], "", "`single`: every model alone; the others train a space as one supernet.")
            .required()]],
        "How a space is trained as one network that holds all its models: its paths are drawn, or its choices learn.",
        "method single-path sampling=fair",
    )
    .once(),
    Spec::new(
        "penalty",
        &["train"],
        &["metric"],
        &[&[
            Field::one("metric", &[Word(&["flops", "macs", "params", "table-latency"])], "", "The cost that is expected of the choices.")
                .required(),
            Field::one("target", &[Positive], "", "The cost that is aimed at.").required(),
            Field::one("of", &[Word(&["reference"])], "none: `target` is absolute", "`target` is a multiple of the reference's."),
            Field::one("weight", &[Positive], "0.2", "λ below."),
            Field::one(
                "form",
                &[Word(&["add", "multiply", "log"])],
                "add",
                "Of loss L, expected cost E, target T: L + λ(E/T − 1), L·(E/T)^λ, or λ·L·(ln E / ln T)^exponent.",
            ),
            Field::one("exponent", &[Positive], "0.6", "Of `log`."),
            Field::one("latency-table", &[Path], "", "The table of `table-latency`."),
        ]],
        "Where choices learn: what the cost they expect adds to their loss.",
        "penalty flops target=1.0 of=reference weight=0.2",
    )
    .once(),
    Spec::new(
        "latency-table",
        &["evaluate"],
        &["file"],
        &[&[Field::one("file", &[Path], "", "The file, as `nasflow latency-table` prints it.").required()]],
        "The milliseconds of every operation on some device, of which `table-latency` is the sum. What is in the file enters keys.",
        "latency-table \"pi4.json\"",
    )
    .once(),
];

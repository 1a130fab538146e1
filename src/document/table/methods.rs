//! `method` of a `train` over a space, and its lines.

use super::{Field, Spec, Type, Type::*};

const EPOCHS: &[Type] = &[Int(1, 1_000_000)];
const PROBABILITY: &[Type] = &[Number(0.0, 1.0)];
const NOT_NEGATIVE: &[Type] = &[Number(0.0, 1e9)];
const BY_METHOD: &str = "the method's";

/// The words of `method`; all but `single` train a space as one supernet.
pub const METHODS: &[&str] =
    &["single", "single-path", "sandwich", "progressive-shrinking", "darts", "gumbel", "gdas", "pc-darts", "proxyless", "enas"];

/// `method` and what stands in it; `penalty`.
pub const NODES: &[Spec] = &[
    Spec::new(
        "method",
        &["train"],
        &["kind"],
        &[&[
            Field::one("kind", &[Word(METHODS)], "single", "`single`: every model alone; the others train a space as one supernet.")
                .required(),
            Field::one(
                "sampling",
                &[Word(&["uniform", "fair"])],
                "uniform",
                "`single-path`: uniform (SPOS), or each value equally often (FairNAS).",
            ),
            Field::one("random", &[Int(0, 64)], "2", "`sandwich`: random paths a step, beside the largest and the smallest."),
            Field::one("order", &[Int(1, 2)], "1", "`darts`: 2 goes through one step of the weights."),
            Field::one("partial", &[Int(1, 64)], "4", "`pc-darts`: one of so many channels goes through the choices."),
            Field::one(
                "warmup",
                &[Int(0, 1_000_000)],
                "0; pc-darts 15",
                "Where choices learn: epochs at the start in which only weights do.",
            ),
        ]],
        "How a space is trained as one network that holds all its models: its paths are drawn, or its choices learn.",
        "method single-path sampling=fair",
    )
    .once(),
    Spec::new(
        "temperature",
        &["method"],
        &["first"],
        &[&[
            Field::one("first", &[Positive], "", "In the first epoch [gumbel 1.0, gdas 10].").required(),
            Field::one("final", &[Positive], "gumbel 0.33, gdas 0.1", "At the horizon, and after it."),
            Field::one("over", &[Positive], "epochs", "The horizon in epochs; written, a longer training goes on from a shorter one."),
        ]],
        "`gumbel` and `gdas`: the temperature of samples, which falls linearly.",
        "temperature 1.0 final=0.33 over=50",
    )
    .once(),
    Spec::new(
        "choices",
        &["method"],
        &[],
        &[&[
            Field::one("lr", &[Positive], BY_METHOD, "Learning rate."),
            Field::list("betas", PROBABILITY, BY_METHOD, "Adam's two betas."),
            Field::one("weight-decay", NOT_NEGATIVE, BY_METHOD, "On the choices."),
            Field::one("clip-norm", NOT_NEGATIVE, BY_METHOD, "Clips their gradient's norm; 0: off."),
        ]],
        "Where choices learn: their optimiser, which is Adam (of `enas`, the controller's).",
        "choices lr=3e-4 weight-decay=1e-3 { betas 0.5 0.999 }",
    )
    .once(),
    Spec::new(
        "controller",
        &["method"],
        &[],
        &[&[
            Field::one("hidden", &[Int(1, 1024)], "64", "Units of its LSTM."),
            Field::one("steps", &[Int(1, 100_000)], "50", "Updates after each epoch of the weights."),
            Field::one("samples", &[Int(1, 10_000)], "20", "Paths an update."),
            Field::one("baseline", PROBABILITY, "0.99", "Decay of the moving average of rewards."),
            Field::one("entropy", NOT_NEGATIVE, "1e-4", "Weight of the entropy."),
        ]],
        "`enas`: the controller that proposes paths and learns from their rewards.",
        "controller hidden=64 steps=50 samples=20",
    )
    .once(),
    Spec::new(
        "teacher",
        &["method"],
        &[],
        &[&[Field::one("epochs", EPOCHS, "", "How long.").required()]],
        "`progressive-shrinking`: the largest network, trained first; the others learn from it, too.",
        "teacher epochs=180",
    )
    .once(),
    Spec::new(
        "phase",
        &["method"],
        &["kind"],
        &[&[
            Field::one(
                "kind",
                &[Word(&["kernel", "depth", "expand", "width", "branch"])],
                "",
                "Which choices it opens; of several phases of a kind each opens a share of the values, the largest first.",
            )
            .required(),
            Field::one("epochs", EPOCHS, "", "How long.").required(),
            Field::one("subnets", &[Int(1, 64)], "1", "Paths a step."),
            Field::one("lr", &[Positive], "the recipe's", "Learning rate of this phase, whose schedule is its own."),
        ]],
        "`progressive-shrinking`: opens the smaller values of one kind of choice.",
        "phase depth epochs=25 subnets=2",
    ),
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
];

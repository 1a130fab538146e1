//! The lines of a `train` that make its recipe. Of the fields marked `searched`, `pipeline/tuned` says where they go.

use super::spec::Spec;
use super::{Field, Type, Type::*};

const PROBABILITY: &[Type] = &[Number(0.0, 1.0)];
const NOT_NEGATIVE: &[Type] = &[Number(0.0, 1e9)];

/// Optimiser, schedule, batch norm, augmentation and loss.
pub const NODES: &[Spec] = &[
    Spec::new(
        "optimizer",
        &["train"],
        &["kind"],
        &[&[
            Field::one(
                "kind",
                &[Word(&["sgd", "adam", "adamw"])],
                "the recipe's",
                "`sgd` has Nesterov momentum; `adamw` decouples weight decay.",
            ),
            Field::one("lr", &[Positive], "the recipe's", "Learning rate after warm-up.").searched(),
            Field::one("momentum", PROBABILITY, "the recipe's", "SGD's momentum; Adam's first beta.").searched(),
            Field::list("betas", PROBABILITY, "the recipe's", "Adam's two betas."),
            Field::one("weight-decay", NOT_NEGATIVE, "the recipe's", "On the weights of convolutions and linear layers.").searched(),
        ]],
        "The optimiser.",
        "optimizer sgd lr=0.01 momentum=0.937 weight-decay=5e-4",
    )
    .once(),
    Spec::new(
        "schedule",
        &["train"],
        &["kind"],
        &[&[
            Field::one("kind", &[Word(&["constant", "linear", "cosine"])], "the recipe's", "How the learning rate falls, a step an epoch."),
            Field::one("over", &[Positive], "epochs", "The horizon in epochs; written, a longer training goes on from a shorter one."),
            Field::one("warmup", NOT_NEGATIVE, "the recipe's", "Warm-up in epochs.").searched(),
            Field::one("warmup-iterations", &[Int(0, 1_000_000)], "the recipe's", "Least warm-up in iterations.").searched(),
            Field::one("warmup-bias-lr", NOT_NEGATIVE, "the recipe's", "Learning rate of biases at the first iteration.").searched(),
            Field::one("warmup-momentum", PROBABILITY, "the recipe's", "Momentum at the first iteration.").searched(),
            Field::one("final", NOT_NEGATIVE, "the recipe's", "Last learning rate ÷ first.").searched(),
        ]],
        "The learning rate over time.",
        "schedule cosine over=100 warmup=3 final=0.01",
    )
    .once(),
    Spec::new(
        "batch-norm",
        &["train"],
        &[],
        &[&[
            Field::one("momentum", PROBABILITY, "the recipe's", "PyTorch's meaning: weight of the new batch.").searched(),
            Field::one("eps", &[Positive], "the recipe's", "Added to the variance."),
        ]],
        "Batch norm.",
        "batch-norm momentum=0.03 eps=1e-3",
    )
    .once(),
    Spec::new(
        "augment",
        &["train"],
        &[],
        &[&[
            Field::one("mosaic", PROBABILITY, "the recipe's", "Probability of a four-image mosaic.").searched(),
            Field::one("mixup", PROBABILITY, "the recipe's", "Probability of mix-up, after a mosaic.").searched(),
            Field::one("scale", PROBABILITY, "the recipe's", "± share of the size.").searched(),
            Field::one("translate", PROBABILITY, "the recipe's", "± share of the image.").searched(),
            Field::one("degrees", &[Number(0.0, 180.0)], "the recipe's", "± rotation.").searched(),
            Field::one("shear", &[Number(0.0, 90.0)], "the recipe's", "± degrees.").searched(),
            Field::one("hsv-h", PROBABILITY, "the recipe's", "± share of hue.").searched(),
            Field::one("hsv-s", PROBABILITY, "the recipe's", "± share of saturation.").searched(),
            Field::one("hsv-v", PROBABILITY, "the recipe's", "± share of value.").searched(),
            Field::one("flip-lr", PROBABILITY, "the recipe's", "Probability.").searched(),
            Field::one("flip-ud", PROBABILITY, "the recipe's", "Probability.").searched(),
            Field::one(
                "crop",
                &[Int(0, 1024)],
                "the recipe's",
                "Classifiers: pixels of padding out of which a picture is cropped; 0: off.",
            )
            .searched(),
            Field::one("area", &[Number(0.01, 1.0)], "the recipe's", "Classifiers: least share of a random-resized crop; 1: off.")
                .searched(),
            Field::one("cutout", &[Int(0, 4096)], "the recipe's", "Classifiers: side in pixels of a blanked square; 0: off.").searched(),
        ]],
        "Image augmentation, for detectors in YOLOv5's terms.",
        "augment mosaic=1.0 scale=0.5 flip-lr=0.5",
    )
    .once(),
    Spec::new(
        "loss",
        &["train"],
        &[],
        &[&[
            Field::one("box", NOT_NEGATIVE, "the recipe's", "Gain of the boxes.").searched(),
            Field::one("obj", NOT_NEGATIVE, "the recipe's", "Gain of objectness.").searched(),
            Field::one("cls", NOT_NEGATIVE, "the recipe's", "Gain of the classes.").searched(),
            Field::one("obj-by-size", &[Bool], "the recipe's", "Whether `obj` is scaled by (size ÷ 640)²."),
            Field::one("cls-by-classes", &[Bool], "the recipe's", "Whether `cls` is scaled by classes ÷ 80."),
            Field::one("label-smoothing", &[Number(0.0, 0.99)], "the recipe's", "Classifiers: share of the truth spread over all classes.")
                .searched(),
        ]],
        "Gains of the detection loss, or the smoothing of classification's.",
        "loss box=0.05 obj=1.0 cls=0.5 obj-by-size=#true",
    )
    .once(),
];

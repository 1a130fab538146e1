//! The layers. `space` says what each computes; the table says how it is written.

use super::spaces::{ACTIVATIONS, LAYERS};
use super::spec::Spec;
use super::{Field, Type::*};

const CHANNELS: Field = Field::choice("channels", &[Int(1, 1 << 20)], "", "Output channels, before `width`.").required();
const SAME_CHANNELS: Field = Field::choice("channels", &[Int(1, 1 << 20)], "the input's", "Output channels, before `width`.");
const KERNEL: Field = Field::choice("kernel", &[Int(1, 255)], "3", "Side of a square kernel.");
/// Upstream's `Conv` is 1×1 where nothing is said.
const CONV_KERNEL: Field = Field { default: "1", ..KERNEL };
const STRIDE: Field = Field::choice("stride", &[Int(1, 64)], "1", "Stride.");
const PADDING: Field = Field::choice("padding", &[Int(0, 255)], "dilation × (kernel − 1) ÷ 2", "Zeros at each side.");
/// A pool's padding is at most half of its window.
const POOL_PADDING: Field = Field { types: &[Int(0, 127)], ..PADDING };
const DILATION: Field = Field::choice("dilation", &[Int(1, 64)], "1", "Distance between a kernel's taps.");
const GROUPS: Field = Field::choice("groups", &[Int(1, 65536)], "1", "Groups of channels that do not mix.");
const REPEATS: Field = Field::choice("repeats", &[Int(1, 100)], "1", "How many units inside.");
const BOTTLENECKS: Field = Field { types: &[Int(0, 100)], doc: "How many bottlenecks.", ..REPEATS };
const EXPANSION: Field = Field::choice("expansion", &[Positive], "0.5", "Hidden channels ÷ output channels.");
const SHORTCUT: Field = Field::choice("shortcut", &[Bool], "#true", "Whether units add their input.");

/// What every layer takes.
const NAMED: &[Field] = &[Field::one("as", &[Name("layer")], "", "Names the layer; in `choose`, the branch.")];
const ACTIVE: &[Field] = &[Field::choice("activation", &[Word(ACTIVATIONS)], "the network's", "Its activation.")];
const SIDES: &[Field] = &[
    Field::choice("kernel-h", &[Int(1, 255)], "kernel", "Height of the kernel."),
    Field::choice("kernel-w", &[Int(1, 255)], "kernel", "Width of the kernel."),
];
const LAYERS_READ: Field = Field::list("layers", &[Name("layer")], "", "Names of layers; `above` is the one above.").required();

const fn layer(
    name: &'static str,
    positional: &'static [&'static str],
    fields: &'static [&'static [Field]],
    doc: &'static str,
    example: &'static str,
) -> Spec {
    Spec::new(name, LAYERS, positional, fields, doc, example).key("layer")
}

/// Every layer.
pub const NODES: &[Spec] = &[
    layer(
        "conv",
        &["channels"],
        &[&[CHANNELS, CONV_KERNEL, STRIDE, PADDING, DILATION, GROUPS], SIDES, ACTIVE, NAMED],
        "Convolution, batch norm, activation.",
        "conv 64 kernel=6 stride=2 padding=2",
    ),
    layer(
        "depthwise-conv",
        &[],
        &[&[KERNEL, STRIDE, PADDING, DILATION], SIDES, ACTIVE, NAMED],
        "A convolution for each channel, batch norm, activation.",
        "depthwise-conv kernel=5",
    ),
    layer(
        "sep-conv",
        &["channels"],
        &[&[SAME_CHANNELS, KERNEL, STRIDE, PADDING, DILATION], ACTIVE, NAMED],
        "A depthwise convolution, then a pointwise one, each with batch norm and activation.",
        "sep-conv 64 kernel=3",
    ),
    layer(
        "dil-conv",
        &["channels"],
        &[
            &[SAME_CHANNELS, KERNEL, STRIDE, PADDING, Field::choice("dilation", &[Int(1, 64)], "2", "Distance between a kernel's taps.")],
            ACTIVE,
            NAMED,
        ],
        "A separable convolution with dilation.",
        "dil-conv 64 kernel=3",
    ),
    layer("max-pool", &["kernel"], &[&[KERNEL, STRIDE, POOL_PADDING], NAMED], "The largest of a window.", "max-pool 3 stride=2"),
    layer("avg-pool", &["kernel"], &[&[KERNEL, STRIDE, POOL_PADDING], NAMED], "The mean of a window.", "avg-pool 3"),
    layer("global-pool", &[], &[NAMED], "The mean of each channel.", "global-pool"),
    layer(
        "linear",
        &["channels"],
        &[&[Field::choice("channels", &[Int(1, 65536)], "the classes", "Outputs.")], NAMED],
        "A linear layer.",
        "linear",
    ),
    layer(
        "residual",
        &["channels"],
        &[&[CHANNELS, KERNEL, STRIDE, GROUPS, REPEATS], ACTIVE, NAMED],
        "Units of two full-width convolutions that add their input.",
        "residual 256 { repeats 2 1 }",
    ),
    layer(
        "bottleneck",
        &["channels"],
        &[&[CHANNELS, KERNEL, STRIDE, GROUPS, REPEATS, EXPANSION, SHORTCUT], ACTIVE, NAMED],
        "Units of a 1×1 convolution to fewer channels and a 3×3 back, adding their input.",
        "bottleneck 128",
    ),
    layer(
        "inception",
        &["channels"],
        &[&[CHANNELS, STRIDE, REPEATS], ACTIVE, NAMED],
        "Four quarter-width branches, concatenated: 1×1; 1×1, 3×3; 1×1, 3×3, 3×3; pool, 1×1.",
        "inception 128",
    ),
    layer(
        "c3",
        &["channels"],
        &[&[CHANNELS, BOTTLENECKS, EXPANSION, SHORTCUT, KERNEL, GROUPS], ACTIVE, NAMED],
        "YOLOv5's C3: bottlenecks on one half, concatenated with the other.",
        "c3 256 { repeats 2 1 3 }",
    ),
    layer(
        "sppf",
        &["channels"],
        &[&[SAME_CHANNELS, Field::choice("kernel", &[Int(1, 255)], "5", "Side of the pools.")], ACTIVE, NAMED],
        "YOLOv5's SPPF: three max-pools in a row, concatenated.",
        "sppf 1024 kernel=5",
    ),
    layer(
        "mbconv",
        &["channels"],
        &[
            &[CHANNELS, KERNEL, STRIDE, REPEATS, Field::choice("expand", &[Positive], "6", "Hidden channels ÷ input channels."), SHORTCUT],
            &[Field::choice("ratio", &[Int(0, 1024)], "0: none", "Squeeze-and-excitation: hidden channels ÷ this.")],
            ACTIVE,
            NAMED,
        ],
        "An inverted bottleneck: 1×1 to more channels, depthwise, 1×1 back.",
        "mbconv 24 { kernel 7 5 3; expand 6 4 3 }",
    ),
    layer(
        "ghost",
        &["channels"],
        &[&[CHANNELS, KERNEL, STRIDE, REPEATS], ACTIVE, NAMED],
        "YOLOv5's GhostBottleneck: two units that compute half of their channels by a convolution and half by a depthwise one over these, and the input added.",
        "ghost 256",
    ),
    layer(
        "shuffle",
        &["channels"],
        &[
            &[CHANNELS, KERNEL, STRIDE, REPEATS],
            &[Field::choice("depthwise", &[Int(1, 3)], "1", "Depthwise convolutions of the computed half: 1, or 3 as in Xception.")],
            ACTIVE,
            NAMED,
        ],
        "ShuffleNetV2's block: the even channels pass by, the odd ones are computed; with a stride both from all channels.",
        "shuffle 128 kernel=5 stride=2",
    ),
    layer(
        "squeeze-excite",
        &[],
        &[&[Field::choice("ratio", &[Int(1, 1024)], "16", "Channels ÷ hidden channels.")], NAMED],
        "Scales each channel by what the whole image says.",
        "squeeze-excite ratio=16",
    ),
    layer(
        "upsample",
        &["factor"],
        &[&[Field::choice("factor", &[Int(1, 64)], "2", "How many times larger.")], NAMED],
        "Nearest neighbour.",
        "upsample 2",
    ),
    layer("concat", &["layers"], &[&[LAYERS_READ], NAMED], "Concatenates channels, in the order written.", "concat above \"p4\""),
    layer("add", &["layers"], &[&[LAYERS_READ], NAMED], "Adds layers of one shape.", "add above \"stem\""),
    layer("skip", &[], &[NAMED], "Passes its input on.", "skip"),
    layer("zero", &[], &[&[STRIDE], NAMED], "Zeros: no connection, in cells.", "zero"),
    layer(
        "detect",
        &["layers"],
        &[
            &[
                Field::list("layers", &[Name("layer")], "above", "The layers that are read, finest first."),
                Field::one(
                    "anchors",
                    &[Word(&["auto", "coco"])],
                    "auto",
                    "`auto`: k-means over the boxes of the split `train`; `coco`: YOLOv5's own.",
                ),
            ],
            NAMED,
        ],
        "YOLOv5's detection head.",
        "detect \"out3\" \"out4\" \"out5\" anchors=auto",
    ),
];

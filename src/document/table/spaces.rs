//! `space` and what stands in it, layers apart.

use super::spec::Spec;
use super::{Field, Type::*};

/// Where layers stand.
pub const LAYERS: &[&str] = &["network", "repeat", "choose", "at", "after", "cell", "on-node", "then-layers", "when"];

/// Where layers stand that may read others by name: not on the edges of a cell.
const NAMING: &[&str] = &["network", "repeat", "choose", "at", "after", "on-node", "then-layers", "when"];

/// Where layers stand of which some may be there only in some samples.
const SERIES: &[&str] = &["network", "repeat", "at", "after", "then-layers", "when"];

/// The activations.
pub const ACTIVATIONS: &[&str] = &["silu", "relu", "hardswish", "identity"];

/// A bound of a `range`.
const BOUND: &[super::Type] = &[Number(-1e12, 1e12)];

const AS: Field = Field::one("as", &[Name("layer")], "", "Names the layer; in `choose`, the branch.");

/// `space`, `choice`, `network`, `require` and what arranges layers.
pub const NODES: &[Spec] = &[
    Spec::new(
        "space",
        &[""],
        &["name"],
        &[&[
            Field::one("name", &[Name("space")], "", "Its name.").required(),
            Field::one(
                "from",
                &[Name("space")],
                "",
                "Starts from the network of another space, with its choices and cells; with its bounds, too, where nothing but choices change.",
            ),
            Field::one("until", &[Name("layer")], "the last", "The last layer of the other space that is kept."),
            Field::one("input", &[Name("data set")], "the other's", "What a space over a space, or from a shipped one, reads."),
            Field::one("like", &[Name("shipped space")], "", "Starts from a shipped space, on data of one's own: `input`."),
            Field::choice("image-size", &[Int(8, 8192)], "the data's", "With `like`: the size at which networks read images."),
            Field::choice("width", &[Positive], "the shipped one's", "With `like`: multiplies every channel count."),
            Field::choice(
                "activation",
                &[Word(ACTIVATIONS)],
                "the shipped one's",
                "With `like`: the activation of every layer that names none.",
            ),
        ]],
        "A search space: one network with choices in it. The first value of every choice is its reference.",
        "space \"backbone\" { network { input \"shapes\"; conv 16 { kernel 3 5 }; detect anchors=auto } }",
    ),
    Spec::new(
        "choice",
        &["space"],
        &["label", "values"],
        &[&[
            Field::one("label", &[Name("choice")], "", "Its label, for `(choice)\"label\"`.").required(),
            Field::choice("values", &[Any], "", "What is chosen from; the first is the reference.").required(),
            Field::one("when", &[Expr], "always", "Where it is false, the choice is not made: `(expr)` over choices above."),
        ]],
        "A decision that several places share.",
        "choice \"act\" silu relu hardswish",
    ),
    Spec::new(
        "range",
        &["space"],
        &["label"],
        &[&[
            Field::one("label", &[Name("choice")], "", "Its label, for `(choice)\"label\"`.").required(),
            Field::one("min", BOUND, "", "The least value.").required(),
            Field::one("max", BOUND, "", "The greatest value.").required(),
            Field::one("reference", BOUND, "the least", "The reference's value, which a baseline has."),
            Field::one("scale", &[Word(&["linear", "log"])], "linear", "How values are spaced: by equal steps, or by equal factors."),
            Field::one("step", &[Positive], "65 values", "From one value to the next; with `scale=log` a factor above 1."),
            Field::one("when", &[Expr], "always", "Where it is false, the choice is not made: `(expr)` over choices above."),
        ]],
        "A choice of a number between two bounds, read like any other.",
        "range \"lr\" min=1e-3 max=1e-1 scale=log reference=1e-2",
    ),
    Spec::new(
        "fix",
        &["space"],
        &["label", "value"],
        &[&[
            Field::one("label", &[Name("decision")], "", "A decision of the network that this space starts from.").required(),
            Field::one("value", &[Any], "", "The value that it always has, in the reference too.").required(),
        ]],
        "Takes a decision away: one of its values stays.",
        "fix \"act\" silu",
    ),
    Spec::new(
        "keep",
        &["space"],
        &["label", "values"],
        &[&[
            Field::one("label", &[Name("decision")], "", "A decision of the network that this space starts from.").required(),
            Field::list("values", &[Any], "those of `from`", "The values that stay, the reference's among them."),
            Field::one("from", &[Name("stage")], "", "In their place: the values that occur among the models of this stage."),
        ]],
        "Narrows a decision to some of its values.",
        "keep \"p3\" c3 residual",
    ),
    Spec::new(
        "network",
        &["space"],
        &[],
        &[&[
            Field::choice("width", &[Positive], "1", "Multiplies every channel count; rounded up to a multiple of 8."),
            Field::choice("activation", &[Word(ACTIVATIONS)], "silu", "The activation of every layer that names none."),
            Field::one("like", &[Name("network")], "", "Starts from a shipped network, changed by `at` and `after`."),
        ]],
        "Layers from top to bottom; each reads the one above unless it names its inputs.",
        "network width=0.25 { input \"shapes\"; conv 64 kernel=3 stride=2 }",
    )
    .once(),
    Spec::new(
        "input",
        &["network"],
        &["data"],
        &[&[
            Field::one("data", &[Name("data set")], "", "The data set that fixes size, channels, classes and anchors.").required(),
            Field::choice(
                "image-size",
                &[Int(8, 8192)],
                "the data's",
                "The size at which networks are trained, measured and exported, in place of the data's; several are a choice.",
            ),
        ]],
        "What the network reads.",
        "input \"shapes\"",
    )
    .once(),
    Spec::new(
        "require",
        &["space"],
        &["metric"],
        &[&[
            Field::one(
                "metric",
                &[Word(&["flops", "macs", "params", "table-latency"]), Expr],
                "",
                "What is bounded, or what must be true.",
            )
            .required(),
            Field::one("max", &[Positive], "", "At most this much, or this many times the reference."),
            Field::one("min", &[Positive], "", "At least."),
            Field::one("of", &[Word(&["reference"])], "", "Makes the bounds multiples of the reference's."),
            Field::one("latency-table", &[Path], "", "The table of `table-latency`, in milliseconds."),
        ]],
        "Refuses samples outside a bound, before anything is trained.",
        "require flops max=1.0 of=reference",
    ),
    Spec::new(
        "cell",
        &["space"],
        &["name"],
        &[&[
            Field::one("name", &[Name("cell")], "", "Its name, for `use`.").required(),
            Field::one("like", &[Name("cell")], "", "The same rules as another cell's, with decisions of its own."),
            Field::one("inputs", &[Int(1, 2)], "1", "How many of the layers above it reads."),
            Field::choice("nodes", &[Int(0, 32)], "", "How many nodes it has: each is the sum of its edges."),
            Field::one(
                "edges",
                &[Int(1, 32), Word(&["all", "any", "pair"])],
                "all",
                "How many of the states before it a node reads; `any`: each or not; `pair`: two, also twice the same, each with an operation of its own.",
            ),
            Field::choice("combine", &[Word(&["add", "concat"])], "add", "With `edges pair`: how the two become one."),
            Field::one("output", &[Word(&["concat", "last"])], "concat", "What it returns: the channels of its nodes, or the last node."),
            Field::one("stride", &[Int(1, 64)], "1", "Of the edges that read the cell's inputs."),
        ]],
        "A small graph whose decisions all its uses share. Inside stands the layer of an edge, mostly a `choose`.",
        "cell \"normal\" inputs=2 nodes=4 { edges 2; choose { skip; max-pool 3; sep-conv kernel=3 } }",
    ),
    Spec::new(
        "on-node",
        &["cell"],
        &[],
        &[],
        "The layer that a node computes of the sum of its edges.",
        "on-node { choose { conv kernel=3; max-pool 3 } }",
    )
    .once(),
    Spec::new(
        "require",
        &["cell"],
        &["metric"],
        &[&[
            Field::one("metric", &[Word(&["edges"])], "", "What is bounded: edges between states, and those into the output.").required(),
            Field::one("max", &[Int(1, 4096)], "", "At most so many."),
            Field::one("min", &[Int(1, 4096)], "", "At least."),
        ]],
        "Refuses samples in which the cell has other numbers of edges.",
        "require edges max=9",
    )
    .once(),
    Spec::new(
        "use",
        NAMING,
        &["cell"],
        &[&[
            Field::one("cell", &[Name("cell")], "", "The cell.").required(),
            Field::choice("channels", &[Int(1, 1 << 20)], "", "Channels of every node, before `width`.").required(),
            Field::one("stride", &[Int(1, 64)], "the cell's", "Of the edges that read the cell's inputs."),
            Field::one("own", &[Bool], "#false", "Decides for itself, apart from the other uses."),
            AS,
        ]],
        "A cell in its place: it reads the layers above, brought to its channels by 1×1 convolutions where they differ.",
        "use \"normal\" channels=16",
    ),
    Spec::new(
        "inputs",
        NAMING,
        &["layers"],
        &[&[
            Field::list("layers", &[Name("layer")], "", "Names of layers; `above` is the one above.").required(),
            Field::one("pick", &[Int(1, 64)], "1", "How many of them are read; which, is a decision."),
            Field::one("reduce", &[Word(&["add", "concat"])], "add", "How several become one."),
            AS,
        ]],
        "Chooses which layers are read.",
        "inputs above \"p4\" pick=1",
    ),
    Spec::new(
        "choose",
        LAYERS,
        &["label"],
        &[&[Field::one("label", &[Label], "counted", "Labels the decision and names its output."), AS, Field::later("share", "supernets")]],
        "Several layers, one of which is built. The first is the reference.",
        "choose \"p2\" { c3 128; bottleneck 128; inception 128 }",
    ),
    Spec::new(
        "repeat",
        LAYERS,
        &["label", "times"],
        &[&[
            Field::one("label", &[Name("layer")], "", "Names the output."),
            Field::choice("times", &[Int(0, 1000)], "", "How many copies."),
            Field::choice("stride", &[Int(1, 64)], "1", "The stride of the first copy."),
            AS,
        ]],
        "Copies of what stands inside; every copy chooses anew.",
        "repeat \"d1\" 4 3 2 stride=2 { mbconv 24 { kernel 7 5 3 } }",
    ),
    Spec::new(
        "when",
        SERIES,
        &["condition"],
        &[&[Field::one("condition", &[Expr], "", "What must be true; in its place stand `LABEL=VALUE` pairs, all of which are meant.")]],
        "Layers that are there only where a condition holds; elsewhere what stands above goes on.",
        "when top=5 { conv 512 kernel=3 stride=2; c3 512 as=\"p5\" }",
    )
    .labelled(),
    Spec::new(
        "at",
        &["network", "space"],
        &["layer"],
        &[&[Field::one("layer", &[Name("layer")], "", "A layer of the shipped network.").required()]],
        "Puts other layers in the place of a named one (`network like=…`).",
        "at \"p4\" { c3 512 { repeats 3 2 1 } }",
    ),
    Spec::new(
        "after",
        &["network", "space"],
        &["layer"],
        &[&[Field::one("layer", &[Name("layer")], "", "A layer of the shipped network.").required()]],
        "Puts layers behind a named one (`network like=…`).",
        "after \"p5\" { choose \"attention\" { skip; squeeze-excite ratio=16 } }",
    ),
    Spec::new(
        "then-layers",
        &["space"],
        &[],
        &[],
        "The layers behind those that are kept of another space.",
        "space \"classifier\" { from \"backbone\"; until \"p5\"; then-layers { global-pool; linear }; input \"figures\" }",
    )
    .once(),
];

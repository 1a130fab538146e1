//! `sample`, `train`, `evaluate`, `select`, `answer` and their lines.

use super::own::{BETTER_WORDS, OWN_UNIT_WORDS};
use super::spec::Spec;
use super::{Field, Kind, Type, Type::*};
use crate::document::pipeline::TABLE_UNIT_WORDS;

const NAME: Field = Field::one("name", &[Name("stage")], "", "Its name.").required();
const FROM: Field = Field::list("from", &[Name("stage")], "", "What it works on; several names are a union.").required();
const SEED: &[Type] = &[Int(0, i64::MAX)];
const SHARE: Field = Field::one(
    "trials",
    &[Int(1, 10_000_000)],
    "all that are left",
    "How many of the `trials` it proposes, where `then` names another after it.",
);
const PROBABILITY: &[Type] = &[Number(0.0, 1.0)];
const NOT_NEGATIVE: &[Type] = &[Number(0.0, 1e9)];
const EPOCHS: &[Type] = &[Int(1, 1_000_000)];

const READS: &[Field] = &[
    Field::one("name", &[Name("data set")], "", "The data set.").required(),
    Field::one("split", &[Name("split")], "required, but for `folds`", "Which of its splits."),
    Field::one("folds", &[Name("set of folds")], "", "In place of `split`: every fold of that name, each in its turn."),
];

/// How sure a prior is.
pub const CONFIDENCE_WORDS: [&str; 3] = ["low", "medium", "high"];

/// Stages and their lines.
pub const NODES: &[Spec] = &[
    Spec::new(
        "sample",
        &[""],
        &["name"],
        &[&[
            NAME,
            Field::list("from", &[Name("space")], "", "The space or the supernet that is sampled.").required(),
            Field::one("seed", SEED, "0", "Added to the pipeline's."),
            Field::one(
                "replicate",
                &[Int(2, 10_000_000)],
                "",
                "The first so many trials are trained once more, with the next seed: from them `show` says what the scores are worth.",
            ),
        ]],
        "Proposes architectures of a space, or networks of a supernet, which inherit its weights.",
        "sample \"trials\" { from \"backbone\"; strategy random; trials 16 }",
    ),
    Spec::new(
        "strategy",
        &["sample"],
        &["kind"],
        &[&[
            Field::one("kind", &[Of(Kind::Strategy)], "", "Which strategy.").required(),
            SHARE,
        ]],
        "How proposals are made; without this line, by `predictor`. The other properties are the strategy's own.",
        "strategy evolution population=6 tournament=3",
    )
    .once(),
    Spec::new(
        "trials",
        &["sample"],
        &["count"],
        &[&[
            Field::one("count", &[Int(1, 10_000_000)], "", "Distinct candidates, cached and failed ones included.").required(),
            Field::one("window", &[Int(1, 100_000)], "4", "Trial n is proposed from the results of trials 0 to n − window."),
        ]],
        "How many candidates are proposed.",
        "trials 16 window=4",
    )
    .once(),
    Spec::new(
        "objective",
        &["sample"],
        &["stage"],
        &[&[
            Field::one("stage", &[Name("stage")], "", "The evaluate stage whose results guide what comes next.").required(),
            Field::list("maximize", &[Metric], "", "The metric, more being better; several are several objectives."),
            Field::list("minimize", &[Metric], "", "The metric, less being better; several, or one beside `maximize`, are several objectives."),
            Field::list(
                "reference",
                &[Number(f64::MIN, f64::MAX)],
                "the worst that was met",
                "Of several objectives: where the hypervolume is measured from, a value for each of them.",
            ),
        ]],
        "The loop: what an evaluate stage measured is told to the strategy.",
        "objective \"score\" maximize=map50",
    )
    .once(),
    Spec::new(
        "prior",
        &["sample"],
        &["label", "option"],
        &[&[
            Field::one("label", &[Name("decision")], "", "A decision of the space.").required(),
            Field::one("option", &[Any], "", "One of its values.").required(),
            Field::one("confidence", &[Word(&CONFIDENCE_WORDS)], "medium", "How sure you are: `low` draws it twice as often as each other value, `medium` 4 times, `high` 8 times."),
            Field::one("weight", &[Positive], "that of `confidence`", "How many times as often, in a number; below 1 it is drawn less often."),
        ]],
        "An inkling: a value that is drawn more often. It leaves nothing out, and no result counts for more.",
        "prior \"p3\" c3 confidence=high",
    ),
    Spec::new(
        "then",
        &["sample"],
        &["kind"],
        &[&[Field::one("kind", &[Of(Kind::Strategy)], "", "Which strategy.").required(), SHARE]],
        "A strategy that goes on after the one before has proposed its share; it knows all results so far. The other properties are the strategy's own.",
        "then local-search",
    ),
    Spec::new(
        "start",
        &["sample"],
        &["from"],
        &[&[Field::list("from", &[Name("stage")], "", "Stages whose models are proposed first.").required()]],
        "The first trials are the distinct candidates of these stages; the strategy goes on from them and knows their results.",
        "start \"seeds\"",
    )
    .once(),
    Spec::new(
        "earlier",
        &["sample"],
        &["file"],
        &[&[Field::one("file", &[Path], "", "The file, as `nasflow results` writes it.").required()]],
        "Results of an earlier search: the strategy knows them before its first trial, and proposes none of these candidates again.",
        "earlier \"earlier.json\"",
    )
    .once(),
    Spec::new(
        "train",
        &[""],
        &["name"],
        &[&[
            NAME,
            FROM,
            Field::one(
                "recipe",
                &[Word(&["yolov5", "yolov5-short", "classify"])],
                "yolov5; classify where images are of one class each",
                "Where everything not written here comes from.",
            ),
            Field::one("epochs", EPOCHS, "required, but for phases", "How long."),
            Field::one(
                "min-iterations",
                &[Int(1, 1_000_000_000)],
                "none",
                "Where these epochs are fewer iterations (batches), it takes as many epochs as reach so many: for data of which nobody knows how much there is.",
            ),
            Field::one("images", &[Number(1e-6, 1.0)], "1", "The share of the split's images that is trained on; a smaller share is part of a larger one."),
            Field::one(
                "holdout",
                &[Number(0.0, 0.95)],
                "0.5 where choices learn",
                "The share of the split that choices learn from, and weights do not; 0 (`gumbel` only): both learn from all of it.",
            ),
            Field::one("batch", &[Int(1, 65536)], "the recipe's", "Images a batch.").searched(),
            Field::one(
                "nominal-batch",
                &[Int(0, 1_000_000)],
                "the recipe's",
                "Gradients are accumulated to this many images, as YOLOv5 does; 0: off.",
            )
            .searched(),
            Field::one("accumulate", &[Int(1, 65536)], "1", "Batches a step; turns the nominal batch off.").searched(),
            Field::one("clip-norm", NOT_NEGATIVE, "the recipe's", "Clips the gradient's norm; 0: off.").searched(),
            Field::one("ema", PROBABILITY, "the recipe's", "Decay of the averaged weights; 0: none.").searched(),
            Field::one("ema-ramp", &[Positive], "the recipe's", "Steps over which that decay rises: d · (1 − exp(−step / ramp)).").searched(),
            Field::one("seed", SEED, "0", "Seeds weights and batches."),
            Field::one("seeds", &[Int(1, 100)], "1", "Trains every model this many times: mean ± deviation."),
        ]],
        "Trains models. Every line overrides the recipe, wherever it stands.",
        "train \"short\" { from \"trials\"; data \"shapes\" split=train; recipe yolov5-short; epochs 4 }",
    ),
    Spec::new("data", &["train", "evaluate"], &["name"], &[READS], "The images that are read.", "data \"shapes\" split=val")
        .once()
        .key("reads"),
    Spec::new(
        "init",
        &["train"],
        &["kind"],
        &[&[
            Field::one(
                "kind",
                &[Word(&["scratch", "continue", "inherit"])],
                "scratch",
                "`scratch`: fresh weights; `continue`: the incoming model's own; `inherit`: those that it has in its supernet.",
            ),
            Field::one("from", &[Name("train")], "", "Another training whose weights it starts from: of one network, or of a supernet for a supernet."),
            Field::one("file", &[Path], "", "A file of weights that it starts from: safetensors, as `nasflow export` writes them or with YOLOv5's names."),
            Field::one("match", &[Word(&["names", "overlap"])], "", "Beside them: `names`, tensors of one place and shape; `overlap`, common parts, too."),
        ]],
        "What training starts from; must be written where the incoming models carry weights.",
        "init scratch",
    )
    .once(),
    Spec::new(
        "diverged",
        &["train"],
        &[],
        &[&[Field::one(
            "loss-above",
            &[Positive],
            "never: only a loss that is not finite",
            "The loss at which a training counts as diverged.",
        )
        .required()]],
        "When a training has failed; that is a result, not an error.",
        "diverged loss-above=1e4",
    )
    .once(),
    Spec::new(
        "evaluate",
        &[""],
        &["name"],
        &[&[NAME, FROM, Field::list("at", EPOCHS, "the last epoch", "Epochs of the training that are evaluated.")]],
        "Measures models.",
        "evaluate \"score\" { from \"short\"; data \"shapes\" split=val; metrics map50 params flops }",
    ),
    Spec::new(
        "metrics",
        &["evaluate"],
        &["names"],
        &[&[Field::list("names", &[Metric], "", "Metrics.").required(), Field::one("class", &[Text], "", "The class, of a metric of one class such as `ap50`.")]],
        "What is measured.",
        "metrics map50 params flops",
    )
    .once(),
    Spec::new(
        "metric",
        &["evaluate"],
        &["name"],
        &[&[
            Field::one("name", &[Metric], "", "The metric.").required(),
            Field::one("class", &[Text], "", "The class, of a metric of one class such as `ap50`."),
            Field::one("better", &[Word(&BETTER_WORDS)], "", "Of a metric of one's own, which `command` measures: its better side."),
            Field::one("unit", &[Word(&OWN_UNIT_WORDS)], "a number", "Of a metric of one's own: in what it is measured."),
            Field::one("alone", &[Bool], "#false", "Of a metric of one's own: nothing else of the run goes on while it is measured."),
        ]],
        "One metric with its parameters, or one of one's own: `metric \"NAME\" better=… { command … }`.",
        "metric ap50 class=\"RBC\"",
    ),
    Spec::new(
        "method",
        &["evaluate"],
        &["kind"],
        &[&[
            Field::one("kind", &[Word(&["table"])], "", "`table`: the metrics are read from a file.").required(),
            Field::one("file", &[Path], "", "The table: JSON (an object of objects, or a list of them) or CSV (a line of names first), also with `.gz`.")
                .required(),
            Field::list(
                "key",
                &[Text],
                "arch; of several `keys` each its decision",
                "How a network's row is called: `arch`, the places of all options taken, or a text with `{label}` and `{label:index}`; one for each of `keys`.",
            ),
            Field::list("keys", &[Text], "arch", "The columns that hold the keys, in CSV and in a list of rows."),
        ]],
        "Reads what is measured from a table of a benchmark: nothing is trained, nothing runs.",
        "method table file=\"nas-bench-macro.json\" key=arch { column accuracy \"test_acc\" unit=percent }",
    )
    .once()
    .key("table"),
    Spec::new(
        "column",
        &["table"],
        &["metric", "names"],
        &[&[
            Field::one("metric", &[Metric], "", "The metric.").required(),
            Field::list(
                "names",
                &[Text],
                "the metric's name",
                "The columns (CSV) or fields (JSON) that hold it; several are several seeds.",
            ),
            Field::one("unit", &[Word(&TABLE_UNIT_WORDS)], "the metric's own", "The unit of the file, such as `percent`: 100 times the metric."),
        ]],
        "Which column of the table is which metric.",
        "column accuracy \"test_acc\" unit=percent",
    ),
    Spec::new(
        "word",
        &["table"],
        &["option", "text"],
        &[&[
            Field::one("option", &[Any], "", "An option of a decision: the name of a branch, or a value.").required(),
            Field::one("text", &[Any], "", "What stands for it in the key.").required(),
            Field::one("label", &[Name("decision")], "all that have the option", "The decision that it is for."),
        ]],
        "How the table calls an option.",
        "word \"conv3\" \"nor_conv_3x3\"",
    ),
    Spec::new(
        "recalibrate",
        &["evaluate"],
        &["kind"],
        &[&[
            Field::one("kind", &[Word(&["off"])], "", "`off`: the supernet's own statistics, whatever networks they are of."),
            Field::one("batches", &[Int(1, 1_000_000)], "", "How many batches."),
            Field::one("batch", &[Int(1, 65536)], "the supernet's", "Images a batch."),
            Field::one("split", &[Name("split")], "", "The split of the data that the supernet was trained on."),
        ]],
        "Batch norm of subnets: reset, then the mean over the first batches of the split in training order. Must be written where \
         networks are evaluated with the weights of a supernet.",
        "recalibrate batches=20 split=train",
    )
    .once(),
    Spec::new(
        "untrained",
        &["evaluate"],
        &[],
        &[&[
            Field::one("batch", &[Int(2, 4096)], "32", "Images that are looked at, the first of the split in the order of the seed; or so many of noise."),
            Field::one("seed", SEED, "0", "Of the weights, those that a training with this seed starts from; of the batch and of noise."),
            Field::one("seeds", &[Int(1, 100)], "1", "So many seeds, this one first: mean ± deviation."),
        ]],
        "How metrics of untrained networks are measured (`synflow`, `naswot`, …).",
        "untrained batch=64 seeds=3",
    )
    .once(),
    Spec::new(
        "select",
        &[""],
        &["name"],
        &[&[NAME, FROM, Field::list("pareto", &[Metric], "", "Keeps what no other beats in all of these.")]],
        "Chooses among models that were measured: bounds first, then `top` or `pareto`.",
        "select \"best\" { from \"score\"; top 1 by=map50 }",
    ),
    Spec::new(
        "top",
        &["select"],
        &["count"],
        &[&[
            Field::one("count", &[Int(1, 10_000_000)], "", "How many.").required(),
            Field::one("by", &[Metric], "", "The metric, its better side first.").required(),
        ]],
        "Keeps the best.",
        "top 1 by=map50",
    )
    .once(),
    Spec::new(
        "where",
        &["select"],
        &["metric"],
        &[&[
            Field::one("metric", &[Metric], "", "The metric.").required(),
            Field::one("min", &[Number(f64::MIN, f64::MAX)], "", "At least."),
            Field::one("max", &[Number(f64::MIN, f64::MAX)], "", "At most."),
        ]],
        "A bound on what was measured.",
        "where flops max=2e9",
    ),
    Spec::new(
        "answer",
        &[""],
        &["name"],
        &[&[
            Field::one("name", &[Name("stage")], "", "The stage whose models are the answer.").required(),
            Field::one("in", &[Name("stage")], "", "The evaluate stage whose figures are compared; nothing may choose from it.").required(),
            Field::one("by", &[Metric], "", "The metric.").required(),
            Field::list("against", &[Name("stage")], "", "The stages whose models it is compared with."),
        ]],
        "What the file is for; at most one a file.",
        "answer \"best\" { in \"test\"; by map50; against \"yolov5n\" }",
    ),
    Spec::new(
        "trust",
        &["answer"],
        &["ranking", "truth"],
        &[&[
            Field::one("ranking", &[Name("stage")], "", "The evaluate stage whose ranking is in doubt.").required(),
            Field::one("truth", &[Name("stage")], "", "The evaluate stage that is taken for the truth.").required(),
            Field::one("by", &[Metric], "the answer's", "The metric, which both measure."),
            Field::one("using", &[Metric], "by", "The metric that ranks in the first stage, where it is another: `using=loss`."),
        ]],
        "Whether one stage ranks networks as another does: Kendall's tau and Spearman's rho, beside those of `params` and `flops`.",
        "trust \"shared\" \"truth\" by=map50",
    ),
];

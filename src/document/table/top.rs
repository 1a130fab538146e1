//! What stands at the top of a file, stages apart.

use super::spec::Spec;
use super::{Field, Kind, Type::*};

const SHARE: &[super::Type] = &[Number(0.0, 1.0), Path];

/// `pipeline`, `param`, `include`, `data`.
pub const NODES: &[Spec] = &[
    Spec::new(
        "pipeline",
        &[""],
        &["name"],
        &[&[
            Field::one("name", &[Name("pipeline")], "", "What reports call the pipeline.").required(),
            Field::one("seed", &[Int(0, i64::MAX)], "0", "Seeds proposals; training has a seed of its own."),
        ]],
        "Names the pipeline. One a file, none in an included file.",
        "pipeline \"yolov5\" seed=7",
    ),
    Spec::new(
        "param",
        &[""],
        &["name", "default"],
        &[&[
            Field::one("name", &[Name("param")], "", "Its name, for `(param)\"name\"` and `-p name=value`.").required(),
            Field::one("default", &[Any], "", "Its value where the command line gives none; without one, `-p` must."),
        ]],
        "A value that the command line may set: `-p trials=6`.",
        "param \"trials\" 16",
    ),
    Spec::new(
        "include",
        &[""],
        &["path"],
        &[&[Field::one("path", &[Path], "", "The file, relative to this one.").required()]],
        "Merges the nodes of another file here, once.",
        "include \"spaces/yolov5n.kdl\"",
    ),
    Spec::new(
        "data",
        &[""],
        &["name"],
        &[&[
            Field::one("name", &[Name("data set")], "", "Its name.").required(),
            Field::one(
                "format",
                &[Of(Kind::Format)],
                "",
                "How images lie under `root`: with boxes, or of one class each.",
            ),
            Field::one("root", &[Path], "", "The folder; a relative one counts from this file's folder, one given by `-p` from the working directory."),
            Field::one(
                "url",
                &[Text],
                "",
                "An archive (zip, tar, tar.gz) or a single file that is fetched once: `https://`, `http://` or `file://`. `root` is then a folder in it.",
            ),
            Field::one("blake3", &[Text], "", "The hash of what `url` has: 64 hexadecimal digits, which `nasflow data pin FILE` writes."),
            Field::one(
                "generate",
                &[Word(&["shapes", "figures"])],
                "",
                "Makes the images instead: `shapes` draws coloured figures with their boxes, `figures` one an image, whose form is its class.",
            ),
            Field::one(
                "images",
                &[Int(3, 1_000_000), Argument],
                "400; of a format, its own name (\"\" likewise)",
                "How many to generate; or, of a format with boxes, the folder of the images where it has another name than usual.",
            ),
            Field::one(
                "annotations",
                &[Argument],
                "the format's own name (\"\" likewise)",
                "Of a format with boxes: where the annotations are, where that has another name than usual.",
            ),
            Field::one(
                "broken",
                &[Word(&["skip"])],
                "",
                "`skip` leaves images out that cannot be read, or whose annotation cannot; without it they are an error.",
            ),
            Field::one("seed", &[Int(0, i64::MAX)], "0", "Seeds what is generated."),
            Field::one(
                "image-size",
                &[Int(8, 8192)],
                "`voc`, `yolo`, `coco`, `parquet-boxes` 640; `folder` 224; `cifar`, `parquet` 32; `idx` 28; `shapes` 96; `figures` 48",
                "The longer side in pixels (where images are of one class each, the shorter); networks see a square of it.",
            ),
            Field::list(
                "classes",
                &[Text, Int(1, 6)],
                "the order of the data set; for generated data, 4",
                "Classes in their order, or how many to generate.",
            ),
        ]],
        "A data set, and how it is split.",
        "data \"shapes\" generate=shapes images=400 image-size=96 { split train=0.7 val=0.15 test=0.15 }",
    ),
    Spec::new(
        "split",
        &["data"],
        &[],
        &[&[
            Field::one("train", SHARE, "", "A share of the images, or a list file."),
            Field::one("val", SHARE, "", "Likewise."),
            Field::one("test", SHARE, "", "Likewise; read only where nothing chooses."),
            Field::one("seed", &[Int(0, i64::MAX)], "0", "Seeds the shares."),
            Field::one(
                "only-missing",
                &[Bool],
                "#false",
                "The splits that the data set has stay; a share stands for one that it lacks, and is cut from its `train` (or from all images).",
            ),
            Field::one("stratify", &[Bool], "#false", "Shares have as much of every class as the whole; of images of one class each."),
        ]],
        "Splits a data set. Left out, the format's own split holds. Where images are of one class each, shares are cut from the format's own splits.",
        "split train=0.7 val=0.15 test=0.15",
    )
    .once(),
    Spec::new(
        "folds",
        &["data"],
        &["name", "count"],
        &[&[
            Field::one("name", &[Name("set of folds")], "", "Its name, for `folds=` in the `data` of a stage.").required(),
            Field::one("count", &[Int(2, 100)], "", "Into how many folds the split is cut.").required(),
            Field::one("of", &[Name("split")], "train", "The split that is cut."),
            Field::one("seed", &[Int(0, i64::MAX)], "0", "Seeds which image is in which fold."),
        ]],
        "Cuts a split into folds: a training over them is repeated once a fold, without its images, and measured on these.",
        "folds \"cv\" 5 of=train seed=1",
    ),
];

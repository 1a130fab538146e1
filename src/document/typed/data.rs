//! `data` nodes.

use super::as_number;
use crate::base::Digest;
use crate::document::context::Context;
use crate::document::format::{DataFormat, FormatShape};
use crate::document::language::Language;
use crate::document::params::Origin;
use crate::document::pipeline::{Data, DataSource, Fetch, Folds, SplitBy, Task};
use crate::document::shorten::shorten;
use crate::document::{Diagnostic, Node, Spanned, Value, paths};

const SPLITS: [&str; 3] = ["train", "val", "test"];

/// A data set.
pub fn data(context: &mut Context, node: &Node) -> Option<Data> {
    let name = node.text("name")?;
    let source = source(context, node);
    let generated = source.as_ref().is_some_and(DataSource::is_generated);
    let classes = classes(context, node, generated);
    let shape = match &source {
        Some(DataSource::Files { format, .. }) => Some(*format.shape()),
        _ => None,
    };
    let (splits, split_seed) = splits(context, node, shape.as_ref());
    if generated && splits.is_empty() && node.child("split").is_none() {
        let word = node.text("generate").map_or(String::new(), |g| g.value);
        let d = Diagnostic::error("missing", format!("`generate={word}` has no split of its own"), name.span, "`split` is missing");
        context.missing(node, d.help("write `{ split train=0.7 val=0.15 test=0.15 }`"));
    }
    let stratify = stratify(context, node, shape.as_ref(), &source);
    let only_missing = only_missing(context, node, generated, &splits);
    let folds = folds(context, node, &splits, shape.as_ref());
    let image_size = node.count("image-size").unwrap_or(match &source {
        Some(DataSource::Shapes { .. }) => 96,
        Some(DataSource::Figures { .. }) => 48,
        Some(DataSource::Files { format, .. }) => format.shape().image_size,
        None => 640,
    });
    let generated_images = node.property("images").filter(|_| generated).and_then(|p| p.values.first());
    if let Some(value) = generated_images.filter(|v| matches!(v.value, Value::Text(_))) {
        let d = Diagnostic::error("wrong-type", "`images` of generated data is how many", value.span, "a whole number expected");
        context.push(d.help("write `images=400`"));
    }
    let fetch = if generated { None } else { fetch(context, node) };
    Some(Data {
        name,
        fetch,
        image_size,
        classes,
        splits,
        split_seed,
        stratify,
        only_missing,
        folds,
        images: place(node, "images").filter(|_| !generated),
        annotations: place(node, "annotations"),
        skip_broken: node.text("broken").is_some_and(|b| b.value == "skip"),
        source: source?,
    })
}

/// The place that one of these names; an empty text, as a parameter may have it, names none.
fn place(node: &Node, name: &str) -> Option<Spanned<String>> {
    node.text(name).filter(|text| !text.value.is_empty())
}

/// `images` and `annotations` are of formats with such folders; a number of images is of none.
fn folders(context: &mut Context, node: &Node, format: DataFormat) {
    for name in ["images", "annotations"] {
        let Some(p) = node.property(name) else { continue };
        let number = matches!(p.values.first().map(|v| &v.value), Some(Value::Int(_)));
        if name == "images" && number {
            let d = Diagnostic::error("contradiction", "`images` belongs to `generate=shapes`", p.name.span, "not with `format`");
            context.push(d.help("delete it"));
        } else if !format.shape().folders {
            let message = format!("`format={}` has no folder of {name}", format.name());
            let with = context.language.formats.known.iter().filter(|f| f.shape().folders);
            let with: Vec<String> = with.map(|f| format!("`{}`", f.word().name)).collect();
            let d = Diagnostic::error("contradiction", message, p.name.span, "not with this format");
            context.push(d.help(format!("delete it; such folders are of {}", with.join(", "))));
        }
    }
}

/// The data sets of a file whose images are of one class each.
pub fn labelled(language: &Language, nodes: &[Node]) -> Vec<String> {
    let task = |format: &str| language.formats.find(format).map(|f| f.shape().task);
    let of_one_class = |n: &&Node| {
        let figures = n.text("generate").is_some_and(|g| g.value == "figures");
        n.name.value == "data" && (figures || n.text("format").is_some_and(|f| task(&f.value) == Some(Task::Classify)))
    };
    nodes.iter().filter(of_one_class).filter_map(|n| n.text("name")).map(|n| n.value).collect()
}

fn source(context: &mut Context, node: &Node) -> Option<DataSource> {
    let names: Vec<&str> = context.language.formats.words().iter().map(|w| w.name).collect();
    let names = match names.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        _ => names.join(""),
    };
    let either = format!("write `generate=shapes`, or `format=` {names} with `root=`");
    match (node.property("format"), node.property("generate")) {
        (Some(format), Some(generate)) => {
            let d = Diagnostic::error("contradiction", "`format` and `generate` exclude each other", generate.name.span, "makes images");
            context.push(d.also(format.name.span, "reads images").help(either));
            None
        }
        (None, None) => {
            let d = Diagnostic::error("missing", "this data set has no source", node.name.span, "`format` or `generate` is missing");
            context.missing(node, d.help(either));
            None
        }
        (Some(_), None) => {
            if let Some(p) = node.property("seed") {
                let d = Diagnostic::error("contradiction", "`seed` belongs to `generate=shapes`", p.name.span, "not with `format`");
                context.push(d.help("delete it"));
            }
            let fetched = node.property("url").is_some();
            if node.property("root").is_none() && !fetched {
                let d = Diagnostic::error("missing", "`format` needs `root`", node.place("format"), "`root` is missing");
                context.missing(node, d.help("name the folder: `root=\"data/mine\"`"));
            }
            let root = match node.text("root") {
                Some(root) if fetched => inside(context, root),
                Some(root) => resolve(context, root),
                None if fetched => Spanned { value: String::new(), span: node.place("url") },
                None => return None,
            };
            let format = DataFormat(context.language.formats.find(&node.text("format")?.value)?);
            folders(context, node, format);
            Some(DataSource::Files { format, root })
        }
        (None, Some(_)) => {
            for p in ["root", "url", "blake3", "annotations", "broken"].into_iter().filter_map(|name| node.property(name)) {
                let message = format!("`{}` belongs to `format`", p.name.value);
                let d = Diagnostic::error("contradiction", message, p.name.span, "not with `generate`");
                context.push(d.help("delete it, or write `format=` in place of `generate=`"));
            }
            let word = node.text("generate")?.value;
            let (images, classes) = (node.count("images").unwrap_or(400), node.count("classes").unwrap_or(4));
            let seed = node.count("seed").unwrap_or(0) as u64;
            Some(match word.as_str() {
                "figures" => DataSource::Figures { images, classes, seed },
                _ => DataSource::Shapes { images, classes, seed },
            })
        }
    }
}

/// `split stratify=`: only images of one class each have it.
fn stratify(context: &mut Context, node: &Node, format: Option<&FormatShape>, source: &Option<DataSource>) -> bool {
    let Some(property) = node.child("split").and_then(|s| s.property("stratify")) else { return false };
    let asked = property.values.first().is_some_and(|v| v.value == Value::Bool(true));
    let of_one_class = format.is_some_and(|f| f.task == Task::Classify) || matches!(source, Some(DataSource::Figures { .. }));
    if asked && source.is_some() && !of_one_class {
        let d = Diagnostic::error("contradiction", "`stratify` is for images of one class each", property.name.span, "these have boxes");
        context.push(d.help("delete it: shares of images with boxes are cut by a hash of their bytes"));
    }
    asked
}

/// `split only-missing=`: of shares, where the data has splits of its own.
fn only_missing(context: &mut Context, node: &Node, generated: bool, splits: &[(Spanned<String>, SplitBy)]) -> bool {
    let Some(property) = node.child("split").and_then(|s| s.property("only-missing")) else { return false };
    let asked = property.values.first().is_some_and(|v| v.value == Value::Bool(true));
    let list = splits.iter().find_map(|(_, by)| if let SplitBy::File(file) = by { Some(file.span) } else { None });
    let d = match list {
        _ if !asked => return false,
        _ if generated => {
            let message = "generated images have no splits of their own";
            Diagnostic::error("contradiction", message, property.name.span, "every split is missing").help("delete it")
        }
        Some(list) => Diagnostic::error("contradiction", "a list says which images it has", property.name.span, "of shares alone")
            .also(list, "a list")
            .help("delete it, or write a share in place of the list"),
        None => return true,
    };
    context.push(d);
    true
}

/// `url=` and `blake3=`.
fn fetch(context: &mut Context, node: &Node) -> Option<Fetch> {
    let hash = node.text("blake3");
    let Some(url) = node.text("url") else {
        if let Some(hash) = hash {
            let d = Diagnostic::error("missing", "`blake3` is the hash of what `url` has", hash.span, "`url` is missing");
            context.push(d.help("write `url=\"https://…\"`, or delete it"));
        }
        return None;
    };
    let scheme = ["https://", "http://", "file://"].iter().any(|s| url.value.len() > s.len() && url.value.starts_with(s));
    if !scheme || url.value.chars().any(|c| c.is_control() || c.is_whitespace()) {
        let d = Diagnostic::error("bad-url", "`url` names no place to fetch from", url.span, "a URL expected");
        context.push(d.help("write `url=\"https://example.org/set.zip\"`; a folder of your own is `root=`"));
    }
    let Some(hash) = hash else {
        let d = Diagnostic::error("not-pinned", "what `url` has is not pinned yet", url.span, "`blake3` is missing");
        context.missing(node, d.help("`nasflow data pin FILE` fetches it and writes its hash into the file"));
        return Some(Fetch { url, blake3: None });
    };
    let digest = hash.value.parse::<Digest>().ok().map(|value| Spanned { value, span: hash.span });
    if digest.is_none() {
        let d = Diagnostic::error("bad-hash", "`blake3` is 64 hexadecimal digits", hash.span, "not such a hash");
        context.push(d.help("`nasflow data pin FILE` writes it; `b3sum` prints it"));
    }
    Some(Fetch { url, blake3: digest })
}

/// The `root` of what is fetched: a folder in it.
fn inside(context: &mut Context, root: Spanned<String>) -> Spanned<String> {
    use std::path::Component;
    if !std::path::Path::new(&root.value).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir)) {
        let d = Diagnostic::error("outside", "with `url`, `root` is a folder in the archive", root.span, "leads out of it");
        context.push(d.help("write it as the archive has it, such as `root=\"set/images\"`, or leave it out"));
    }
    root
}

/// Resolves a path against the place where it was written.
pub(super) fn resolve(context: &mut Context, path: Spanned<String>) -> Spanned<String> {
    if path.value.starts_with('~') {
        let d = Diagnostic::error("home", "`~` is not replaced by a home folder", path.span, "not here");
        context.push(d.help("write the whole path, or give it by `-p`, where the shell replaces `~`"));
    }
    // The name of a set on Hugging Face's hub is no path.
    if path.value.starts_with("hub:") {
        return path;
    }
    let origin = context.origins.get(&path.span).copied().unwrap_or(Origin::File(path.span.file));
    let folder = match origin {
        Origin::CommandLine => "",
        Origin::File(file) => context.sources.files.get(usize::from(file)).map_or("", |(file, _)| paths::folder(file)),
    };
    Spanned { value: paths::join(folder, &path.value), span: path.span }
}

/// Names of classes, or for generated data how many: then the list is empty.
fn classes(context: &mut Context, node: &Node, generated: bool) -> Vec<Spanned<String>> {
    let Some(property) = node.property("classes") else { return Vec::new() };
    for value in &property.values {
        let count = matches!(value.value, Value::Int(_));
        if count && !generated {
            let d = Diagnostic::error("wrong-type", "`classes` takes names", value.span, "a name expected");
            context.push(d.help("list the classes in their order: `classes \"cat\" \"dog\"`; left out, the data set's own hold"));
        } else if !count && generated {
            let d = Diagnostic::error("wrong-type", "`classes` of generated data is how many", value.span, "a whole number expected");
            context.push(d.help("write `classes=4`"));
        }
    }
    if let ([_, second, ..], true) = (property.values.as_slice(), generated) {
        context.push(Diagnostic::error("several-values", "`classes` of generated data takes one value", second.span, "a second value"));
    }
    node.texts("classes")
}

/// `folds` lines: their names are their own, among each other and beside the splits.
fn folds(context: &mut Context, node: &Node, splits: &[(Spanned<String>, SplitBy)], format: Option<&FormatShape>) -> Vec<Folds> {
    let mut all: Vec<Folds> = Vec::new();
    for line in node.children.iter().filter(|c| c.name.value == "folds") {
        let (Some(name), Some(count)) = (line.text("name"), line.count("count")) else { continue };
        let of = line.text("of").unwrap_or_else(|| Spanned { value: "train".into(), span: line.name.span });
        if let Some(first) = all.iter().find(|f| f.name.value == name.value) {
            let message = format!("the folds `{}` are declared twice", shorten(&name.value));
            let d = Diagnostic::error("declared-twice", message, name.span, "again here");
            context.push(d.also(first.name.span, "first here").help("rename one of them"));
            continue;
        }
        let known = splits.iter().map(|(n, _)| n.value.as_str()).chain(format.iter().flat_map(|f| f.splits.iter().copied()));
        if known.chain(SPLITS).any(|split| split == name.value) {
            let d = Diagnostic::error("declared-twice", format!("`{}` is the name of a split", name.value), name.span, "folds here");
            context.push(d.help("call the folds otherwise: `folds \"cv\" 5 of=train`"));
            continue;
        }
        if of.value == "test" {
            let d = Diagnostic::error("test-split", "the test split is never trained on", of.span, "cut into folds, it would be");
            context.push(d.help("cut the training images: `of=train`"));
        }
        let count = Spanned { value: count, span: line.place("count") };
        all.push(Folds { name, count, of, seed: line.count("seed").unwrap_or(0) as u64 });
    }
    all
}

fn splits(context: &mut Context, node: &Node, format: Option<&FormatShape>) -> (Vec<(Spanned<String>, SplitBy)>, u64) {
    let Some(split) = node.child("split") else { return (Vec::new(), 0) };
    let of_one_class = format.is_some_and(|f| f.task == Task::Classify);
    let (mut out, mut sum, mut parts) = (Vec::new(), 0.0, Vec::new());
    for property in split.properties.iter().filter(|p| SPLITS.contains(&p.name.value.as_str())) {
        let Some(value) = property.values.first() else { continue };
        let by = match &value.value {
            Value::Text(file) => {
                if format.is_some_and(|f| !f.lists) {
                    let d = Diagnostic::error("wrong-type", "this format has no lists of images", value.span, "a share expected");
                    context.push(d.help("write `val=0.1`: a tenth of the format's own training images"));
                }
                SplitBy::File(Spanned { value: file.clone(), span: value.span })
            }
            share => {
                let share = as_number(share).unwrap_or(0.0);
                if share <= 0.0 {
                    let d = Diagnostic::error("out-of-range", "a split holds more than nothing", value.span, "greater than 0 expected");
                    context.push(d.help("leave the split out"));
                }
                // The format's own test images, if there are any, are a whole of their own.
                if !of_one_class || property.name.value != "test" {
                    sum += share;
                    parts.push(value.span);
                }
                SplitBy::Share(share)
            }
        };
        out.push((property.name.clone(), by));
    }
    if let (true, Some(last)) = (sum > 1.0 + 1e-9, parts.last()) {
        let d = Diagnostic::error(
            "out-of-range",
            format!("the shares of this split sum to {:.4}", sum).trim_end_matches('0').to_string(),
            *last,
            "more than 1 with this one",
        );
        context.push(d.help("shares sum to at most 1; an image is in one split only"));
    }
    if out.is_empty() && split.properties.iter().all(|p| !SPLITS.contains(&p.name.value.as_str())) {
        let d = Diagnostic::error("missing", "`split` names no split", split.name.span, "`train`, `val` or `test` is missing");
        context.missing(split, d.help("write `split train=0.7 val=0.15 test=0.15`"));
    }
    (out, split.count("seed").unwrap_or(0) as u64)
}

//! A pipeline that trains one network again: data, the network, its recipe, its figures.

use super::network::network;
use super::recipe;
use super::text::{aligned, comment, number, quoted};
use crate::document::{Data, DataSource, Init, Matching, Metric, Recipe, Spanned, SplitBy, TeacherFrom, Train};
use crate::export::ExportError;
use crate::space::Architecture;

/// Where a network comes from, as far as it is written.
pub struct Origin<'a> {
    /// The network.
    pub architecture: &'a Architecture,
    /// The pipeline that found it.
    pub pipeline: &'a str,
    /// What it is called there: `trials #12`.
    pub label: String,
    /// What was decided: label and value.
    pub choices: &'a [(String, String)],
    /// Its figures there: metric and value.
    pub figures: Vec<(String, String)>,
    /// The data sets that are read, that of the network's input first.
    pub data: Vec<&'a Data>,
    /// Its training, where it had one.
    pub trained: Option<Trained<'a>>,
    /// What was measured, where it was on images.
    pub measured: Option<Measured<'a>>,
    /// A path of the pipeline as the new file is to name it.
    pub path: &'a dyn Fn(&str) -> String,
}

/// A training.
pub struct Trained<'a> {
    /// The stage.
    pub train: &'a Train,
    /// Its recipe with what the network's own choices say of it.
    pub recipe: Recipe,
}

/// An evaluation.
pub struct Measured<'a> {
    /// Data set and split.
    pub reads: (&'a str, &'a str),
    /// What was measured.
    pub metrics: Vec<&'a Metric>,
    /// The one that counts.
    pub by: &'a Metric,
}

/// The names of what is written; data sets keep theirs.
struct Names {
    space: String,
    sample: String,
    train: String,
    evaluate: String,
}

/// The pipeline.
///
/// # Errors
/// A network that no file of the language makes.
pub fn pipeline(origin: &Origin) -> Result<String, ExportError> {
    let data = origin.data.first().ok_or_else(|| ExportError::CannotWrite("it names no data".into()))?;
    let names = Names {
        space: free("network", &origin.data),
        sample: free("winner", &origin.data),
        train: free("training", &origin.data),
        evaluate: free("figures", &origin.data),
    };
    let mut out = head(origin);
    out += &format!("pipeline {}\n\n", quoted(&format!("{} {}", origin.pipeline, origin.label)));
    let mut known: Vec<&str> = Vec::new();
    for data in &origin.data {
        if !known.contains(&data.name.value.as_str()) {
            known.push(&data.name.value);
            out += &format!("{}\n", self::data(data, origin.path));
        }
    }
    let lines = network(origin.architecture, &data.name.value, data.image_size).map_err(ExportError::CannotWrite)?;
    out += "\n// No choice is left: a layer reads the one above it, or those that it names. #N is its number in `nasflow show`.\n";
    out += &format!("space {} {{\n{}}}\n\n", quoted(&names.space), aligned(&lines));
    out += &format!("sample {} {{ from {}; strategy reference }}\n", quoted(&names.sample), quoted(&names.space));
    out += &stages(origin, &names);
    Ok(out)
}

/// Training, evaluation, and the answer that `show` and `export` speak of.
fn stages(origin: &Origin, names: &Names) -> String {
    let Some(trained) = &origin.trained else {
        return "// It was never trained there. A `train` of your own goes here.\n".into();
    };
    let mut out = train(trained, names, origin.path);
    if let Some(measured) = &origin.measured {
        let (data, split) = measured.reads;
        out += &format!("evaluate {} {{\n    from {}\n", quoted(&names.evaluate), quoted(&names.train));
        out += &format!("    data {} split={}\n", quoted(data), quoted(split));
        for metric in &measured.metrics {
            out += &match metric.class() {
                Some(class) => format!("    metric {} class={}\n", word(metric), quoted(class)),
                None => format!("    metric {}\n", word(metric)),
            };
        }
        out += "}\n";
        if measured.by.class().is_none() {
            let (winner, figures) = (quoted(&names.train), quoted(&names.evaluate));
            out += &format!("answer {winner} {{ in {figures}; by {} }}\n", word(measured.by));
        }
    }
    out
}

fn word(metric: &Metric) -> String {
    let name = metric.name();
    name.split(':').next().unwrap_or_default().to_string()
}

/// A name that no data set has.
fn free(name: &str, data: &[&Data]) -> String {
    let mut name = name.to_string();
    while data.iter().any(|d| d.name.value == name) {
        name.push('_');
    }
    name
}

/// What the file is.
fn head(origin: &Origin) -> String {
    let mut out = format!("// {} of {}, written by nasflow {}.\n", origin.label, comment(origin.pipeline), env!("CARGO_PKG_VERSION"));
    out += &format!("// Candidate {}: `nasflow run` of this file trains the same network.\n", origin.architecture.digest().hex());
    for (label, value) in origin.choices {
        out += &format!("//   {} = {}\n", comment(label), comment(value));
    }
    if !origin.figures.is_empty() {
        let figures: Vec<String> = origin.figures.iter().map(|(name, value)| format!("{} {}", comment(name), comment(value))).collect();
        out += &format!("// Measured there: {}.\n", figures.join(", "));
    }
    out
}

/// A data set as the pipeline has it.
fn data(data: &Data, path: &dyn Fn(&str) -> String) -> String {
    let mut line = format!("data {}", quoted(&data.name.value));
    let generated =
        |word: &str, images: usize, classes: usize, seed: u64| format!(" generate={word} images={images} classes={classes} seed={seed}");
    line += &match &data.source {
        DataSource::Shapes { images, classes, seed } => generated("shapes", *images, *classes, *seed),
        DataSource::Figures { images, classes, seed } => generated("figures", *images, *classes, *seed),
        DataSource::Files { format, root } => format!(" format={} root={}", format.name(), quoted(&path(&root.value))),
    };
    line += &format!(" image-size={}", data.image_size);
    for (name, folder) in [("images", &data.images), ("annotations", &data.annotations)] {
        line += &folder.as_ref().map_or(String::new(), |f| format!(" {name}={}", quoted(&f.value)));
    }
    if data.skip_broken {
        line += " broken=skip";
    }
    let mut inside = Vec::new();
    if !data.classes.is_empty() {
        inside.push(format!("classes{}", data.classes.iter().map(|c| format!(" {}", quoted(&c.value))).collect::<String>()));
    }
    if !data.splits.is_empty() {
        let by = |by: &SplitBy| match by {
            SplitBy::Share(share) => number(*share),
            SplitBy::File(file) => quoted(&file.value),
        };
        let splits: String = data.splits.iter().map(|(name, how)| format!(" {}={}", name.value, by(how))).collect();
        let seed = if data.split_seed == 0 { String::new() } else { format!(" seed={}", data.split_seed) };
        let flags = [("only-missing", data.only_missing), ("stratify", data.stratify)];
        let flags: String = flags.iter().filter(|(_, set)| *set).map(|(name, _)| format!(" {name}=#true")).collect();
        inside.push(format!("split{splits}{seed}{flags}"));
    }
    if inside.is_empty() { line } else { format!("{line} {{ {} }}", inside.join("; ")) }
}

/// The training: every number that is not the named recipe's is written.
fn train(trained: &Trained, names: &Names, path: &dyn Fn(&str) -> String) -> String {
    let train = trained.train;
    let mut out = format!("train {} {{\n    from {}\n", quoted(&names.train), quoted(&names.sample));
    out += &format!("    data {} split={}\n", quoted(&train.data.value), quoted(&train.split.value));
    for line in recipe::lines(&trained.recipe, train.epochs) {
        out += &format!("    {line}\n");
    }
    if train.images < 1.0 {
        out += &format!("    images {}\n", number(train.images));
    }
    if let Some(runner) = &train.runner {
        out += &format!("    // There a command of one's own trained it: {}\n", comment(&runner.value.command.words.join(" ")));
    }
    if let Some(TeacherFrom::Stage(Spanned { value: name, .. }) | TeacherFrom::File(Spanned { value: name, .. })) =
        train.teacher.as_ref().map(|t| &t.who)
    {
        out += &format!("    // There it learned from {}, too.\n", comment(&quoted(name)));
    }
    if train.prune.is_some() {
        out += "    // There it was pruned, and began with what was left of its weights.\n";
    }
    out += &match &train.init {
        Init::Scratch => "    init scratch\n".to_string(),
        Init::File(file, matching) => {
            let matching = if *matching == Matching::Overlap { "overlap" } else { "names" };
            format!("    init file={} match={matching}\n", quoted(&path(&file.value)))
        }
        Init::Continue => "    init scratch         // there it went on from an earlier training\n".into(),
        Init::Inherit => "    init scratch         // there it began with the weights of its supernet\n".into(),
        Init::From(name, _) => {
            format!("    init scratch         // there it began with the weights of {}\n", comment(&quoted(&name.value)))
        }
    };
    if (train.seed, train.seeds) != (0, 1) {
        out += &format!("    seed {}; seeds {}\n", train.seed, train.seeds);
    }
    out + "}\n"
}

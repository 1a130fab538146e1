//! What the page of a search is drawn from: plain data, the same for a file and for the live page. Names in it are as hostile as the
//! pipeline they come from; whoever shows them escapes them.
//!
//! Numbers that are not finite are `null` in JSON.

use crate::metrics::BestOf;
use crate::metrics::importance::Importance;
use crate::report::fronts::Front;
use crate::run::cost::Costs;
use crate::run::course::Course;
use crate::run::saved::Saved;
use crate::run::trust::Trusted;
use serde::Serialize;

/// The form of the JSON; it rises when a field changes its meaning.
pub const FORMAT: u32 = 1;

/// Everything that the page shows.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Facts {
    /// [`FORMAT`].
    pub format: u32,
    /// The pipeline's name.
    pub pipeline: String,
    /// How far it is.
    pub progress: Progress,
    /// What was asked, in sentences.
    pub question: Vec<String>,
    /// The answer in one sentence.
    pub headline: String,
    /// How the answer compares, all baselines together.
    pub tone: Tone,
    /// What it cost, and what made it so: sentences under the headline.
    pub because: Vec<String>,
    /// What `nasflow show` says first, line by line.
    pub said: Vec<String>,
    /// The answer with its baselines.
    pub answer: Option<Answer>,
    /// Every stage that measured models.
    pub stages: Vec<Measured>,
    /// The stage that the charts open with: an index into `stages`.
    pub opens: usize,
    /// Rank correlations that the file asks for.
    pub trust: Vec<Trusted>,
    /// Learning curves.
    pub courses: Vec<Course>,
    /// Learning curves that are left out, because there are too many.
    pub courses_left_out: usize,
    /// What the results cost.
    pub costs: Option<Costs>,
    /// What was not done twice.
    pub saved: Option<Saved>,
    /// Images with truth and prediction.
    pub pictures: Option<Pictures>,
    /// Pipeline, space and network as pictures.
    pub drawings: Vec<Drawing>,
    /// The winner.
    pub network: Option<Network>,
    /// Files, digests, versions.
    pub reproduce: Reproduce,
}

/// How far a pipeline is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Progress {
    /// `finished`, `unfinished`, or what the live page knows better: `running`, `stopped`.
    pub state: String,
    /// Models done or failed, over all stages.
    pub done: usize,
    /// Models known so far.
    pub known: usize,
    /// A line for people: `53 of the 96 models known so far are done`.
    pub line: String,
    /// What runs now, a line each (live page only).
    pub running: Vec<String>,
}

/// How an answer compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// Better than every baseline, surely.
    Good,
    /// Worse than one, surely.
    Bad,
    /// No better than one for sure, or not tested.
    Unsure,
    /// There is no answer, or nothing to compare.
    #[default]
    None,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The node that `answer` names.
    pub name: String,
    /// The model: `trials #3`.
    pub model: String,
    /// By what.
    pub metric: Quantity,
    /// The stage that compares.
    pub stage: String,
    /// One a seed.
    pub values: Vec<f64>,
    /// Their mean.
    pub mean: f64,
    /// Their deviation.
    pub deviation: Option<f64>,
    /// In the order of the file.
    pub baselines: Vec<Baseline>,
}

/// What the answer is compared with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Baseline {
    /// The node that `against` names.
    pub name: String,
    /// One a seed, or of several models their means.
    pub values: Vec<f64>,
    /// Their mean.
    pub mean: f64,
    /// Their deviation.
    pub deviation: Option<f64>,
    /// How many models it stands for.
    pub models: usize,
    /// The answer minus this.
    pub difference: f64,
    /// The 95 % interval of that.
    pub interval: Option<(f64, f64)>,
    /// That over images alone.
    pub over_images: Option<(f64, f64)>,
    /// `better`, `worse`, `no-better`, `not-tested`, `pending`, `same`, `failed`.
    pub verdict: String,
    /// The same in words.
    pub words: String,
    /// FLOPs of the answer ÷ its own.
    pub cost_ratio: f64,
}

/// A metric as the page needs it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quantity {
    /// Its name.
    pub name: String,
    /// Whether more is better.
    pub higher: bool,
    /// `share`, `count`, `bytes`, `ms`, `per-second` or `number`.
    pub unit: &'static str,
    /// Whether it follows from the network alone.
    pub of_network: bool,
}

/// One stage with all models that it measured.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// Its name.
    pub name: String,
    /// In words: what is measured, on what, after how many epochs.
    pub about: String,
    /// The metrics of `rows`.
    pub metrics: Vec<Quantity>,
    /// The metric that it is read by: an index into `metrics`; none where nothing is measured yet.
    pub headline: Option<usize>,
    /// The samples that its models come from.
    pub searches: Vec<Searched>,
    /// The choices of `rows`.
    pub choices: Vec<Axis>,
    /// The models.
    pub rows: Vec<Trial>,
    /// A random search of the same metric.
    pub random: Option<RandomSearch>,
    /// What each choice contributed.
    pub importance: Option<Importance>,
    /// Why that is not known, or what is to be known of it.
    pub importance_note: String,
    /// What the score is worth: a sentence.
    pub worth: Option<String>,
    /// Whether a ranking by it is mostly luck.
    pub luck: bool,
    /// Fronts of searches by several objectives.
    pub fronts: Vec<Front>,
    /// The metrics of the objectives, in the order of the file; empty where no search reads this stage.
    pub objectives: Vec<String>,
    /// Epochs at which trials of a search that stops early stand, and how many do.
    pub rungs: Vec<(usize, usize)>,
}

/// A sample.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Searched {
    /// Its name.
    pub name: String,
    /// `evolution`, or of a chain `random, then tpe`.
    pub strategy: String,
    /// Trials asked for.
    pub trials: usize,
    /// The space, and how many samples it has.
    pub space: String,
    /// Number of samples of the space.
    pub size: Option<f64>,
    /// Whether it is random throughout.
    pub random: bool,
}

/// One choice over all models of a stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Axis {
    /// Its label.
    pub label: String,
    /// Its options: those of the space in its order, where it is known.
    pub options: Vec<String>,
    /// Whether they are numbers in order.
    pub ordered: bool,
}

/// One model at one stage; names are short, because there may be thousands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trial {
    /// `trials #3`.
    pub model: String,
    /// An index into `searches`.
    pub s: usize,
    /// Its ticket.
    pub t: usize,
    /// `ready`, `stopped`, `failed`, `pending`.
    pub state: &'static str,
    /// Means by metric.
    pub v: Vec<Option<f64>>,
    /// Deviations by metric, where there are several seeds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub d: Vec<Option<f64>>,
    /// Options by choice; −1: it has no such choice.
    pub c: Vec<i32>,
    /// Epochs trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<usize>,
    /// Training iterations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub it: Option<u64>,
    /// Training FLOPs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub w: Option<f64>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The beginning of its architecture's digest.
    pub a: String,
}

/// What a random search finds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RandomSearch {
    /// Where its trials come from, in words.
    pub from: String,
    /// How many they are.
    pub trials: usize,
    /// Mean training FLOPs of one.
    pub flops: Option<f64>,
    /// Mean training iterations of one.
    pub iterations: Option<f64>,
    /// The expected best of so many; in the metric's own unit: `low` and `high` are the 5 and 95 per cent points.
    pub curve: Vec<BestOf>,
}

/// Images with truth and prediction.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Pictures {
    /// Whose predictions, on which images, and how these were picked.
    pub about: String,
    /// Class names.
    pub classes: Vec<String>,
    /// The images.
    pub images: Vec<Picture>,
}

/// One image.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Picture {
    /// Its file's name, or its number.
    pub name: String,
    /// `data:image/jpeg;base64,…`
    pub data: String,
    /// Pixels of the picture.
    pub width: u32,
    /// Pixels of the picture.
    pub height: u32,
    /// True boxes: x1, y1, x2, y2 in pixels of the picture, class.
    pub truth: Vec<(f32, f32, f32, f32, u16)>,
    /// Predicted boxes, with their confidence.
    pub found: Vec<(f32, f32, f32, f32, u16, f32)>,
    /// Of an image that is of one class: which.
    pub label: Option<u16>,
    /// And what is predicted: (class, probability), the likeliest first.
    pub guesses: Vec<(u16, f32)>,
}

/// A drawing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Drawing {
    /// What it shows.
    pub title: String,
    /// An SVG element.
    pub svg: String,
}

/// The winner.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Network {
    /// `trials #3`.
    pub model: String,
    /// Trainable parameters.
    pub params: u64,
    /// FLOPs of one image.
    pub flops: u64,
    /// What was decided, and whether it is the reference's.
    pub choices: Vec<(String, String, bool)>,
    /// The architecture as text.
    pub text: String,
}

/// What leads to the same page again.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reproduce {
    /// The command that runs the pipeline.
    pub command: String,
    /// `nasflow 0.1.0`.
    pub program: String,
    /// The numerics class of the results.
    pub numerics: String,
    /// The machine that wrote the page.
    pub machine: String,
    /// (name, digest or version): files, splits, spaces, the winner's architecture and weights.
    pub digests: Vec<(String, String)>,
    /// The pipeline's files: (path, text).
    pub sources: Vec<(String, String)>,
}

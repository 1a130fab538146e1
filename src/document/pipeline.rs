//! A pipeline as typed values: what the rest of the house reads. Every field that an error may point at has its span.

use super::tree::{Node, Span, Spanned};

/// One file of a pipeline: the top file first, then what it includes.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// (path as shown to people, text).
    pub files: Vec<(String, String)>,
}

/// A decoded, cross-checked pipeline.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Its texts, for diagnostics.
    pub sources: Sources,
    /// `pipeline "name"`.
    pub name: String,
    /// `pipeline … seed=` [0]: seeds proposals.
    pub seed: u64,
    /// `data` nodes in the order of the file.
    pub data: Vec<Data>,
    /// `space` nodes.
    pub spaces: Vec<SpaceNode>,
    /// Stages in an order in which each comes after those that it reads (the `objective` edge apart).
    pub stages: Vec<Stage>,
    /// What the file is for.
    pub answer: Option<Answer>,
    /// What the reader should know, in the order of the files; errors give no pipeline.
    pub warnings: Vec<super::Diagnostic>,
}

impl Pipeline {
    /// The space whose supernet a stage trains; none where it trains models, or is no `train`.
    pub fn supernet(&self, stage: &Stage) -> Option<&SpaceNode> {
        supernet(stage, &self.spaces)
    }

    /// The index of a stage.
    pub fn stage(&self, name: &str) -> Option<usize> {
        self.stages.iter().position(|s| s.name.value == name)
    }
}

/// The space among these that a `train` makes a supernet of.
pub(super) fn supernet<'a>(stage: &Stage, spaces: &'a [SpaceNode]) -> Option<&'a SpaceNode> {
    let StageKind::Train(_) = stage.kind else { return None };
    stage.from.iter().find_map(|f| spaces.iter().find(|s| s.name.value == f.value))
}

/// A `data` node.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// Its name.
    pub name: Spanned<String>,
    /// Where the images come from.
    pub source: DataSource,
    /// `image-size` in pixels (the longer side; networks see a square of it).
    pub image_size: usize,
    /// `classes "a" "b"`: order and subset; empty is the order of the data set.
    pub classes: Vec<Spanned<String>>,
    /// `split { train= val= test= }` in the order written; empty is the format's own split.
    pub splits: Vec<(Spanned<String>, SplitBy)>,
    /// `split seed=` [0].
    pub split_seed: u64,
}

/// Where the images of a data set come from.
#[derive(Clone, Debug, PartialEq)]
pub enum DataSource {
    /// `generate=shapes`: coloured figures on textured ground.
    Shapes {
        /// How many images [400].
        images: usize,
        /// How many classes [4], 1 to 6.
        classes: usize,
        /// Seed of the generator [0].
        seed: u64,
    },
    /// `format=voc root=…`: JPEGImages, Annotations, ImageSets/Main.
    Voc {
        /// The folder, resolved against the file that names it (or the working directory where it came by `-p`).
        root: Spanned<String>,
    },
    /// `format=yolo root=…`: images and labels folders, or a data.yaml.
    Yolo {
        /// The folder, resolved likewise.
        root: Spanned<String>,
    },
    /// `format=idx`, `cifar`, `parquet` or `folder`, `root=…`: images that are of one class each.
    Labelled {
        /// How they lie there.
        format: LabelledFormat,
        /// The folder, resolved likewise.
        root: Spanned<String>,
    },
}

impl DataSource {
    /// What networks learn from it.
    pub fn task(&self) -> Task {
        if matches!(self, DataSource::Labelled { .. }) { Task::Classify } else { Task::Detect }
    }
}

/// How images that are of one class each lie on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelledFormat {
    /// MNIST's files (`train-images-idx3-ubyte` and so on), as they are or gzipped.
    Idx,
    /// CIFAR-10's binary files (`data_batch_1.bin` and so on).
    Cifar,
    /// The Hugging Face layout: `train-*.parquet`, `test-*.parquet` with an image and a label a row.
    Parquet,
    /// A folder for each class, perhaps within folders for the splits.
    Folder,
}

impl LabelledFormat {
    /// The word of the language.
    pub fn word(self) -> &'static str {
        match self {
            LabelledFormat::Idx => "idx",
            LabelledFormat::Cifar => "cifar",
            LabelledFormat::Parquet => "parquet",
            LabelledFormat::Folder => "folder",
        }
    }
}

/// What a network is trained for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Boxes with classes.
    #[default]
    Detect,
    /// One class an image.
    Classify,
}

/// How a split is made.
#[derive(Clone, Debug, PartialEq)]
pub enum SplitBy {
    /// A share of the images, 0 < share <= 1.
    Share(f64),
    /// A list file, relative to the data set's usual place for such lists.
    File(Spanned<String>),
}

/// A `space` node: its network is compiled by the room `space`.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct SpaceNode {
    /// Its name.
    pub name: Spanned<String>,
    /// The node, merged by the table: children are `choice`, `network`, `require`.
    pub node: Node,
    /// The data set that the network's `input` names.
    pub input: Spanned<String>,
}

/// A stage.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its name.
    pub name: Spanned<String>,
    /// The whole node.
    pub span: Span,
    /// `from "a" "b"`.
    pub from: Vec<Spanned<String>>,
    /// What it does.
    pub kind: StageKind,
}

/// What a stage does.
#[derive(Clone, Debug)]
pub enum StageKind {
    /// `sample`
    Sample(Sample),
    /// `train`
    Train(Box<Train>),
    /// `evaluate`
    Evaluate(Evaluate),
    /// `select`
    Select(Select),
}

impl StageKind {
    /// The node's name: `sample`, `train`, `evaluate` or `select`.
    pub fn word(&self) -> &'static str {
        match self {
            StageKind::Sample(_) => "sample",
            StageKind::Train(_) => "train",
            StageKind::Evaluate(_) => "evaluate",
            StageKind::Select(_) => "select",
        }
    }
}

/// A `sample` stage. Exactly one `from`, a space or a supernet.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// How proposals are made.
    pub strategy: Strategy,
    /// `trials N`, distinct candidates; 1 for `reference`.
    pub trials: usize,
    /// `trials … window=` [4]: ticket n sees the results of tickets 0 … n − window.
    pub window: usize,
    /// `seed` [0], added to the pipeline's.
    pub seed: u64,
    /// `objective "score" maximize=map50`.
    pub objective: Option<Objective>,
    /// Where `strategy` stands, for warnings.
    pub strategy_span: Span,
}

/// A search strategy with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub enum Strategy {
    /// The space's first values.
    Reference,
    /// Uniform over the choices.
    Random,
    /// The strongest network that a supernet's method has learned, then draws from what it has learned.
    Learned,
    /// Regularised evolution (Real et al. 2019; one edit a child).
    Evolution {
        /// [30]
        population: usize,
        /// [10]
        tournament: usize,
    },
}

/// The loop's edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// The evaluate stage.
    pub stage: Spanned<String>,
    /// The metric.
    pub metric: Spanned<Metric>,
    /// `maximize=` or `minimize=`.
    pub maximize: bool,
}

/// A `train` stage: the recipe as resolved from `recipe` and the lines that override it.
#[derive(Clone, Debug)]
pub struct Train {
    /// `data "name"`.
    pub data: Spanned<String>,
    /// `split=`.
    pub split: Spanned<String>,
    /// Everything that decides what an iteration computes.
    pub recipe: Recipe,
    /// `epochs N`.
    pub epochs: usize,
    /// True where `schedule over=` was left out (rule 18), so that `plan` can warn.
    pub over_is_epochs: bool,
    /// `init` [scratch].
    pub init: Init,
    /// `seed` [0].
    pub seed: u64,
    /// `seeds N` [1]: seed, seed+1, ….
    pub seeds: usize,
    /// Whether `init` was written.
    pub init_written: bool,
    /// `method`, where a space is trained as one supernet; at the method's word.
    pub oneshot: Option<Spanned<super::OneShot>>,
}

/// What a training starts from.
#[derive(Clone, Debug, PartialEq)]
pub enum Init {
    /// Fresh weights.
    Scratch,
    /// The incoming model's own trained weights; the optimiser starts anew.
    Continue,
    /// The weights that the incoming model has in its supernet.
    Inherit,
    /// `from="name" match=names`: those of another supernet, where tensors of one name and shape are in both.
    From(Spanned<String>),
}

/// A training recipe with nothing left open. Numbers as in PyTorch and YOLOv5.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Recipe {
    /// What it trains for: which of the fields below are read.
    #[serde(default)]
    pub task: Task,
    /// Images a batch.
    pub batch: usize,
    /// Which optimiser.
    pub optimizer: Optimizer,
    /// Learning rate at the end of warm-up.
    pub lr: f64,
    /// SGD's momentum; Adam's beta 1.
    pub momentum: f64,
    /// Adam's beta 2.
    pub beta2: f64,
    /// On convolution and linear weights only; scaled by batch × accumulate / nominal where `nominal-batch` is set.
    pub weight_decay: f64,
    /// The schedule of the learning rate.
    pub schedule: Schedule,
    /// The horizon of the schedule, in epochs.
    pub over: f64,
    /// Warm-up length in epochs.
    pub warmup: f64,
    /// Least warm-up length in iterations (upstream: 100; short recipe: 0).
    pub warmup_min_iterations: usize,
    /// Learning rate of biases at the first iteration.
    pub warmup_bias_lr: f64,
    /// Momentum at the first iteration.
    pub warmup_momentum: f64,
    /// Last learning rate ÷ first.
    pub final_lr: f64,
    /// 0: one step a batch, or `accumulate` batches; else upstream's nominal batch (64): accumulate = max(round(nominal/batch), 1), reached during warm-up.
    pub nominal_batch: usize,
    /// Batches a step where `nominal_batch` is 0.
    pub accumulate: usize,
    /// Clip the global norm of the gradient; 0 is off.
    pub clip_norm: f64,
    /// EMA decay (0: none), with ramp d·(1 − exp(−t/2000)).
    pub ema: f64,
    /// Batch norm's momentum, PyTorch's meaning.
    pub bn_momentum: f64,
    /// Batch norm's epsilon.
    pub bn_eps: f64,
    /// Image augmentation.
    pub augment: Augment,
    /// Weights of the loss.
    pub loss: LossGains,
    /// Stop as diverged when the loss exceeds this (infinite: only when it is not finite).
    #[serde(with = "unbounded")]
    pub diverged_above: f64,
}

/// JSON has no infinity: it is written as null.
mod unbounded {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(value: &f64, s: S) -> Result<S::Ok, S::Error> {
        value.is_finite().then_some(*value).serialize(s)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
        Ok(Option::<f64>::deserialize(d)?.unwrap_or(f64::INFINITY))
    }
}

/// Optimisers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// With Nesterov momentum.
    Sgd,
    /// L2 in the gradient.
    Adam,
    /// Decoupled weight decay.
    AdamW,
}

/// Schedules of the learning rate, stepped once an epoch as upstream does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Always `lr`.
    Constant,
    /// lf = (1 − e/E)(1 − final) + final.
    Linear,
    /// lf = (1 − cos(πe/E))/2 · (final − 1) + 1.
    Cosine,
}

/// Augmentation. For detectors upstream's names and meanings; `crop`, `area` and `cutout` are for classifiers, which of the
/// others read the hue, saturation, value and flips.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Augment {
    /// Probability of a four-image mosaic.
    pub mosaic: f64,
    /// Probability of mix-up, after a mosaic.
    pub mixup: f64,
    /// ± share.
    pub scale: f64,
    /// ± share of the image.
    pub translate: f64,
    /// ± degrees.
    pub degrees: f64,
    /// ± degrees.
    pub shear: f64,
    /// ± share of hue.
    pub hsv_h: f64,
    /// ± share of saturation.
    pub hsv_s: f64,
    /// ± share of value.
    pub hsv_v: f64,
    /// Probability.
    pub flip_lr: f64,
    /// Probability.
    pub flip_ud: f64,
    /// Padding in pixels out of which a picture is cropped at random; 0: none.
    #[serde(default)]
    pub crop: usize,
    /// Least share of the image's area that a random-resized crop takes; 1: none.
    #[serde(default = "whole")]
    pub area: f64,
    /// Side in pixels of a square that is blanked at random; 0: none.
    #[serde(default)]
    pub cutout: usize,
}

impl Augment {
    /// Images as they are.
    pub const NONE: Augment = Augment {
        mosaic: 0.0,
        mixup: 0.0,
        scale: 0.0,
        translate: 0.0,
        degrees: 0.0,
        shear: 0.0,
        hsv_h: 0.0,
        hsv_s: 0.0,
        hsv_v: 0.0,
        flip_lr: 0.0,
        flip_ud: 0.0,
        crop: 0,
        area: 1.0,
        cutout: 0,
    };
}

fn whole() -> f64 {
    1.0
}

/// The loss: gains of detection, before upstream's scaling by levels and classes, and the smoothing of classification.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LossGains {
    /// CIoU.
    pub r#box: f64,
    /// Objectness.
    pub obj: f64,
    /// Classes.
    pub cls: f64,
    /// Whether the objectness gain is scaled by (size/640)².
    pub obj_by_size: bool,
    /// Classification: the share of the truth that is spread over all classes.
    #[serde(default)]
    pub label_smoothing: f64,
}

/// An `evaluate` stage.
#[derive(Clone, Debug)]
pub struct Evaluate {
    /// `data "name" split=…`; none where no metric reads images (`params`, `flops`).
    pub data: Option<(Spanned<String>, Spanned<String>)>,
    /// What is measured.
    pub metrics: Vec<Spanned<Metric>>,
    /// `at 10 20`: epochs; empty is the last.
    pub at: Vec<usize>,
    /// `recalibrate`: written where subnets of a supernet are evaluated.
    pub recalibrate: Option<Spanned<Recalibrate>>,
    /// `method table …`: the metrics are read from a file, one row a network.
    pub table: Option<std::sync::Arc<TableSource>>,
}

/// How a subnet comes to statistics of its batch norm, which no single network of a supernet has.
#[derive(Clone, Debug, PartialEq)]
pub enum Recalibrate {
    /// `off`: the supernet's own running statistics, whatever networks they are of.
    Off,
    /// Reset, then the mean over the first batches of a split, in training order.
    Batches {
        /// `batches`.
        batches: usize,
        /// `batch` [the supernet's]: images a batch.
        batch: Option<usize>,
        /// `split`, of the data set that the stage reads.
        split: Spanned<String>,
    },
}

impl Recalibrate {
    /// The split that is read.
    pub fn split(&self) -> Option<&Spanned<String>> {
        match self {
            Recalibrate::Off => None,
            Recalibrate::Batches { split, .. } => Some(split),
        }
    }
}

/// `method table file=… key=…`: where an `evaluate` finds its metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct TableSource {
    /// The file, resolved against the file that names it (or the working directory where it came by `-p`).
    pub file: Spanned<String>,
    /// How the key of a network's row is written.
    pub key: Spanned<Vec<KeyPart>>,
    /// `keys=` [arch]: the column of a CSV file that holds the keys.
    pub keys: Spanned<String>,
    /// `word OPTION TEXT`: what stands for an option in the key.
    pub words: Vec<(Spanned<String>, String)>,
    /// One for each metric that is read from the file.
    pub columns: Vec<TableColumn>,
}

/// A part of a row's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPart {
    /// `arch`: the place of the option taken, from 0, of every decision in the order of the file.
    Decisions,
    /// As it stands.
    Text(String),
    /// `{label}`: the option that a decision took, or the `word` for it.
    Option(String),
    /// `{label:index}`: the place of that option, from 0.
    Index(String),
}

/// `column accuracy "test_acc" unit=percent`.
#[derive(Clone, Debug, PartialEq)]
pub struct TableColumn {
    /// The metric.
    pub metric: Spanned<Metric>,
    /// The columns (CSV) or fields (JSON) that hold it: several are several seeds.
    pub names: Vec<Spanned<String>>,
    /// Whether the file holds 100 times the metric.
    pub percent: bool,
}

/// A metric of the language. `class` variants name the class.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// YOLOv5's mAP at IoU .5.
    Map50,
    /// YOLOv5's mAP at .5:.95.
    Map5095,
    /// At the confidence of the best mean F1.
    Precision,
    /// Likewise.
    Recall,
    /// `ap50 class="RBC"`: one class, YOLOv5's way.
    Ap50(String),
    /// COCO's mAP at .5.
    CocoMap50,
    /// COCO's mAP at .5:.95.
    CocoMap5095,
    /// Share of images whose class has the highest logit.
    Accuracy,
    /// Share of images whose class is among the five highest logits.
    Top5,
    /// Mean cross-entropy in nats, without smoothing.
    Loss,
    /// Trainable parameters.
    Params,
    /// 2 × multiply-adds of convolutions and linear layers, one image at the data's size.
    Flops,
    /// Half of `flops`.
    Macs,
    /// ln of the probability, in nats, that a network's supernet has learned for its path.
    Likelihood,
    /// Observation: milliseconds an image, batch 1, alone on the machine.
    Latency,
    /// Observation: images a second, batch 1.
    Throughput,
    /// Observation: peak bytes of inference.
    Memory,
}

impl Metric {
    /// The word in the file (`ap50:CLASS` for one class).
    pub fn name(&self) -> String {
        match self {
            Metric::Map50 => "map50".into(),
            Metric::Map5095 => "map50-95".into(),
            Metric::Precision => "precision".into(),
            Metric::Recall => "recall".into(),
            Metric::Ap50(class) => format!("ap50:{class}"),
            Metric::CocoMap50 => "coco-map50".into(),
            Metric::CocoMap5095 => "coco-map50-95".into(),
            Metric::Accuracy => "accuracy".into(),
            Metric::Top5 => "top5".into(),
            Metric::Loss => "loss".into(),
            Metric::Params => "params".into(),
            Metric::Flops => "flops".into(),
            Metric::Macs => "macs".into(),
            Metric::Likelihood => "likelihood".into(),
            Metric::Latency => "latency".into(),
            Metric::Throughput => "throughput".into(),
            Metric::Memory => "memory".into(),
        }
    }

    /// Whether more is better (rule 10).
    pub fn higher_is_better(&self) -> bool {
        !matches!(self, Metric::Loss | Metric::Params | Metric::Flops | Metric::Macs | Metric::Latency | Metric::Memory)
    }

    /// Whether a clock or a machine measured it, so that it may be reported but never decides (rule 16).
    pub fn is_observation(&self) -> bool {
        matches!(self, Metric::Latency | Metric::Throughput | Metric::Memory)
    }

    /// Whether it lies between 0 and 1.
    pub fn is_share(&self) -> bool {
        self.reads_predictions() && *self != Metric::Loss
    }

    /// Whether it follows from the architecture alone.
    pub fn is_cost(&self) -> bool {
        matches!(self, Metric::Params | Metric::Flops | Metric::Macs)
    }

    /// What it is a measure of; none where it is of any network.
    pub fn task(&self) -> Option<Task> {
        match self {
            Metric::Accuracy | Metric::Top5 | Metric::Loss => Some(Task::Classify),
            _ if self.reads_predictions() => Some(Task::Detect),
            _ => None,
        }
    }

    /// Whether it is a pure function of predictions and truth.
    pub fn reads_predictions(&self) -> bool {
        !self.is_cost() && !self.is_observation() && *self != Metric::Likelihood
    }
}

/// A `select` stage: bounds, then one of the two ways to choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    /// `where METRIC min= max=`.
    pub bounds: Vec<Bound>,
    /// How what remains is chosen.
    pub by: SelectBy,
}

/// `where METRIC min= max=`
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// The metric.
    pub metric: Spanned<Metric>,
    /// At least.
    pub min: Option<f64>,
    /// At most.
    pub max: Option<f64>,
}

/// How a `select` chooses.
#[derive(Clone, Debug, PartialEq)]
pub enum SelectBy {
    /// `top N by=METRIC`
    Top(usize, Spanned<Metric>),
    /// `pareto METRIC …`
    Pareto(Vec<Spanned<Metric>>),
    /// Only `where`.
    All,
}

/// `answer "best" { in "test"; by map50; against … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The stage whose models are the answer.
    pub name: Spanned<String>,
    /// `in`: the evaluate stage whose figures are printed.
    pub r#in: Spanned<String>,
    /// `by`.
    pub by: Spanned<Metric>,
    /// `against`: baselines.
    pub against: Vec<Spanned<String>>,
    /// `trust` lines: rankings that are checked against others.
    pub trust: Vec<Trust>,
}

/// `trust "shared" "truth" by=map50`: does the first stage rank its models as the second does?
#[derive(Clone, Debug, PartialEq)]
pub struct Trust {
    /// The evaluate stage whose ranking is in doubt.
    pub ranking: Spanned<String>,
    /// The evaluate stage that is taken for the truth.
    pub truth: Spanned<String>,
    /// The metric that both measure [the answer's].
    pub by: Spanned<Metric>,
}

//! The arguments of every command; their help is what teaches.

use super::examples;
pub use super::file_arguments::{FileArguments, NumericsArguments};
pub use super::look_arguments::{Drawing, GraphArguments, ServeArguments, ShowArguments};
pub use super::report_arguments::{CostArguments, ReportArguments};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Neural architecture search as a content-addressed build: one KDL file, one binary, nothing trained twice.
#[derive(Debug, Parser)]
#[command(
    name = "nasflow",
    version,
    after_help = "Start with `nasflow run pipelines/yolov5.kdl`, or with your own images: `nasflow init FOLDER`. \
The language is explained in docs/language.md, the code in docs/architecture.md."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look at a folder of images and write a pipeline for it that runs
    #[command(after_help = examples::INIT)]
    Init(InitArguments),
    /// Look at data sets, or fetch them
    #[command(after_help = examples::DATA)]
    Data(DataArguments),
    /// Run a pipeline, or go on with it: what is in the store is not done again
    #[command(after_help = examples::RUN)]
    Run(RunArguments),
    /// Say whether a pipeline is valid, how large its spaces are and what their references cost
    #[command(after_help = examples::CHECK)]
    Check(CheckArguments),
    /// Say what `run` would do, and why, without doing it
    #[command(after_help = examples::PLAN)]
    Plan(PlanArguments),
    /// Show the answer, the candidates with their metrics, the front and the winner
    #[command(after_help = examples::SHOW)]
    Show(ShowArguments),
    /// Draw the pipeline, a space, its supernet or a network as SVG
    #[command(after_help = examples::GRAPH)]
    Graph(GraphArguments),
    /// Show a search as a page in a browser, live while it runs
    #[command(after_help = examples::SERVE)]
    Serve(ServeArguments),
    /// Say what the results have cost, and what one way of searching gains over another
    #[command(after_help = examples::COST)]
    Cost(CostArguments),
    /// Write the search as one page for a browser: the answer, fronts, curves, choices, predictions
    #[command(after_help = examples::REPORT)]
    Report(ReportArguments),
    /// Write the trials of a stage with their figures as a file, from which another search may go on (`earlier`)
    #[command(after_help = examples::RESULTS)]
    Results(ResultsArguments),
    /// Hold the searches of a pipeline on a table against each other, over many seeds
    #[command(after_help = examples::COMPARE)]
    Compare(CompareArguments),
    /// Write the answer's weights as one self-contained safetensors file
    #[command(after_help = examples::EXPORT)]
    Export(ExportArguments),
    /// Write a YOLOv5 model YAML, and hyper-parameters, as KDL for a pipeline to include
    #[command(after_help = examples::IMPORT)]
    Import(ImportArguments),
    /// Detect objects in images with an exported network
    #[command(after_help = examples::PREDICT)]
    Predict(PredictArguments),
    /// Measure the operations of a space's networks on this machine, and print them as a latency table
    #[command(after_help = examples::LATENCY_TABLE)]
    LatencyTable(LatencyTableArguments),
    /// Say what this machine has, what is missing, and what a run would use
    #[command(after_help = examples::DOCTOR)]
    Doctor(DoctorArguments),
    /// Work on one assignment (started by `run`)
    #[command(hide = true)]
    Worker(WorkerArguments),
}

/// `data pin`
#[derive(Debug, Args)]
pub struct DataPinArguments {
    /// The pipeline, a KDL file
    pub file: PathBuf,
    /// Only the data set of this name
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The store, as for `run`
    #[arg(long, value_name = "DIR", env = "NASFLOW_CACHE")]
    pub cache: Option<PathBuf>,
    /// Use a store on a network file system
    #[arg(long)]
    pub allow_network: bool,
}

/// `init`
#[derive(Debug, Args)]
pub struct InitArguments {
    /// A folder of images with boxes or classes (VOC, YOLO, COCO, a folder for each class, MNIST, CIFAR, parquet), or a `data.yaml`
    pub dir: PathBuf,
    /// The pipeline to write
    #[arg(short, long, value_name = "FILE", default_value = "search.kdl")]
    pub output: PathBuf,
    /// About how long `nasflow run` may take on this machine, such as `5m`, `2h`
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub time: String,
    /// Most FLOPs of a network, such as `0.26G` [default: those of YOLOv5n (of the reference, for classes) at the size of the images]
    #[arg(long, value_name = "FLOPS", conflicts_with = "latency")]
    pub flops: Option<String>,
    /// Most time of one image on this machine, such as `5ms`; the operations are measured now, into a table beside the pipeline
    #[arg(long, value_name = "TIME")]
    pub latency: Option<String>,
    /// The images are of one class each
    #[arg(long)]
    pub classify: bool,
    /// The format, where the folder holds several
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// Write over a file that is there
    #[arg(long)]
    pub force: bool,
    /// Multiply-adds of forward passes a second while training, in place of what is measured (for tests)
    #[arg(long, hide = true)]
    pub speed: Option<f64>,
}

/// `data`
#[derive(Debug, Args)]
pub struct DataArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: DataCommand,
}

/// What to do with data sets.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Say what a data set holds: splits, classes, sizes of boxes and images, faults
    Show(DataShowArguments),
    /// Fetch what `data … url=` names, and write its hash into the file
    Pin(DataPinArguments),
}

/// `data show`
#[derive(Debug, Args)]
pub struct DataShowArguments {
    /// A folder of images with boxes or classes, a `data.yaml`, or a pipeline (`.kdl`)
    pub place: PathBuf,
    /// Set a `param` of the pipeline
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// The format, where the folder holds several
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// The image size at which small boxes are counted [default: the pipeline's, or the format's]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=8192))]
    pub size: Option<u32>,
    /// Write a contact sheet: pictures with their boxes and the names of classes, as PNG
    #[arg(long, value_name = "FILE")]
    pub sheet: Option<PathBuf>,
    /// Pictures on the sheet
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub images: u32,
    /// Another seed, other pictures
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Name every file that has a fault, however many there are
    #[arg(long)]
    pub all: bool,
    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
}

/// `check`
#[derive(Debug, Args)]
pub struct CheckArguments {
    #[command(flatten)]
    pub file: FileArguments,
    /// Name every file of a data set that has a fault, however many there are
    #[arg(long)]
    pub all: bool,
}

/// `run`
#[derive(Debug, Args)]
pub struct RunArguments {
    #[command(flatten)]
    pub file: FileArguments,
    #[command(flatten)]
    pub numerics: NumericsArguments,
    /// Trials at a time, each in a process of its own [default: the number of processors, at most 4; 1 on a GPU]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Threads of each trial [default: the processors, divided among the trials]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// End an attempt that takes longer, such as `90s`, `30m`, `2h`; a trial has three attempts
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<String>,
    /// Pause after so long, such as `8h`; the next run goes on
    #[arg(long = "for", value_name = "TIME")]
    pub until: Option<String>,
    /// Longest time between two checkpoints within an epoch
    #[arg(long, value_name = "TIME", default_value = "3m")]
    pub checkpoint: String,
    /// Take one batch through every stage in a scratch store, to see that it works and how long it will take
    #[arg(long)]
    pub smoke: bool,
    /// Print events as JSON, one a line
    #[arg(long)]
    pub json: bool,
}

/// `plan`
#[derive(Debug, Args)]
pub struct PlanArguments {
    #[command(flatten)]
    pub file: FileArguments,
    #[command(flatten)]
    pub numerics: NumericsArguments,
    /// Look at the spaces thoroughly: list up to 100,000 samples, draw more of larger spaces (seconds to a minute)
    #[arg(long)]
    pub spaces: bool,
    /// Print the plan as JSON
    #[arg(long)]
    pub json: bool,
}

/// `results`
#[derive(Debug, Args)]
pub struct ResultsArguments {
    #[command(flatten)]
    pub file: FileArguments,
    #[command(flatten)]
    pub numerics: NumericsArguments,
    /// The `evaluate` stage [default: that of the first search's objective]
    #[arg(long, value_name = "STAGE")]
    pub stage: Option<String>,
    /// The file to write
    #[arg(short, long, value_name = "FILE", default_value = "earlier.json")]
    pub output: PathBuf,
}

/// `compare`
#[derive(Debug, Args)]
pub struct CompareArguments {
    #[command(flatten)]
    pub file: FileArguments,
    /// Runs of every search: with its own seed and those after it
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub seeds: u32,
    /// Queries of every run [default: the `trials` of each search]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub trials: Option<u32>,
    /// Judge by another figure than the search was told: a metric of its table, or an `evaluate` stage with a table
    #[arg(long, value_name = "METRIC")]
    pub by: Option<String>,
    /// Tell the searches one seed of every row, from 0, and judge by the mean of all
    #[arg(long, value_name = "N")]
    pub told_seed: Option<usize>,
    /// Write the regret over queries: `.csv` for its figures, `.svg` for a picture; may be given again
    #[arg(short, long, value_name = "FILE")]
    pub output: Vec<PathBuf>,
}

/// `export`
#[derive(Debug, Args)]
pub struct ExportArguments {
    #[command(flatten)]
    pub file: FileArguments,
    #[command(flatten)]
    pub numerics: NumericsArguments,
    /// Where to write; the ending names the format: `.safetensors`, `.onnx`, `.py` (PyTorch) or `.yaml` (YOLOv5), both with the weights beside them, or `.kdl`
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// The format, whatever the ending: `safetensors`, `onnx`, `pytorch`, `yolov5` or `kdl`
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// Refuse a network that the format's own programs would compute otherwise (`yolov5`)
    #[arg(long)]
    pub strict: bool,
}

/// `import`
#[derive(Debug, Args)]
pub struct ImportArguments {
    /// A model YAML of YOLOv5 v6 or v7
    pub model: PathBuf,
    /// A YAML of hyper-parameters: they become a `train`
    #[arg(long, value_name = "FILE")]
    pub hyp: Option<PathBuf>,
    /// Where to write
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// `predict`
#[derive(Debug, Args)]
pub struct PredictArguments {
    /// An exported network
    pub model: PathBuf,
    /// Images (JPEG, PNG, BMP, WebP, TIFF), folders of images, or patterns such as `'photos/*.jpg'`; hidden files are left out
    #[arg(required = true)]
    pub images: Vec<PathBuf>,
    #[command(flatten)]
    pub numerics: NumericsArguments,
    /// Where to write the pictures (of a detector) and `predictions.json`
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// Least confidence of a detection
    #[arg(long, default_value_t = 0.25)]
    pub confidence: f32,
    /// Overlap above which the weaker of two boxes goes
    #[arg(long, default_value_t = 0.45)]
    pub iou: f32,
    /// Print the JSON as well
    #[arg(long)]
    pub json: bool,
    /// Write a text file an image as well, in YOLO's form: `class cx cy w h confidence`, as shares of the image
    #[arg(long)]
    pub txt: bool,
}

/// `latency-table`
#[derive(Debug, Args)]
pub struct LatencyTableArguments {
    #[command(flatten)]
    pub file: FileArguments,
    /// The space of the pipeline; else all of them, in one table
    pub space: Option<String>,
    /// Threads of an operation; by default as many as `run` measures `latency` with: those of all its trials together
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

/// `doctor`
#[derive(Debug, Args)]
pub struct DoctorArguments {
    #[command(flatten)]
    pub numerics: NumericsArguments,
    /// The store; else the nearest `cache/` upwards, else `cache/` here
    #[arg(long, value_name = "DIR", env = "NASFLOW_CACHE")]
    pub cache: Option<PathBuf>,
    /// As for `run`: trials at a time
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
}

/// `worker`
#[derive(Debug, Args)]
pub struct WorkerArguments {
    /// The store
    #[arg(long)]
    pub cache: PathBuf,
    /// The digest that names the attempt's folder
    pub lock: String,
    /// The key that is wanted
    pub key: String,
    /// Say lines in the attempt's file `progress-NAME`, and stop once `stop-NAME` is there
    #[arg(long, value_name = "NAME")]
    pub files: Option<String>,
}

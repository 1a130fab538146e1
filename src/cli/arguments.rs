//! The arguments of every command; their help is what teaches.

pub use super::cache_arguments::{
    CacheArguments, CacheCommand, CacheExportArguments, CacheGcArguments, CacheImportArguments, CacheLsArguments, CachePinArguments,
    CacheRebuildArguments, CacheStatsArguments, CacheUnpinArguments, CacheVerifyArguments,
};
pub use super::data_arguments::{DataArguments, DataCommand, DataPinArguments, DataShowArguments, InitArguments};
use super::examples;
pub use super::file_arguments::{CachePlace, FileArguments, NumericsArguments};
pub use super::history_arguments::{DiffArguments, ExplainArguments, RunsArguments, VerifyArguments};
pub use super::keyboard_arguments::{CompletionsArguments, DocsArguments, FmtArguments, HelpArguments, LspArguments, ManArguments};
pub use super::look_arguments::{Drawing, GraphArguments, ServeArguments, ShowArguments, StatusArguments};
pub use super::remote_arguments::{CacheKeyArguments, CachePullArguments, CachePushArguments, RemoteArguments};
pub use super::report_arguments::{CostArguments, ReportArguments};
pub use super::run_arguments::RunArguments;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Neural architecture search as a content-addressed build: one KDL file, one binary, nothing trained twice.
#[derive(Debug, Parser)]
#[command(
    name = "nasflow",
    version,
    disable_help_subcommand = true,
    after_help = "Start with `nasflow run pipelines/yolov5.kdl`, or with your own images: `nasflow init FOLDER`. \
`nasflow docs` has the pages (`nasflow docs language`), and `nasflow help CODE` explains an error."
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
    /// Say why each stage will run, or ran, and which run made what is known
    #[command(after_help = examples::EXPLAIN)]
    Explain(ExplainArguments),
    /// List the runs of a store: when, how long, what they computed, how they ended
    #[command(after_help = examples::RUNS)]
    Runs(RunsArguments),
    /// Say what differs between two runs or two pipelines: configuration, inputs, results
    #[command(after_help = examples::DIFF)]
    Diff(DiffArguments),
    /// Check that all which a pipeline's results need is whole, or make results again and compare them bit by bit
    #[command(after_help = examples::VERIFY)]
    Verify(VerifyArguments),
    /// Show the answer, the candidates with their metrics, the front and the winner
    #[command(after_help = examples::SHOW)]
    Show(ShowArguments),
    /// Say how far a pipeline is, what is at work on it, and what waits in a cluster's queue
    #[command(after_help = examples::STATUS)]
    Status(StatusArguments),
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
    /// Look at the store: what it holds, what is damaged, what may go; keep runs, and take them elsewhere
    #[command(after_help = examples::CACHE)]
    Cache(CacheArguments),
    /// Say what this machine has, what is missing, and what a run would use
    #[command(after_help = examples::DOCTOR)]
    Doctor(DoctorArguments),
    /// Put pipelines into the house style: indentation, spaces, quotes; every comment stays
    #[command(after_help = examples::FMT)]
    Fmt(FmtArguments),
    /// Serve an editor: errors while you type, completion, explanations (the language server protocol, over stdio)
    #[command(after_help = examples::LSP)]
    Lsp(LspArguments),
    /// Read the documentation, which is in the program
    #[command(after_help = examples::DOCS)]
    Docs(DocsArguments),
    /// Explain a command, or the code of an error
    #[command(after_help = examples::HELP)]
    Help(HelpArguments),
    /// Print what makes a shell complete commands, options and files
    #[command(after_help = examples::COMPLETIONS)]
    Completions(CompletionsArguments),
    /// Write manual pages, one a command
    #[command(after_help = examples::MAN)]
    Man(ManArguments),
    /// Work on one assignment (started by `run`)
    #[command(hide = true)]
    Worker(WorkerArguments),
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

/// `plan`
#[derive(Debug, Args)]
pub struct PlanArguments {
    #[command(flatten)]
    pub file: FileArguments,
    #[command(flatten)]
    pub numerics: NumericsArguments,
    #[command(flatten)]
    pub remote: RemoteArguments,
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
    #[arg(short, long, value_name = "N", env = "NASFLOW_JOBS", hide_env = true)]
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
    /// Seconds from the start in which, over files, another assignment is taken after one that is done
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    pub stay: f64,
}

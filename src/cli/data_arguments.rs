//! The arguments of commands that look at folders of images: `init` and `data`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

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
    /// Touch no network: then nothing can be fetched
    #[arg(long, env = "NASFLOW_OFFLINE", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    pub offline: bool,
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

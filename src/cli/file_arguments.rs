//! The arguments that commands over a pipeline share.

use clap::{Args, ValueHint};
use std::path::PathBuf;

/// A pipeline and its parameters.
#[derive(Clone, Debug, Args)]
pub struct FileArguments {
    /// The pipeline, a KDL file
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Set a `param` of the pipeline; relative paths count from the working directory
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// Let `include` leave the folder of the pipeline by `..`
    #[arg(long)]
    pub allow_outside: bool,
    /// The store; else the nearest `cache/` upwards from here, else upwards from FILE, else a new `cache/` here
    #[arg(long, value_name = "DIR", env = "NASFLOW_CACHE")]
    pub cache: Option<PathBuf>,
    /// Take a store on a network file system, too; only one machine may use it at a time
    #[arg(long)]
    pub allow_network: bool,
    /// Read every source file again instead of trusting size and times
    #[arg(long)]
    pub rehash: bool,
}

/// Which store a command of `nasflow cache` is about, and how to answer.
#[derive(Clone, Debug, Args)]
pub struct CachePlace {
    /// The store; else the nearest `cache/` upwards from here
    #[arg(long, value_name = "DIR", env = "NASFLOW_CACHE")]
    pub cache: Option<PathBuf>,
    /// Take a store on a network file system, too; only one machine may use it at a time
    #[arg(long)]
    pub allow_network: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options that name the numerics class. Results of one class are never used for another; `plan` names them.
#[derive(Debug, Args)]
pub struct NumericsArguments {
    /// Where it computes: `auto` (a GPU where this build and this machine have one, else the CPU), `cpu`, `cuda` or `cuda:N`;
    /// `nasflow doctor` says what is there
    #[arg(long, value_name = "DEVICE", value_parser = crate::nn::check_place, default_value = "auto")]
    pub device: String,
    /// Who computes: `fast` (this project's kernels, for CPUs) or `reference` (candle's tensors; all that a GPU has so far, slow on
    /// a CPU) [default: fast on the CPU, reference on a GPU]
    #[arg(long, value_parser = ["fast", "reference"])]
    pub executor: Option<String>,
}

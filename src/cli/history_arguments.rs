//! The arguments of commands that say what runs did and why: `explain`, `runs`, `diff`, `verify`.

use super::file_arguments::{FileArguments, NumericsArguments};
use clap::builder::TypedValueParser;
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// `explain`
#[derive(Debug, Args)]
pub struct ExplainArguments {
    #[command(flatten)]
    pub file: FileArguments,
    /// One stage, model by model
    pub stage: Option<String>,
    #[command(flatten)]
    pub numerics: NumericsArguments,
    /// Only this trial of the first search (or `SAMPLE#N`)
    #[arg(long, value_name = "N")]
    pub trial: Option<String>,
    /// The one action whose key begins so: each line of its canonical text, what feeds it, what it left
    #[arg(long, value_name = "KEY", conflicts_with_all = ["stage", "trial"])]
    pub action: Option<String>,
    /// Show the canonical text of every action that is listed: what its key is the digest of
    #[arg(long)]
    pub text: bool,
    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
}

/// `runs`
#[derive(Debug, Args)]
pub struct RunsArguments {
    /// Only runs of this pipeline; else of all in the store
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// As for `run`: a `param` of the pipeline
    #[arg(short, long = "param", value_name = "NAME=VALUE", requires = "file")]
    pub params: Vec<String>,
    /// The store; else the nearest `cache/` upwards
    #[arg(long, value_name = "DIR", env = "NASFLOW_CACHE")]
    pub cache: Option<PathBuf>,
    /// The last N only
    #[arg(short, long, value_name = "N")]
    pub number: Option<usize>,
    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
}

/// `diff`
#[derive(Debug, Args)]
pub struct DiffArguments {
    /// A run (the beginning of its id, `latest`, `latest-1`), or a pipeline, a KDL file
    #[arg(value_hint = ValueHint::FilePath)]
    pub a: String,
    /// What it is held against: likewise
    #[arg(value_hint = ValueHint::FilePath)]
    pub b: String,
    /// As for `run`: a `param` of the pipelines
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    #[command(flatten)]
    pub numerics: NumericsArguments,
    /// The store; else the nearest `cache/` upwards
    #[arg(long, value_name = "DIR", env = "NASFLOW_CACHE")]
    pub cache: Option<PathBuf>,
    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
}

/// `verify`
#[derive(Debug, Args)]
pub struct VerifyArguments {
    #[command(flatten)]
    pub file: FileArguments,
    #[command(flatten)]
    pub numerics: NumericsArguments,
    /// Run known actions again, of one stage or of all, in a scratch store, and compare their results bit by bit
    #[arg(long, value_name = "STAGE", num_args = 0..=1)]
    pub rebuild: Option<Option<String>>,
    /// Only N results, the same ones each time
    #[arg(long, value_name = "N", requires = "rebuild", value_parser = clap::value_parser!(u32).range(1..).map(|n| n as usize))]
    pub sample: Option<usize>,
    /// As for `run`: trials at a time
    #[arg(short, long, value_name = "N", requires = "rebuild")]
    pub jobs: Option<usize>,
    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
}

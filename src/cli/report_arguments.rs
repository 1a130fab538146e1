//! The arguments of `report` and `cost`: what is told of a run that was made.

use super::file_arguments::{FileArguments, NumericsArguments};
use clap::Args;
use std::path::PathBuf;

/// `report`
#[derive(Debug, Args)]
pub struct ReportArguments {
    #[command(flatten)]
    pub file: FileArguments,
    #[command(flatten)]
    pub numerics: NumericsArguments,
    /// The page to write: one HTML file that needs no network
    #[arg(short, long, value_name = "FILE", default_value = "report.html")]
    pub output: PathBuf,
    /// Write TensorBoard's event files, too, into this folder: losses and figures of every model
    #[arg(long, value_name = "DIR")]
    pub tensorboard: Option<PathBuf>,
    /// Print what the page is drawn from as JSON, and write no page
    #[arg(long, conflicts_with_all = ["output", "tensorboard"])]
    pub json: bool,
}

/// `cost`
#[derive(Debug, Args)]
pub struct CostArguments {
    #[command(flatten)]
    pub file: FileArguments,
    #[command(flatten)]
    pub numerics: NumericsArguments,
    /// Two or more `evaluate` stages, each the end of a way of searching: training iterations until each is as good as the
    /// worse of them ends (all that was measured on the way on the same images counts)
    #[arg(long, value_name = "STAGE", num_args = 2..)]
    pub gain: Vec<String>,
    /// The metric of `--gain` [default: the answer's]
    #[arg(long, value_name = "METRIC", requires = "gain")]
    pub by: Option<String>,
    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
}

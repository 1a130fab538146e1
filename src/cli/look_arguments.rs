//! The arguments of commands that show and draw: `show`, `status`, `graph`, `serve`.

use super::file_arguments::{FileArguments, NumericsArguments};
use clap::{Args, ValueEnum};
use std::net::IpAddr;
use std::path::PathBuf;

/// `show`
#[derive(Debug, Args)]
pub struct ShowArguments {
    #[command(flatten)]
    pub file: FileArguments,
    #[command(flatten)]
    pub numerics: NumericsArguments,
    /// One trial of the first search (or `STAGE#N`): its decisions, learning curve, metrics and log
    #[arg(long, value_name = "N")]
    pub trial: Option<String>,
    /// Print everything as JSON
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print one line a model and stage as CSV
    #[arg(long)]
    pub csv: bool,
    /// Print one line an action: stage, model, kind, key and the digests of its outputs, to compare two stores
    #[arg(long, conflicts_with_all = ["csv", "json"])]
    pub digests: bool,
}

/// `status`
#[derive(Debug, Args)]
pub struct StatusArguments {
    #[command(flatten)]
    pub file: FileArguments,
    #[command(flatten)]
    pub numerics: NumericsArguments,
    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
}

/// What `graph` draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Drawing {
    /// Data sets, spaces, stages, and the feedback of searches
    Pipeline,
    /// The layers of a space, with what is chosen
    Space,
    /// The same, with what options share
    Supernet,
    /// One network, with shapes and costs
    Network,
}

/// `graph`
#[derive(Debug, Args)]
pub struct GraphArguments {
    #[command(flatten)]
    pub file: FileArguments,
    #[command(flatten)]
    pub numerics: NumericsArguments,
    /// What is drawn [default: pipeline; with --trial network]
    #[arg(long, value_name = "WHAT")]
    pub of: Option<Drawing>,
    /// The space of the pipeline [default: the first]; with `--of network` its reference
    #[arg(long, value_name = "NAME")]
    pub space: Option<String>,
    /// The network of this trial of the first search, or of `STAGE#N` [default: the winner]
    #[arg(long, value_name = "N")]
    pub trial: Option<String>,
    /// The file to write [default: printed]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `serve`
#[derive(Debug, Args)]
pub struct ServeArguments {
    #[command(flatten)]
    pub file: FileArguments,
    #[command(flatten)]
    pub numerics: NumericsArguments,
    /// The port; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 8420)]
    pub port: u16,
    /// The address to listen on; any but this machine's own loopback asks for a token
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub address: IpAddr,
    /// Ask for this token (16 or more letters, digits, - and _) [default: none on the loopback, elsewhere a fresh one]
    #[arg(long, value_name = "TOKEN", env = "NASFLOW_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
}

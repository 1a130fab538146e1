//! The arguments of what shares results with others.

use super::file_arguments::{CachePlace, FileArguments, NumericsArguments};
use clap::Args;

/// Where results are shared; what is not said here or in the environment, the user's configuration says.
#[derive(Clone, Debug, Args)]
pub struct RemoteArguments {
    /// Share results there: `s3://BUCKET/PREFIX`, `file:///FOLDER` or a folder; empty: nowhere [default: the configuration's]
    #[arg(long, value_name = "URL", env = "NASFLOW_REMOTE", hide_env = true)]
    pub remote: Option<String>,
    /// Touch no network: no shared store, no download, whatever the configuration says
    #[arg(long, env = "NASFLOW_OFFLINE", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    pub offline: bool,
}

/// `cache push`
#[derive(Debug, Args)]
pub struct CachePushArguments {
    /// What these runs used: ids, beginnings of ids, or `latest` [default: what pinned runs and the last of every pipeline used]
    #[arg(value_name = "RUN")]
    pub runs: Vec<String>,
    /// All results of the store
    #[arg(long, conflicts_with = "runs")]
    pub all: bool,
    /// Optimiser states, too: others may then go on training from them
    #[arg(long)]
    pub states: bool,
    /// Say what would go, and ask nobody
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub remote: RemoteArguments,
    #[command(flatten)]
    pub place: CachePlace,
}

/// `cache pull`
#[derive(Debug, Args)]
pub struct CachePullArguments {
    #[command(flatten)]
    pub file: FileArguments,
    #[command(flatten)]
    pub numerics: NumericsArguments,
    /// Optimiser states, too, where they are there
    #[arg(long)]
    pub states: bool,
    /// Say what would come, and take nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub remote: RemoteArguments,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `cache key`
#[derive(Debug, Args)]
pub struct CacheKeyArguments {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

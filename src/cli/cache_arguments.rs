//! The arguments of `nasflow cache`.

use super::examples;
use super::file_arguments::CachePlace;
use super::remote_arguments::{CacheKeyArguments, CachePullArguments, CachePushArguments};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `cache`
#[derive(Debug, Args)]
pub struct CacheArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: CacheCommand,
}

/// What to do with the store.
#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// Say how large the store is, of what, and what reuse has saved
    #[command(after_help = examples::CACHE_STATS)]
    Stats(CacheStatsArguments),
    /// List results, or runs
    #[command(after_help = examples::CACHE_LS)]
    Ls(CacheLsArguments),
    /// Read every file and every row of the store, and say what is damaged or lost
    #[command(after_help = examples::CACHE_VERIFY)]
    Verify(CacheVerifyArguments),
    /// Remove what no kept run needs
    #[command(after_help = examples::CACHE_GC)]
    Gc(CacheGcArguments),
    /// Keep a run's results from being removed, until `unpin`; without a run, list the pins
    #[command(after_help = examples::CACHE_PIN)]
    Pin(CachePinArguments),
    /// Remove a pin; its run is then kept like any other
    Unpin(CacheUnpinArguments),
    /// Write a run with all that it needs as one file
    #[command(after_help = examples::CACHE_EXPORT)]
    Export(CacheExportArguments),
    /// Take such a file into this store; a run of the same pipeline then makes nothing again
    Import(CacheImportArguments),
    /// Push results to a store that others share
    #[command(after_help = examples::CACHE_PUSH)]
    Push(CachePushArguments),
    /// Pull from there all that a run of a pipeline needs, as far as somebody whom you trust has made it
    #[command(after_help = examples::CACHE_PULL)]
    Pull(CachePullArguments),
    /// Print your public key, by which others know your results; makes the key where you have none
    #[command(after_help = examples::CACHE_KEY)]
    Key(CacheKeyArguments),
    /// Build the index anew, from the files alone
    RebuildIndex(CacheRebuildArguments),
}

/// `cache stats`
#[derive(Debug, Args)]
pub struct CacheStatsArguments {
    #[command(flatten)]
    pub place: CachePlace,
}

/// `cache ls`
#[derive(Debug, Args)]
pub struct CacheLsArguments {
    /// Only results whose keys begin so
    pub key: Option<String>,
    #[command(flatten)]
    pub place: CachePlace,
    /// The largest first, not the newest
    #[arg(long)]
    pub largest: bool,
    /// Only this kind of action, such as `train`, `predict`, `metric`, `pack`
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Only what runs of this pipeline used
    #[arg(long, value_name = "NAME")]
    pub pipeline: Option<String>,
    /// Only what this run used: its id, the beginning of one, or `latest`
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// Results that are listed; 0 for all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub number: usize,
    /// List runs in place of results
    #[arg(long, conflicts_with_all = ["largest", "kind", "run", "key"])]
    pub runs: bool,
}

/// `cache verify`
#[derive(Debug, Args)]
pub struct CacheVerifyArguments {
    #[command(flatten)]
    pub place: CachePlace,
}

/// `cache gc`
#[derive(Debug, Args)]
pub struct CacheGcArguments {
    #[command(flatten)]
    pub place: CachePlace,
    /// Runs of each pipeline that are kept, the last ones; pinned runs are kept besides [default: 3]
    #[arg(long, value_name = "N")]
    pub keep: Option<usize>,
    /// Say what would go, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Only drop optimiser states of searches that are over: further epochs of their networks begin anew, and nothing else changes
    #[arg(long, conflicts_with_all = ["keep", "older_than"])]
    pub states: bool,
    /// Results that are younger stay, such as `12h`, `30d`; `0s`: also those of a run that was killed go, which stay 14 days otherwise.
    /// Checkpoints of interrupted trainings stay 14 days in any case
    #[arg(long, value_name = "TIME")]
    pub older_than: Option<String>,
    /// Wait until no run uses the store
    #[arg(long)]
    pub wait: bool,
}

/// `cache pin`
#[derive(Debug, Args)]
pub struct CachePinArguments {
    /// The run: its id, the beginning of one, or `latest`
    pub run: Option<String>,
    /// What the pin is called [default: the run's id]
    pub name: Option<String>,
    #[command(flatten)]
    pub place: CachePlace,
}

/// `cache unpin`
#[derive(Debug, Args)]
pub struct CacheUnpinArguments {
    /// The pin's name, or the run: all its pins go
    pub name: String,
    #[command(flatten)]
    pub place: CachePlace,
}

/// `cache export`
#[derive(Debug, Args)]
pub struct CacheExportArguments {
    /// The run (its id, the beginning of one, or `latest`), or a pipeline's file: its last run, and the file
    pub run: String,
    /// The archive to write
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Leave optimiser states out: further epochs begin anew there
    #[arg(long)]
    pub without_states: bool,
    /// Leave packs out: they are made again there, from the data
    #[arg(long)]
    pub without_packs: bool,
    #[command(flatten)]
    pub place: CachePlace,
}

/// `cache import`
#[derive(Debug, Args)]
pub struct CacheImportArguments {
    /// An archive that `cache export` wrote
    pub archive: PathBuf,
    /// Write the pipeline's files, where the archive has them, into this new folder
    #[arg(long, value_name = "DIR")]
    pub files: Option<PathBuf>,
    #[command(flatten)]
    pub place: CachePlace,
}

/// `cache rebuild-index`
#[derive(Debug, Args)]
pub struct CacheRebuildArguments {
    #[command(flatten)]
    pub place: CachePlace,
}

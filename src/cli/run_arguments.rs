//! The arguments of `run`.

use super::file_arguments::{FileArguments, NumericsArguments};
use super::remote_arguments::RemoteArguments;
use clap::Args;

/// `run`
#[derive(Debug, Args)]
pub struct RunArguments {
    #[command(flatten)]
    pub file: FileArguments,
    #[command(flatten)]
    pub numerics: NumericsArguments,
    #[command(flatten)]
    pub limits: LimitArguments,
    #[command(flatten)]
    pub remote: RemoteArguments,
    /// Take one batch through every stage in a scratch store, to see that it works and how long it will take
    #[arg(long)]
    pub smoke: bool,
    /// Print events as JSON, one a line
    #[arg(long)]
    pub json: bool,
}

/// How it runs: changes no bit of any result. What is not said here or in the environment, the user's configuration says
/// (`nasflow docs configuration`).
#[derive(Debug, Args)]
pub struct LimitArguments {
    /// Trials at a time, each in a process of its own [default: the number of processors, at most 4; 1 on a GPU]
    #[arg(short, long, value_name = "N", env = "NASFLOW_JOBS", hide_env = true)]
    pub jobs: Option<usize>,
    /// Threads of each trial [default: the processors, divided among the trials]
    #[arg(long, value_name = "N", env = "NASFLOW_THREADS", hide_env = true)]
    pub threads: Option<usize>,
    /// Who works on trials: `local` (processes of this machine), `slurm` (jobs of a cluster) or `ssh` (other machines); `nasflow docs
    /// scale` says how [default: local]
    #[arg(long, value_name = "WHO", env = "NASFLOW_LAUNCHER", hide_env = true)]
    pub launcher: Option<String>,
    /// End an attempt that takes longer, such as `90s`, `30m`, `2h`
    #[arg(long, value_name = "TIME", env = "NASFLOW_TIMEOUT", hide_env = true)]
    pub timeout: Option<String>,
    /// How often a failed attempt of a trial (a crash, no time or memory left) is tried again [default: 2]
    #[arg(long, value_name = "N", env = "NASFLOW_RETRIES", hide_env = true)]
    pub retries: Option<usize>,
    /// End an attempt that takes more memory, such as `500MB`, `8GB`, `8GiB`, with all that it starts (Linux)
    #[arg(long, value_name = "SIZE", env = "NASFLOW_MEMORY", hide_env = true)]
    pub memory: Option<String>,
    /// Where the disk is full, wait for room, so long or as long as it takes, and then go on; `no`: end with an error [default: no]
    #[arg(
        long,
        value_name = "TIME",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "yes",
        env = "NASFLOW_WAIT_FOR_SPACE",
        hide_env = true
    )]
    pub wait_for_space: Option<String>,
    /// Pause after so long, such as `8h`; the next run goes on
    #[arg(long = "for", value_name = "TIME", env = "NASFLOW_FOR", hide_env = true)]
    pub until: Option<String>,
    /// Longest time between two checkpoints within an epoch [default: 3m]
    #[arg(long, value_name = "TIME", env = "NASFLOW_CHECKPOINT", hide_env = true)]
    pub checkpoint: Option<String>,
    /// Bytes of optimiser states that the store keeps of searches that are over, such as `500MB`; the most useful stay, and more epochs go
    /// on from these [default: 64MB]
    #[arg(long, value_name = "SIZE", env = "NASFLOW_STATES", hide_env = true)]
    pub states: Option<String>,
}

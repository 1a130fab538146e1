//! The nodes of the user's configuration file: what is about the user and the machine, and changes no bit of any result.

use super::spec::Spec;
use super::{Field, Type::*};

/// The file itself, which is no node: the place of its nodes.
pub static FILE: Spec = Spec::new("configuration", &[], &[], &[], "The user's configuration file.", "run { jobs 2 }");

/// The nodes of a configuration.
pub const NODES: &[Spec] = &[
    Spec::new(
        "run",
        &["configuration"],
        &[],
        &[&[
            Field::one("jobs", &[Int(1, 100_000)], "the processors, at most 4; 1 on a GPU", "Trials at a time (`--jobs`)."),
            Field::one(
                "launcher",
                &[Word(&["local", "slurm", "ssh"])],
                "local",
                "Who works on trials: processes of this machine, jobs of a Slurm cluster, or other machines over ssh (`--launcher`).",
            ),
            Field::one("threads", &[Int(1, 100_000)], "the processors, divided among the trials", "Threads of each trial (`--threads`)."),
            Field::one("timeout", &[Time], "none", "An attempt that takes longer is ended (`--timeout`)."),
            Field::one("retries", &[Int(0, 1000)], "2", "How often a failed attempt of a trial is tried again (`--retries`)."),
            Field::one("memory", &[Size], "none", "Most memory of a trial; an attempt that takes more is ended (`--memory`)."),
            Field::one("for", &[Time], "until it is done", "A run pauses after so long (`--for`)."),
            Field::one("checkpoint", &[Time], "3m", "Longest time between two checkpoints within an epoch (`--checkpoint`)."),
            Field::one(
                "wait-for-space",
                &[Time, Bool],
                "#false",
                "Where the disk is full, a run waits for room (`#true`: as long as it takes) in place of ending (`--wait-for-space`).",
            ),
        ]],
        "How `nasflow run` runs where its options do not say otherwise.",
        "run { jobs 4; threads 2; launcher slurm; timeout \"2h\"; retries 1; memory \"8GB\"; wait-for-space \"30m\" }",
    )
    .once(),
    Spec::new(
        "store",
        &["configuration"],
        &[],
        &[&[
            Field::one("states", &[Size], "64MB", "Most bytes of optimiser states that are kept of trials from which no stage goes on."),
            Field::one("keep-runs", &[Int(0, 1_000_000)], "3", "The last runs of every pipeline that `nasflow cache gc` keeps."),
        ]],
        "What stores keep, and with whom they are shared.",
        "store { states \"100MB\"; keep-runs 3 }",
    )
    .once(),
    Spec::new(
        "remote",
        &["store"],
        &["address"],
        &[&[
            Field::one(
                "address",
                &[Text],
                "",
                "The place: `s3://BUCKET/PREFIX` (in a build with the feature `s3`), `file:///FOLDER` or the path of a folder (`--remote`).",
            )
            .required(),
            Field::one("read", &[Bool], "#true", "Results of others are taken from there in place of being computed."),
            Field::one("write", &[Bool], "#true", "What runs compute goes there, signed by your key (`nasflow cache key`)."),
            Field::one("timeout", &[Time], "10s", "Longest time without an answer; then a run goes on alone."),
        ]],
        "A place that several machines see: what one of them has computed, the others take from there.",
        "remote \"s3://bucket/team\" { trust \"nasflow:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\" name=\"anna\" }",
    )
    .once(),
    Spec::new(
        "trust",
        &["remote"],
        &["key"],
        &[&[
            Field::one("key", &[Text], "", "A public key, as `nasflow cache key` prints it.").required(),
            Field::one("name", &[Text], "", "Whose it is, for you."),
        ]],
        "Somebody whose results are taken for true. Your own are, in any case.",
        "trust \"nasflow:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\" name=\"anna\"",
    ),
    Spec::new(
        "launcher",
        &["configuration"],
        &[],
        &[],
        "What `--launcher slurm` and `--launcher ssh` need to know (scale.md).",
        "launcher { slurm { partition \"gpu\"; time \"2h\" } }",
    )
    .once(),
    Spec::new(
        "slurm",
        &["launcher"],
        &[],
        &[&[
            Field::one("partition", &[Text], "the cluster's own", "Where jobs are queued (`sbatch --partition`)."),
            Field::one("gres", &[Text], "none", "What each job needs beside processors, such as `gpu:1` (`sbatch --gres`)."),
            Field::one(
                "time",
                &[Time],
                "the partition's own",
                "The time limit of a job (`sbatch --time`, whole minutes). Before it is over, trainings write a checkpoint, and go on in another job.",
            ),
            Field::one("lead", &[Time], "90s", "How long before its time limit a job is told to write its checkpoint (`sbatch --signal`)."),
            Field::one("memory", &[Size], "the partition's own", "The memory of a job (`sbatch --mem`)."),
            Field::list("module", &[Text], "none", "Modules that are loaded before the worker starts (`module load`)."),
            Field::list(
                "line",
                &[Argument],
                "none",
                "Lines of the job's script, before the worker starts, as they are: `#SBATCH --account=a`, or what a shell is to do.",
            ),
            Field::one(
                "bundle",
                &[Time],
                "10m",
                "A job that has worked for less than this takes another trial in place of ending, so that short ones share jobs; `0.001s`: one trial a job.",
            ),
            Field::one(
                "grace",
                &[Time],
                "10s",
                "How long the files of a job that is gone may take to arrive over the network file system before it is tried again.",
            ),
        ]],
        "Jobs of a Slurm cluster.",
        "slurm { partition \"gpu\"; gres \"gpu:1\"; time \"2h\"; memory \"8GB\"; module \"cuda/12\"; line \"#SBATCH --account=vision\" }",
    )
    .once(),
    Spec::new("ssh", &["launcher"], &[], &[], "Machines that are reached by `ssh` without a password.", "ssh { host \"node1\" jobs=2 }").once(),
    Spec::new(
        "host",
        &["ssh"],
        &["name"],
        &[&[
            Field::one("name", &[Text], "", "What `ssh` calls it: `node1`, `me@node1`.").required(),
            Field::one("jobs", &[Int(1, 10_000)], "1", "Trials at a time on this machine."),
        ]],
        "A machine.",
        "host \"node1\" jobs=2",
    ),
];

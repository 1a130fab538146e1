//! Jobs of a Slurm cluster: `sbatch`, `squeue` and `scancel`, each of which may hang and has so long.

mod rows;

use super::command::{Said, Silent, ask};
use super::remote::queue::{Queue, Refusal, Row, Sending};
use super::remote::{Remote, Use, quoted};
use crate::document::launchers::SlurmSettings;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// What people call it.
pub const WORD: &str = "slurm";
/// How long a command may take: one that cannot reach its controller waits for ever.
const WAIT: Duration = Duration::from_secs(15);
/// The exit code of a job that lacks a module.
const NO_MODULE: i32 = 96;

/// Workers as jobs of the cluster that this machine's Slurm belongs to.
pub fn slurm(program: PathBuf, settings: SlurmSettings) -> Remote {
    let used = Use { bundle: settings.bundle, grace: settings.grace };
    Remote::new(program, Arc::new(Slurm { settings }), used)
}

/// What the queue has for a pipeline's jobs, for somebody who only looks.
///
/// # Errors
/// That Slurm does not answer, in words.
pub fn rows(tag: &str) -> Result<Vec<Row>, String> {
    Slurm { settings: SlurmSettings::default() }.look(tag)
}

struct Slurm {
    settings: SlurmSettings,
}

impl Slurm {
    /// The words of `sbatch`, which reads the script from its input.
    fn words(&self, job: &Sending) -> Vec<String> {
        let mut words: Vec<String> =
            ["--parsable", "--no-requeue", "--output=/dev/null", "--chdir=/", "--nodes=1", "--ntasks=1"].map(String::from).to_vec();
        words.push(format!("--job-name={}", job.tag));
        words.push(format!("--comment={}", job.about));
        words.push(format!("--cpus-per-task={}", job.threads));
        let s = &self.settings;
        words.extend(s.partition.iter().map(|p| format!("--partition={p}")));
        words.extend(s.gres.iter().map(|g| format!("--gres={g}")));
        let minutes = s.time.map(|time| (time.as_secs_f64() / 60.0).ceil().max(1.0) as u64);
        words.extend(minutes.map(|m| format!("--time={m}")));
        words.extend(s.memory.map(|bytes| format!("--mem={}M", bytes.div_ceil(1 << 20).max(1))));
        let lead = minutes.map_or(s.lead, |m| s.lead.min(Duration::from_secs(m * 60 - 1)));
        words.push(format!("--signal=B:USR1@{}", lead.as_secs().clamp(1, 65_535)));
        words
    }

    fn script(&self, job: &Sending) -> String {
        let (options, others): (Vec<_>, Vec<_>) = self.settings.lines.iter().partition(|line| line.trim_start().starts_with("#SBATCH"));
        // Modules are a function of login shells.
        let shell = if self.settings.modules.is_empty() { "#!/bin/sh" } else { "#!/bin/bash -l" };
        let mut script = format!("{shell}\n");
        options.iter().for_each(|line| script += &format!("{}\n", line.trim_start()));
        script += &job.script.arrive;
        others.iter().for_each(|line| script += &format!("{line}\n"));
        for module in &self.settings.modules {
            let (module, failed) = (quoted(module), quoted(&format!("module load {module} failed")));
            script += &format!("module load {module} || {{ echo {failed}; exit {NO_MODULE}; }}\n");
        }
        script + &job.script.work
    }
}

fn run(program: &str, words: &[String], input: &[u8]) -> Result<Said, Silent> {
    let mut command = Command::new(program);
    command.args(words).env("SLURM_TIME_FORMAT", "%s");
    // What a user sets for the commands of a shell, or another job has set, is not meant for these.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if ["SBATCH_", "SQUEUE_", "SCANCEL_"].iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name.as_ref());
        }
    }
    ask(&mut command, input, WAIT)
}

impl Queue for Slurm {
    fn word(&self) -> &'static str {
        WORD
    }

    fn send(&self, job: &Sending) -> Result<String, Refusal> {
        match run("sbatch", &self.words(job), self.script(job).as_bytes()) {
            Ok(said) if said.ok => rows::id(&said.out).ok_or_else(|| Refusal::NotNow("sbatch gave no number of a job".into())),
            Ok(said) if rows::is_passing(&said.err) => Err(Refusal::NotNow(said.err)),
            Ok(said) => Err(Refusal::Never(if said.err.is_empty() { "sbatch failed without a word".into() } else { said.err })),
            Err(Silent::Hung(said)) => Err(Refusal::NotNow(hung("sbatch", &said))),
            Err(Silent::Absent(why)) => Err(Refusal::Never(why)),
        }
    }

    fn look(&self, tag: &str) -> Result<Vec<Row>, String> {
        let words = ["--noheader", "--states=all", &format!("--name={tag}"), &format!("--format={}", rows::FORMAT)].map(String::from);
        match run("squeue", &words, &[]) {
            Ok(said) if said.ok => Ok(rows::rows(&said.out)),
            Ok(said) => Err(said.err),
            Err(Silent::Hung(said)) => Err(hung("squeue", &said)),
            Err(Silent::Absent(why)) => Err(why),
        }
    }

    fn cancel(&self, ids: &[String]) -> Result<(), String> {
        let ids: Vec<String> = ids.iter().filter(|id| rows::is_id(id)).cloned().collect();
        match run("scancel", &ids, &[]) {
            // One that has ended is an error of its own, and no trouble.
            Ok(said) if said.ok || !rows::is_passing(&said.err) => Ok(()),
            Ok(said) => Err(said.err),
            Err(Silent::Hung(said)) => Err(hung("scancel", &said)),
            Err(Silent::Absent(why)) => Err(why),
        }
    }

    fn waits(&self, reason: &str) -> Option<String> {
        rows::waits(reason)
    }
}

fn hung(program: &str, said: &str) -> String {
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    format!("{program} was ended after {} s{said}", WAIT.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::launch::remote::queue::Script;

    fn sending() -> Sending {
        let script = Script { arrive: "cd '/s'\n".into(), work: "worker\n".into() };
        Sending { tag: "nf-1".into(), about: "ab#1-c".into(), script, threads: 3 }
    }

    #[test]
    fn what_is_asked_for_is_words_and_what_is_done_is_lines() {
        let settings = SlurmSettings {
            partition: Some("gpu".into()),
            gres: Some("gpu:1".into()),
            time: Some(Duration::from_secs(90)),
            memory: Some(1_000_000_000),
            modules: vec!["it's/1".into()],
            lines: vec!["export A=1".into(), " #SBATCH --account=a".into()],
            ..SlurmSettings::default()
        };
        let slurm = Slurm { settings };
        let words = slurm.words(&sending());
        for wanted in [
            "--job-name=nf-1",
            "--comment=ab#1-c",
            "--cpus-per-task=3",
            "--partition=gpu",
            "--gres=gpu:1",
            "--time=2",
            "--mem=954M",
            "--signal=B:USR1@90",
            "--no-requeue",
        ] {
            assert!(words.iter().any(|w| w == wanted), "{wanted}: {words:?}");
        }
        let wanted = "#!/bin/bash -l\n#SBATCH --account=a\ncd '/s'\nexport A=1\nmodule load 'it'\\''s/1' || { echo 'module load it'\\''s/1 failed'; exit 96; }\nworker\n";
        assert_eq!(slurm.script(&sending()), wanted);
        let slurm = Slurm { settings: SlurmSettings::default() };
        assert_eq!(slurm.script(&sending()), "#!/bin/sh\ncd '/s'\nworker\n");
        assert!(!slurm.words(&sending()).iter().any(|w| w.starts_with("--time") || w.starts_with("--mem")));
    }

    #[test]
    fn the_signal_comes_before_the_end_of_a_short_job() {
        let of = |time, lead| {
            let settings =
                SlurmSettings { time: Some(Duration::from_secs(time)), lead: Duration::from_secs(lead), ..SlurmSettings::default() };
            Slurm { settings }.words(&sending()).into_iter().find(|w| w.starts_with("--signal")).expect("a signal")
        };
        assert_eq!(of(60, 90), "--signal=B:USR1@59");
        assert_eq!(of(7200, 30), "--signal=B:USR1@30");
        assert_eq!(of(360_000, 200_000), "--signal=B:USR1@65535");
    }
}

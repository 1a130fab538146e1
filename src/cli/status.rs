//! `nasflow status`: how far a pipeline is, what is at work on it, and what waits for it in a cluster's queue.

use super::arguments::StatusArguments;
use super::failure::Failure;
use super::load::{self, Access};
use super::{configuration, print};
use crate::base::counted;
use crate::document::Pipeline;
use crate::plan::{Replay, State};
use crate::report::number;
use crate::report::table::Table;
use crate::run::launch::remote::intents::{self, Intent};
use crate::run::launch::remote::queue::{self, Row};
use crate::run::launch::slurm;
use crate::run::live::{Said, heard};
use crate::run::observe::now;
use crate::run::todo::expected;
use crate::store::Store;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// How far a stage is.
#[derive(Serialize)]
struct Stage {
    stage: String,
    /// Models done or failed, known so far, and that it will have at most.
    done: usize,
    known: usize,
    of: usize,
}

/// A job of the queue.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Job {
    job: String,
    /// What it works on, or waits to; none where only the queue knows.
    label: Option<String>,
    /// `running` or `pending`.
    state: &'static str,
    reason: String,
    machine: String,
    /// Seconds since 1970.
    since: Option<u64>,
}

pub fn run(arguments: &StatusArguments) -> Result<ExitCode, Failure> {
    let pipeline = load::pipeline(&arguments.file)?;
    let Some(store) = load::store(&arguments.file, Access::Read)? else {
        print::note(&load::no_store(&arguments.file));
        return Ok(ExitCode::SUCCESS);
    };
    let prepared = load::prepared(pipeline, Some(&store), &arguments.file, true)?;
    let device = load::device(&arguments.numerics)?;
    let mut known = crate::run::StoreKnown::new(Some(&store));
    let replay = prepared.engine(device.numerics()).replay(&mut known);
    if let Some(error) = known.error {
        return Err(error.into());
    }
    let name = &prepared.pipeline.name;
    let stages = stages(&prepared.pipeline, &replay);
    let said = Store::at_work(store.root(), name)?.map(|run| heard(&run.said).unwrap_or_default());
    let sent = intents::peek(store.root(), slurm::WORD, name);
    let configured = configuration::configuration()?.run.launcher.is_some_and(|word| word == slurm::WORD);
    let queue = (configured || !sent.is_empty()).then(|| slurm::rows(&intents::tag(store.root(), name)));
    let jobs = queue.map(|rows| rows.map(|rows| jobs(&rows, &sent, &labels(&replay))));
    if arguments.json {
        let (jobs, fault) = match jobs {
            Some(Ok(jobs)) => (Some(jobs), None),
            Some(Err(why)) => (None, Some(why)),
            None => (None, None),
        };
        let text = json!({ "pipeline": name, "finished": replay.finished(), "stages": stages, "at-work": said, "jobs": jobs, "queue-fault": fault });
        print::out(&(serde_json::to_string_pretty(&text).map_err(|e| e.to_string())? + "\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = far(&stages, replay.finished());
    text += &at_work(said.as_ref());
    text += &match jobs {
        Some(Ok(jobs)) => queued(&jobs),
        Some(Err(why)) => format!("\nSlurm does not answer: {why}\n"),
        None => String::new(),
    };
    print::out(&text);
    Ok(ExitCode::SUCCESS)
}

fn stages(pipeline: &Pipeline, replay: &Replay) -> Vec<Stage> {
    let of = |(stage, seen): (&crate::document::Stage, &crate::plan::StageReplay)| {
        let known = seen.slots.len();
        let points = stage.evaluate().map_or(1, |e| e.at.len().max(1));
        let of = if seen.complete { known } else { (expected(pipeline, &stage.name.value) * points).max(known) };
        let done = seen.slots.iter().filter(|s| s.state != State::Pending).count();
        Stage { stage: stage.name.value.clone(), done, known, of }
    };
    pipeline.stages.iter().zip(&replay.stages).map(of).collect()
}

/// What works are called, by their keys.
fn labels(replay: &Replay) -> BTreeMap<String, String> {
    replay.works.iter().map(|work| (work.key().hex(), work.label())).collect()
}

fn jobs(rows: &[Row], sent: &[Intent], labels: &BTreeMap<String, String>) -> Vec<Job> {
    let there = rows.iter().filter(|row| !matches!(row.state, queue::State::Gone(_)));
    let job = |row: &Row| {
        // Of the attempts that a job has had, the one that is written down is the one that it is on.
        let on = sent.iter().find(|i| i.home.1 == row.name || i.job.as_ref() == Some(&row.id));
        Job {
            job: row.id.clone(),
            label: on.and_then(|intent| labels.get(&intent.key.hex()).cloned()),
            state: if row.state == queue::State::Waiting { "pending" } else { "running" },
            reason: row.reason.clone(),
            machine: row.machine.clone(),
            since: row.since,
        }
    };
    there.map(job).collect()
}

fn far(stages: &[Stage], finished: bool) -> String {
    let mut table = Table::new(["stage", ">done", ">of at most"]);
    stages.iter().for_each(|s| table.row([s.stage.clone(), s.done.to_string(), s.of.to_string()]));
    let rest = if finished { "everything is done\n" } else { "" };
    table.render(0, print::columns()) + rest
}

fn at_work(said: Option<&Said>) -> String {
    let Some(said) = said else { return "\nno run is at work on it\n".into() };
    let left = said.seconds_left.map_or(String::new(), |s| format!(", about {} left", number::duration(s)));
    let stopping = if said.stopping { ", stopping" } else { "" };
    let mut out = format!(
        "\na run is at work since {}, {} at a time{left}{stopping}\n",
        number::duration(now().saturating_sub(said.begun) as f64),
        counted(said.jobs, "trial")
    );
    for working in &said.working {
        let far = if working.of > 0 { format!("  {} of {}", working.done, working.of) } else { String::new() };
        out += &format!("  {}: {}{far}\n", working.kind, working.label);
    }
    out
}

fn queued(jobs: &[Job]) -> String {
    if jobs.is_empty() {
        return "\nno job is in Slurm's queue\n".into();
    }
    let running = jobs.iter().filter(|job| job.state == "running").count();
    let mut table = Table::new(["job", "state", "since", "machine or reason", "works on"]);
    for job in jobs {
        let since = job.since.map_or("–".into(), |since| number::duration(now().saturating_sub(since) as f64));
        let place = if job.state == "running" { &job.machine } else { &job.reason };
        table.row([job.job.clone(), job.state.into(), since, place.clone(), job.label.clone().unwrap_or_else(|| "–".into())]);
    }
    let pending = jobs.len() - running;
    format!("\nSlurm: {}, {pending} pending\n{}", counted(running, "running job"), table.render(0, print::columns()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Digest;
    use crate::run::launch::remote::queue::How;

    #[test]
    fn jobs_are_called_by_what_they_work_on() {
        let row = |id: &str, name: &str, state| Row {
            id: id.into(),
            name: name.into(),
            state,
            reason: "Priority".into(),
            machine: "n1".into(),
            since: None,
        };
        let rows = [
            row("7", "1-a", queue::State::Working),
            row("8", "1-b", queue::State::Waiting),
            row("9", "1-c", queue::State::Gone(How::Itself)),
        ];
        let key = Digest::of(b"k");
        let intent = Intent {
            name: "2-d".into(),
            lock: key,
            key,
            assignment: key,
            threads: 1,
            home: (key, "1-a".into()),
            job: Some("7".into()),
            run: String::new(),
        };
        let labels = BTreeMap::from([(key.hex(), "short: trials #1".to_string())]);
        let text = queued(&jobs(&rows, &[intent], &labels));
        let lines: Vec<Vec<&str>> = text.lines().map(|l| l.split_whitespace().collect()).collect();
        assert!(text.contains("Slurm: 1 running job, 1 pending"), "{text}");
        assert!(lines.contains(&vec!["7", "running", "–", "n1", "short:", "trials", "#1"]), "{text}");
        assert!(lines.contains(&vec!["8", "pending", "–", "Priority", "–"]), "{text}");
        assert!(!text.contains('9'), "{text}");
    }
}

//! What is said of an event to people, whether or not there are bars.

use crate::report::{number, time};
use crate::run::{Event, observe};
use std::path::Path;

/// What both kinds for people say of an event; none for those that only move a bar.
pub fn sentence(event: &Event) -> Option<String> {
    match event {
        Event::Begin { pipeline, numerics, jobs, threads, store } => {
            let (trials, each) = (if *jobs == 1 { "trial" } else { "trials" }, if *threads == 1 { "thread" } else { "threads" });
            let here = std::env::current_dir().ok();
            let store = here.and_then(|h| Path::new(store).strip_prefix(h).ok().map(|p| p.display().to_string())).unwrap_or(store.clone());
            Some(format!("{pipeline}: {jobs} {trials} at a time, {threads} {each} each, numerics {numerics}, store {store}"))
        }
        Event::Finished { failed: Some(why), alike, .. } if *alike > 0 => again(*alike, "trials", why),
        Event::Finished { subject, result, seconds, .. } if *seconds >= 0.05 => {
            Some(format!("{}: {result} ({})", subject.label, number::duration(*seconds)))
        }
        Event::Finished { subject, result, .. } => Some(format!("{}: {result}", subject.label)),
        // That a trial is given up is said a few times more.
        Event::AttemptFailed { reason, alike, again: next, .. } if *alike > if *next { 2 } else { 9 } => again(*alike, "attempts", reason),
        // Nothing depends on what a machine says of a model: no trial fails without it.
        Event::AttemptFailed { subject, reason, again, .. } if subject.kind == observe::KIND => {
            let next = if *again { "; trying again" } else { "" };
            Some(format!("{}: latency is not measured: {reason}{next}", subject.label))
        }
        Event::AttemptFailed { subject, attempt: 0, reason, .. } => {
            Some(format!("{}: not started: {reason}; it counts as failed", subject.label))
        }
        Event::AttemptFailed { subject, attempt, reason, again, .. } => {
            let next = if *again { "trying again" } else { "giving up: it counts as failed" };
            Some(format!("{}: attempt {attempt} failed: {reason}; {next}", subject.label))
        }
        Event::Estimate { todo, time } => Some(format!("{}\n{}", time::todo(todo), time::time(todo, time.as_ref().map(|t| &t.speed)))),
        Event::Note { message } => Some(message.clone()),
        // That something runs for the first time is no news.
        Event::Reasons { stage, reasons } => {
            let told: Vec<&str> = reasons.iter().filter(|r| !r.reason.is_plain()).map(|r| r.sentence.as_str()).collect();
            (!told.is_empty()).then(|| format!("{stage}: {}", told.join("; ")))
        }
        Event::Stopping => Some("stopping: workers write checkpoints (again to stop at once)".into()),
        Event::Started { .. } | Event::Progress { .. } | Event::Stages { .. } | Event::Answer { .. } | Event::Ended { .. } => None,
    }
}

/// Of failures that are all alike only every tenfold is said again, with how many there were.
fn again(alike: usize, what: &str, why: &str) -> Option<String> {
    let count = alike + 1;
    let round = (1..).map(|p| 10usize.pow(p)).take_while(|p| *p <= count).any(|p| p == count);
    round.then(|| format!("{count} {what} have failed alike, the last: {why}"))
}

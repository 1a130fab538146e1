//! Progress of a run: bars on a terminal, plain lines otherwise, JSON events for programs.

use super::print;
use crate::report::number;
use crate::run::{Event, Events};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

/// The listener that fits the output.
pub fn listener(json: bool) -> Box<dyn Events> {
    if json {
        Box::new(Json)
    } else if std::io::stderr().is_terminal() {
        Box::new(Bars { all: MultiProgress::new(), bars: HashMap::new(), total: None })
    } else {
        Box::new(Lines { said: HashMap::new() })
    }
}

/// One JSON object a line on the output.
struct Json;

impl Events for Json {
    fn on(&mut self, event: Event) {
        if let Ok(line) = serde_json::to_string(&event) {
            print::out(&(line + "\n"));
        }
    }
}

/// What both kinds for people say of an event; none for those that only move a bar.
fn sentence(event: &Event) -> Option<String> {
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
        Event::AttemptFailed { subject, attempt, reason, again, .. } => {
            let next = if *again { "trying again" } else { "giving up: it counts as failed" };
            Some(format!("{}: attempt {attempt} failed: {reason}; {next}", subject.label))
        }
        Event::Note { message } => Some(message.clone()),
        Event::Stopping => Some("stopping: workers write checkpoints (again to stop at once)".into()),
        Event::Started { .. } | Event::Progress { .. } | Event::Stages { .. } | Event::Answer { .. } => None,
    }
}

/// Of failures that are all alike only every tenfold is said again, with how many there were.
fn again(alike: usize, what: &str, why: &str) -> Option<String> {
    let count = alike + 1;
    let round = (1..).map(|p| 10usize.pow(p)).take_while(|p| *p <= count).any(|p| p == count);
    round.then(|| format!("{count} {what} have failed alike, the last: {why}"))
}

/// Plain lines on the error stream; a line of progress at most every 20 seconds a trial.
struct Lines {
    said: HashMap<String, Instant>,
}

impl Events for Lines {
    fn on(&mut self, event: Event) {
        match &event {
            Event::Started { subject, .. } => {
                self.said.insert(subject.key.clone(), Instant::now());
            }
            Event::Progress { subject, done, of, loss } => {
                let due = self.said.get(&subject.key).is_none_or(|t| t.elapsed() > Duration::from_secs(20));
                if due {
                    self.said.insert(subject.key.clone(), Instant::now());
                    let loss = loss.map_or(String::new(), |l| format!(", loss {l:.4}"));
                    print::note(&format!("{}: {done}/{of}{loss}", subject.label));
                }
            }
            other => {
                if let Some(line) = sentence(other) {
                    print::note(&line);
                }
            }
        }
    }
}

/// One bar a running trial and one for all.
struct Bars {
    all: MultiProgress,
    bars: HashMap<String, ProgressBar>,
    total: Option<ProgressBar>,
}

impl Bars {
    fn style(template: &str) -> ProgressStyle {
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━━ ")
    }
}

impl Events for Bars {
    fn on(&mut self, event: Event) {
        if let Some(line) = sentence(&event) {
            let _ = self.all.println(line);
        }
        match event {
            Event::Started { subject, from, .. } => {
                let bar = self.all.add(ProgressBar::new(0));
                bar.set_style(Self::style("  {msg:40} {bar:24} {pos}/{len} {eta}"));
                bar.set_message(subject.label);
                bar.set_position(from);
                self.bars.insert(subject.key, bar);
            }
            Event::Progress { subject, done, of, loss } => {
                let label = subject.label;
                if let Some(bar) = self.bars.get(&subject.key) {
                    bar.set_length(of);
                    bar.set_position(done);
                    bar.set_message(loss.map_or_else(|| label.clone(), |l| format!("{label} loss {l:.3}")));
                }
            }
            Event::Finished { subject, .. } | Event::AttemptFailed { subject, .. } => {
                if let Some(bar) = self.bars.remove(&subject.key) {
                    bar.finish_and_clear();
                }
            }
            Event::Stages { stages, .. } => {
                let bar = self.total.get_or_insert_with(|| {
                    let bar = self.all.add(ProgressBar::new(0));
                    bar.set_style(Self::style("  {elapsed} {msg}"));
                    bar.enable_steady_tick(Duration::from_secs(1));
                    bar
                });
                let parts: Vec<String> =
                    stages.iter().map(|s| format!("{} {}/{}{}", s.stage, s.done, s.known, if s.complete { "" } else { "+" })).collect();
                bar.set_message(parts.join("  "));
                bar.tick();
            }
            _ => {}
        }
    }
}

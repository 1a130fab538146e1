//! Progress of a run: bars on a terminal, plain lines otherwise, JSON events for programs.

use super::bars::Bars;
use super::print;
use super::sentence::sentence;
use crate::report::number;
use crate::run::events::Whole;
use crate::run::{Event, Events};
use std::collections::HashMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// The listener that fits the output.
pub fn listener(json: bool) -> Box<dyn Events> {
    if json {
        Box::new(Json)
    } else if std::io::stderr().is_terminal() {
        Box::new(Bars::new())
    } else {
        Box::new(Lines { said: HashMap::new(), whole: Instant::now() })
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

/// Plain lines on the error stream; a line of progress at most every 20 seconds a trial.
struct Lines {
    said: HashMap<String, Instant>,
    /// When the run as a whole was spoken of.
    whole: Instant,
}

/// `12/40 done, about 3 min 5 s left, best map50 0.412 (trials #3)`
fn standing(whole: &Whole) -> String {
    let left = whole.seconds_left.map(|s| format!(", about {} left", number::duration(s.max(1.0))));
    let best = whole.best.as_ref().map(|b| format!(", best {} {:.3} ({})", b.metric, b.value, b.model));
    format!("{}/{} done{}{}", whole.done, whole.of, left.unwrap_or_default(), best.unwrap_or_default())
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
            Event::Stages { whole, .. } if self.whole.elapsed() > Duration::from_secs(30) && whole.done < whole.of => {
                self.whole = Instant::now();
                print::note(&standing(whole));
            }
            other => {
                if let Some(line) = sentence(other) {
                    print::note(&line);
                }
            }
        }
    }
}

/// A smoke run works on one batch: that each stage works is all that its results say.
pub struct Smoke(pub Box<dyn Events>);

impl Events for Smoke {
    fn on(&mut self, event: Event) {
        self.0.on(match event {
            Event::Finished { subject, failed, alike, result, seconds, .. } => {
                let result = if failed.is_some() { result } else { "works".into() };
                Event::Finished { subject, metric: None, value: None, failed, alike, result, seconds }
            }
            Event::Progress { subject, done, of, .. } => Event::Progress { subject, done, of, loss: None },
            Event::Stages { stages, whole } => Event::Stages { stages, whole: Whole { best: None, seconds_left: None, ..whole } },
            Event::Answer { .. } | Event::Estimate { .. } | Event::Ended { .. } => return,
            other => other,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::events::Subject;
    use crate::run::observe;
    use std::sync::{Arc, Mutex};

    struct Heard(Arc<Mutex<Vec<String>>>);

    impl Events for Heard {
        fn on(&mut self, event: Event) {
            self.0.lock().unwrap().extend(sentence(&event));
        }
    }

    #[test]
    fn a_measurement_that_fails_is_no_failed_trial() {
        let subject =
            Subject { key: "k".into(), kind: observe::KIND, stage: "score".into(), model: None, label: "score: trials #0".into() };
        let failed = |attempt: usize, again: bool| {
            sentence(&Event::AttemptFailed { subject: subject.clone(), attempt, reason: "no memory".into(), alike: 0, again })
        };
        assert_eq!(failed(1, true).as_deref(), Some("score: trials #0: latency is not measured: no memory; trying again"));
        assert_eq!(failed(3, false).as_deref(), Some("score: trials #0: latency is not measured: no memory"));
    }

    #[test]
    fn a_smoke_run_says_that_stages_work_and_no_figures() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let mut smoke = Smoke(Box::new(Heard(heard.clone())));
        let subject = |label: &str| Subject { key: "k".into(), kind: "metric", stage: "score".into(), model: None, label: label.into() };
        let finished = |label: &str, failed: Option<String>| Event::Finished {
            subject: subject(label),
            metric: Some("map50".into()),
            value: Some(0.412),
            failed,
            alike: 0,
            result: "map50 0.412".into(),
            seconds: 0.0,
        };
        smoke.on(finished("score: trials #0", None));
        smoke.on(Event::Note { message: "a note".into() });
        assert_eq!(*heard.lock().unwrap(), ["score: trials #0: works", "a note"]);
    }
}

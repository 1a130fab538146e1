//! What a run says of itself while it is at work, for whoever looks from another process: `nasflow serve`.
//!
//! It hears what the listener of the run hears, and keeps the last of each: how far stages and trials are. Nothing is computed from
//! it. A run that cannot say how far it is goes on.

use super::events::{Event, Events, StageProgress, Subject, Whole};
use crate::store::{Alive, Store, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often it is said how far trainings are.
const OFTEN: Duration = Duration::from_millis(700);

/// What a run says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case", default)]
pub struct Said {
    /// When it began, in seconds since 1970.
    pub begun: u64,
    /// Worker processes at a time.
    pub jobs: usize,
    /// Seconds that it will still take, where that is known.
    pub seconds_left: Option<f64>,
    /// Models done or failed, over all stages that train or measure, and models that these will have.
    pub whole: (usize, usize),
    /// How far each stage is: its name, models done or failed, models that it will have at most.
    pub stages: Vec<(String, usize, usize)>,
    /// What is in work, in the order in which it began.
    pub working: Vec<Working>,
    /// Whether it was asked to stop.
    pub stopping: bool,
}

/// Something in work.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case", default)]
pub struct Working {
    /// For people: `short: trials #12`.
    pub label: String,
    /// The kind of action: `train`, `predict`, ….
    pub kind: String,
    /// The stage that asked.
    pub stage: String,
    /// Iterations or images done.
    pub done: u64,
    /// Of; 0 until it is known.
    pub of: u64,
    /// The last loss, where it trains.
    pub loss: Option<f64>,
}

/// What is said by a run; none where nothing was said, or by another version.
pub fn heard(said: &[u8]) -> Option<Said> {
    serde_json::from_slice(said).ok()
}

/// A listener before the run's own.
pub struct Live<'a> {
    events: &'a mut dyn Events,
    alive: Option<Alive>,
    said: Said,
    working: BTreeMap<(usize, String), Working>,
    count: usize,
    last: Option<Instant>,
}

impl<'a> Live<'a> {
    /// Of a run of this pipeline that begins now.
    ///
    /// # Errors
    /// A store that cannot be written.
    pub fn new(store: &Store, pipeline: &str, events: &'a mut dyn Events) -> Result<Self, StoreError> {
        let begun = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let alive = Some(store.alive(pipeline)?);
        let said = Said { begun, ..Said::default() };
        let mut live = Live { events, alive, said, working: BTreeMap::new(), count: 0, last: None };
        live.say(true);
        Ok(live)
    }

    /// What the run is known by while it lives.
    pub fn token(&self) -> String {
        self.alive.as_ref().map(Alive::token).unwrap_or_default()
    }

    fn note(&mut self, event: &Event) -> bool {
        match event {
            Event::Begin { jobs, .. } => self.said.jobs = *jobs,
            Event::Stages { stages, whole } => self.stages(stages, whole),
            Event::Started { subject, from, .. } => {
                self.end(subject);
                let working = Working {
                    label: subject.label.clone(),
                    kind: subject.kind.to_string(),
                    stage: subject.stage.clone(),
                    done: *from,
                    ..Working::default()
                };
                self.count += 1;
                self.working.insert((self.count, subject.key.clone()), working);
            }
            Event::Progress { subject, done, of, loss } => {
                let working = self.working.iter_mut().find(|((_, key), _)| *key == subject.key).map(|(_, w)| w);
                if let Some(working) = working {
                    (working.done, working.of) = (*done, *of);
                    working.loss = loss.filter(|l| l.is_finite()).or(working.loss);
                }
                return false;
            }
            Event::Finished { subject, .. } | Event::AttemptFailed { subject, .. } => self.end(subject),
            Event::Stopping => self.said.stopping = true,
            _ => return false,
        }
        true
    }

    fn stages(&mut self, stages: &[StageProgress], whole: &Whole) {
        self.said.stages = stages.iter().map(|s| (s.stage.clone(), s.done, s.of)).collect();
        self.said.whole = (whole.done, whole.of);
        self.said.seconds_left = whole.seconds_left.filter(|s| s.is_finite());
    }

    fn end(&mut self, subject: &Subject) {
        self.working.retain(|(_, key), _| *key != subject.key);
    }

    /// Says how far it is, unless that was just said.
    fn say(&mut self, now: bool) {
        let due = self.last.is_none_or(|last| last.elapsed() >= if now { OFTEN / 3 } else { OFTEN });
        let Some(alive) = self.alive.as_ref().filter(|_| due) else { return };
        self.last = Some(Instant::now());
        self.said.working = self.working.values().cloned().collect();
        // Plain data: it cannot fail to be written as JSON. A disk that is full ends no run here.
        let _ = alive.say(&serde_json::to_vec(&self.said).unwrap_or_default());
    }
}

impl Events for Live<'_> {
    fn on(&mut self, event: Event) {
        let matters = self.note(&event);
        self.say(matters);
        self.events.on(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::events::Silent;

    #[test]
    fn what_is_in_work_is_said_and_gone_when_it_is_done() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(&dir.path().join("cache"), true).expect("a store");
        let mut silent = Silent;
        let mut live = Live::new(&store, "p", &mut silent).expect("at work");
        let subject = |key: &str| Subject { key: key.into(), kind: "train", stage: "s".into(), model: None, label: format!("s: {key}") };
        let tell = |event: Event, live: &mut Live| {
            live.last = None;
            live.on(event);
            heard(&Store::at_work(store.root(), "p").expect("listed").expect("at work").said).expect("said")
        };
        let said = tell(Event::Started { subject: subject("b"), attempt: 1, from: 3 }, &mut live);
        assert_eq!((said.working.len(), said.working[0].done), (1, 3));
        tell(Event::Started { subject: subject("a"), attempt: 1, from: 0 }, &mut live);
        let said = tell(Event::Progress { subject: subject("a"), done: 5, of: 9, loss: Some(f64::NAN) }, &mut live);
        assert_eq!(said.working.iter().map(|w| (w.label.as_str(), w.done, w.of)).collect::<Vec<_>>(), [("s: b", 3, 0), ("s: a", 5, 9)]);
        let ended = Event::AttemptFailed { subject: subject("b"), attempt: 1, reason: "x".into(), alike: 0, again: true };
        assert_eq!(tell(ended, &mut live).working.len(), 1);
        drop(live);
        assert_eq!(Store::at_work(store.root(), "p").expect("listed"), None);
    }
}

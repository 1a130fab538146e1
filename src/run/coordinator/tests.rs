//! Runs whose attempts fail on demand.

use super::run;
use crate::document::{self, Files, Params};
use crate::nn::DeviceChoice;
use crate::plan::{Engine, winner};
use crate::run::events::{Event, Events, Silent};
use crate::run::job::Job;
use crate::run::job::files::{JOURNAL, assignment_file, checkpoint_of};
use crate::run::launch::Start;
use crate::run::launch::on_demand::{Fate, OnDemand};
use crate::run::options::{Options, Report, RunEnd};
use crate::run::packs::{Packs, Waiting};
use crate::run::prepare::{Look, Prepared, prepare};
use crate::run::{RunError, StoreKnown, history, launch, observe};
use crate::store::{Attempt, Store};
use std::cell::RefCell;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tempfile::TempDir;

mod limits;

/// Two networks, each trained for an epoch of one batch.
const PIPELINE: &str = r#"
pipeline "failing"
data "shapes" generate=shapes images=16 image-size=32 { split train=0.5 val=0.5 }
space "tiny" {
    network width=0.125 {
        input "shapes"
        conv 64 stride=2 { kernel 3 5 }
        conv 128 kernel=3 stride=2
        conv 256 kernel=3 stride=2 as="out3"
        conv 256 kernel=3 stride=2 as="out4"
        conv 256 kernel=3 stride=2 as="out5"
        detect "out3" "out4" "out5" anchors=auto
    }
}
sample   "trials" { from "tiny"; strategy random; trials 2 }
train    "short" { from "trials"; data "shapes" split=train; recipe yolov5-short; epochs 1 }
evaluate "score" { from "short"; data "shapes" split=val; metrics map50 }
select   "best"  { from "score"; top 1 by=map50 }
"#;

struct One(String);

impl Files for One {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into_bytes())
    }
}

/// Keeps what it hears, and may do something about it.
struct Recorder<'r> {
    heard: Vec<Event>,
    hook: Box<dyn FnMut(&Event) + 'r>,
}

impl Events for Recorder<'_> {
    fn on(&mut self, event: Event) {
        (self.hook)(&event);
        self.heard.push(event);
    }
}

struct Place {
    dir: TempDir,
    prepared: Prepared,
    options: Options,
}

impl Place {
    fn new(text: &str) -> Place {
        let dir = tempfile::tempdir().expect("a directory");
        let loaded =
            document::load(&crate::language(), "p.kdl", &mut One(text.to_string()), &Params::default(), document::Options::default());
        let prepared = prepare(loaded.unwrap_or_else(|e| panic!("{e}")), None, Look::default()).unwrap_or_else(|e| panic!("{e}"));
        Place { dir, prepared, options: Options::new(DeviceChoice::Fast) }
    }

    fn run(&self, fate: impl FnMut(&Start) -> Fate, hook: impl FnMut(&Event)) -> (Result<Report, RunError>, Vec<Event>) {
        let store = Store::open(&self.dir.path().join("cache"), true).expect("a store");
        let mut events = Recorder { heard: Vec::new(), hook: Box::new(hook) };
        let report = run(&self.prepared, &store, &self.options, &mut OnDemand::new(fate), &mut events);
        (report, events.heard)
    }

    /// With what becomes of trainings; everything else works.
    fn trainings(&self, mut fate: impl FnMut(usize) -> Fate) -> (Report, Vec<Event>) {
        let mut trainings = 0;
        let (report, events) = self.run(
            |start| {
                if !trains(start) {
                    return Fate::Work;
                }
                trainings += 1;
                fate(trainings)
            },
            |_| {},
        );
        (report.unwrap_or_else(|e| panic!("{e}")), events)
    }
}

fn trains(start: &Start) -> bool {
    let bytes = start.attempt.read(&assignment_file(start.key)).expect("readable").expect("an assignment");
    matches!(serde_json::from_slice::<crate::run::job::Assignment>(&bytes).expect("JSON").job, Job::Train(_))
}

/// (attempt, reason, whether another follows) of every failure.
fn failures(events: &[Event]) -> Vec<(usize, &str, bool)> {
    let failed =
        |e| if let &Event::AttemptFailed { attempt, ref reason, again, .. } = e { Some((attempt, reason.as_str(), again)) } else { None };
    events.iter().filter_map(failed).collect()
}

#[test]
fn whatever_ends_an_attempt_it_is_tried_again() {
    let crash = launch::Ended::Killed("crashed (signal 11)".into());
    let memory = launch::Ended::OutOfMemory("killed (signal 9): out of memory?".into());
    let lost = launch::Ended::Lost("its machine does not answer".into());
    let time = launch::Ended::TimedOut;
    for ended in [crash, memory, lost, time, launch::Ended::Failed("panicked".into())] {
        let (report, events) = Place::new(PIPELINE).trainings(|n| if n == 1 { Fate::End(ended.clone()) } else { Fate::Work });
        assert_eq!((report.ended, report.given_up.len(), report.executed["train"]), (RunEnd::Finished, 0, 2), "{ended:?}");
        assert_eq!(failures(&events), [(1, ended.to_string().as_str(), true)]);
    }
}

#[test]
fn a_trial_out_of_attempts_counts_as_failed_and_the_run_goes_on() {
    let (report, events) = Place::new(PIPELINE)
        .trainings(|n| if n <= 3 { Fate::End(launch::Ended::Killed(format!("ended by signal {n}"))) } else { Fate::Work });
    assert_eq!((report.ended, report.executed["train"]), (RunEnd::Finished, 1));
    let [given_up] = &report.given_up[..] else { panic!("{:?}", report.given_up) };
    assert_eq!(given_up.reason, "3 attempts failed: ended by signal 3");
    assert_eq!(failures(&events).iter().map(|f| (f.0, f.2)).collect::<Vec<_>>(), [(1, true), (2, true), (3, false)]);
    // All failed alike, up to a number.
    let alike: Vec<usize> =
        events.iter().filter_map(|e| if let Event::AttemptFailed { alike, .. } = e { Some(*alike) } else { None }).collect();
    assert_eq!(alike, [0, 1, 2]);
}

#[test]
fn where_every_trial_fails_the_report_has_one_reason() {
    let (report, _) = Place::new(PIPELINE).trainings(|_| Fate::End(launch::Ended::Failed("no such device".into())));
    assert_eq!((report.ended, report.given_up.len()), (RunEnd::Finished, 2));
    let [(_, 2)] = &report.failures()[..] else { panic!("{:?}", report.failures()) };
}

#[test]
fn an_attempt_that_takes_too_long_is_ended() {
    let mut place = Place::new(PIPELINE);
    place.options.timeout = Some(Duration::from_millis(300));
    let mut first = true;
    let (report, events) =
        place.run(|_| if std::mem::take(&mut first) { Fate::Hang } else { Fate::End(launch::Ended::Failed("no".into())) }, |_| {});
    assert_eq!(report.expect("a report").given_up.len(), 2);
    let failed = failures(&events);
    assert!(failed[0].1.starts_with("timed out after") && failed[0].2, "{failed:?}");
}

#[test]
fn a_broken_run_stops() {
    let (report, _) = Place::new(PIPELINE).run(|_| Fate::End(launch::Ended::Broken("the disk is full".into())), |_| {});
    let Err(RunError::Worker(why)) = report else { panic!("it went on") };
    assert!(why.contains("short: trials #0: the disk is full"), "{why}");
}

/// It used to end the others without a checkpoint, and to forget which trials it had given up.
#[test]
fn a_run_that_cannot_go_on_lets_workers_write_checkpoints_and_keeps_its_record() {
    let three = PIPELINE.replace("kernel 3 5", "kernel 3 5 7").replace("trials 2", "trials 3");
    let mut place = Place::new(&three.replace("epochs 1", "epochs 100000"));
    let chain = RefCell::new(None);
    let mut starts = 0;
    let (report, events) = {
        place.options.jobs = 2;
        let chain = &chain;
        place.run(
            move |start| {
                starts += 1;
                match starts {
                    // The first trial is out of attempts beside the second, which works.
                    1 => {
                        *chain.borrow_mut() = Some(start.lock);
                        Fate::Work
                    }
                    2..=4 => Fate::End(launch::Ended::Failed("no".into())),
                    _ => {
                        let lock = chain.borrow().expect("a chain");
                        while Attempt::peek(&start.root, lock, JOURNAL).is_none() {
                            std::thread::sleep(Duration::from_millis(5));
                        }
                        Fate::End(launch::Ended::Broken("the disk is full".into()))
                    }
                }
            },
            |_| {},
        )
    };
    let Err(RunError::Worker(why)) = report else { panic!("it went on: {events:?}") };
    assert!(why.contains("the disk is full") && events.iter().any(|e| matches!(e, Event::Stopping)), "{why}");
    let root = place.dir.path().join("cache");
    assert!(checkpoint_of(&root, chain.borrow().expect("a chain")).expect("a checkpoint").iteration > 0);
    let store = Store::open(&root, true).expect("a store");
    let given_up = history::given_up(&store, &place.prepared.pipeline).expect("readable");
    assert_eq!(given_up.iter().map(|g| g.reason.as_str()).collect::<Vec<_>>(), ["3 attempts failed: no"]);
}

#[test]
fn a_result_counts_though_its_worker_was_lost() {
    let (report, events) = Place::new(PIPELINE).trainings(|n| if n == 1 { Fate::WorkUnheard } else { Fate::Work });
    assert_eq!((report.ended, report.given_up.len()), (RunEnd::Finished, 0));
    assert!(failures(&events).is_empty(), "{events:?}");
}

#[test]
fn each_trial_is_measured_as_soon_as_it_is_trained() {
    let kinds = RefCell::new(Vec::new());
    let (report, events) = Place::new(PIPELINE).run(
        |start| {
            kinds.borrow_mut().push(trains(start));
            Fate::Work
        },
        |_| {},
    );
    report.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(kinds.into_inner(), [true, false, true, false]);
    let measured = events.iter().filter_map(|e| {
        if let Event::Finished { metric: Some(metric), value, subject, .. } = e {
            Some((metric.as_str(), value.is_some(), subject.stage.as_str()))
        } else {
            None
        }
    });
    assert_eq!(measured.collect::<Vec<_>>(), [("map50", true, "score"); 2]);
    let Some(Event::Answer { stage, metric, value, weights, .. }) = events.last() else { panic!("{events:?}") };
    assert_eq!((stage.as_str(), metric.as_deref(), value.is_some(), weights.len()), ("best", Some("map50"), true, 1));
    let last = events.iter().rev().find_map(|e| if let Event::Stages { whole, .. } = e { Some(whole) } else { None }).expect("progress");
    assert_eq!((last.done, last.of, last.seconds_left), (4, 4, Some(0.0)));
    assert!(last.best.is_some());
    let first = events.iter().find_map(|e| if let Event::Stages { whole, .. } = e { Some(whole) } else { None }).expect("progress");
    assert_eq!((first.done, first.of), (0, 4));
}

#[test]
fn a_space_without_further_candidates_is_said() {
    let (_, events) = Place::new(&PIPELINE.replace("trials 2", "trials 5")).trainings(|_| Fate::Work);
    let notes: Vec<&String> = events.iter().filter_map(|e| if let Event::Note { message } = e { Some(message) } else { None }).collect();
    let [note] = notes[..] else { panic!("{notes:?}") };
    assert!(note.starts_with("trials: ") && note.contains('2'), "{note}");
}

#[test]
fn stopped_after_a_checkpoint_the_next_run_goes_on() {
    let long = PIPELINE.replace("epochs 1", "epochs 100000");
    let place = Place::new(&long);
    let chain = RefCell::new(None);
    let stop = place.options.stop.clone();
    let fate = |start: &Start| {
        *chain.borrow_mut() = Some(start.lock);
        Fate::Work
    };
    let (report, events) = place.run(fate, |event| {
        if let Event::Progress { loss: Some(_), .. } = event {
            stop.store(1, Ordering::Relaxed);
        }
    });
    let report = report.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((report.ended, report.given_up.len()), (RunEnd::Interrupted, 0));
    assert!(events.iter().any(|e| matches!(e, Event::Stopping)) && failures(&events).is_empty());
    let store = place.dir.path().join("cache");
    let reached = checkpoint_of(&store, chain.borrow().expect("a chain")).expect("a checkpoint").iteration;
    assert!(reached > 0);
    // Not from the beginning.
    place.options.stop.store(0, Ordering::Relaxed);
    let (_, events) = place.run(
        |_| Fate::Hang,
        |event| {
            if let Event::Started { .. } = event {
                place.options.stop.store(1, Ordering::Relaxed);
            }
        },
    );
    let from = events.iter().find_map(|e| if let Event::Started { from, .. } = e { Some(*from) } else { None });
    assert_eq!(from, Some(reached));
}

#[test]
fn a_pack_is_given_up_when_the_run_is_to_end() {
    let place = Place::new(PIPELINE);
    let store = Store::open(&place.dir.path().join("cache"), true).expect("a store");
    let mut packs = Packs::default();
    let mut made = |stop: bool| {
        let data = ("shapes".to_string(), "train".to_string());
        let mut waiting = Waiting { events: &mut Silent, stop: &|| stop };
        packs.ensure(&data, 32, &place.prepared, &store, &mut waiting).unwrap_or_else(|e| panic!("{e}"))
    };
    assert_eq!(made(true), None);
    let blob = made(false).expect("a pack");
    assert!(store.blobs().has(&blob).expect("a look"));
    // What is there needs no waiting.
    assert_eq!(made(true), Some(blob));
}

#[test]
fn what_the_store_notices_is_a_note() {
    let place = Place::new(PIPELINE);
    place.run(|_| Fate::Work, |_| {}).0.unwrap_or_else(|e| panic!("{e}"));
    // A row that does not agree with its manifest's digest.
    let index = rusqlite::Connection::open(place.dir.path().join("cache/index.sqlite")).expect("an index");
    let changed = index.execute("UPDATE results SET bytes = x'00'", []).expect("a change");
    drop(index);
    assert!(changed > 0);
    let (report, events) = place.run(|_| Fate::Work, |_| {});
    report.unwrap_or_else(|e| panic!("{e}"));
    let noticed = |e: &Event| matches!(e, Event::Note { message } if message.starts_with("a row of the index was damaged"));
    assert_eq!(events.iter().filter(|e| noticed(e)).count(), 1, "{events:?}");
}

#[test]
fn what_the_machine_says_is_told_and_damaged_weights_are_made_again_for_it() {
    let mut place = Place::new(PIPELINE);
    place.run(|_| Fate::Work, |_| {}).0.unwrap_or_else(|e| panic!("{e}"));
    // The weights of a model that is not the winner: whatever the answer needs is read before a run ends.
    let store = Store::open(&place.dir.path().join("cache"), true).expect("a store");
    let mut known = StoreKnown::new(Some(&store));
    let prepared = &place.prepared;
    let replay =
        Engine::new(&prepared.pipeline, &prepared.data, &prepared.spaces, DeviceChoice::Fast.numerics().to_string()).replay(&mut known);
    let winner = winner(&prepared.pipeline, &replay).expect("a winner").candidate.digest;
    let mut others = replay.stages[2].slots.iter().filter(|s| s.model.candidate.digest != winner);
    let weights = others.next().and_then(|s| s.model.trained.as_ref()).expect("another model").runs[0].weights;
    std::fs::write(store.blobs().path(&weights), "damaged").expect("written");
    drop(store);
    let again = Place::new(&PIPELINE.replace("metrics map50", "metrics map50 latency"));
    place.prepared = again.prepared;
    let (report, events) = place.run(|_| Fate::Work, |_| {});
    let report = report.unwrap_or_else(|e| panic!("{e}"));
    // The weights come of the state, which is there: nothing is trained again.
    assert_eq!((report.ended, report.executed.get("train"), failures(&events).len()), (RunEnd::Finished, None, 1), "{events:?}");
    let told = |e: &Event| match e {
        Event::Finished { subject, metric: Some(metric), value: Some(value), result, .. } if metric == "latency" => {
            assert!(*value > 0.0 && result.starts_with("latency ") && result.ends_with(" ms"), "{result}");
            Some(subject.label.clone())
        }
        _ => None,
    };
    let mut measured: Vec<String> = events.iter().filter_map(told).collect();
    measured.sort();
    assert_eq!(measured, ["score: trials #0", "score: trials #1"]);
    let started = events.iter().filter(|e| matches!(e, Event::Started { subject, .. } if subject.kind == observe::KIND)).count();
    assert_eq!(started, 3);
}

//! The launcher of local processes, followed over files as a cluster's workers are: the same results, progress, and a stop that is
//! heard.

use crate::oneshot::open;
use crate::support::{Place, SMALL};
use nasflow::nn::DeviceChoice;
use nasflow::run::launch::local::{Follow, Local};
use nasflow::run::options::{Options, Report, RunEnd};
use nasflow::run::{Event, Events, coordinator};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

struct Recorder<'r> {
    heard: Vec<Event>,
    stop: Option<&'r AtomicUsize>,
}

impl Events for Recorder<'_> {
    fn on(&mut self, event: Event) {
        if let (Event::Progress { loss: Some(_), .. }, Some(stop)) = (&event, self.stop) {
            stop.store(1, Ordering::Relaxed);
        }
        self.heard.push(event);
    }
}

fn run(place: &Place, options: &Options, stops: bool) -> (Report, Vec<Event>) {
    let (prepared, store) = open(place);
    let mut launcher = Local::new(env!("CARGO_BIN_EXE_nasflow").into(), Follow::Files);
    let mut events = Recorder { heard: Vec::new(), stop: stops.then_some(options.stop.as_ref()) };
    let report = coordinator::run(&prepared, &store, options, &mut launcher, &mut events).unwrap_or_else(|e| panic!("{e}"));
    (report, events.heard)
}

fn options() -> Options {
    Options { jobs: 2, ..Options::new(DeviceChoice::Fast) }
}

/// Files that only workers followed over files have.
fn followed(root: &Path) -> usize {
    let attempts = std::fs::read_dir(root.join("attempts")).expect("attempts").map(|e| e.expect("a folder").path());
    let names = attempts.flat_map(|a| std::fs::read_dir(a).expect("a folder")).map(|e| e.expect("a file").file_name());
    names.filter(|n| n.to_string_lossy().starts_with("progress-") || n.to_string_lossy().starts_with("stop-")).count()
}

#[test]
fn over_files_the_results_are_the_same() {
    let pipes = Place::new(SMALL);
    pipes.run();
    let files = Place::new(SMALL);
    let (report, events) = run(&files, &options(), false);
    assert_eq!((report.ended, report.given_up.len()), (RunEnd::Finished, 0));
    assert!(events.iter().any(|e| matches!(e, Event::Progress { loss: Some(_), .. })), "progress is heard");
    assert!(files.run().nothing_executed());
    assert_eq!(files.digests(), pipes.digests());
    assert_eq!(followed(&files.path().join("cache")), 0, "what an attempt said goes with it");
}

#[test]
fn over_files_a_stop_is_heard() {
    let place = Place::new(&SMALL.replace("epochs 2", "epochs 100000"));
    let options = Options { jobs: 1, until: Some(Duration::from_secs(120)), ..options() };
    let (report, events) = run(&place, &options, true);
    assert_eq!((report.ended, report.given_up.len()), (RunEnd::Interrupted, 0), "{events:?}");
    let attempts = std::fs::read_dir(place.path().join("cache/attempts")).expect("attempts").map(|e| e.expect("a folder").path());
    assert_eq!(attempts.filter(|a| a.join("checkpoint.json").exists()).count(), 1);
}

//! What a run does at its limits: attempts, memory, a full disk.

use super::*;
use crate::document::configuration::WaitForSpace;
use crate::store::{self, Disk};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

/// What was said on the way.
fn notes(events: &[Event]) -> Vec<&str> {
    events.iter().filter_map(|e| if let Event::Note { message } = e { Some(message.as_str()) } else { None }).collect()
}

fn full(needed: u64) -> Fate {
    Fate::End(launch::Ended::Full { why: "cannot write x (9 bytes): no room".into(), needed })
}

#[test]
fn without_retries_the_first_failure_counts() {
    let mut place = Place::new(PIPELINE);
    place.options.attempts = 1;
    let (report, events) = place.trainings(|n| if n == 1 { Fate::End(launch::Ended::Failed("no".into())) } else { Fate::Work });
    assert_eq!((report.ended, report.executed["train"]), (RunEnd::Finished, 1));
    assert_eq!(report.given_up[0].reason, "1 attempt failed: no");
    assert_eq!(failures(&events), [(1, "no", false)]);
}

/// A cluster may take a job away more often than a trial may fail.
#[test]
fn an_attempt_that_is_taken_away_goes_on_and_counts_as_no_failure() {
    let mut place = Place::new(PIPELINE);
    place.options.attempts = 1;
    let (report, events) = place.trainings(|n| if n <= 5 { Fate::End(launch::Ended::Interrupted("gone".into())) } else { Fate::Work });
    assert_eq!((report.ended, report.given_up.len(), report.executed["train"]), (RunEnd::Finished, 0, 2));
    assert!(failures(&events).is_empty());
    assert_eq!(notes(&events).iter().filter(|n| n.ends_with(": gone; it goes on")).count(), 5);
}

#[test]
fn an_attempt_that_takes_too_much_memory_is_ended_and_tried_again() {
    let mut place = Place::new(PIPELINE);
    place.options.memory = Some(1_000_000_000);
    let (report, events) = place.trainings(|n| match n {
        1 => Fate::Grow(1_500_000_000),
        _ => Fate::Work,
    });
    assert_eq!((report.ended, report.given_up.len(), report.executed["train"]), (RunEnd::Finished, 0, 2));
    assert_eq!(failures(&events), [(1, "out of memory: it took 1.5 GB, more than the 1.0 GB of `--memory`", true)]);
}

#[test]
fn a_training_that_cannot_fit_is_not_started() {
    let mut place = Place::new(PIPELINE);
    place.options.memory = Some(100_000);
    let (report, events) = place.trainings(|_| panic!("started"));
    assert_eq!((report.ended, report.given_up.len()), (RunEnd::Finished, 2));
    let reason = &report.given_up[0].reason;
    let took = reason.strip_prefix("not started: out of memory: it would take at least ").expect("why");
    assert!(took.ends_with(", more than the 100 kB of `--memory`"), "{reason}");
    assert_eq!(failures(&events).iter().map(|f| (f.0, f.2)).collect::<Vec<_>>(), [(0, false); 2]);
    // With room for more the same trials are trained.
    place.options.memory = Some(1_000_000_000);
    let (report, _) = place.trainings(|_| Fate::Work);
    assert_eq!((report.ended, report.given_up.len(), report.executed["train"]), (RunEnd::Finished, 0, 2));
}

#[test]
fn a_full_disk_ends_a_run_with_the_reason() {
    let (report, _) = Place::new(PIPELINE).run(|_| full(9), |_| {});
    let Err(error @ RunError::Full { .. }) = report else { panic!("it went on") };
    assert_eq!((error.code(), error.room()), ("store::full", Some(9)));
    assert!(error.to_string().ends_with("cannot write x (9 bytes): no room"), "{error}");
}

#[test]
fn a_run_that_waits_for_room_counts_no_failure() {
    let mut place = Place::new(PIPELINE);
    place.options.wait_for_space = WaitForSpace::Ever;
    let (report, events) = place.trainings(|n| if n == 1 { full(9) } else { Fate::Work });
    assert_eq!((report.ended, report.given_up.len(), report.executed["train"]), (RunEnd::Finished, 0, 2));
    assert!(failures(&events).is_empty());
    let said: Vec<&str> = notes(&events).into_iter().filter(|n| n.contains("room")).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("the disk is full, waiting for 262 kB of room, ") && said[0].contains("cannot write x"), "{said:?}");
    assert_eq!(said[1], "there is room again: the run goes on");
}

#[test]
fn patience_ends_and_so_does_a_wait_that_the_user_ends() {
    let mut place = Place::new(PIPELINE);
    place.options.wait_for_space = WaitForSpace::For(Duration::from_millis(300));
    let (report, _) = place.run(|_| full(u64::MAX), |_| {});
    assert!(matches!(report, Err(RunError::Full { .. })));
    place.options.wait_for_space = WaitForSpace::Ever;
    let stop = place.options.stop.clone();
    let (report, _) = place.run(
        |_| full(u64::MAX),
        |event| {
            if matches!(event, Event::Note { message } if message.contains("waiting for")) {
                stop.fetch_add(1, Ordering::Relaxed);
            }
        },
    );
    assert_eq!(report.expect("a report").ended, RunEnd::Interrupted);
}

/// A disk that has no room for a run's last record, twice.
#[derive(Default)]
struct NoRoomAtTheEnd(AtomicUsize);

impl Disk for NoRoomAtTheEnd {
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let last = to.extension().is_some_and(|e| e == "json") && std::fs::read_to_string(from)?.contains("\"outcome\":\"finished\"");
        if last && self.0.fetch_add(1, Ordering::Relaxed) < 2 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        std::fs::rename(from, to)
    }
}

#[test]
fn the_last_record_of_a_run_waits_for_room_too() {
    for (wait, full) in [(WaitForSpace::Ever, false), (WaitForSpace::No, true)] {
        let mut place = Place::new(PIPELINE);
        place.options.wait_for_space = wait;
        let disk = Arc::new(NoRoomAtTheEnd::default());
        let options = store::Options { disk: disk.clone(), ..store::Options::default() };
        let store = Store::open_with(&place.dir.path().join("cache"), options).expect("a store");
        let report = run(&place.prepared, &store, &place.options, &mut OnDemand::new(|_| Fate::Work), &mut Silent);
        assert_eq!(matches!(&report, Err(error) if error.code() == "store::full"), full, "{:?}", report.err().map(|e| e.to_string()));
        let runs = store.runs(None).expect("runs");
        let outcomes: Vec<&str> = runs.iter().map(|run| run.outcome.as_str()).collect();
        assert_eq!(outcomes, [if full { "" } else { "finished" }]);
        assert_eq!(disk.0.load(Ordering::Relaxed), if full { 1 } else { 3 });
    }
}

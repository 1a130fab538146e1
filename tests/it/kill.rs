//! Coordinators and workers killed with SIGKILL at random moments, again and again: nothing is lost, nothing is wrong, nothing has to
//! be unlocked, and at most one checkpoint interval is repeated a kill. 1,000 kills in the long form, 50 otherwise.

#[cfg(unix)]
use crate::reliability::Dice;
use crate::support::{Place, SMALL, long};
#[cfg(unix)]
use std::process::Child;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Iterations of an epoch, the checkpoint interval: 24 images in batches of 8.
const INTERVAL: usize = 3;

fn longer() -> String {
    let epochs = if long() { "epochs 300" } else { "epochs 60" };
    SMALL.replace("images=24", "images=48").replace("epochs 2", epochs).replace("trials 4", "trials 5")
}

#[cfg(unix)]
#[test]
fn killed_again_and_again_it_ends_with_the_same_bits() {
    let text = SMALL.replace("images=24", "images=48").replace("epochs 2", "epochs 12");
    let undisturbed = Place::new(&text);
    undisturbed.run();
    let (wanted, (whole, _)) = (undisturbed.digests(), journal(&undisturbed));

    let (jobs, wished, mut dice) = (2, if long() { 1000 } else { 50 }, Dice::new(3));
    let (mut kills, mut workers, mut before, mut stores, mut repeated) = (0, 0, 0, 0, 0);
    while kills + workers < wished {
        let place = Place::new(&text);
        let (first, first_workers) = (kills, workers);
        stores += 1;
        while kills + workers < wished && !killed(&place, &mut dice, &mut kills, &mut workers, &mut before) {}
        place.run();
        assert_eq!(place.digests(), wanted, "after {} kills", kills + workers);
        let (executed, distinct) = journal(&place);
        assert_eq!(distinct, whole);
        // Two chains are in work at a time, so a kill of the coordinator costs at most one interval of each.
        let most = ((kills - first) * jobs + workers - first_workers) * INTERVAL;
        assert!(executed - distinct <= most, "{executed} executed, {distinct} distinct, at most {most} again");
        repeated += executed - distinct;
    }
    eprintln!(
        "{kills} coordinators and {workers} workers killed on {stores} stores, {before} of them before anything was done; {repeated} of {} iterations twice",
        stores * whole
    );
    assert!(workers > 0, "no worker was met");
}

/// One run that is killed at a random moment, perhaps after one of its workers was; whether it ended by itself.
#[cfg(unix)]
fn killed(place: &Place, dice: &mut Dice, kills: &mut usize, workers: &mut usize, before: &mut usize) -> bool {
    let mut child = place
        .command(&["run", "pipeline.kdl", "--jobs", "2"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("nasflow starts");
    let begun = journal(place).0;
    // Half of the kills come at any time after the start, the others when something was done, so that the end comes nearer.
    let pause = |dice: &mut Dice, child: &mut Child| {
        let (further, since) = (if dice.one_in(2) { 0 } else { 1 + dice.below(3 * INTERVAL) }, Instant::now());
        while journal(place).0 < begun + further && since.elapsed() < Duration::from_secs(20) {
            if child.try_wait().expect("a child").is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(3));
        }
        std::thread::sleep(Duration::from_millis(dice.below(300) as u64));
        child.try_wait().expect("a child")
    };
    let mut ended = pause(dice, &mut child);
    // One worker a run: three would count as a failed trial.
    if ended.is_none() && dice.one_in(2) {
        if let Some(worker) = children(child.id()).first() {
            let hit = std::process::Command::new("kill").args(["-9", &worker.to_string()]).stderr(Stdio::null()).status();
            *workers += usize::from(hit.is_ok_and(|s| s.success()));
        }
        ended = pause(dice, &mut child);
    }
    if ended.is_none() {
        child.kill().expect("a kill");
        *kills += 1;
        *before += usize::from(journal(place).0 == begun);
    }
    let said = crate::support::said(child.wait_with_output().expect("an end"));
    assert!(ended.is_none() || said.ok(), "{said:?}");
    assert!(!said.err.contains("panicked") && !said.err.contains("nasflow: "), "{said:?}");
    ended.is_some()
}

/// (iterations executed, distinct iterations), over all chains.
pub fn journal(place: &Place) -> (usize, usize) {
    let (mut executed, mut distinct) = (0, 0);
    let Ok(entries) = std::fs::read_dir(place.path().join("cache/attempts")) else { return (0, 0) };
    for entry in entries.flatten() {
        let Ok(text) = std::fs::read_to_string(entry.path().join("iterations")) else { continue };
        let mut lines: Vec<&str> = text.lines().collect();
        executed += lines.len();
        lines.sort_unstable();
        lines.dedup();
        distinct += lines.len();
    }
    (executed, distinct)
}

#[cfg(unix)]
#[test]
fn a_killed_worker_is_tried_again() {
    let place = Place::new(&longer());
    let child =
        place.command(&["run", "pipeline.kdl", "--jobs", "1"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let parent = child.id();
    let begun = Instant::now();
    let mut killed = 0;
    while killed == 0 && begun.elapsed() < Duration::from_secs(30) {
        for worker in children(parent) {
            if journal(&place).0 > 4
                && std::process::Command::new("kill").args(["-9", &worker.to_string()]).status().is_ok_and(|s| s.success())
            {
                killed += 1;
            }
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let said = crate::support::said(child.wait_with_output().expect("an end"));
    assert!(killed > 0, "no worker was met");
    assert!(said.ok(), "{said:?}");
    assert!(said.err.contains("killed (signal 9)") && said.err.contains("trying again"), "{}", said.err);
}

#[cfg(unix)]
#[test]
fn the_first_interrupt_stops_after_a_checkpoint_and_the_run_goes_on() {
    let place = Place::new(&longer());
    let child =
        place.command(&["run", "pipeline.kdl", "--jobs", "1"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let begun = Instant::now();
    while journal(&place).0 < 5 && begun.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(10));
    }
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    let said = crate::support::said(child.wait_with_output().expect("an end"));
    assert_eq!(said.code, Some(130), "{said:?}");
    assert!(said.out.contains("interrupted:"), "{said:?}");
    let (executed, distinct) = journal(&place);
    assert_eq!(executed, distinct);
    place.run();
    let (executed, distinct) = journal(&place);
    assert_eq!(executed, distinct, "an interrupt repeats nothing");
}

/// Processes whose parent is `parent`.
fn children(parent: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| {
            let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
            stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)).and_then(|p| p.parse().ok()) == Some(parent)
        })
        .collect()
}

/// Kills a run three times, each after so many further iterations; how often it was in time.
#[cfg(unix)]
pub fn thrice(place: &Place, iterations: usize) -> usize {
    let mut kills = 0;
    for _ in 0..3 {
        let mut child = place
            .command(&["run", "pipeline.kdl", "--jobs", "2"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nasflow starts");
        let (before, begun) = (journal(place).0, Instant::now());
        while journal(place).0 < before + iterations && begun.elapsed() < Duration::from_secs(20) {
            if child.try_wait().expect("a child").is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(3));
        }
        if child.try_wait().expect("a child").is_none() {
            child.kill().expect("a kill");
            kills += 1;
        }
        child.wait().expect("an end");
    }
    kills
}

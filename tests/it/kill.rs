//! The coordinator killed with SIGKILL at random moments, again and again, until it ends: nothing is lost, nothing is
//! wrong, and at most one checkpoint interval is repeated a kill. Twenty kills in the long form, six otherwise.

use crate::support::{Place, SMALL, long};
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
    let undisturbed = Place::new(&longer());
    undisturbed.run();
    let wanted = undisturbed.digests();

    let (place, jobs) = (Place::new(&longer()), 2);
    let wished = if long() { 20 } else { 6 };
    let (mut kills, mut random) = (0usize, 0x2545_F491_4F6C_DD1Du64);
    while kills < wished {
        let mut child = place
            .command(&["run", "pipeline.kdl", "--jobs", "2"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nasflow starts");
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        // At least two checkpoint intervals after the start, then at a random moment.
        let before = journal(&place).0;
        let begun = Instant::now();
        while journal(&place).0 < before + 2 * INTERVAL && begun.elapsed() < Duration::from_secs(20) {
            if child.try_wait().expect("a child").is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(random % 400));
        if child.try_wait().expect("a child").is_some() {
            break;
        }
        child.kill().expect("a kill");
        child.wait().expect("an end");
        kills += 1;
    }
    let last = place.run();
    assert!(last.ok());
    assert_eq!(place.digests(), wanted, "after {kills} kills");
    let (executed, distinct) = journal(&place);
    let (undisturbed_executed, undisturbed_distinct) = journal(&undisturbed);
    assert_eq!((undisturbed_executed, undisturbed_distinct), (distinct, distinct));
    // Two chains are in work at a time, so a kill costs at most one interval of each.
    assert!(executed - distinct <= kills * jobs * INTERVAL, "{executed} executed, {distinct} distinct, {kills} kills");
    eprintln!("{kills} kills; {executed} iterations executed, {distinct} distinct");
    assert!(2 * kills >= wished, "only {kills} kills came before the end");
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

//! A small disk that is full: the run says so and ends, or waits for room. A file system of memory, where the machine lets a test
//! mount one.

use crate::support::{Place, SMALL, command, said};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The script runs in a name space of its own, in which `disk` is a file system of 24 MB; `$NASFLOW` is the program.
fn on_a_small_disk(place: &Place, script: &str) -> Command {
    let mut command = Command::new("unshare");
    let whole = format!("mount -t tmpfs -o size=24m none disk || exit 99\n{script}");
    command.args(["-rm", "sh", "-c", &whole]).current_dir(place.path()).env("NASFLOW", env!("CARGO_BIN_EXE_nasflow"));
    command.env("NASFLOW_CONFIG", "").env("NO_COLOR", "1").env_remove("NASFLOW_CACHE");
    command
}

fn skipped(place: &Place) -> bool {
    std::fs::create_dir_all(place.path().join("disk")).expect("a folder");
    let can = on_a_small_disk(place, "true").output().is_ok_and(|o| o.status.success());
    if !can {
        eprintln!("skipped: `unshare -rm` and `mount` make no file system here");
    }
    !can
}

/// Leaves some kilobytes of room.
const FILL: &str = "dd if=/dev/zero of=disk/fill bs=1k count=24200 2>/dev/null";

#[test]
fn a_full_disk_is_an_error_that_names_the_file_and_the_same_command_goes_on() {
    let place = Place::new(SMALL);
    if skipped(&place) {
        return;
    }
    let script = format!(
        "{FILL}\n$NASFLOW run pipeline.kdl --cache disk/cache > first.out 2> first.err; echo $? > first.code\n\
         rm disk/fill\n$NASFLOW run pipeline.kdl --cache disk/cache > second.out 2> second.err || exit 1\n\
         $NASFLOW show pipeline.kdl --cache disk/cache --digests > digests"
    );
    let done = said(on_a_small_disk(&place, &script).output().expect("it starts"));
    let read = |name: &str| std::fs::read_to_string(place.path().join(name)).unwrap_or_default();
    assert!(done.ok(), "{done:?}\n{}\n{}", read("first.err"), read("second.err"));
    let error = read("first.err");
    assert_eq!(read("first.code").trim(), "1", "{error}");
    assert!(error.contains("nasflow::store::full") && error.contains("disk/cache") && error.contains("bytes"), "{error}");
    assert_eq!(read("digests"), undisturbed(place.path()));
}

#[test]
fn a_run_waits_for_room_where_it_is_told_to() {
    let place = Place::new(SMALL);
    if skipped(&place) {
        return;
    }
    // `read` holds the script until the test has seen that the run waits.
    let script = format!(
        "{FILL}\n($NASFLOW run pipeline.kdl --cache disk/cache --wait-for-space > run.out 2> run.err; echo $? > run.code) &\n\
         read go; rm disk/fill; wait\n$NASFLOW show pipeline.kdl --cache disk/cache --digests > digests"
    );
    let mut child = on_a_small_disk(&place, &script).stdin(Stdio::piped()).spawn().expect("it starts");
    let read = |name: &str| std::fs::read_to_string(place.path().join(name)).unwrap_or_default();
    let begun = Instant::now();
    while !read("run.err").contains("waiting for") && begun.elapsed() < Duration::from_secs(120) && read("run.code").is_empty() {
        std::thread::sleep(Duration::from_millis(50));
    }
    // It waits, and says so once.
    std::thread::sleep(Duration::from_millis(1500));
    assert!(read("run.code").is_empty(), "{}", read("run.err"));
    child.stdin.take().expect("an input").write_all(b"go\n").expect("it listens");
    assert!(child.wait().is_ok_and(|s| s.success()), "{}", read("run.err"));
    let error = read("run.err");
    assert_eq!(read("run.code").trim(), "0", "{error}");
    assert_eq!(error.matches("waiting for").count(), 1, "{error}");
    assert!(!error.contains("failed"), "{error}");
    assert_eq!(read("digests"), undisturbed(place.path()));
}

/// The digests of the same pipeline where there is room.
fn undisturbed(dir: &Path) -> String {
    let run = said(command(dir, &["run", "pipeline.kdl", "--cache", "roomy"]).output().expect("it starts"));
    assert!(run.ok(), "{run:?}");
    said(command(dir, &["show", "pipeline.kdl", "--cache", "roomy", "--digests"]).output().expect("it starts")).out
}

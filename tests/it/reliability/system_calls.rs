//! One system call on the store's files fails, in the real program and its workers, SQLite included: EIO, ENOSPC, EINTR, a write that
//! ends half-way. A small library is preloaded that counts the calls of all processes together (`shim.c`); where there is no C
//! compiler the test is skipped.

use super::Dice;
use super::io::TRAINED;
use crate::support::{Place, Said, long, root, said};
use crate::tables::{LINEAR, ROWS};
use std::path::Path;
use std::process::Command;

/// The preloaded library, compiled; none where it cannot be.
fn shim(dir: &Path) -> Option<String> {
    let (source, library) = (root().join("tests/it/reliability/shim.c"), dir.join("shim.so"));
    let compiled = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl").output();
    if compiled.is_ok_and(|o| o.status.success()) {
        return Some(library.display().to_string());
    }
    eprintln!("skipped: no C compiler (`cc`) makes tests/it/reliability/shim.c a library");
    None
}

/// Runs with call `at` going wrong; how many there were.
fn run(place: &Place, shim: &str, at: usize, how: &str) -> (Said, usize) {
    let counter = place.path().join("counter");
    std::fs::write(&counter, [0; 8]).expect("written");
    let mut command = place.command(&["run", "pipeline.kdl", "--jobs", "1"]);
    command.env("LD_PRELOAD", shim).env("FAULT_UNDER", "/cache").env("FAULT_COUNTER", &counter);
    command.env("FAULT_AT", at.to_string()).env("FAULT_HOW", how);
    let ended = said(command.output().expect("nasflow starts"));
    let bytes = std::fs::read(&counter).expect("the counter");
    (ended, usize::from_ne_bytes(bytes.try_into().expect("eight bytes")))
}

fn place(pipeline: &str) -> Place {
    crate::tables::place(pipeline, ROWS)
}

#[test]
fn any_system_call_of_a_run_may_fail_and_the_next_run_ends_the_same() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some(shim) = shim(dir.path()) else { return };
    for (name, pipeline, few) in [("table", LINEAR, 5), ("training", TRAINED, 6)] {
        let undisturbed = place(pipeline);
        let (ended, count) = run(&undisturbed, &shim, usize::MAX >> 1, "EIO");
        assert!(ended.ok(), "{ended:?}");
        if count == 0 {
            eprintln!("skipped: this program is linked so that nothing can be preloaded");
            return;
        }
        assert!(count > 100, "{count} calls");
        let wanted = undisturbed.digests();
        let (mut cases, mut failed, mut dice) = (0, 0, Dice::new(7));
        for how in ["EIO", "ENOSPC", "EINTR", "SHORT"] {
            let (step, from) = (count.div_ceil(if long() { 25 * few } else { few }), dice.below(count));
            for at in (from % step..count).step_by(step) {
                let case = format!("{name}: call {at} of about {count}, {how}");
                let place = place(pipeline);
                let (ended, _) = run(&place, &shim, at, how);
                assert!(ended.code.is_some() && !ended.err.contains("panicked"), "{case}: {ended:?}");
                // A call that is begun again, or goes on, is no failure.
                assert!(ended.ok() || !["EINTR", "SHORT"].contains(&how), "{case}: {ended:?}");
                assert!(ended.ok() || ended.err.contains("/cache"), "{case}: no path: {ended:?}");
                (cases, failed) = (cases + 1, failed + usize::from(!ended.ok()));
                let next = place.nasflow(&["run", "pipeline.kdl"]);
                assert!(next.ok(), "{case}: {ended:?}, then {next:?}");
                assert_eq!(place.digests(), wanted, "{case}: {ended:?}, then {next:?}");
                assert!(place.run().nothing_executed(), "{case}");
            }
        }
        eprintln!("{name}: {count} system calls a run; {cases} runs with one that failed, {failed} of them ended with an error");
    }
}

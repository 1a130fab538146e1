//! One operation of the store's disk fails, at any place of a run, in each of five ways: EIO, ENOSPC, a write that ends half-way,
//! EINTR, and an error that comes although the work was done. The next run ends with the bits of an undisturbed one. Coordinator and workers share the disk that fails; what SQLite asks
//! of the system is in `system_calls`.

use super::faulty::{Faulty, Wrong};
use super::in_process::{Lab, Snapshot, directory};
use super::spread;
use crate::tables::{LINEAR, ROWS};
use std::io::ErrorKind;
use std::sync::Arc;

/// Two networks, each trained for two epochs of one batch and measured.
pub const TRAINED: &str = r#"pipeline "trained" seed=1
data "images" generate=figures images=16 classes=2 image-size=16 { split train=0.5 val=0.5 }
space "net" { network activation=relu { input "images"; conv 8 stride=2 { kernel 3 5 }; global-pool; linear } }
sample   "trials" { from "net"; strategy random; trials 2 }
train    "short"  { from "trials"; data "images" split=train; schedule linear over=4; epochs 2; batch 8; augment crop=1 flip-lr=0 }
evaluate "score"  { from "short"; data "images" split=val; metrics accuracy loss }
select   "best"   { from "score"; top 1 by=loss }
"#;

/// The two pipelines: one that trains nothing, and one that does.
pub fn labs() -> [(&'static str, Lab); 2] {
    [("table", Lab::new(LINEAR, &[("table.csv", ROWS)])), ("training", Lab::new(TRAINED, &[]))]
}

/// An undisturbed run: what its store holds, and how many operations it asked of the disk.
pub fn undisturbed(lab: &Lab) -> (Snapshot, Vec<String>, usize) {
    let root = lab.store("undisturbed");
    let disk = Arc::new(Faulty::new(usize::MAX, Wrong::Stops));
    let report = lab.run(&root, disk.clone(), &mut |_| {}).unwrap_or_else(|e| panic!("{e}"));
    let snapshot = Snapshot::of(&root, "undisturbed");
    assert!(!snapshot.records.is_empty());
    (snapshot, lab.told(&report), disk.count())
}

#[test]
fn any_operation_of_a_run_may_fail_and_the_next_run_ends_the_same() {
    let (eio, enospc, eintr) = (ErrorKind::Other, ErrorKind::StorageFull, ErrorKind::Interrupted);
    let ways = [Wrong::Fails(eio), Wrong::Fails(enospc), Wrong::Short, Wrong::Fails(eintr), Wrong::FailsAfter];
    for (name, lab) in labs() {
        let (wanted, told, count) = undisturbed(&lab);
        let (mut cases, mut failed, mut full) = (0, 0, 0);
        for (at, wrong) in ways.into_iter().enumerate() {
            for n in spread(count, 30, at * 3) {
                let case = format!("{name}: operation {n} of {count}, {wrong:?}");
                let dir = directory();
                let root = dir.path().join("cache");
                cases += 1;
                match lab.run(&root, Arc::new(Faulty::new(n, wrong)), &mut |_| {}) {
                    Ok(_) => {}
                    Err(e) => {
                        failed += 1;
                        let text = e.to_string();
                        assert!(text.contains(dir.path().to_str().expect("a path")), "{case}: no path in: {text}");
                        assert_ne!(wrong, Wrong::Fails(ErrorKind::Interrupted), "{case}: an interruption is no failure: {text}");
                        if wrong == Wrong::Fails(ErrorKind::StorageFull) {
                            full += 1;
                            assert!(text.contains("make room"), "{case}: {text}");
                        }
                    }
                }
                let report = lab.finish(&root, &case);
                assert_eq!(lab.told(&report), told, "{case}");
                assert!(report.given_up.is_empty(), "{case}");
                Snapshot::of(&root, &case).must_be(&wanted, &case);
            }
        }
        eprintln!("{name}: {count} operations a run; {cases} runs with one that failed, {failed} of them ended with an error");
        assert!(failed > 0 && full > 0, "{name}: nothing was noticed");
    }
}

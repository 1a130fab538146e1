//! The same keys and the same bits in another directory, for another user, time zone and language, with other threads and jobs, and
//! with the nodes of the file in another order.

use super::Dice;
use crate::support::{Said, long, said};
use crate::tables::ROWS;
use std::collections::BTreeSet;
use std::process::Command;

/// A search that is told, a table, trainings with two seeds, an answer with a baseline: one node a line.
const NODES: [&str; 12] = [
    "data \"images\" generate=figures images=24 classes=2 image-size=16 { split train=0.5 val=0.25 test=0.25 }\n",
    "space \"net\" { network activation=relu { input \"images\"; conv 8 stride=2 { kernel 3 5 1 }; choose \"block\" { residual 8; conv 8 kernel=3; skip }; global-pool; linear } }\n",
    "sample \"trials\" { from \"net\"; strategy evolution population=3 tournament=2; trials 5 window=2; objective \"score\" minimize=loss }\n",
    "train \"short\" { from \"trials\"; data \"images\" split=train; epochs 2; batch 4; augment crop=1 flip-lr=0.5 }\n",
    "evaluate \"score\" { from \"short\"; data \"images\" split=val; metrics loss accuracy flops }\n",
    "select \"best\" { from \"score\"; top 1 by=loss }\n",
    "sample \"stock\" { from \"net\"; strategy reference }\n",
    "train \"long\" { from \"best\" \"stock\"; data \"images\" split=train; init scratch; epochs 3; batch 4; seeds 2; augment crop=1 flip-lr=0.5 }\n",
    "evaluate \"test\" { from \"long\"; data \"images\" split=test; metrics accuracy }\n",
    "evaluate \"proxy\" { from \"stock\"; data \"images\" split=train; untrained batch=4; metrics naswot synflow }\n",
    "sample \"drawn\" { from \"net\"; strategy random; trials 3; seed 2 }\n",
    "evaluate \"costs\" { from \"drawn\"; metrics params entropy }\n",
];
const ANSWER: &str = "answer \"best\" { in \"test\"; by accuracy; against \"stock\" }\n";

fn text(nodes: &[&str]) -> String {
    format!("pipeline \"everywhere\" seed=4\n{}{ANSWER}", nodes.concat())
}

/// Lines of digests: of every action its stage, model, key and outputs.
fn lines(out: &str) -> BTreeSet<String> {
    out.lines().map(str::to_string).collect()
}

fn in_order(nodes: &[&str], arguments: &[&str], set: impl Fn(&mut Command)) -> Option<(Said, BTreeSet<String>)> {
    let place = crate::tables::place(&text(nodes), ROWS);
    #[cfg(unix)]
    std::fs::set_permissions(place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).expect("for all");
    let go = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        set(&mut command);
        command.output().map(said)
    };
    let ran = go(&[&["run", "pipeline.kdl"], arguments].concat()).ok()?;
    // A program that is not there, or may not do this.
    if ran.code.is_none_or(|code| code > 120) || ran.err.contains("setpriv") {
        return None;
    }
    assert!(ran.ok(), "{ran:?}");
    let shown = go(&["show", "pipeline.kdl", "--digests"]).ok()?;
    assert!(shown.ok(), "{shown:?}");
    Some((ran, lines(&shown.out)))
}

#[test]
fn keys_and_bits_are_the_same_everywhere() {
    let (first, wanted) = in_order(&NODES, &["--jobs", "1", "--threads", "1"], |_| ()).expect("a run");
    assert!(wanted.len() > 30, "{wanted:?}");
    assert!(first.out.starts_with("answer: best "), "{first:?}");
    let mut cases = 0;
    for (jobs, threads) in [("1", "3"), ("2", "1"), ("5", "2"), ("3", "7")] {
        let (_, found) = in_order(&NODES, &["--jobs", jobs, "--threads", threads], |_| ()).expect("a run");
        assert_eq!(found, wanted, "{jobs} jobs of {threads} threads");
        cases += 1;
    }
    for (zone, language) in [("Asia/Kathmandu", "tr_TR.UTF-8"), ("America/St_Johns", "de_DE.ISO-8859-1"), ("UTC", "C")] {
        let set = |command: &mut Command| {
            command.env("TZ", zone).env("LANG", language).env("LC_ALL", language).env("HOME", "/nowhere").env("USER", "somebody");
        };
        let (_, found) = in_order(&NODES, &[], set).expect("a run");
        assert_eq!(found, wanted, "{zone}, {language}");
        cases += 1;
    }
    let mut dice = Dice::new(1);
    for case in 0..if long() { 40 } else { 4 } {
        let mut nodes = NODES.to_vec();
        if case == 0 {
            nodes.reverse();
        } else {
            (1..nodes.len()).rev().for_each(|i| nodes.swap(i, dice.below(i + 1)));
        }
        let (_, found) = in_order(&nodes, &[], |_| ()).expect("a run");
        assert_eq!(found, wanted, "{}", text(&nodes));
        cases += 1;
    }
    // Another user, where this one may become one.
    let as_nobody = |command: &mut Command| {
        let mut other = Command::new("setpriv");
        other.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(command.get_program()).args(command.get_args());
        other.current_dir(command.get_current_dir().expect("a directory")).env("NO_COLOR", "1").env("HOME", "/nowhere");
        *command = other;
    };
    match in_order(&NODES, &[], as_nobody) {
        Some((_, found)) => {
            assert_eq!(found, wanted, "another user");
            cases += 1;
        }
        None => eprintln!("skipped: this user cannot become another one (`setpriv`)"),
    }
    eprintln!("{cases} other ways, {} actions each: the same keys and digests", wanted.len());
}

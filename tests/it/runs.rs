//! Runs are listed, a killed one too; results are verified, and made again.

use crate::support::{Place, SMALL};
use nasflow::store::Store;
use serde_json::Value;
use std::time::{Duration, Instant};

fn runs(place: &Place) -> Vec<Value> {
    let said = place.nasflow(&["runs", "--json"]);
    assert!(said.ok(), "{said:?}");
    let all: Value = serde_json::from_str(&said.out).expect("JSON");
    all["runs"].as_array().expect("runs").clone()
}

/// Kills a run as soon as it has recorded a training, and hands back what was said of it while it lived.
#[cfg(unix)]
fn killed(place: &Place) -> Value {
    let mut command = place.command(&["run", "pipeline.kdl", "--jobs", "1"]);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().expect("nasflow starts");
    let begun = Instant::now();
    let lived = loop {
        assert!(child.try_wait().expect("a child").is_none(), "it ended before it could be killed");
        assert!(begun.elapsed() < Duration::from_secs(120), "no training was recorded");
        if let Some(run) = runs(place).pop().filter(|r| r["executed"]["train"].as_u64().unwrap_or(0) > 0) {
            break run;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    child.kill().expect("a kill");
    child.wait().expect("an end");
    lived
}

#[cfg(unix)]
#[test]
fn a_killed_run_leaves_what_it_did_and_why() {
    assert!(Place::new(SMALL).nasflow(&["runs"]).out.contains("no runs yet"));
    let place = Place::new(&SMALL.replace("epochs 2", "epochs 120"));
    assert_eq!(killed(&place)["outcome"], "running");
    let killed = runs(&place).pop().expect("a run");
    assert_eq!((&killed["outcome"], &killed["ended"]), (&"killed".into(), &Value::Null));
    let id = killed["id"].as_str().expect("an id").to_string();
    assert!(id.len() >= 4, "{id}");
    let explained = place.nasflow(&["explain", "pipeline.kdl"]).out;
    assert!(explained.contains("train, made by run ") && explained.contains(&id) && explained.contains("never run here"), "{explained}");
    // The same command goes on, and what was cut short says so.
    place.write(&SMALL.replace("epochs 2", "epochs 121"));
    let planned = place.plan()["stages"].to_string();
    assert!(planned.contains("`train.over` 120 → 121"), "the killed run's record tells what changed: {planned}");
    let listed = place.nasflow(&["runs"]).out;
    assert!(listed.contains("killed"), "{listed}");
}

/// A row that is lost without a trace (a log of SQLite's that was cut) is computed again, and the run says why.
#[test]
fn a_result_that_the_last_run_had_and_the_store_lost_is_told() {
    let place = Place::new(SMALL);
    place.run();
    let store = Store::open(&place.path().join("cache"), false).expect("a store");
    let select = store.keys().expect("keys").into_iter().find(|k| store.lookup(k).expect("a look").is_some_and(|r| r.kind == "select"));
    drop(store);
    let index = rusqlite::Connection::open(place.path().join("cache/index.sqlite")).expect("an index");
    assert_eq!(index.execute("DELETE FROM results WHERE key = ?1", [select.expect("a selection").0]).expect("executed"), 1);
    drop(index);
    let planned = place.nasflow(&["plan", "pipeline.kdl"]);
    assert!(planned.ok() && planned.out.contains("its output is gone or damaged"), "{planned:?}");
    let again = place.run();
    assert!(again.err.contains("best: its output is gone or damaged") && again.executed("select") == 1, "{again:?}");
    assert!(place.run().nothing_executed());
}

#[test]
fn supernets_subnets_and_folds_are_made_again_too() {
    let folds = SMALL
        .replace("val=0.5 }", "val=0.5; folds \"cv\" 2 of=train }")
        .replace("split=train;", "folds=\"cv\";")
        .replace("split=val;", "folds=\"cv\";");
    assert_ne!(folds, SMALL);
    for (text, kinds) in
        [(crate::oneshot::ONE_SHOT, ["1 cut", "6 predict-subnet", "2 train"]), (&folds, ["8 predict", "1 select", "8 train"])]
    {
        let place = Place::new(text);
        place.run();
        let rebuilt = place.nasflow(&["verify", "pipeline.kdl", "--rebuild"]);
        assert!(rebuilt.ok() && rebuilt.out.contains("otherwise: 0"), "{rebuilt:?}");
        assert!(kinds.iter().all(|kind| rebuilt.out.contains(kind)), "{rebuilt:?}");
    }
}

#[test]
fn results_are_read_and_made_again() {
    let place = Place::new(SMALL);
    place.run();
    let again = place.run();
    assert!(again.nothing_executed() && runs(&place).len() == 1, "a run that does nothing leaves no record");
    let whole = place.nasflow(&["verify", "pipeline.kdl"]);
    assert!(whole.ok() && whole.out.contains("all are whole"), "{whole:?}");
    let before = place.digests();
    let rebuilt = place.nasflow(&["verify", "pipeline.kdl", "--rebuild"]);
    assert!(
        rebuilt.ok() && rebuilt.out.contains("the same bit by bit: 8 metric, 4 predict, 1 select, 4 train; otherwise: 0"),
        "{rebuilt:?}"
    );
    assert_eq!((place.digests(), runs(&place).len()), (before, 1), "nothing in the store changed");

    // Another loss and other weights than come out: as if another program had made them.
    let store = Store::open(&place.path().join("cache"), false).expect("a store");
    let trained = |r: &nasflow::store::Record| r.kind == "train";
    let mut records: Vec<_> =
        store.keys().expect("keys").iter().filter_map(|k| store.lookup(k).expect("readable")).filter(trained).collect();
    records[0].values["curve"][1]["box"] = 9.5.into();
    store.publish(&records[0]).expect("published");
    drop(store);
    let rebuilt = place.nasflow(&["verify", "pipeline.kdl", "--rebuild", "short"]);
    assert_eq!(rebuilt.code, Some(1), "{rebuilt:?}");
    assert!(rebuilt.out.contains("came out otherwise\n  curve.epoch 2.box 9.5 → "), "{rebuilt:?}");
    assert!(rebuilt.out.contains("the same bit by bit: 3 train; otherwise: 1"), "{rebuilt:?}");
    let one = place.nasflow(&["verify", "pipeline.kdl", "--rebuild", "score", "--sample", "1", "--json"]);
    let found: Value = serde_json::from_str(&one.out).expect("JSON");
    assert!(one.ok() && found["same"].as_object().is_some_and(|same| same.values().filter_map(Value::as_u64).sum::<u64>() == 1), "{one:?}");

    // A blob whose bytes changed behind the store's back.
    let weights = records[1].outputs["weights"].hex();
    let path = place.path().join("cache/blobs").join(&weights[..2]).join(&weights[2..]);
    let mut bytes = std::fs::read(&path).expect("a blob");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes).expect("written");
    let damaged = place.nasflow(&["verify", "pipeline.kdl"]);
    assert!(damaged.code == Some(1) && damaged.out.contains("`weights`: "), "{damaged:?}");
    assert_eq!(place.nasflow(&["verify", "pipeline.kdl", "--rebuild", "shorf"]).code, Some(2));
}

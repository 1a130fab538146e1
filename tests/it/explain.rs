//! Reasons with their values, in `plan`, `run`, `explain` and `diff`; what an upgrade of the program costs.

use crate::support::{Place, SMALL};
use nasflow::base::Digest;
use nasflow::store::{Record, Store};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn json(place: &Place, arguments: &[&str]) -> Value {
    let said = place.nasflow(arguments);
    assert!(said.ok(), "{said:?}");
    serde_json::from_str(&said.out).expect("JSON")
}

/// A schedule that more epochs do not change.
fn fixed() -> String {
    SMALL.replace("epochs 2", "schedule linear over=4; epochs 2")
}

#[test]
fn every_action_says_why_it_runs_and_afterwards_why_it_ran() {
    let place = Place::new(&fixed());
    place.run();
    place.write(&fixed().replace("epochs 2", "epochs 4"));
    let why = "`train.epochs` 2 → 4: continues from epoch 2 of 3 candidates";
    let planned = place.nasflow(&["plan", "pipeline.kdl"]);
    assert!(planned.out.contains(why), "{planned:?}");
    let explained = place.nasflow(&["explain", "pipeline.kdl"]);
    assert!(explained.out.contains(&format!("would run 3 train: {why}")), "{explained:?}");
    let all = json(&place, &["explain", "pipeline.kdl", "--json"]);
    let reason = &all["stages"][1]["would-run"][0]["reason"];
    assert_eq!(
        (&reason["why"], &reason["changes"][0]["old"], &reason["changes"][0]["new"]),
        (&"continues".into(), &"2".into(), &"4".into())
    );

    let ran = place.run();
    assert!(ran.err.contains(&format!("short: {why}")), "the run says it once: {ran:?}");
    assert_eq!(ran.err.matches("continues from").count(), 1, "{ran:?}");
    let explained = place.nasflow(&["explain", "pipeline.kdl", "short", "--trial", "0"]);
    for part in ["`train.epochs` 2 → 4: continues from epoch 2 of 4 candidates", "trials #0: done", "nothing would run"] {
        assert!(explained.out.contains(part), "no {part:?} in {}", explained.out);
    }
    // Both runs are named, and differ in what was edited and what came of it.
    let runs = json(&place, &["runs", "pipeline.kdl", "--json"]);
    let ids: Vec<&str> = runs["runs"].as_array().expect("runs").iter().filter_map(|r| r["id"].as_str()).collect();
    assert_eq!(ids.len(), 2, "{runs}");
    assert!(explained.out.contains(&format!("made by run {}", ids[1])), "{}", explained.out);
    let differs = place.nasflow(&["diff", ids[0], "latest", "--json"]);
    assert_eq!(differs.code, Some(1), "{differs:?}");
    let found: Value = serde_json::from_str(&differs.out).expect("JSON");
    let written = &found["difference"]["written"];
    assert_eq!((&written[0]["what"], &written[0]["a"], &written[0]["b"]), (&"train \"short\".epochs".into(), &"2".into(), &"4".into()));
    assert!(found["difference"]["results"].to_string().contains("map50 of the winner"), "{found}");
    assert_eq!(place.nasflow(&["diff", "latest", "pipeline.kdl"]).code, Some(0));
    assert_eq!(place.nasflow(&["diff", "latest", "nothing"]).code, Some(2));

    // One action: its text, what feeds it, what it left.
    let score = json(&place, &["explain", "pipeline.kdl", "score", "--trial", "0", "--json"]);
    let acts = score["stages"][0]["candidates"][0]["actions"].as_array().expect("actions").clone();
    let predict = acts.iter().find(|a| a["kind"] == "predict").expect("a prediction")["key"].as_str().expect("a key");
    let action = place.nasflow(&["explain", "pipeline.kdl", "--action", &predict[..10]]);
    for part in
        ["kind = predict", "← `weights` of train", "← split `val` of `shapes`, 12 images", "predictions ", "asked by score: trials #0"]
    {
        assert!(action.out.contains(part), "no {part:?} in {}", action.out);
    }
    // Another pipeline finds the results of this one, and says whose they are.
    place.write(&fixed().replace("epochs 2", "epochs 4").replace("pipeline \"reproducible\"", "pipeline \"other\""));
    let explained = place.nasflow(&["explain", "pipeline.kdl"]).out;
    assert!(explained.contains("of pipeline `reproducible`") && explained.contains("nothing would run"), "{explained}");
    assert!(!place.nasflow(&["explain", "pipeline.kdl", "--action", "zz"]).ok());
    assert!(place.nasflow(&["explain", "pipeline.kdl", "shorf"]).err.contains("did you mean `short`?"));
}

#[test]
fn a_change_of_data_names_the_split() {
    // Anchors that are found in images would make other networks of other images.
    let fixed = SMALL.replace("anchors=auto", "anchors=coco");
    let place = Place::new(&fixed);
    place.run();
    place.write(&fixed.replace("images=24", "images=32"));
    let planned = place.plan()["stages"].to_string();
    assert!(planned.contains("split `train` of `shapes`: 12 → 16 images (3 candidates)"), "{planned}");
    // Where they are found in images, the networks are others, too.
    place.write(&SMALL.replace("images=24", "images=40"));
    let planned = place.plan()["stages"].to_string();
    assert!(planned.contains("split `train` of `shapes`: 12 → 20 images, its network changed (3 candidates)"), "{planned}");
}

/// The store as a nasflow would have left it whose actions had the version 0: the same results under other keys.
fn of_an_older_program(place: &Place) {
    let store = Store::open(&place.path().join("cache"), false).expect("a store");
    let mut run = store.runs(Some("reproducible")).expect("runs").pop().expect("a run");
    let mut keys: BTreeMap<Digest, Digest> = BTreeMap::new();
    for key in store.keys().expect("keys") {
        let Some(record) = store.lookup(&key).expect("readable").filter(|r| r.kind == "train") else { continue };
        let text = record.text.replace("version = 1\n", "version = 0\n");
        assert_ne!(text, record.text);
        let old = Digest::of(text.as_bytes());
        store.publish(&Record { key: old, what: old, text, chain: None, ..record }).expect("published");
        keys.insert(key, old);
    }
    for timing in store.all_observations("train-time").expect("timings") {
        let mut value = timing.value.clone();
        let action = value["action"].as_str().and_then(|a| a.parse::<Digest>().ok());
        let Some(old) = action.and_then(|a| keys.get(&a)) else { continue };
        value["action"] = old.hex().into();
        value["seconds"] = 3600.0.into();
        store.observe("train-time", &timing.key, &timing.machine, value, timing.time + 1).expect("observed");
    }
    let stages = run.values["stages"]["short"].as_array_mut().expect("keys");
    for key in stages.iter_mut() {
        let old = key.as_str().and_then(|k| k.parse::<Digest>().ok()).and_then(|k| keys.get(&k).copied());
        *key = old.expect("an older key").hex().into();
    }
    store.run_update(&run).expect("recorded");
    let kept: BTreeSet<Digest> = store.keys().expect("keys").into_iter().filter(|k| !keys.contains_key(k)).collect();
    store.collect(&kept, &BTreeSet::new(), false).expect("collected");
}

#[test]
fn a_version_that_invalidates_says_what_and_how_much() {
    let place = Place::new(SMALL);
    place.run();
    of_an_older_program(&place);
    let planned = place.nasflow(&["plan", "pipeline.kdl"]);
    for part in [
        "this version of nasflow computes `train` otherwise (0 → 1) (3 candidates)",
        "this nasflow computes `train` otherwise than the one that made these results: 3 trainings, 3 h 0 min, would run again",
    ] {
        assert!(planned.out.contains(part), "no {part:?} in {}", planned.out);
    }
    let plan = place.plan();
    assert_eq!((&plan["stages"][1]["upgraded"][0]["kind"], &plan["stages"][1]["upgraded"][0]["actions"]), (&"train".into(), &3.into()));
}

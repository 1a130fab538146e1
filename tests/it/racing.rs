//! A search that stops its trials early, with real trainings: what the workers count as executed, and what the reader sees.

use crate::kill::{journal, thrice};
use crate::support::Place;

const PIPELINE: &str = r#"pipeline "racing" seed=3
data "shapes" generate=shapes images=48 image-size=64 { split train=0.5 val=0.25 test=0.25 }
space "small" {
    network width=0.125 {
        input "shapes"
        conv 64 stride=2 { kernel 3 5 }
        conv 128 stride=2 { kernel 3 5 }
        conv 256 stride=2 { kernel 3 5 }
        c3 256 { expansion 0.5 0.25 }
        detect anchors=auto
    }
}
sample "trials" {
    from "small"; strategy evolution population=4 tournament=2; trials 7 window=3
    objective "score" maximize=map50 { stop-early asha }
}
train    "short" { from "trials"; data "shapes" split=train; recipe yolov5-short; batch 8; epochs 9; schedule linear over=9 }
evaluate "score" { from "short"; data "shapes" split=val; metrics map50 flops }
select   "best"  { from "score"; top 1 by=map50 }
"#;

/// Iterations of an epoch: 24 images in batches of 8.
const EPOCH: usize = 3;

/// Epochs of each trial, and whether it was stopped.
fn trials(place: &Place) -> Vec<(usize, bool)> {
    let said = place.nasflow(&["show", "pipeline.kdl", "--json"]);
    assert!(said.ok(), "{said:?}");
    let json: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let rows = json["rows"].as_array().expect("rows");
    rows.iter().map(|r| (r["epochs"].as_u64().expect("epochs") as usize, r["state"] == "stopped")).collect()
}

fn epochs(place: &Place) -> usize {
    trials(place).iter().map(|t| t.0).sum()
}

#[cfg(unix)]
#[test]
fn no_iteration_runs_twice_and_more_trials_and_epochs_reuse_all() {
    let place = Place::new(PIPELINE);
    let said = place.nasflow(&["run", "pipeline.kdl", "--jobs", "1"]);
    assert!(said.ok(), "{said:?}");
    let first = trials(&place);
    assert_eq!(first.len(), 7);
    assert!(first.iter().all(|(epochs, stopped)| [1, 3, 9].contains(epochs) && *stopped == (*epochs < 9)), "{first:?}");
    assert!(first.iter().filter(|t| t.0 > 1).count() >= 2 && first.iter().any(|t| t.1), "{first:?}");
    assert_eq!(journal(&place), (EPOCH * epochs(&place), EPOCH * epochs(&place)), "each iteration once");
    let shown = place.nasflow(&["show", "pipeline.kdl"]).out;
    assert!(shown.contains("of them stopped early") && shown.contains("stopped at 1 "), "{shown}");
    let cost = place.nasflow(&["cost", "pipeline.kdl", "--json"]).out;
    let cost: serde_json::Value = serde_json::from_str(&cost).expect("JSON");
    assert_eq!(cost["costs"]["stages"][0]["spent"]["iterations"], EPOCH * epochs(&place));
    // A trial that went on was measured at every rung.
    let measured: usize = first.iter().map(|t| [1, 3, 9].iter().filter(|r| **r <= t.0).count()).sum();
    assert_eq!(cost["costs"]["stages"][1]["spent"]["evaluated-images"], 12 * measured);

    // Two workers and kills: the same bits. A kill repeats at most one epoch of each of two trainings.
    let killed = Place::new(PIPELINE);
    let kills = thrice(&killed, 5);
    killed.run();
    assert_eq!(killed.digests(), place.digests(), "after {kills} kills");
    let (executed, distinct) = journal(&killed);
    assert_eq!(distinct, EPOCH * epochs(&killed));
    assert!(executed - distinct <= kills * 2 * EPOCH, "{executed} executed, {distinct} distinct");

    let eight = Place::new(PIPELINE);
    assert!(eight.nasflow(&["run", "pipeline.kdl", "--jobs", "8"]).ok());
    assert_eq!((eight.digests(), journal(&eight)), (place.digests(), journal(&place)), "eight workers");

    // More trials; then longer ones: what was trained is trained no more.
    let mut before = journal(&place).0;
    for (from, to, more) in [("trials 7", "trials 10", true), ("asha", "halving", false), ("epochs 9", "epochs 12", true)] {
        let text = std::fs::read_to_string(place.path().join("pipeline.kdl")).expect("a pipeline").replace(from, to);
        place.write(&text);
        let said = place.run();
        assert!(said.executed("train") > 0 || !more, "{said:?}");
        let (executed, distinct) = journal(&place);
        assert!(executed == distinct && (executed > before || !more), "{to}: {executed} executed, {distinct} distinct, {before} before");
        before = executed;
    }
    assert!(place.run().nothing_executed());
}

#[test]
fn a_budget_is_said_to_be_spent() {
    let place = Place::new(&PIPELINE.replace("epochs 9;", "epochs 9; budget epochs=11;"));
    let said = place.run();
    assert!(said.out.contains("the budget of 11 epochs of `short` is spent") || said.err.contains("of `short` is spent"), "{said:?}");
    assert!(epochs(&place) <= 11);
    assert!(place.run().nothing_executed());
}

#[test]
fn a_share_of_the_images_is_a_training_of_its_own_and_all_of_them_is_none() {
    let search = PIPELINE.find("sample").expect("a search");
    let shares = |half: &str| {
        format!(
            "{}sample \"one\" {{ from \"small\"; strategy reference }}
            train \"half\" {{ from \"one\"; data \"shapes\" split=train; recipe yolov5-short; batch 8; epochs 2; {half} }}
            evaluate \"score\" {{ from \"half\"; data \"shapes\" split=val; metrics map50 }}",
            &PIPELINE[..search]
        )
    };
    let place = Place::new(&shares(""));
    place.run();
    assert_eq!(journal(&place), (2 * EPOCH, 2 * EPOCH));
    place.write(&shares("images 1.0"));
    assert!(place.run().nothing_executed(), "all images are what is meant without the line");
    // Half of 24 images are two batches of 8, a quarter is one.
    place.write(&shares("images 0.5"));
    assert_eq!(place.run().executed("train"), 1);
    assert_eq!(journal(&place).0, 2 * EPOCH + 4);
    place.write(&shares("images 0.25"));
    assert_eq!(place.run().executed("train"), 1);
    assert_eq!(journal(&place).0, 2 * EPOCH + 4 + 2);
    let cost = place.nasflow(&["cost", "pipeline.kdl", "--json"]).out;
    let cost: serde_json::Value = serde_json::from_str(&cost).expect("JSON");
    assert_eq!(cost["costs"]["stages"][0]["spent"]["iterations"], 2);
}

//! k-fold from end to end: what each training reads, what each is measured on, and that workers change no bit.

use crate::oneshot::open;
use crate::support::Place;
use nasflow::base::Digest;
use nasflow::data::Scan;
use nasflow::nn::DeviceChoice;
use nasflow::plan::{Action, Engine, Kind, Slot};
use nasflow::run::StoreKnown;
use std::collections::BTreeSet;

const FOLDED: &str = r#"
pipeline "folded" seed=1
data "shapes" generate=shapes images=24 image-size=64 { split train=0.75 test=0.25; folds "cv" 3 of=train seed=1 }
space "s" {
    network width=0.125 {
        input "shapes"
        conv 64 kernel=3 stride=4
        conv 64 stride=2 as="a" { kernel 1 3 5 }
        conv 128 kernel=3 stride=2 as="b"
        detect "a" "b"
    }
}
sample   "trials" { from "s"; strategy evolution population=2 tournament=2; trials 3 window=2; objective "score" maximize=map50 }
train    "short"  { from "trials"; data "shapes" folds="cv"; recipe yolov5-short; batch 4; epochs 2; schedule linear over=4 }
evaluate "score"  { from "short"; data "shapes" folds="cv"; metrics map50 params }
select   "best"   { from "score"; top 1 by=map50 }
"#;

const FINAL: &str = r#"
train    "final"  { from "best"; data "shapes" split=train; recipe yolov5-short; batch 4; init scratch; epochs 1 }
evaluate "test"   { from "final"; data "shapes" split=test; metrics map50 }
answer   "best"   { in "test"; by map50 }
"#;

fn input(action: &Action, name: &str) -> Digest {
    action.inputs.iter().find(|i| i.0 == name).unwrap_or_else(|| panic!("no {name}: {}", action.text())).1
}

/// The digests of the images of the split that an action reads.
fn images(scan: &Scan, action: &Action) -> BTreeSet<Digest> {
    let split = input(action, "split");
    let split = scan.splits.iter().find(|s| s.digest == split).expect("a split of the data");
    split.images.iter().map(|i| i.digest).collect()
}

fn actions(slot: &Slot, kind: Kind) -> Vec<&Action> {
    slot.steps.iter().map(|s| &s.action).filter(|a| a.kind == kind).collect()
}

#[test]
fn no_image_of_a_fold_is_seen_by_its_training() {
    let place = Place::new(FOLDED);
    let said = place.run();
    assert_eq!(["train", "predict", "metric"].map(|kind| said.executed(kind)), [9, 9, 9], "{said:?}");
    let (prepared, store) = open(&place);
    let scan = &prepared.scans["shapes"];
    let all: BTreeSet<Digest> = scan.split("train").expect("a split").images.iter().map(|i| i.digest).collect();
    let numerics = DeviceChoice::Fast.numerics().to_string();
    let replay = Engine::new(&prepared.pipeline, &prepared.data, &prepared.spaces, numerics).replay(&mut StoreKnown::new(Some(&store)));
    let slots = |name: &str| &replay.stages[prepared.pipeline.stage(name).expect("a stage")].slots;
    let whole = &prepared.data["shapes"].splits["train"].anchors;
    assert_eq!(whole.len(), 1, "the anchors of one head");
    for (short, score) in slots("short").iter().zip(slots("score")) {
        let (trained, predicted) = (actions(short, Kind::Train), actions(score, Kind::Predict));
        assert_eq!((trained.len(), predicted.len()), (3, 3));
        let mut covered = BTreeSet::new();
        let mut networks = BTreeSet::from([short.model.candidate.digest]);
        for (train, predict) in trained.iter().zip(&predicted) {
            let (seen, held) = (images(scan, train), images(scan, predict));
            assert!(seen.is_disjoint(&held) && covered.is_disjoint(&held));
            assert_eq!(seen.union(&held).copied().collect::<BTreeSet<_>>(), all);
            covered.extend(held);
            // The anchors are of the images that are left, too.
            assert_eq!(input(train, "architecture"), input(predict, "architecture"));
            networks.insert(input(train, "architecture"));
        }
        assert_eq!((covered, networks.len()), (all.clone(), 4));
        let figure = &score.model.figures[&nasflow::language().metric("map50").expect("a metric")];
        assert_eq!((figure.values.len(), figure.folds, figure.by_seed()), (3, 3, vec![figure.mean()]));
    }
    let shown = place.nasflow(&["show", "pipeline.kdl"]);
    assert!(shown.out.contains("over the 3 folds \"cv\" of train"), "{shown:?}");
    assert!(!shown.out.contains("of the spread"), "folds are no seeds: {shown:?}");
    // There is no one network to export.
    let refused = place.nasflow(&["export", "pipeline.kdl", "-o", "net.safetensors"]);
    assert!(!refused.ok() && refused.err.contains("trained over folds"), "{refused:?}");
    place.write(&(FOLDED.to_string() + FINAL));
    assert_eq!(place.run().executed("train"), 1);
    assert!(place.nasflow(&["export", "pipeline.kdl", "-o", "net.safetensors"]).ok());
}

#[test]
fn workers_and_later_epochs_change_no_bit() {
    let digests = |epochs: &[&str], jobs: &str| {
        let place = Place::new(FOLDED);
        for epochs in epochs {
            place.write(&FOLDED.replace("epochs 2;", epochs));
            let said = place.nasflow(&["run", "pipeline.kdl", "--jobs", jobs]);
            assert!(said.ok(), "{said:?}");
        }
        place.digests()
    };
    let whole = digests(&["epochs 3;"], "1");
    assert_eq!(whole, digests(&["epochs 3;"], "2"));
    // More epochs go on, fold by fold, from fewer. (Without a search: one of fewer epochs proposes other networks.)
    let alone = FOLDED.replace(
        "strategy evolution population=2 tournament=2; trials 3 window=2; objective \"score\" maximize=map50",
        "strategy reference",
    );
    let reached = |epochs: &[&str]| {
        let place = Place::new(&alone);
        for epochs in epochs {
            place.write(&alone.replace("epochs 2;", epochs));
            place.run();
        }
        place.digests()
    };
    assert_eq!(reached(&["epochs 4;"]), reached(&["epochs 1;", "epochs 4;"]));
}

/// A search that stops early reads the mean over the folds at each rung; a budget counts every fold.
#[test]
fn folds_stop_early_together_and_are_all_paid() {
    let text = FOLDED
        .replace("epochs 2;", "epochs 4; budget epochs=30;")
        .replace(
            "trials 3 window=2; objective \"score\" maximize=map50",
            "trials 4 window=1; objective \"score\" maximize=map50 { stop-early asha reduction=2 min-epochs=1 }",
        )
        .replace("kernel 1 3 5", "kernel 1 3 5 7")
        .replace("strategy evolution population=2 tournament=2", "strategy random");
    let digests = |jobs: &str| {
        let place = Place::new(&text);
        let said = place.nasflow(&["run", "pipeline.kdl", "--jobs", jobs]);
        assert!(said.ok(), "{said:?}");
        (place.digests(), said)
    };
    let (one, said) = digests("1");
    assert!(said.out.contains("budget of 30 epochs") || said.err.contains("budget of 30 epochs"), "{said:?}");
    assert_eq!(one, digests("2").0);
    // Three folds of four epochs do not fit into eleven.
    let place = Place::new(&text.replace("budget epochs=30", "budget epochs=11"));
    let refused = place.nasflow(&["check", "pipeline.kdl"]);
    assert!(!refused.ok() && refused.err.contains("one model of `short` takes 12 epochs"), "{refused:?}");
}

#[cfg(unix)]
#[test]
fn killed_folds_go_on_with_the_same_bits() {
    let make = || Place::new(&FOLDED.replace("epochs 2; schedule linear over=4", "epochs 20"));
    let undisturbed = make();
    undisturbed.run();
    let place = make();
    let kills = crate::kill::thrice(&place, 15);
    let said = place.run();
    assert_eq!(place.digests(), undisturbed.digests(), "after {kills} kills: {said:?}");
    assert!(kills > 0, "no kill came before the end");
}

#[test]
fn classifiers_are_trained_over_folds_and_seeds() {
    let text = r#"
pipeline "classes"
data "figures" generate=figures images=30 image-size=48 { split train=1.0; folds "cv" 5 }
space "s" {
    network {
        input "figures"
        conv 8 stride=4 { kernel 3 5 1 7 }
        global-pool; linear
    }
}
sample   "trials" { from "s"; strategy random; trials 4 }
train    "short"  { from "trials"; data "figures" folds="cv"; batch 8; epochs 1; seeds 2 }
evaluate "score"  { from "short"; data "figures" folds="cv"; metrics accuracy loss }
select   "best"   { from "score"; top 1 by=accuracy }
"#;
    let place = Place::new(text);
    let said = place.run();
    assert_eq!(["train", "predict"].map(|kind| said.executed(kind)), [40, 40], "{said:?}");
    let said = place.nasflow(&["show", "pipeline.kdl", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {said:?}"));
    assert_eq!(json["rows"][0]["metrics"]["loss"]["values"].as_array().map(Vec::len), Some(10));
    assert_eq!(json["rows"][0]["folds"], 5);
    // Two seeds repeat the score, which is the mean of five folds.
    assert_eq!(json["reliability"][0]["repeated"], 4, "{}", json["reliability"]);
    let csv = place.nasflow(&["show", "pipeline.kdl", "--csv"]).out;
    let (head, row) = (csv.lines().next().expect("a head"), csv.lines().nth(1).expect("a row"));
    let column = head.split(',').position(|c| c == "seeds").expect("a column");
    assert_eq!(row.split(',').nth(column), Some("2"), "{csv}");
    let fails = |from: &str, to: &str, why: &str| {
        place.write(&text.replace(from, to));
        let refused = place.nasflow(&["check", "pipeline.kdl"]);
        assert!(!refused.ok() && refused.err.contains(why), "{refused:?}");
    };
    fails("\"cv\" 5", "\"cv\" 31", "the split `train` of `figures` has fewer images than `cv` has folds");
}

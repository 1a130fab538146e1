//! A search over networks and learning rates, from end to end.

use crate::support::Place;
use std::collections::BTreeSet;

const JOINT: &str = r#"
pipeline "joint" seed=3
data "shapes" generate=shapes images=24 image-size=32 { split train=0.5 val=0.25 test=0.25 }
space "tiny" {
    choice "rate" 0.01 0.05
    network width=0.125 {
        input "shapes"
        conv 64 stride=4 { kernel 3 5 }
        conv 64 kernel=3 stride=2 as="a"
        detect "a"
    }
}
sample   "trials" { from "tiny"; strategy evolution population=2 tournament=1; trials 4 window=2; objective "score" maximize=map50 }
train    "short"  { from "trials"; data "shapes" split=train; recipe yolov5-short; batch 4; optimizer sgd lr=(choice)"rate"; epochs 1 }
evaluate "score"  { from "short"; data "shapes" split=val; metrics map50 flops }
select   "best"   { from "score"; top 1 by=map50 }
train    "long"   { from "best"; data "shapes" split=train; recipe yolov5-short; batch 4; init scratch; optimizer sgd lr=(choice)"rate"; epochs 2 }
evaluate "test"   { from "long"; data "shapes" split=test; metrics map50 }
"#;

/// Key and weights of every training, whichever trial it was for.
fn weights(place: &Place) -> BTreeSet<String> {
    let lines = place.digests();
    let of = |l: &str| l.split_once(" train ").map(|(_, made)| made.to_string());
    lines.lines().filter_map(of).collect()
}

#[test]
fn rates_are_searched_with_the_network_and_nothing_is_trained_twice() {
    let (one, two) = (Place::new(JOINT), Place::new(JOINT));
    for (place, jobs) in [(&one, "1"), (&two, "2")] {
        let said = place.nasflow(&["run", "pipeline.kdl", "--jobs", jobs]);
        assert!(said.ok() && said.executed("train") == 5, "{said:?}");
    }
    assert_eq!(one.digests(), two.digests(), "one worker and two");
    assert!(one.run().nothing_executed());
    // Two networks at two rates have four different weights.
    let csv = one.nasflow(&["show", "pipeline.kdl", "--csv"]).out;
    let head: Vec<&str> = csv.lines().next().expect("a head").split(',').collect();
    let column = |name: &str| head.iter().position(|h| *h == name).unwrap_or_else(|| panic!("{name}: {head:?}"));
    let rows: Vec<Vec<&str>> = csv.lines().filter(|l| l.starts_with("score,")).map(|l| l.split(',').collect()).collect();
    let pairs: BTreeSet<(&str, &str)> = rows.iter().map(|r| (r[column("architecture")], r[column("choice:rate")])).collect();
    assert_eq!(pairs.len(), 4, "{csv}");
    let trained: BTreeSet<String> =
        weights(&one).iter().filter_map(|l| l.split(' ').find(|p| p.starts_with("weights=")).map(str::to_string)).collect();
    assert_eq!(trained.len(), 5, "{trained:?}");

    // What the answer was trained with is shown, and stands in the file that is exported.
    let said = one.nasflow(&["show", "pipeline.kdl"]);
    assert!(said.out.contains("rate = 0.01") || said.out.contains("rate = 0.05"), "{}", said.out);
    let said = one.nasflow(&["export", "pipeline.kdl", "-o", "best.safetensors"]);
    assert!(said.ok(), "{said:?}");
    let file = std::fs::read(one.path().join("best.safetensors")).expect("the file");
    assert!(String::from_utf8_lossy(&file).contains(r#""recipe":"{\"optimizer.lr\":0.0"#));

    // A third rate trains what is new, and another order of the values nothing.
    let known = weights(&one);
    one.write(&JOINT.replace("0.01 0.05", "0.01 0.05 0.02").replace("trials 4", "trials 6"));
    let said = one.run();
    let new: Vec<String> = weights(&one).difference(&known).cloned().collect();
    assert_eq!(said.executed("train"), new.len(), "{said:?}");
    assert!((2..=3).contains(&new.len()), "two trials, and perhaps another winner: {said:?} {new:?}");
    one.write(&JOINT.replace("0.01 0.05", "0.05 0.01").replace("strategy evolution population=2 tournament=1", "strategy random"));
    assert_eq!(one.run().executed("train"), 0);
}

/// A wide space, over it a narrow one as a supernet, and one that keeps what a search has found.
const NARROW: &str = r#"
pipeline "narrow" seed=3
data "shapes" generate=shapes images=24 image-size=32 { split train=0.5 val=0.25 test=0.25 }
space "wide" {
    choice "act" silu relu
    network width=0.125 activation=(choice)"act" {
        input "shapes"
        conv 64 stride=4 as="stem" { kernel 3 5 }
        choose "block" { c3 64 { repeats 1 2 }; residual 64; skip }
        conv 64 kernel=3 stride=2 as="a"
        detect "a"
    }
    require params max=1.5 of=reference
}
space    "narrow" { from "wide"; fix "act" relu; keep "block" c3 skip }
train    "net"    { from "narrow"; data "shapes" split=train; method single-path; recipe yolov5-short; batch 4; epochs 1 }
sample   "subnets" { from "net"; strategy random; trials 3 }
evaluate "ranking" { from "subnets"; data "shapes" split=val; recalibrate batches=1 split=train; metrics map50 flops }
select   "best"   { from "ranking"; top 1 by=map50 }
train    "tuned"  { from "best"; data "shapes" split=train; recipe yolov5-short; batch 4; init inherit; epochs 1 }
space    "finer"  { from "wide"; keep "stem.kernel" from="best"; keep "block" from="best" }
sample   "more"   { from "finer"; strategy random; trials 2 }
train    "alone"  { from "more"; data "shapes" split=train; recipe yolov5-short; batch 4; epochs 1 }
evaluate "test"   { from "alone" "tuned"; data "shapes" split=test; metrics map50 }
"#;

#[test]
fn a_narrow_space_is_trained_as_a_supernet_and_one_waits_for_what_was_chosen() {
    let (one, two) = (Place::new(NARROW), Place::new(NARROW));
    for (place, jobs) in [(&one, "1"), (&two, "2")] {
        let said = place.nasflow(&["run", "pipeline.kdl", "--jobs", jobs]);
        assert!(said.ok() && said.executed("train") == 4, "{said:?}");
    }
    assert_eq!(one.digests(), two.digests());
    assert!(one.run().nothing_executed());
    let csv = one.nasflow(&["show", "pipeline.kdl", "--csv"]).out;
    let head: Vec<&str> = csv.lines().next().expect("a head").split(',').collect();
    let cell = |line: &str, name: &str| line.split(',').nth(head.iter().position(|h| *h == name).expect("a column")).map(str::to_string);
    let subnets: Vec<&str> = csv.lines().filter(|l| l.starts_with("ranking,")).collect();
    assert_eq!(subnets.len(), 3);
    for line in subnets {
        assert_eq!(cell(line, "choice:act").as_deref(), Some("relu"), "{csv}");
        assert_ne!(cell(line, "choice:block").as_deref(), Some("residual"), "{csv}");
    }
    let best = csv.lines().find(|l| l.starts_with("test,tuned") || l.starts_with("test,subnets")).expect("what was chosen").to_string();
    for line in csv.lines().filter(|l| l.starts_with("test,more")) {
        assert_eq!(cell(line, "choice:block"), cell(&best, "choice:block"), "{csv}");
        assert_eq!(cell(line, "choice:stem.kernel"), cell(&best, "choice:stem.kernel"), "{csv}");
    }
}

/// `min-iterations` is another way to write `epochs`: the trainings are the same ones.
#[test]
fn few_images_are_trained_on_for_as_many_epochs_as_reach_the_iterations() {
    let text = |length: &str| JOINT.replace("epochs 1 }", &format!("{length} }}"));
    // 12 images in batches of 4: three iterations an epoch.
    let long = Place::new(&text("epochs 1; min-iterations 7"));
    let checked = long.nasflow(&["check", "pipeline.kdl"]);
    assert!(checked.ok(), "{checked:?}");
    let note = "short: 3 epochs, not 1: of 12 images they are 9 iterations";
    assert!((checked.out + &checked.err).contains(note));
    assert!(long.run().ok());
    assert_eq!(weights(&long), {
        let written = Place::new(&text("epochs 3"));
        assert!(written.run().ok());
        weights(&written)
    });
    // Of images that are many, the epochs that are written are enough.
    std::fs::write(long.path().join("pipeline.kdl"), text("epochs 3; min-iterations 7")).expect("written");
    assert!(long.run().nothing_executed());
    let folds = text("epochs 1; min-iterations 7")
        .replace("test=0.25 }", "test=0.25; folds \"cv\" 3 of=train }")
        .replacen("split=train", "folds=\"cv\"", 1)
        .replacen("split=val", "folds=\"cv\"", 1);
    let said = Place::new(&folds).nasflow(&["check", "pipeline.kdl"]);
    assert!((said.out + &said.err).contains("short: 4 epochs, not 1: of 8 images they are 8 iterations"));
}

//! `loss` of detectors: measured, searched by, and refused where it compares what cannot be compared.

use crate::support::{Place, Said};

const SEARCH: &str = r#"
pipeline "losses" seed=1
data "shapes" generate=shapes images=24 image-size=64 { split train=0.5 val=0.25 test=0.25 }
space "s" {
    network width=0.125 {
        input "shapes"
        conv 64 kernel=3 stride=4
        conv 64 stride=2 as="a" { kernel 1 3 5 }
        conv 128 kernel=3 stride=2 as="b"
        detect "a" "b"
    }
}
sample   "trials" { from "s"; strategy evolution population=2 tournament=2; trials 4 window=2; objective "score" minimize=loss }
train    "short"  { from "trials"; data "shapes" split=train; recipe yolov5-short; batch 4; epochs 1 }
evaluate "score"  { from "short"; data "shapes" split=val; metrics loss map50 }
select   "best"   { from "score"; top 1 by=loss }
sample   "stock"  { from "s"; strategy reference }
train    "long"   { from "best" "stock"; data "shapes" split=train; recipe yolov5-short; batch 4; init scratch; epochs 1; seeds 2; seed 5 }
evaluate "test"   { from "long"; data "shapes" split=test; metrics loss }
answer   "best"   { in "test"; by loss; against "stock" }
"#;

fn run(place: &Place, jobs: &str) -> Said {
    let said = place.nasflow(&["run", "pipeline.kdl", "--jobs", jobs]);
    assert!(said.ok(), "{said:?}");
    said
}

#[test]
fn a_search_by_the_loss_has_the_same_bits_with_two_workers() {
    let [one, two] = [Place::new(SEARCH), Place::new(SEARCH)];
    let (said, _) = (run(&one, "1"), run(&two, "2"));
    assert_eq!(one.digests(), two.digests());
    let trained = said.executed("train");
    assert_eq!((said.executed("loss"), said.executed("predict")), (trained, 3), "three distinct networks, {said:?}");
    let json: serde_json::Value = serde_json::from_str(&one.nasflow(&["show", "pipeline.kdl", "--json"]).out).expect("JSON");
    let rows: Vec<&serde_json::Value> = json["rows"].as_array().expect("rows").iter().filter(|r| r["stage"] == "score").collect();
    let loss = |r: &serde_json::Value| r["metrics"]["loss"]["values"][0].as_f64().expect("a loss");
    assert!(rows.iter().all(|r| loss(r) > 0.1 && loss(r) < 10.0), "{rows:?}");
    // Less is better: the one that goes on has the least.
    let least = rows.iter().min_by(|a, b| loss(a).total_cmp(&loss(b))).expect("a row");
    let long = json["rows"].as_array().expect("rows").iter().find(|r| r["stage"] == "test" && r["sample"] == "trials");
    assert_eq!(long.expect("a row")["architecture"], least["architecture"]);
    assert!(said.out.contains("answer: best  loss"), "{said:?}");
    // Another metric beside it runs no network again.
    one.write(&SEARCH.replace("metrics loss map50", "metrics loss map50 recall"));
    let more = run(&one, "1");
    assert_eq!((more.executed("loss"), more.executed("predict"), more.executed("train")), (0, 0, 0), "{more:?}");
    // Other gains are another training and another loss; nothing compares the two.
    let other = SEARCH
        .replace("init scratch; epochs 1", "init scratch; loss box=0.1; epochs 1")
        .replace("from \"best\" \"stock\"; data", "from \"best\"; data");
    let stock = "train \"other\" { from \"stock\"; data \"shapes\" split=train; recipe yolov5-short; batch 4; epochs 1 }\nevaluate \"test\" { from \"long\" \"other\";";
    one.write(&other.replace("evaluate \"test\"   { from \"long\";", stock));
    let refused = one.nasflow(&["check", "pipeline.kdl"]);
    assert!(!refused.ok() && refused.err.contains("trained by other gains"), "{refused:?}");
}

#[test]
fn heads_and_sizes_that_differ_are_not_compared_by_it() {
    let fails = |from: &str, to: &str, why: &[&str]| {
        let place = Place::new(&SEARCH.replace(from, to));
        let refused = place.nasflow(&["check", "pipeline.kdl"]);
        assert!(!refused.ok() && why.iter().all(|w| refused.err.contains(w)), "{refused:?}");
    };
    fails(
        "input \"shapes\"",
        "input \"shapes\" { image-size 64 96 }",
        &["the size of the image, which differs", "strides 8 16 at 64 px and strides 8 16 at 96 px"],
    );
    fails(
        "kernel=3 stride=4",
        "kernel=3 { stride 4 2 }",
        &["the levels of the head, which differ", "guides a search", "chooses", "compares"],
    );
    fails(
        "conv 128 kernel=3 stride=2 as=\"b\"\n",
        "choose \"deep\" { conv 128 kernel=3 stride=2 as=\"one\"; repeat 1 as=\"two\" { conv 128 kernel=3 stride=2; conv 128 kernel=3 stride=2 } }\n        skip as=\"b\"\n",
        &["strides 8 16 at 64 px and strides 8 32 at 64 px"],
    );
    // Gains that are searched weigh it, too.
    let gain = "choice \"gain\" 0.05 0.1\n    network width";
    let place =
        Place::new(&SEARCH.replace("network width", gain).replace("batch 4; epochs 1 }", "batch 4; epochs 1; loss box=(choice)\"gain\" }"));
    let refused = place.nasflow(&["check", "pipeline.kdl"]);
    assert!(!refused.ok() && refused.err.contains("`loss.box` is a choice"), "{refused:?}");
    // It may still be measured there.
    let text =
        SEARCH.replace("minimize=loss", "maximize=map50").replace("by=loss", "by=map50").replace("metrics loss }", "metrics loss map50 }");
    let place = Place::new(&text.replace("by loss;", "by map50;").replace("kernel=3 stride=4", "kernel=3 { stride 4 2 }"));
    let said = place.nasflow(&["check", "pipeline.kdl"]);
    assert!(said.ok(), "{said:?}");
}

#[test]
fn networks_of_a_supernet_have_it_too() {
    let text = r#"
pipeline "shared"
data "shapes" generate=shapes images=24 image-size=64 { split train=0.5 val=0.5 }
space "s" {
    network width=0.125 {
        input "shapes"
        conv 64 kernel=3 stride=4
        conv 64 stride=2 as="a" { kernel 1 3 5 }
        conv 128 kernel=3 stride=2 as="b"
        detect "a" "b"
    }
}
train    "supernet" { from "s"; data "shapes" split=train; method single-path; recipe yolov5-short; batch 4; epochs 2 }
sample   "subnets"  { from "supernet"; strategy random; trials 3 }
evaluate "shared"   { from "subnets"; data "shapes" split=val; recalibrate batches=2 split=train; metrics loss }
select   "best"     { from "shared"; top 1 by=loss }
train    "tuned"    { from "best"; data "shapes" split=train; recipe yolov5-short; batch 4; init inherit; epochs 1 }
evaluate "last"     { from "tuned"; data "shapes" split=val; metrics loss }
"#;
    let place = Place::new(text);
    let said = run(&place, "2");
    assert_eq!((said.executed("loss"), said.executed("predict-subnet"), said.executed("predict")), (4, 0, 0), "{said:?}");
    assert!(place.nasflow(&["run", "pipeline.kdl"]).nothing_executed());
}

//! Supernets trained by the real binary: killed and gone on with, prolonged, searched twice.

use crate::kill::{journal, thrice};
use crate::support::{Place, long};

const SUPERNET: &str = r#"
pipeline "supernets" seed=3
data "shapes" generate=shapes images=48 image-size=64 { split train=0.5 val=0.25 test=0.25 }
space "tiny" {
    network width=0.125 {
        input "shapes"
        conv 64 stride=2 { kernel 3 5 }
        conv 128 kernel=3 stride=2
        choose "block" { c3 128 { repeats 1 2 }; residual 128; skip }
        conv 256 kernel=3 stride=2 as="out3"
        conv 512 stride=2 as="out4" { kernel 3 1 }
        conv 512 kernel=3 stride=2 as="out5"
        detect "out3" "out4" "out5" anchors=auto
    }
}
train "supernet" { from "tiny"; data "shapes" split=train; METHOD; recipe yolov5-short; epochs 6; schedule linear over=12 }
sample "subnets" { from "supernet"; strategy random; trials 4 }
evaluate "ranking" { from "subnets"; data "shapes" split=val; recalibrate batches=2 split=train; metrics map50 flops }
select "best" { from "ranking"; top 1 by=flops }
train "tuned" { from "best"; data "shapes" split=train; recipe yolov5-short; init inherit; epochs 1 }
evaluate "test" { from "tuned"; data "shapes" split=test; metrics map50 }
answer "tuned" { in "test"; by map50 }
"#;

fn pipeline(method: &str) -> String {
    SUPERNET.replace("METHOD", method)
}

#[test]
fn trained_searched_and_gone_on_with() {
    let place = Place::new(&pipeline("method single-path sampling=fair"));
    let first = place.run();
    assert_eq!(["train", "predict-subnet", "cut"].map(|kind| first.executed(kind)), [2, 4, 1], "{first:?}");
    assert!(place.run().nothing_executed());
    // 24 images in batches of 8: 18 iterations of the supernet, 3 of the winner.
    assert_eq!(journal(&place), (21, 21));

    // A second search in the same supernet trains it no more, and knows the paths that it meets again.
    let more = pipeline("method single-path sampling=fair").replace("trials 4", "trials 6");
    place.write(&more);
    let second = place.run();
    assert!(second.executed("predict-subnet") == 2 && second.executed("train") <= 1, "{second:?}");

    // More epochs go on where the training ended.
    place.write(&more.replace("epochs 6", "epochs 8"));
    let before = journal(&place).0;
    let third = place.run();
    assert!(third.executed("train") >= 1, "{third:?}");
    assert!(journal(&place).0 - before <= 6 + 3, "{:?} after {before}", journal(&place));

    // And are what a training of so many epochs in one piece is.
    let whole = Place::new(&more.replace("epochs 6", "epochs 8"));
    whole.run();
    let supernets = |p: &Place| p.digests().lines().filter(|l| l.contains(" train ")).map(String::from).collect::<Vec<_>>();
    let (gone_on, whole) = (supernets(&place), supernets(&whole));
    assert!(whole.iter().all(|line| gone_on.contains(line)), "{whole:#?} not in {gone_on:#?}");
}

/// PC-DARTS: its networks are trained anew.
fn trained_alone(text: &str) -> String {
    text
        .replace("; recalibrate batches=2 split=train; metrics map50 flops", "; metrics map50 flops")
        .replace("evaluate \"ranking\" { from \"subnets\"", "train \"short\" { from \"subnets\"; data \"shapes\" split=train; init scratch; recipe yolov5-short; epochs 1 }\nevaluate \"ranking\" { from \"short\"")
        .replace("init inherit", "init scratch")
}

#[test]
fn a_search_over_partial_channels_ends_in_networks_trained_alone() {
    let text = pipeline("method pc-darts partial=4 warmup=1");
    let place = Place::new(&trained_alone(&text));
    let first = place.run();
    assert!(first.executed("train") >= 3 && first.executed("cut") == 0, "{first:?}");
    assert!(place.run().nothing_executed());
    let said = place.nasflow(&["show", "pipeline.kdl"]);
    assert!(said.ok() && said.out.contains("most probable are"), "{said:?}");
    place.write(&text);
    let said = place.nasflow(&["plan", "pipeline.kdl"]);
    assert!(!said.ok() && said.err.contains("partial-weights") && said.err.contains("init scratch"), "{said:?}");
    place.write(&trained_alone(&text).replace("partial=4", "partial=3"));
    let said = place.nasflow(&["plan", "pipeline.kdl"]);
    assert!(!said.ok() && said.err.contains("16 channels cannot be divided by 3"), "{said:?}");
}

#[cfg(unix)]
#[test]
fn killed_again_and_again_a_supernet_ends_with_the_same_bits() {
    let methods = ["method darts warmup=1", "method sandwich", "method gumbel", "method enas { controller steps=2 samples=2 }"];
    for method in &methods[..if long() { 4 } else { 1 }] {
        let text = pipeline(method).replace("epochs 6", "epochs 20");
        let undisturbed = Place::new(&text);
        undisturbed.run();
        let wanted = undisturbed.digests();
        let place = Place::new(&text);
        let kills = thrice(&place, 5);
        place.run();
        assert_eq!(place.digests(), wanted, "{method} after {kills} kills");
        assert!(kills >= 2, "{method}: only {kills} kills came before the end");
        let (executed, distinct) = journal(&place);
        assert!(executed > distinct && executed - distinct <= kills * 3, "{method}: {executed} executed, {distinct} distinct");
    }
}

/// A table measured here is one that a penalty takes; its text is in the key, and its place is not.
#[test]
fn a_latency_table_is_made_and_used() {
    let text = pipeline("method darts; penalty table-latency target=1.0 of=reference latency-table=\"here.json\"");
    let place = Place::new(&text);
    let made = place.nasflow(&["latency-table", "pipeline.kdl", "tiny"]);
    assert!(made.ok() && made.out.contains("\"unit\": \"ms\"") && made.err.contains("operations of all"), "{made:?}");
    std::fs::write(place.path().join("here.json"), &made.out).expect("a table");
    let first = place.run();
    assert_eq!(first.executed("train"), 2, "{first:?}");
    std::fs::rename(place.path().join("here.json"), place.path().join("there.json")).expect("moved");
    place.write(&text.replace("here.json", "there.json"));
    assert!(place.run().nothing_executed());
    std::fs::write(place.path().join("there.json"), made.out.replace("\"device\": \"", "\"device\": \"another ")).expect("a table");
    assert!(place.run().executed("train") >= 1);
    let unknown = place.nasflow(&["latency-table", "pipeline.kdl", "huge"]);
    assert!(!unknown.ok() && unknown.err.contains("it has `tiny`"), "{unknown:?}");
}

#[test]
fn a_method_that_cannot_train_is_refused_at_its_line() {
    for (method, why) in [
        ("method pc-darts partial=4 warmup=1; epochs 6", "cannot be measured inside a supernet of `pc-darts`"),
        ("method darts; penalty table-latency target=1.0 latency-table=\"t.json\"; epochs 6", "the latency table has no row `"),
        ("method darts; penalty table-latency target=1.0 latency-table=\"u.json\"; epochs 6", "u.json"),
    ] {
        let text = pipeline(method).replacen("; epochs 6;", ";", 1);
        let place = Place::new(&text);
        let few = r#"{"unit": "ms", "device": "none", "rows": {"add 2 in 8x8x16": 0.1}}"#;
        std::fs::write(place.path().join("t.json"), few).expect("a table");
        let said = place.nasflow(&["plan", "pipeline.kdl"]);
        assert!(!said.ok() && said.err.contains(why), "{said:?}");
    }
}

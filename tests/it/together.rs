//! Everything that a search can be made of, in one pipeline: levels, sizes, values that follow from others, a searched rate, trials that
//! start warm and are stopped early on a share of the images, a bound by a table of latencies, finals over folds. The bits are the
//! same for 1, 2 and 8 workers and after kills, and a choice that gains a value trains nothing again.

#![cfg(unix)]

use crate::kill::{journal, thrice};
use crate::support::Place;

const PIPELINE: &str = r#"
pipeline "together" seed=4
data "shapes" generate=shapes images=48 image-size=64 { split train=0.5 val=0.25 test=0.25; folds "cv" 2 of=train }
space "levels" {
    choice "px" 64 32
    choice "top" 4 3
    choice "w" 0.125 0.0625
    network width=(choice)"w" {
        input "shapes" image-size=(choice)"px"
        conv 64 kernel=3 stride=4
        conv stride=2 as="a" { channels 128 256; kernel 3 5 }
        when top=4 { conv (expr)"256 * 8 * w" kernel=3 stride=2 as="b" }
        detect "a" "b" anchors=auto
    }
    require table-latency max=1000 latency-table="t.json"
    require (expr)"top == 4 or px == 64"
}
space "joint" { from "levels"; range "lr" min=1e-3 max=4e-3 scale=log step=2 reference=2e-3 }

sample "stock" { from "levels"; strategy reference }
train  "source" { from "stock"; data "shapes" split=train; recipe yolov5-short; batch 8; epochs 2 }

sample "trials" {
    from "joint"; strategy evolution population=3 tournament=2; trials 6 window=2
    objective "score" maximize=map50 { stop-early asha reduction=2 min-epochs=1 }
}
train "short" {
    from "trials"; data "shapes" split=train; recipe yolov5-short; init from="source" match=overlap
    batch 4; images 0.5; epochs 4; schedule linear over=4; optimizer adamw lr=(choice)"lr"; budget epochs=40
}
evaluate "score"  { from "short"; data "shapes" split=val; metrics map50 table-latency flops; latency-table "t.json" }
select   "finals" { from "score"; top 2 by=map50 }
train    "again"  { from "finals"; data "shapes" folds="cv"; recipe yolov5-short; init scratch; batch 8; epochs 2; optimizer adamw lr=(choice)"lr" }
evaluate "judged" { from "again"; data "shapes" folds="cv"; metrics map50 }
select   "best"   { from "judged"; top 1 by=map50 }
train    "long"   { from "best" "stock"; data "shapes" split=train; recipe yolov5-short; init scratch; batch 8; epochs 2; seeds 2 }
evaluate "test"   { from "long"; data "shapes" split=test; metrics map50 loss }
answer   "best"   { in "test"; by map50; against "stock" }
"#;

/// A place with the pipeline and the table of `of`.
fn place(text: &str, table: &str) -> Place {
    let place = Place::new(text);
    std::fs::write(place.path().join("t.json"), table).expect("a table");
    place
}

#[test]
fn all_of_it_in_one_pipeline() {
    let first = Place::new(PIPELINE);
    let made = first.nasflow(&["latency-table", "pipeline.kdl"]);
    assert!(made.ok(), "{made:?}");
    let table = made.out;
    let first = place(PIPELINE, &table);
    let said = first.nasflow(&["run", "pipeline.kdl", "--jobs", "1"]);
    assert!(said.ok() && said.out.starts_with("answer: best  map50 "), "{said:?}");
    assert!(said.err.contains("init: "), "{said:?}");
    let (executed, distinct) = journal(&first);
    assert_eq!(executed, distinct, "nothing runs twice");
    assert!(first.run().nothing_executed());
    let wanted = first.digests();

    let many = place(PIPELINE, &table);
    let said = many.nasflow(&["run", "pipeline.kdl", "--jobs", "8"]);
    assert!(said.ok(), "{said:?}");
    assert_eq!(many.digests(), wanted, "eight workers");
    assert_eq!(journal(&many), (distinct, distinct));

    let killed = place(PIPELINE, &table);
    let kills = thrice(&killed, 8);
    let said = killed.run();
    assert!(said.ok(), "{said:?}");
    assert_eq!(killed.digests(), wanted, "two workers, after {kills} kills");
    assert_eq!(journal(&killed).1, distinct);

    // What was trained stays: only networks that were not met before are trained.
    let more = PIPELINE.replace("choice \"w\" 0.125 0.0625", "choice \"w\" 0.125 0.0625 0.1875").replace("kernel 3 5 }", "kernel 3 5 1 }");
    let made = Place::new(&more).nasflow(&["latency-table", "pipeline.kdl"]);
    assert!(made.ok(), "{made:?}");
    first.write(&more);
    std::fs::write(first.path().join("t.json"), &made.out).expect("a table");
    let said = first.run();
    assert!(said.ok(), "{said:?}");
    let (again, known) = journal(&first);
    assert!(again == known && again >= executed, "{again} executed, {known} distinct");
}

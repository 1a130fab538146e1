//! Distillation and pruning by the real binary: what is counted, what runs again, and the same bits whatever happens.

use crate::kill::thrice;
use crate::support::Place;

const AFTER: &str = r#"
pipeline "after" seed=3
data "shapes" generate=shapes images=48 image-size=64 { split train=0.5 val=0.25 test=0.25 }
space "tiny" {
    network width=0.25 {
        input "shapes"
        conv 32 stride=2 { kernel 3 5 }
        conv 64 kernel=3 stride=2
        c3 64 { repeats 1 2 }
        conv 128 kernel=3 stride=2 as="out3"
        detect "out3" anchors=auto
    }
}
sample "trials" { from "tiny"; strategy random; trials 2 }
train "short" { from "trials"; data "shapes" split=train; recipe yolov5-short; epochs 2 }
evaluate "score" { from "short"; data "shapes" split=val; metrics map50 flops }
select "best" { from "score"; top 1 by=map50 }
sample "one" { from "tiny"; strategy reference }
train "big" { from "one"; data "shapes" split=train; recipe yolov5-short; init scratch; epochs 3 }
train "kd" { from "best"; data "shapes" split=train; recipe yolov5-short; init scratch; epochs 2; teacher "big" }
train "slim" { from "best"; data "shapes" split=train; recipe yolov5-short; epochs 2; prune flops=0.5 multiple=2 }
train "slim-kd" { from "best"; data "shapes" split=train; recipe yolov5-short; epochs 2; prune flops=0.5 multiple=2; teacher "big" }
evaluate "test" { from "kd" "slim" "slim-kd"; data "shapes" split=test; metrics map50 flops params }
answer "slim" { in "test"; by map50; against "kd" "slim-kd" }
"#;

#[test]
fn after_the_search_networks_are_taught_and_pruned() {
    let place = Place::new(AFTER);
    let first = place.run();
    // Two trials, the teacher, and three that come after; the network is pruned once for both that begin with it.
    assert_eq!((first.executed("train"), first.executed("prune")), (6, 1), "{first:?}");
    let said = format!("{}{}", first.out, first.err);
    assert!(said.contains("of its FLOPs and "), "{said}");
    assert!(place.run().nothing_executed());
    let shown = place.nasflow(&["show", "pipeline.kdl"]);
    assert!(shown.ok(), "{shown:?}");
    // Whoever computes it, with however many threads.
    let other = Place::new(AFTER);
    let said = other.nasflow(&["run", "pipeline.kdl", "--jobs", "1", "--threads", "1"]);
    assert!(said.ok() && other.digests() == place.digests(), "{said:?}");
    // Another weight of the teacher teaches anew, another rule prunes and trains anew, and nothing else runs.
    place.write(&AFTER.replace("epochs 2; teacher \"big\" }\ntrain \"slim\"", "epochs 2; teacher \"big\" weight=0.5 }\ntrain \"slim\""));
    let again = place.run();
    assert_eq!((again.executed("train"), again.executed("prune")), (1, 0), "{again:?}");
    place.write(&AFTER.replace("prune flops=0.5 multiple=2 }", "prune flops=0.6 by=bn multiple=1 }"));
    let again = place.run();
    assert_eq!((again.executed("train"), again.executed("prune")), (1, 1), "{again:?}");
    // The ways to the answer and to its baselines count the teacher that one of them learned from.
    let cost = place.nasflow(&["cost", "pipeline.kdl", "--json"]);
    let cost: serde_json::Value = serde_json::from_str(&cost.out).unwrap_or_else(|e| panic!("{e}: {cost:?}"));
    let ways = cost.pointer("/costs/ways").and_then(|w| w.as_array()).unwrap_or_else(|| panic!("{cost}"));
    let trained: Vec<u64> = ways.iter().filter_map(|w| w.pointer("/spent/trained-images")?.as_u64()).collect();
    let (trials, teacher, own) = (2 * 48, 72, 48);
    assert_eq!(trained, [trials + own, trials + teacher + own, trials + teacher + own], "{cost}");
}

#[test]
fn a_teacher_may_be_a_file() {
    let place = Place::new(
        &AFTER
            .replace("answer \"slim\"", "evaluate \"bigs\" { from \"big\"; data \"shapes\" split=test; metrics map50 }\nanswer \"big\"")
            .replace("in \"test\"; by map50; against \"kd\" \"slim-kd\"", "in \"bigs\"; by map50"),
    );
    place.run();
    let exported = place.nasflow(&["export", "pipeline.kdl", "-o", "big.safetensors"]);
    assert!(exported.ok(), "{exported:?}");
    let text = AFTER.replace("teacher \"big\"", "teacher file=\"big.safetensors\"");
    place.write(&text);
    let said = place.run();
    // The file's bytes are others than those of the training's weights, so both learn anew; what they learn is the same.
    assert_eq!((said.executed("train"), said.executed("prune")), (2, 0), "{said:?}");
    let weights = |place: &Place, stage: &str| -> Vec<String> {
        let all = place.digests();
        let of = |line: &str| line.split(' ').find_map(|part| part.strip_prefix("weights=")).map(String::from);
        all.lines().filter(|l| l.starts_with(&format!("{stage} ")) && l.contains(" train ")).filter_map(of).collect()
    };
    let learned = weights(&place, "kd");
    let stages = Place::new(AFTER);
    stages.run();
    assert!(!learned.is_empty() && learned == weights(&stages, "kd"), "{learned:?}");
    assert!(place.run().nothing_executed());
    std::fs::write(place.path().join("big.safetensors"), b"no model").expect("written");
    let said = place.nasflow(&["plan", "pipeline.kdl"]);
    assert!(!said.ok() && said.err.contains("not a safetensors file"), "{said:?}");
}

#[test]
fn what_cannot_be_is_a_failure_with_its_reason() {
    // Nothing so small is left; and a teacher of other classes cannot be written, one of another size can.
    let place = Place::new(&AFTER.replace("flops=0.5 multiple=2 }", "flops=0.001 multiple=2 }"));
    let said = place.nasflow(&["run", "pipeline.kdl"]);
    let all = format!("{}{}", said.out, said.err);
    assert!(all.contains("cannot be pruned: with every layer at its least"), "{all}");
    let larger = AFTER.replace("space \"tiny\" {", "space \"large\" { network like=yolov5n { input \"shapes\" } }\nspace \"tiny\" {");
    let place = Place::new(&larger.replace("{ from \"tiny\"; strategy reference }", "{ from \"large\"; strategy reference }"));
    let said = place.nasflow(&["run", "pipeline.kdl"]);
    let all = format!("{}{}", said.out, said.err);
    assert!(all.contains("strides of the head differ: [8] of this network, [8, 16, 32] of its teacher `big`"), "{all}");
}

#[cfg(unix)]
#[test]
fn killed_it_ends_with_the_same_bits() {
    let text =
        AFTER.replace("init scratch; epochs 2; teacher", "init scratch; epochs 12; teacher").replace("epochs 2; prune", "epochs 12; prune");
    let undisturbed = Place::new(&text);
    undisturbed.run();
    let place = Place::new(&text);
    let kills = thrice(&place, 9);
    assert!(kills >= 2, "only {kills} kills came before the end");
    place.run();
    assert_eq!(place.digests(), undisturbed.digests());
}

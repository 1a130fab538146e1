//! A space whose head's levels are chosen, searched by the real binary: every candidate trained, and as a supernet.

use crate::support::Place;

const SPACE: &str = r#"
pipeline "wide" seed=2
data "shapes" generate=shapes images=48 image-size=64 { split train=0.5 val=0.25 test=0.25 }
space "wide" {
    choice "w" 0.125 0.0625
    network like=yolov5n-wide { input "shapes" }
    require flops max=1.0 of=reference
    require (expr)"top > 3 or fine == 2"
}
"#;

#[test]
fn every_candidate_is_trained_with_the_anchors_of_its_levels() {
    let text = format!(
        "{SPACE}
sample \"trials\" {{ from \"wide\"; strategy local-search; trials 6 window=2; objective \"score\" maximize=map50 }}
train \"short\" {{ from \"trials\"; data \"shapes\" split=train; recipe yolov5-short; epochs 1 }}
evaluate \"score\" {{ from \"short\"; data \"shapes\" split=val; metrics map50 flops }}
"
    );
    let place = Place::new(&text);
    let first = place.run();
    assert!(first.executed("train") >= 4 && first.out.contains("top="), "{first:?}");
    assert!(place.run().nothing_executed());
    // Whoever computes it, and in which order.
    let other = Place::new(&text);
    let said = other.nasflow(&["run", "pipeline.kdl", "--jobs", "1"]);
    assert!(said.ok() && other.digests() == place.digests(), "{said:?}");
    // A choice that gains a value asks for no training again that was made.
    place.write(&text.replace("choice \"w\"", "choice \"top\" 5 4 3; choice \"w\""));
    assert!(place.run().nothing_executed());
}

#[test]
fn a_supernet_of_all_levels_is_trained_by_the_sandwich_rule() {
    let text = format!(
        "{SPACE}
train \"net\" {{ from \"wide\"; data \"shapes\" split=train; method sandwich; recipe yolov5-short; epochs 2 }}
sample \"subnets\" {{ from \"net\"; strategy random; trials 5 }}
evaluate \"ranking\" {{ from \"subnets\"; data \"shapes\" split=val; recalibrate batches=1 split=train; metrics map50 flops }}
select \"best\" {{ from \"ranking\"; top 1 by=flops }}
train \"tuned\" {{ from \"best\"; data \"shapes\" split=train; recipe yolov5-short; init inherit; epochs 1 }}
evaluate \"test\" {{ from \"tuned\"; data \"shapes\" split=test; metrics map50 }}
answer \"tuned\" {{ in \"test\"; by map50 }}
"
    );
    let place = Place::new(&text);
    let first = place.run();
    assert_eq!(["train", "predict-subnet", "cut"].map(|kind| first.executed(kind)), [2, 5, 1], "{first:?}");
    assert!(place.run().nothing_executed());
}

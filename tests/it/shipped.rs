//! Shipped spaces from a file to a trained network, and what `plan` says of spaces before that.

use crate::support::Place;

/// Spaces of every kind of cell and block, as small as they get.
const CLASSIFIERS: &str = r#"
pipeline "shipped" seed=1
data "images" generate=figures images=24 image-size=16 { split train=0.5 val=0.5 }
space "bench" like=nasbench201 width=0.5 { input "images"; choice "cells" 1 2; keep "cell/n1<in1" zero skip "3x3" }
space "pairs" like=nasnet width=0.25 { input "images"; choice "cells" 1 2; fix "normal/n1.combine" concat }
space "blocks" like=shufflenet width=0.5 { input "images"; image-size 32; at "last" { conv 64 } }
sample "one"   { from "bench"; strategy random; trials 2 }
sample "two"   { from "pairs"; strategy random; trials 2 }
sample "three" { from "blocks"; strategy random; trials 2 }
train "short" { from "one" "two" "three"; data "images" split=train; recipe classify; batch 4; epochs 1 }
evaluate "score" { from "short"; data "images" split=val; metrics accuracy params }
select "best" { from "score"; top 1 by=accuracy }
"#;

const DETECTOR: &str = r#"
pipeline "shipped" seed=1
data "shapes" generate=shapes images=12 image-size=64 { split train=0.5 val=0.5 }
space "backbone" like=yolov5-backbone-neck width=0.125 { input "shapes"; require flops max=1.5 of=reference }
sample "one" { from "backbone"; strategy random; trials 2 }
train "short" { from "one"; data "shapes" split=train; recipe yolov5-short; batch 4; epochs 1 }
evaluate "score" { from "short"; data "shapes" split=val; metrics map50 params }
"#;

const MACRO: &str = r#"
pipeline "macro"
data "images" generate=figures images=12 image-size=32 { split train=1.0 }
space "macro" like=macro { input "images" }
sample "all" { from "macro"; strategy random; trials 2 }
"#;

#[test]
fn networks_of_shipped_spaces_are_trained() {
    for text in [CLASSIFIERS, DETECTOR] {
        let place = Place::new(text);
        let said = place.nasflow(&["run", "pipeline.kdl", "--smoke"]);
        assert!(said.ok(), "{said:?}");
    }
}

#[test]
fn plan_says_what_a_space_holds_while_something_is_to_be_run() {
    let place = Place::new(MACRO);
    let text = MACRO.to_string() + "train \"short\" { from \"all\"; data \"images\" split=train; epochs 1 }\n";
    place.write(&text);
    let said = place.nasflow(&["plan", "pipeline.kdl"]);
    assert!(said.ok() && said.out.contains("space \"macro\": 6,561 samples; 3,969 distinct networks"), "{said:?}");
    assert!(said.out.contains("of all that can be built") && said.out.contains("  params "), "{said:?}");
    let found = &place.plan()["spaces"]["macro"];
    assert_eq!((found["exact"].as_bool(), found["distinct"]["networks"].as_f64()), (Some(true), Some(3969.0)), "{found}");
    // Sampling alone computes nothing: there is nothing to run, and nothing is looked at, unless one asks.
    place.write(MACRO);
    let said = place.nasflow(&["plan", "pipeline.kdl"]);
    assert!(said.ok() && said.out.contains("nothing to run") && !said.out.contains("distinct networks"), "{said:?}");
    let said = place.nasflow(&["plan", "pipeline.kdl", "--spaces"]);
    assert!(said.ok() && said.out.contains("3,969 distinct networks"), "{said:?}");
}

#[test]
fn shipped_spaces_are_shown() {
    let place = Place::new(MACRO);
    let said = place.nasflow(&["show", "zoo/darts"]);
    assert!(said.ok() && said.out.contains("cell \"normal\" inputs=2 nodes=4"), "{said:?}");
    let said = place.nasflow(&["show", "zoo/dart"]);
    assert!(!said.ok() && said.err.contains("did you mean zoo/darts?"), "{said:?}");
}

//! Classifiers from nothing to their figures: tiny sets made here, and the real ones where they lie beside the project.

use crate::support::{Place, long, real_data};
use std::path::Path;

/// An idx set of 12 × 12 pixels in three classes: bright on the left, in the middle, on the right.
pub fn write_idx(folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder");
    for (stem, from, n) in [("train", 0u32, 96u32), ("t10k", 500, 48)] {
        let (mut images, mut labels) = (Vec::new(), Vec::new());
        for i in from..from + n {
            let class = i % 3;
            labels.push(class as u8);
            let noise = |x: u32, y: u32| (i.wrapping_mul(2_654_435_761).wrapping_add(x * 97 + y * 193) >> 3) as u8 % 90;
            images.extend((0..144u32).map(|p| noise(p % 12, p / 12) + if p % 12 / 4 == class { 120 } else { 0 }));
        }
        let head =
            |dims: &[u32]| [0, 0, 8, dims.len() as u8].into_iter().chain(dims.iter().flat_map(|d| d.to_be_bytes())).collect::<Vec<u8>>();
        std::fs::write(folder.join(format!("{stem}-images-idx3-ubyte")), [head(&[n, 12, 12]), images].concat()).expect("written");
        std::fs::write(folder.join(format!("{stem}-labels-idx1-ubyte")), [head(&[n]), labels].concat()).expect("written");
    }
}

const TINY: &str = r#"
pipeline "tiny"
data "bars" format=idx root="bars" image-size=12 { split val=0.25 }
space "net" { network activation=relu { input "bars"; conv 8 stride=2 { kernel 3 5 }; global-pool; linear } }
sample   "trials" { from "net"; strategy random; trials 2 }
train    "short"  { from "trials"; data "bars" split=train; epochs 4; batch 16; augment crop=1 flip-lr=0 }
evaluate "score"  { from "short"; data "bars" split=val; metrics accuracy top5 loss params }
select   "best"   { from "score"; top 1 by=accuracy }
sample   "stock"  { from "net"; strategy reference }
train    "long"   { from "best" "stock"; data "bars" split=train; init scratch; epochs 8; batch 16; augment crop=1 flip-lr=0; loss label-smoothing=0.1 }
evaluate "test"   { from "long"; data "bars" split=test; metrics accuracy latency }
answer   "best"   { in "test"; by accuracy; against "stock" }
"#;

fn tiny() -> Place {
    let place = Place::new(TINY);
    write_idx(&place.path().join("bars"));
    place
}

/// The figure of a metric at a stage, of its first model.
fn figure(place: &Place, arguments: &[&str], stage: &str, metric: &str) -> f64 {
    let said = place.nasflow(&[&["show", "pipeline.kdl", "--json"], arguments].concat());
    let json: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let row = json["rows"].as_array().into_iter().flatten().find(|r| r["stage"] == stage).expect("a row").clone();
    row["metrics"][metric]["values"][0].as_f64().unwrap_or_else(|| panic!("no {metric} in {row}"))
}

#[test]
fn a_search_over_classifiers() {
    let place = tiny();
    let checked = place.nasflow(&["check", "pipeline.kdl"]);
    assert!(checked.out.contains("3 classes (0, 1, 2) at 12 px; test 48 images; train 72 images; val 24 images"), "{checked:?}");
    let first = place.run();
    assert!(first.out.starts_with("answer: best  accuracy "), "{first:?}");
    assert!(figure(&place, &[], "test", "accuracy") > 0.6, "chance is a third: {first:?}");
    assert_eq!(figure(&place, &[], "score", "top5"), 1.0);
    let digests = place.digests();
    assert!(place.run().nothing_executed());
    let trial = place.nasflow(&["show", "pipeline.kdl", "--trial", "0"]);
    assert!(trial.out.contains("images  accuracy") && trial.out.contains("epoch  loss") && !trial.out.contains("ap50"), "{trial:?}");
    // The same bits from one worker, in another place.
    let other = tiny();
    let said = other.nasflow(&["run", "pipeline.kdl", "--jobs", "1"]);
    assert!(said.ok(), "{said:?}");
    assert_eq!(other.digests(), digests);
    let smoke = tiny();
    let said = smoke.nasflow(&["run", "pipeline.kdl", "--smoke"]);
    assert!(said.ok() && said.out.contains("every stage worked on one batch"), "{said:?}");
}

#[cfg(unix)]
#[test]
fn a_killed_training_goes_on_with_the_same_bits() {
    let longer = TINY.replace("epochs 4", "epochs 60").replace("epochs 8", "epochs 70");
    let make = || {
        let place = tiny();
        place.write(&longer);
        place
    };
    let undisturbed = make();
    undisturbed.run();
    let place = make();
    let kills = crate::kill::thrice(&place, 30);
    place.run();
    assert_eq!(place.digests(), undisturbed.digests(), "after {kills} kills");
    assert!(kills > 0, "no kill came before the end");
}

#[test]
fn what_does_not_fit_is_refused_at_its_line() {
    let place = tiny();
    let refused = |pipeline: &str, words: &[&str]| {
        place.write(pipeline);
        let said = place.nasflow(&["check", "pipeline.kdl"]);
        assert!(!said.ok(), "{pipeline}");
        for word in words {
            assert!(said.err.contains(word), "no {word:?} in {}", said.err);
        }
    };
    refused(
        &TINY.replace("metrics accuracy top5", "metrics map50 top5"),
        &["`map50` is a measure of detectors, `bars` is for classifiers"],
    );
    refused(
        &TINY
            .replace("split=train; epochs 4", "split=train; recipe yolov5; epochs 4")
            .replace("augment crop=1 flip-lr=0 }\nevaluate", "}\nevaluate"),
        &["this recipe trains detectors, `bars` is for classifiers", "write `recipe classify`"],
    );
    refused(&TINY.replace("augment crop=1", "augment mosaic=1 crop=1"), &["only the training of detectors reads `mosaic`"]);
    refused(&TINY.replace("global-pool; linear", "global-pool; linear 7"), &["have 7 outputs, `bars` has 3 classes"]);
    refused(&TINY.replace("global-pool; linear", "global-pool"), &["do not end in a classifier"]);
    refused(&TINY.replace("split val=0.25", "split val=\"val.txt\""), &["this format has no lists of images"]);
    refused(&TINY.replace("bars\" image-size", "nowhere\" image-size"), &["no such folder"]);
    let shapes = "data \"shapes\" generate=shapes images=20 image-size=64 { split train=0.5 val=0.5 }\n";
    refused(
        &format!("{TINY}{shapes}evaluate \"odd\" {{ from \"long\"; data \"shapes\" split=val; metrics accuracy }}\n"),
        &["`accuracy` is a measure of classifiers, `shapes` is for detectors"],
    );
    std::fs::write(place.path().join("bars/train-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, 96, 1]).expect("written");
    refused(TINY, &["train-labels-idx1-ubyte", "cut short: 1 bytes where its head says 96"]);
}

/// A part of MNIST for seconds: far better than chance. The long form is the shipped pipeline: 98.5 %.
#[test]
fn mnist() {
    let Some(root) = real_data("mnist") else { return };
    let text = include_str!("../../pipelines/mnist.kdl");
    let short = text
        .replace("root=(param)\"root\"", "root=(param)\"root\" { split train=0.05 test=0.1 }")
        .replace("split=train\n", "split=train; batch 32\n");
    assert_ne!(short, text);
    let place = Place::new(if long() { text } else { &short });
    let root = format!("root={}", root.display());
    let arguments = if long() { vec!["-p", root.as_str()] } else { vec!["-p", root.as_str(), "-p", "epochs=2"] };
    let said = place.nasflow(&[&["run", "pipeline.kdl"], &arguments[..]].concat());
    assert!(said.ok(), "{said:?}");
    let accuracy = figure(&place, &arguments, "test", "accuracy");
    assert!(accuracy > if long() { 0.985 } else { 0.8 }, "{accuracy}");
    eprintln!("MNIST: {accuracy}");
}

/// The long form: the shipped pipeline passes 80 % on CIFAR-10.
#[test]
fn cifar10() {
    let Some(root) = real_data("cifar10-jpeg").filter(|_| long()) else { return };
    let place = Place::new(include_str!("../../pipelines/cifar10.kdl"));
    let root = format!("root={}", root.display());
    let said = place.nasflow(&["run", "pipeline.kdl", "-p", &root]);
    assert!(said.ok(), "{said:?}");
    let accuracy = figure(&place, &["-p", &root], "test", "accuracy");
    assert!(accuracy > 0.8, "{accuracy}");
    eprintln!("CIFAR-10: {accuracy}");
}

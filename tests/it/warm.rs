//! Trials that start where another training ended, or from a file of weights, by the real binary.

use crate::kill::thrice;
use crate::support::Place;

const WARM: &str = r#"
pipeline "warm" seed=3
data "shapes" generate=shapes images=48 image-size=64 { split train=0.5 val=0.25 test=0.25 }
space "tiny" {
    choice "deep" #true #false
    network width=0.125 {
        input "shapes"
        conv 64 stride=2 { kernel 5 3 }
        conv kernel=3 stride=2 { channels 128 256 }
        when deep=#true { c3 128 { repeats 2 1 } }
        conv 256 kernel=3 stride=2 as="out3"
        detect "out3" anchors=auto
    }
}
sample "one" { from "tiny"; strategy reference }
train "stock" { from "one"; data "shapes" split=train; recipe yolov5-short; epochs 2 }
sample "trials" { from "tiny"; strategy evolution population=2 tournament=2; trials 4; objective "score" maximize=map50 }
train "short" { from "trials"; data "shapes" split=train; recipe yolov5-short; INIT match=overlap; epochs 2 }
evaluate "score" { from "short"; data "shapes" split=val; metrics map50 flops }
select "best" { from "score"; top 1 by=map50 }
train "second" { from "one"; data "shapes" split=train; recipe yolov5-short; seed 7; epochs 1 }
train "long" { from "best"; data "shapes" split=train; recipe yolov5-short; init from="second" match=overlap; epochs 1 }
evaluate "test" { from "long" "stock"; data "shapes" split=test; metrics map50 }
answer "best" { in "test"; by map50; against "stock" }
"#;

fn from(init: &str) -> String {
    WARM.replace("INIT", init)
}

#[test]
fn trials_start_from_a_training_and_its_cost_is_counted() {
    let place = Place::new(&from("init from=\"stock\""));
    let first = place.run();
    assert_eq!(first.executed("train"), 7, "{first:?}");
    let said = format!("{}{}", first.out, first.err);
    let notes: Vec<&str> =
        said.lines().filter(|l| l.contains("init: ") && l.contains("tensors") && l.ends_with("from \"stock\"")).collect();
    assert!(notes.len() == 4 && notes.iter().any(|n| n.contains(", ") && n.contains("in part")), "{notes:?} in {said}");
    assert!(place.run().nothing_executed());
    let shown = place.nasflow(&["show", "pipeline.kdl"]);
    assert!(shown.ok() && shown.out.contains("init: ") && shown.out.contains("from \"stock\""), "{shown:?}");
    // 24 images, 2 epochs, of four trials and of what they started from; one epoch of the last training and of what it started from.
    let cost = place.nasflow(&["cost", "pipeline.kdl", "--json"]);
    let cost: serde_json::Value = serde_json::from_str(&cost.out).unwrap_or_else(|e| panic!("{e}: {cost:?}"));
    let ways = cost.pointer("/costs/ways").and_then(|w| w.as_array()).unwrap_or_else(|| panic!("{cost}"));
    let trained: Vec<u64> = ways.iter().filter_map(|w| w.pointer("/spent/trained-images")?.as_u64()).collect();
    assert_eq!(trained, [5 * 48 + 2 * 24, 48], "{cost}");
    // Whoever computes it, and in which order.
    let other = Place::new(&from("init from=\"stock\""));
    let said = other.nasflow(&["run", "pipeline.kdl", "--jobs", "1"]);
    assert!(said.ok() && other.digests() == place.digests(), "{said:?}");
    // From scratch is another training, and asks for no other one of what they started from.
    place.write(&from("init from=\"stock\"").replace("init from=\"stock\" match=overlap", "init scratch"));
    assert!((3..=5).contains(&place.run().executed("train")));
}

#[test]
fn trials_start_from_a_file_whatever_its_name() {
    let place = Place::new(&from("init from=\"stock\""));
    place.run();
    let exported = place.nasflow(&["export", "pipeline.kdl", "-o", "w.safetensors"]);
    assert!(exported.ok(), "{exported:?}");
    let file = from("init file=\"w.safetensors\"");
    place.write(&file);
    let first = place.run();
    assert!((4..=5).contains(&first.executed("train")), "{first:?}");
    // Every trial finds what it has in common with the exported network, whichever layers it has.
    assert!(!first.out.contains("to start from"), "{first:?}");
    std::fs::rename(place.path().join("w.safetensors"), place.path().join("v.safetensors")).expect("moved");
    place.write(&file.replace("w.safetensors", "v.safetensors"));
    assert!(place.run().nothing_executed());
    // What is no file of weights, or not for this space, is an error at its line.
    let path = place.path().join("w.safetensors");
    place.write(&file);
    let tensors = |named: &[(&str, f32)]| {
        let all: Vec<(&str, &[usize], Vec<f32>)> = named.iter().map(|(name, value)| (*name, &[1usize][..], vec![*value])).collect();
        let all: Vec<(&str, &[usize], &[f32])> = all.iter().map(|(name, shape, data)| (*name, *shape, &data[..])).collect();
        nasflow::nn::save_tensors(&all, &std::collections::BTreeMap::new()).expect("a file")
    };
    for (bytes, why) in [
        (None, "w.safetensors"),
        (Some(b"PK\x03\x04 a checkpoint of PyTorch".to_vec()), "not a safetensors file"),
        (Some(tensors(&[("model.0.conv.weight", 1.0), ("model.0.conv.bias", 1.0)])), "folded into the convolutions"),
        (Some(tensors(&[("model.0.bn.running_mean", f32::NAN)])), "holds NaN"),
        (Some(tensors(&[("backbone.conv1.bn.running_mean", 1.0)])), "is not in it"),
    ] {
        match bytes {
            Some(bytes) => std::fs::write(&path, bytes).expect("written"),
            None => assert!(!path.exists()),
        }
        let said = place.nasflow(&["plan", "pipeline.kdl"]);
        assert!(!said.ok() && said.err.contains(why) && said.err.contains("pipeline.kdl:"), "{why}: {said:?}");
    }
}

#[cfg(unix)]
#[test]
fn killed_it_ends_with_the_same_bits() {
    let text = from("init from=\"stock\"").replace("match=overlap; epochs 2", "match=overlap; epochs 12");
    let undisturbed = Place::new(&text);
    undisturbed.run();
    let place = Place::new(&text);
    let kills = thrice(&place, 7);
    assert!(kills >= 2, "only {kills} kills came before the end");
    place.run();
    assert_eq!(place.digests(), undisturbed.digests());
}

//! Every one-shot method trains a small classifier's supernet by the real binary, and leaves what it has learned.

use crate::oneshot::open;
use crate::support::Place;
use nasflow::nn::DeviceChoice;
use nasflow::plan::{Engine, Figure, Slot, State};
use nasflow::run::StoreKnown;
use serde_json::Value;

const SPACE: &str = r#"
pipeline "methods" seed=3
data "bars" format=idx root="bars" image-size=12 { split val=0.25 }
space "net" {
    network activation=relu {
        input "bars"
        conv 8 kernel=3 stride=2
        choose "a" { skip; conv 8 kernel=3 as="k3"; conv 8 kernel=5 as="k5"; zero }
        conv 8 { kernel 3 1 }
        choose "b" { skip; conv 8 kernel=3; conv 8 kernel=1 as="k1" }
        global-pool; linear
    }
}
"#;

/// Stage, method and further lines.
const METHODS: [(&str, &str); 14] = [
    ("darts1", "method darts order=1 { choices lr=0.05 }"),
    ("darts2", "method darts order=2 { choices lr=0.05 }"),
    ("gumbel", "method gumbel { choices lr=0.05 }; holdout 0.5"),
    ("snas", "method gumbel { choices lr=0.05 }; holdout 0"),
    ("gdas", "method gdas { choices lr=0.05 }"),
    ("proxyless", "method proxyless { choices lr=0.05 }"),
    ("penalised", "method proxyless { choices lr=0.05 }; penalty flops target=1.0 of=reference"),
    ("enas", "method enas { controller hidden=8 steps=4 samples=4; choices lr=0.05 }"),
    ("enas-late", "method enas warmup=2 { controller hidden=8 steps=4 samples=4; choices lr=0.05 }"),
    ("darts-late", "method darts warmup=2 { choices lr=0.05 }"),
    ("single", "method single-path"),
    ("fair", "method single-path sampling=fair"),
    ("sandwich", "method sandwich random=1"),
    ("ofa", "method progressive-shrinking { teacher epochs=1; phase kernel epochs=1; phase branch epochs=1 }"),
];

fn learns(name: &str) -> bool {
    !["single", "fair", "sandwich", "ofa"].contains(&name)
}

fn pipeline(methods: &[(&str, &str)]) -> String {
    let mut text = SPACE.to_string();
    for (name, method) in methods {
        let epochs = if *name == "ofa" { "" } else { "epochs 3; " };
        let strategy = if learns(name) { "learned" } else { "random" };
        let likelihood = if learns(name) { " likelihood" } else { "" };
        text += &format!(
            "train \"{name}\" {{ from \"net\"; data \"bars\" split=train; {epochs}batch 16; augment crop=1 flip-lr=0; optimizer sgd lr=0.02; {method} }}\n\
             sample \"of-{name}\" {{ from \"{name}\"; strategy {strategy}; trials 2 }}\n\
             evaluate \"score-{name}\" {{ from \"of-{name}\"; data \"bars\" split=val; recalibrate batches=2 split=train; metrics accuracy{likelihood} }}\n"
        );
    }
    text
}

fn place(methods: &[(&str, &str)]) -> Place {
    let place = Place::new(&pipeline(methods));
    crate::classify::write_idx(&place.path().join("bars"));
    place
}

/// What a supernet has learned; checked to be a distribution over every decision.
fn probabilities(learned: &Value) -> Vec<Vec<f64>> {
    let choices = learned["choices"].as_array().unwrap_or_else(|| panic!("no choices in {learned}"));
    let of = |c: &Value| c["probabilities"].as_array().expect("a list").iter().map(|p| p.as_f64().expect("a number")).collect::<Vec<f64>>();
    let all: Vec<Vec<f64>> = choices.iter().map(of).collect();
    assert!(all.iter().all(|p| p.iter().all(|p| *p >= 0.0) && (p.iter().sum::<f64>() - 1.0).abs() < 1e-9), "{learned}");
    all
}

/// The figure of a metric.
fn figure<'s>(slot: &'s Slot, metric: &str) -> &'s Figure {
    &slot.model.figures[&nasflow::language().metric(metric).expect("a metric")]
}

#[test]
fn every_method_trains_a_classifier() {
    let place = place(&METHODS);
    let said = place.nasflow(&["run", "pipeline.kdl", "--jobs", "2"]);
    assert!(said.ok(), "{said:?}");
    let (prepared, store) = open(&place);
    let numerics = DeviceChoice::Fast.numerics().to_string();
    let replay = Engine::new(&prepared.pipeline, &prepared.data, &prepared.spaces, numerics).replay(&mut StoreKnown::new(Some(&store)));
    let at = |name: &str| &replay.stages[prepared.pipeline.stage(name).expect("a stage")].slots;
    let mut late = Vec::new();
    for (name, _) in METHODS {
        let [slot] = &at(name)[..] else { panic!("{name}: one supernet") };
        assert_eq!(slot.state, State::Ready, "{name}");
        let key = slot.model.trained.as_ref().expect("trained").runs[0].key;
        let record = store.lookup(&key).expect("a store").expect("a record");
        assert!(at(&format!("score-{name}")).iter().all(|s| s.state == State::Ready && figure(s, "accuracy").mean() >= 0.0), "{name}");
        assert_eq!(record.values["choices"].is_object(), learns(name), "{name}");
        assert_eq!(record.outputs.contains_key("choices"), learns(name), "{name}");
        if !learns(name) {
            continue;
        }
        let learned = probabilities(&record.values["choices"]);
        assert_eq!(learned.len(), prepared.spaces["net"].decisions().len());
        if name.ends_with("-late") {
            late.push((name, learned));
            continue;
        }
        let even = learned.iter().flat_map(|p| p.iter().map(|x| (x - 1.0 / p.len() as f64).abs())).fold(0.0, f64::max);
        assert!(even > 0.01, "{name} is where it began: {learned:?}");
        // Ticket 0 is no less probable than what is drawn, but for `zero`, which wins nowhere in `darts`.
        let likelihoods: Vec<f64> = at(&format!("score-{name}")).iter().map(|s| figure(s, "likelihood").mean()).collect();
        assert!(likelihoods.iter().all(|l| l.is_finite() && *l < 0.0), "{name}: {likelihoods:?}");
        assert!(name.starts_with("darts") || likelihoods[0] >= likelihoods[1], "{name}: {likelihoods:?}");
    }
    for (name, before) in late {
        let moved = name.trim_end_matches("-late").to_string() + if name == "darts-late" { "1" } else { "" };
        let key = at(&moved)[0].model.trained.as_ref().expect("trained").runs[0].key;
        let after = probabilities(&store.lookup(&key).expect("a store").expect("a record").values["choices"]);
        let most = before.iter().flatten().zip(after.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(most > 0.01, "{moved} learned no more in three epochs than in one: {before:?} {after:?}");
    }
    assert!(place.nasflow(&["run", "pipeline.kdl"]).nothing_executed());
}

#[cfg(unix)]
#[test]
fn killed_trainings_of_choices_go_on_with_the_same_bits() {
    let methods = [METHODS[0], METHODS[7]];
    let make = || {
        let place = place(&methods);
        place.write(&pipeline(&methods).replace("epochs 3", "epochs 20"));
        place
    };
    let undisturbed = make();
    undisturbed.run();
    let place = make();
    let kills = crate::kill::thrice(&place, 15);
    place.run();
    assert_eq!(place.digests(), undisturbed.digests(), "after {kills} kills");
    assert!(kills > 0, "no kill came before the end");
}

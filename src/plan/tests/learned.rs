//! What a supernet has learned, in plans.

use super::{Place, World, figure};
use crate::document::{self, Options, Params};
use crate::plan::model::State;
use crate::plan::{Replay, Trainee, Work};
use crate::results::{Choice, Learned, Outcome};

const LEARNED: &str = r#"
pipeline "learned" seed=7
data "shapes" generate=shapes images=128 image-size=64 { split train=0.5 val=0.25 test=0.25 }
space "tiny" {
    network width=0.125 {
        input "shapes"
        conv 64 stride=2 { kernel 3 5 }
        conv 128 kernel=3 stride=2
        choose "block" { c3 128; residual 128; skip }
        conv 256 kernel=3 stride=2 as="out3"
        conv 512 kernel=3 stride=2 as="out4"
        conv 512 kernel=3 stride=2 as="out5"
        detect "out3" "out4" "out5" anchors=auto
    }
}
train "supernet" { from "tiny"; data "shapes" split=train; method gumbel; recipe yolov5-short; epochs 2 }
sample "found" { from "supernet"; strategy learned; trials 4 }
evaluate "sure" { from "found"; metrics likelihood flops }
select "best" { from "sure"; top 1 by=likelihood }
train "alone" { from "best"; data "shapes" split=train; recipe yolov5-short; init scratch; epochs 1 }
evaluate "test" { from "alone"; data "shapes" split=test; metrics map50 }
answer "alone" { in "test"; by map50 }
"#;

/// Runs a pipeline; every supernet learns that `residual` and a kernel of 5 are best.
fn run(world: &mut World, text: &str) -> (Place, Replay) {
    let place = Place::new(text);
    let spaces = place.spaces.clone();
    let mut engine = place.engine();
    world.ran.clear();
    let replay = loop {
        let replay = engine.replay(world);
        if replay.works.is_empty() {
            break replay;
        }
        for work in &replay.works {
            world.execute(work);
            let Work::Train(train) = work else { continue };
            let Trainee::Supernet { space, .. } = &train.trainee else { continue };
            let method = place.pipeline.stages.iter().find_map(|s| s.method()).expect("a method");
            let choices = learned(&spaces[space], method.name());
            for (_, action) in &train.rungs {
                let Some(Outcome::Trained(trained)) = world.outcomes.get_mut(&action.key()) else { panic!("not trained") };
                trained.learned = Some(choices.clone());
            }
        }
    };
    drop(engine);
    (place, replay)
}

fn learned(space: &crate::space::Space, method: &str) -> Learned {
    let p = |option: &str| match option {
        "5" => 0.75,
        "3" => 0.25,
        "residual" => 0.5,
        "c3" => 0.375,
        _ => 0.125,
    };
    let decisions = space.decisions().iter();
    let choices = decisions
        .clone()
        .map(|d| Choice { name: format!("{:016x}", d.address), probabilities: d.ranked.iter().map(|&o| p(&d.options[o])).collect() });
    let best = |o: &str| matches!(o, "5" | "residual");
    let strongest = decisions.map(|d| d.ranked.iter().position(|&o| best(&d.options[o])).expect("one of them"));
    Learned { method: method.into(), choices: choices.collect(), strongest: strongest.collect(), collapse: None }
}

#[test]
fn the_strongest_network_is_found_and_nothing_is_measured_for_it() {
    let mut world = World::default();
    let (place, replay) = run(&mut world, LEARNED);
    assert!(replay.finished());
    assert_eq!((world.count("train"), world.count("predict-subnet"), world.count("select"), world.count("predict")), (2, 0, 1, 1));
    let at = |name: &str| &replay.stages[place.pipeline.stage(name).expect("a stage")].slots;
    let value = |label: &str, n: usize| {
        let choices = &at("sure")[n].model.candidate.choices;
        choices.iter().find(|(l, _)| l.contains(label)).expect("decided").1.clone()
    };
    assert_eq!((value("block", 0), value("kernel", 0)), ("residual".into(), "5".into()));
    assert_eq!(at("sure").len(), 4);
    for (n, slot) in at("sure").iter().enumerate() {
        let p = |option: String| match option.as_str() {
            "5" => 0.75f64,
            "3" => 0.25,
            "residual" => 0.5,
            "c3" => 0.375,
            _ => 0.125,
        };
        let expected = (p(value("block", n)) * p(value("kernel", n))).ln();
        let figure = figure(slot, "likelihood");
        assert!(slot.state == State::Ready && figure.values.len() == 1 && (figure.values[0] - expected).abs() < 1e-12, "{figure:?}");
    }
    assert_eq!(at("best")[0].model.candidate.digest, at("found")[0].model.candidate.digest);
    run(&mut world, LEARNED);
    assert!(world.ran.is_empty());
    // A bound is a choice: only what follows from it runs.
    let (place, replay) = run(&mut world, &LEARNED.replace("top 1 by=likelihood", "where likelihood max=-1.0; pareto likelihood flops"));
    assert!(world.count("select") == 1 && world.count("predict-subnet") == 0);
    let left = &replay.stages[place.pipeline.stage("best").expect("a stage")].slots;
    assert!(!left.is_empty() && left.iter().all(|s| figure(s, "likelihood").mean() <= -1.0));
}

#[test]
fn every_seed_of_a_supernet_has_a_likelihood_and_the_search_may_be_guided_by_it() {
    let mut world = World::default();
    let (place, replay) = run(&mut world, &LEARNED.replace("epochs 2 }", "epochs 2; seeds 2 }"));
    let sure = &replay.stages[place.pipeline.stage("sure").expect("a stage")].slots;
    assert!(sure.iter().all(|s| figure(s, "likelihood").values.len() == 2));
    let guided = LEARNED.replace(
        "strategy learned; trials 4",
        "strategy evolution population=2 tournament=2; trials 6; objective \"sure\" maximize=likelihood",
    );
    let (place, replay) = run(&mut World::default(), &guided);
    assert_eq!(replay.stages[place.pipeline.stage("found").expect("a stage")].slots.len(), 6, "all there are");
}

#[test]
fn a_supernet_without_a_record_of_choices_is_said() {
    let mut world = World::default();
    let replay = world.run(LEARNED);
    let place = Place::new(LEARNED);
    let found = &replay.stages[place.pipeline.stage("found").expect("a stage")];
    assert!(found.slots.is_empty() && found.complete && found.notes[0].contains("no distribution"), "{:?}", found.notes);
}

fn refused(from: &str, to: &str) -> String {
    assert!(LEARNED.contains(from), "{from}");
    let text = LEARNED.replace(from, to);
    let loaded = document::load(&crate::language(), "p.kdl", &mut super::One(text), &Params::default(), Options::default());
    document::render::diagnostics(&loaded.err().unwrap_or_else(|| panic!("accepted: {to}")), false)
}

#[test]
fn only_supernets_that_learn_are_read() {
    let said = refused("method gumbel", "method single-path");
    assert!(said.contains("`method single-path` learns no choices: `strategy learned` has nothing to draw from"), "{said}");
    assert!(said.contains("`darts`") && said.contains("`enas`"), "{said}");
    assert!(said.contains("`likelihood` is of networks of a supernet whose method learns choices"), "{said}");
    let said = refused("from \"supernet\"; strategy", "from \"tiny\"; strategy");
    assert!(said.contains("`tiny` is a space") && said.contains("these are of no supernet"), "{said}");
    let said = refused("split=test; metrics map50", "split=test; metrics map50 likelihood");
    assert!(said.contains("these were trained themselves"), "{said}");
    let said = refused("strategy learned; trials 4", "strategy learned");
    assert!(said.contains("`sample` needs `trials`"), "{said}");
    let table = "evaluate \"looked\" { from \"found\"; method table file=\"x.json\"; metrics likelihood }\nanswer";
    assert!(refused("answer", table).contains("never read from a table"));
}

//! Supernets in plans: what is asked again, and what never is.

use super::{Place, World, figure};
use crate::plan::model::State;
use crate::plan::{Trainee, Work};

/// One-shot search over a small space; `SEARCH` and `BOUND` are replaced by the tests.
const ONE_SHOT: &str = r#"
pipeline "one-shot" seed=7
data "shapes" generate=shapes images=128 image-size=64 { split train=0.5 val=0.25 test=0.25 }
space "tiny" {
    network width=0.125 {
        input "shapes"
        conv 64 stride=2 { kernel 3 5 }
        conv 128 kernel=3 stride=2
        choose "block" { c3 128 { repeats 1 2 }; residual 128; skip }
        conv 256 stride=2 as="out3" { kernel 3 5 }
        conv 512 kernel=3 stride=2 as="out4"
        conv 512 kernel=3 stride=2 as="out5"
        detect "out3" "out4" "out5" anchors=auto
    }
}
train "supernet" { from "tiny"; data "shapes" split=train; method single-path; recipe yolov5-short; schedule linear over=40; epochs 10 }
sample "subnets" { from "supernet"; strategy evolution population=3 tournament=2; trials 8; objective "ranking" maximize=map50 }
evaluate "ranking" { from "subnets"; data "shapes" split=val; recalibrate batches=2 split=train; metrics map50 flops }
select "best" { from "ranking"; top 1 by=map50 }
train "tuned" { from "best"; data "shapes" split=train; recipe yolov5-short; init inherit; epochs 4; seeds 2 }
train "scratch" { from "best"; data "shapes" split=train; recipe yolov5-short; init scratch; epochs 4 }
evaluate "test" { from "tuned" "scratch"; data "shapes" split=test; metrics map50 }
answer "tuned" { in "test"; by map50; against "scratch" }
"#;

fn edited(from: &str, to: &str) -> String {
    assert!(ONE_SHOT.contains(from), "{from}");
    ONE_SHOT.replace(from, to)
}

#[test]
fn a_search_trains_one_supernet_and_what_was_chosen() {
    let mut world = World::default();
    let replay = world.run(ONE_SHOT);
    let ran = |kind| world.count(kind);
    // The supernet, the winner tuned from two seeds, the winner from scratch.
    assert_eq!((ran("train"), ran("predict-subnet"), ran("cut"), ran("select"), ran("predict")), (4, 8, 1, 1, 3));
    // Distinct paths; each has its weights from the supernet, and none of its own.
    let place = Place::new(ONE_SHOT);
    let at = |name: &str| &replay.stages[place.pipeline.stage(name).expect("a stage")];
    let mut paths: Vec<_> = at("subnets").slots.iter().map(|s| s.model.subnet.as_ref().expect("a subnet").path).collect();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), 8);
    let supernet = &at("supernet").slots[0].model;
    let weights = supernet.trained.as_ref().expect("trained").runs[0].weights;
    assert!(
        at("subnets")
            .slots
            .iter()
            .all(|s| s.model.trained.is_none() && s.model.subnet.as_ref().expect("one").supernet.runs[0].weights == weights)
    );
    // What was trained is a model of its own.
    assert!(at("tuned").slots.iter().all(|s| s.model.subnet.is_none() && s.model.trained.as_ref().expect("trained").runs.len() == 2));
    // Nothing is left to do.
    world.run(ONE_SHOT);
    assert!(world.ran.is_empty());
}

#[test]
fn the_key_of_a_supernet_holds_space_and_method_but_no_bound() {
    let key = |text: &str| {
        let place = Place::new(text);
        let replay = place.engine().replay(&mut World::default());
        let [Work::Train(train)] = &replay.works[..] else { panic!("one work: {:?}", replay.works.len()) };
        assert!(matches!(&train.trainee, Trainee::Supernet { space, macs, .. } if !space.is_empty() && *macs > 0));
        assert_eq!(replay.stages.iter().flat_map(|s| &s.slots).filter(|s| s.state == State::Pending).count(), 1);
        train.request.key
    };
    let base = key(ONE_SHOT);
    let same = [
        ("\"tiny\"", "\"small\""),
        ("\"supernet\"", "\"whole\""),
        ("choose \"block\"", "choose \"brick\""),
        ("c3 128 { repeats 1 2 }; residual 128; skip", "c3 128 { repeats 1 2 }; skip; residual 128"),
        ("    }\n}\ntrain", "    }\n    require flops max=1.0 of=reference\n}\ntrain"),
        ("population=3 tournament=2", "population=4 tournament=2"),
        ("split=train; method single-path;", "split=train; method single-path sampling=uniform;"),
    ];
    for (from, to) in same {
        assert_eq!(key(&edited(from, to)), base, "{to}");
    }
    let other = [
        ("method single-path", "method single-path sampling=fair"),
        ("conv 64 stride=2 { kernel 3 5 }", "conv 64 stride=2 { kernel 3 7 }"),
        ("schedule linear over=40", "schedule linear over=50"),
    ];
    for (from, to) in other {
        assert_ne!(key(&edited(from, to)), base, "{to}");
    }
}

#[test]
fn another_bound_is_a_choice_and_another_search_trains_no_supernet() {
    let mut world = World::default();
    world.run(ONE_SHOT);
    // A bound on what is measured: a choice, and what follows from it.
    let replay = world.run(&edited("top 1 by=map50", "where flops max=1e15; top 1 by=map50"));
    assert_eq!((world.count("select"), world.ran.len()), (1, 1), "{:?}", world.ran);
    assert!(replay.finished());
    // A second sample in the same supernet evaluates what it has not met, and trains no supernet again.
    let second = "sample \"more\" { from \"supernet\"; strategy random; trials 12; seed 3 }\n\
                  evaluate \"shared\" { from \"more\"; data \"shapes\" split=val; recalibrate batches=2 split=train; metrics map50 }\n";
    let replay = world.run(&(ONE_SHOT.to_string() + second));
    let evaluated = world.count("predict-subnet");
    assert!(evaluated > 0 && evaluated < 12, "some were met before: {evaluated}");
    assert_eq!((world.count("train"), world.count("predict-subnet"), world.count("metric")), (0, evaluated, evaluated));
    assert_eq!(replay.stages.last().map(|s| s.slots.len()), Some(12));
    // A bound on proposals: the supernet stays, whoever searches in it.
    world.run(&edited("    }\n}\ntrain", "    }\n    require flops max=1.0 of=reference\n}\ntrain"));
    assert!(!world.ran.iter().any(|(kind, text)| *kind == "train" && text.contains("inputs.space")), "{:?}", world.ran);
}

#[test]
fn how_batch_norm_is_recalibrated_is_part_of_an_evaluation() {
    let mut world = World::default();
    world.run(ONE_SHOT);
    for (to, subnets) in
        [("batches=1 split=train", 1), ("batches=2 batch=16 split=train", 1), ("off", 1), ("batches=2 batch=8 split=train", 0)]
    {
        world.run(&edited("batches=2 split=train", to));
        assert_eq!(usize::from(world.count("predict-subnet") > 0), subnets, "{to}");
        assert!(!world.ran.iter().any(|(kind, text)| *kind == "train" && text.contains("inputs.space")), "{to}");
    }
    // All images are one epoch; more batches than that are the same.
    world.run(&edited("batches=2 split=train", "batches=8 split=train"));
    world.run(&edited("batches=2 split=train", "batches=400 split=train"));
    assert_eq!(world.count("predict-subnet"), 0);
}

#[test]
fn more_epochs_go_on() {
    let mut world = World::default();
    world.run(ONE_SHOT);
    let longer = edited("epochs 10 }", "epochs 15 }");
    let place = Place::new(&longer);
    let replay = place.engine().replay(&mut world);
    let [Work::Train(train)] = &replay.works[..] else { panic!("one training") };
    assert_eq!((train.done(), train.end()), (80, 120));
    world.run(&longer);
    // Other weights: every subnet is another one.
    assert_eq!(world.count("predict-subnet"), 8);
}

#[test]
fn a_supernet_may_start_from_another() {
    let from =
        "train \"pretrained\" { from \"tiny\"; data \"shapes\" split=train; method single-path; recipe yolov5-short; seed 1; epochs 2 }\n";
    let text = edited("method single-path; recipe", "init from=\"pretrained\" match=names; method single-path; recipe") + from;
    let mut world = World::default();
    let place = Place::new(&text);
    let replay = place.engine().replay(&mut world);
    assert_eq!(replay.works.len(), 1, "the one waits for the other");
    world.run(&text);
    let trained: Vec<&String> =
        world.ran.iter().filter(|(kind, text)| *kind == "train" && text.contains("inputs.space")).map(|r| &r.1).collect();
    assert_eq!(trained.len(), 2);
    assert!(!trained[0].contains("inputs.init") && trained[1].contains("inputs.init") && trained[1].contains("config.init-match = names"));
}

#[test]
fn paths_that_build_one_network_are_candidates_of_their_own() {
    // Both branches of `same` build one network, by weights of their own.
    let twice = edited(
        "        conv 512 kernel=3 stride=2 as=\"out5\"",
        "        choose \"same\" as=\"out5\" { conv 512 kernel=3 stride=2 as=\"a\"; conv 512 kernel=3 stride=2 as=\"b\" }",
    )
    .replace(
        "strategy evolution population=3 tournament=2; trials 8; objective \"ranking\" maximize=map50",
        "strategy random; trials 1000",
    );
    let mut world = World::default();
    let replay = world.run(&twice);
    let place = Place::new(&twice);
    let slots = &replay.stages[place.pipeline.stage("subnets").expect("a stage")].slots;
    // 2 kernels × (2 repeats + residual + skip) × 2 kernels × 2 branches.
    assert_eq!(slots.len(), 32);
    let mut networks: Vec<_> = slots.iter().map(|s| s.model.candidate.digest).collect();
    networks.sort_unstable();
    networks.dedup();
    assert_eq!((networks.len(), world.count("predict-subnet")), (16, 32));
}

#[test]
fn seeds_of_a_supernet_give_every_subnet_a_spread() {
    let mut world = World::default();
    let replay = world.run(&edited("epochs 10 }", "epochs 10; seeds 2 }"));
    assert_eq!(world.count("predict-subnet"), 16);
    let place = Place::new(ONE_SHOT);
    let ranking = &replay.stages[place.pipeline.stage("ranking").expect("a stage")];
    assert!(ranking.slots.iter().all(|s| figure(s, "map50").values.len() == 2));
    assert_eq!(world.count("cut"), 1, "the first seed's weights go on");
}

//! Searches over networks and recipes together: what is a candidate, what is trained, and what is not trained again.

use super::{Place, World};
use crate::plan::Replay;
use crate::plan::model::Slot;
use std::collections::BTreeSet;

/// Two networks, two rates; the tests replace parts of it.
const JOINT: &str = r#"
pipeline "joint" seed=7
data "shapes" generate=shapes images=128 image-size=64 { split train=0.5 val=0.25 test=0.25 }
space "tiny" {
    choice "rate" 0.002 0.004
    network width=0.125 {
        input "shapes"
        conv 64 stride=2 { kernel 3 5 }
        conv 128 kernel=3 stride=2
        conv 256 kernel=3 stride=2 as="out3"
        conv 512 kernel=3 stride=2 as="out4"
        detect "out3" "out4" anchors=auto
    }
}
sample "trials" { from "tiny"; strategy random; trials 4; objective "score" maximize=map50 }
train "short" { from "trials"; data "shapes" split=train; recipe yolov5-short; optimizer sgd lr=(choice)"rate"; schedule linear over=9; epochs 2 }
evaluate "score" { from "short"; data "shapes" split=val; metrics map50 }
select "best" { from "score"; top 2 by=map50 }
train "own" { from "best"; data "shapes" split=train; recipe yolov5-short; init scratch; optimizer sgd lr=(choice)"rate"; epochs 4 }
evaluate "test" { from "own"; data "shapes" split=test; metrics map50 }
"#;

fn edited(from: &str, to: &str) -> String {
    assert!(JOINT.contains(from), "{from}");
    JOINT.replace(from, to)
}

fn slots<'r>(text: &str, replay: &'r Replay, stage: &str) -> &'r [Slot] {
    &replay.stages[Place::new(text).pipeline.stage(stage).expect("a stage")].slots
}

/// The learning rates that were trained with last.
fn rates(world: &World) -> Vec<String> {
    let lines = world.ran.iter().filter(|(kind, _)| *kind == "train").flat_map(|(_, text)| text.lines());
    lines.filter_map(|l| l.strip_prefix("config.recipe.lr = ")).map(str::to_string).collect()
}

fn distinct<T: Ord>(all: impl Iterator<Item = T>) -> usize {
    all.collect::<BTreeSet<T>>().len()
}

#[test]
fn one_network_at_two_rates_is_two_candidates_and_two_trainings() {
    let mut world = World::default();
    let replay = world.run(JOINT);
    let trials = slots(JOINT, &replay, "short");
    assert_eq!((trials.len(), world.count("train")), (4, 4 + 2));
    assert_eq!(distinct(trials.iter().map(|s| s.model.candidate.digest)), 2, "networks");
    assert_eq!(distinct(trials.iter().map(|s| s.steps[0].key)), 4, "trainings");
    assert_eq!(rates(&world).iter().filter(|r| *r == "0.002").count() + rates(&world).iter().filter(|r| *r == "0.004").count(), 6);
    // What was chosen is trained at its own rate.
    for slot in slots(JOINT, &replay, "own") {
        let proposed = slot.model.candidate.choices.iter().find(|(label, _)| label == "rate").expect("its rate");
        assert!(slot.steps[0].action.text().contains(&format!("config.recipe.lr = {}\n", proposed.1)), "{proposed:?}");
        assert_eq!(slot.model.trained.as_ref().expect("trained").read[0].value.to_string(), proposed.1);
    }
    world.run(JOINT);
    assert!(world.ran.is_empty());
}

#[test]
fn a_training_that_does_not_read_a_choice_is_not_keyed_by_it() {
    let fixed = edited(
        "evaluate \"test\" { from \"own\";",
        "train \"fixed\" { from \"trials\"; data \"shapes\" split=train; recipe yolov5-short; optimizer sgd lr=0.01; epochs 4 }\n\
         evaluate \"test\" { from \"own\" \"fixed\";",
    );
    let mut world = World::default();
    let replay = world.run(&fixed);
    // Four tickets are two networks to it.
    assert_eq!((slots(&fixed, &replay, "fixed").len(), world.count("train")), (2, 4 + 2 + 2));
    let fixed_slots = slots(&fixed, &replay, "fixed");
    assert!(fixed_slots.iter().all(|s| !s.model.has("rate") && s.model.has("conv#1.kernel")));
    // Models that come with weights of their own are two trainings of one network there: one key.
    let behind = fixed.replace("train \"fixed\" { from \"trials\";", "train \"fixed\" { from \"score\"; init scratch;");
    let replay = world.run(&behind);
    assert_eq!(world.count("train"), 0);
    assert_eq!(distinct(slots(&behind, &replay, "fixed").iter().map(|s| s.steps[0].key)), 2);
    assert_eq!(slots(&behind, &replay, "test").len(), 2 + 2);
}

#[test]
fn what_changes_no_training_runs_none() {
    let mut world = World::default();
    world.run(JOINT);
    let names = edited("\"rate\"", "\"lr\"").replace("\"tiny\"", "\"small\"");
    world.run(&names);
    assert_eq!(world.count("train"), 0, "a name");
    // The reference is another; which candidates there are, and what their trainings are, is not.
    world.run(&edited("0.002 0.004", "0.004 0.002"));
    assert_eq!(world.count("train"), 0, "the order of values");
    // A rate that is written is the same training as one that was searched.
    let written = edited("lr=(choice)\"rate\"; schedule", "lr=0.004; schedule").replace("trials 4", "trials 2");
    world.run(&written.replace("lr=(choice)\"rate\"; epochs 4", "lr=0.004; epochs 4").replace("choice \"rate\" 0.002 0.004", ""));
    assert_eq!(world.ran.iter().filter(|(k, t)| *k == "train" && t.contains("iteration = 8\n")).count(), 0, "a value that is written");
}

#[test]
fn another_value_trains_what_is_new() {
    let mut world = World::default();
    world.run(JOINT);
    world.run(&edited("0.002 0.004", "0.002 0.004 0.008").replace("trials 4", "trials 6").replace("top 2", "top 6"));
    let (short, own): (Vec<_>, Vec<_>) =
        world.ran.iter().filter(|(kind, _)| *kind == "train").partition(|(_, text)| text.contains("config.recipe.over = 9"));
    assert_eq!((short.len(), own.len()), (2, 4));
    assert!(short.iter().all(|(_, text)| text.contains("config.recipe.lr = 0.008\n")));
}

#[test]
fn the_reference_has_the_first_value_and_so_has_a_space_that_lacks_the_choice() {
    let (start, end) = (JOINT.find("space").expect("a space"), JOINT.find("sample").expect("a sample"));
    let plain = JOINT[start..end].replace("\"tiny\"", "\"plain\"").replace("    choice \"rate\" 0.002 0.004\n", "");
    let more = "space \"over\" { from \"plain\"; range \"rate\" min=1e-3 max=1e-1 scale=log reference=0.02 }\n\
                sample \"stock\" { from \"plain\"; strategy reference }\n\
                sample \"first\" { from \"over\"; strategy reference }\n\
                train \"long\" { from \"first\" \"stock\"; data \"shapes\" split=train; recipe yolov5-short; \
                optimizer sgd lr=(choice)\"rate\"; epochs 6 }\n";
    let text = edited("sample \"trials\"", &format!("{plain}{more}sample \"trials\""));
    let mut world = World::default();
    let replay = world.run(&text);
    let long = slots(&text, &replay, "long");
    assert_eq!(distinct(long.iter().map(|s| s.steps[0].key)), 1);
    assert!(long.iter().all(|s| s.steps[0].action.text().contains("config.recipe.lr = 0.02\n")));
}

#[test]
fn a_fixed_rate_is_that_of_every_model() {
    let over = "space \"fixed\" { from \"tiny\"; fix \"rate\" 0.004 }\n\
                sample \"trials\" { from \"fixed\"; strategy random; trials 2;";
    let text = edited("sample \"trials\" { from \"tiny\"; strategy random; trials 4;", over);
    let mut world = World::default();
    world.run(&text);
    assert_eq!(rates(&world), ["0.004"; 4]);
    let place = Place::new(&text);
    let train = place.pipeline.stages.iter().find_map(|s| s.train()).expect("a training");
    assert_eq!(train.recipe.lr, 0.004, "what estimates read");
}

#[test]
fn a_batch_that_is_chosen_counts_its_own_iterations() {
    let text = edited("choice \"rate\" 0.002 0.004", "range \"rate\" min=8 max=32 scale=log step=2 reference=16")
        .replace("optimizer sgd lr=(choice)\"rate\"", "batch (choice)\"rate\"")
        .replace("trials 4", "trials 6");
    let mut world = World::default();
    let replay = world.run(&text);
    for slot in slots(&text, &replay, "short") {
        let batch: u64 = slot.model.candidate.choices.iter().find(|c| c.0 == "rate").and_then(|c| c.1.parse().ok()).expect("a batch");
        let text = slot.steps[0].action.text();
        assert!(text.contains(&format!("config.iteration = {}\n", 2 * 64 / batch)), "{text}");
        assert!(text.contains(&format!("config.recipe.batch = {batch}\n")), "{text}");
    }
}

#[test]
fn a_supernet_of_such_a_space_is_what_it_was() {
    let one_shot = |choice: &str| {
        let text = edited("    choice \"rate\" 0.002 0.004\n", choice);
        let (head, _) = text.split_once("sample \"trials\"").expect("the stages");
        format!(
            "{head}train \"net\" {{ from \"tiny\"; data \"shapes\" split=train; method single-path; recipe yolov5-short; epochs 2 }}\n\
             sample \"subnets\" {{ from \"net\"; strategy random; trials 2 }}\n\
             evaluate \"ranking\" {{ from \"subnets\"; data \"shapes\" split=val; recalibrate off; metrics map50 }}\n"
        )
    };
    let mut world = World::default();
    world.run(&one_shot(""));
    let searched = one_shot("    choice \"rate\" 0.002 0.004\n")
        + "sample \"alone\" { from \"tiny\"; strategy random; trials 4 }\n\
           train \"each\" { from \"alone\"; data \"shapes\" split=train; recipe yolov5-short; optimizer sgd lr=(choice)\"rate\"; epochs 2 }\n";
    world.run(&searched);
    assert_eq!((world.count("train"), world.count("predict-subnet")), (4, 0));
}

#[test]
fn what_network_and_training_read_is_shown_of_every_model() {
    let text = edited("{ kernel 3 5 }", "{ kernel (choice)\"rate\" }").replace("0.002 0.004", "3 5").replace(
        "evaluate \"test\" { from \"own\";",
        "train \"fixed\" { from \"best\"; data \"shapes\" split=train; recipe yolov5-short; init scratch; epochs 4 }\n\
         evaluate \"test\" { from \"fixed\";",
    );
    let text = text.replace("trials 4", "trials 2");
    let mut world = World::default();
    let replay = world.run(&text);
    assert!(slots(&text, &replay, "fixed").iter().all(|s| s.model.has("rate")));
    assert_eq!(distinct(slots(&text, &replay, "short").iter().map(|s| s.model.candidate.digest)), 2);
}

/// A wide search of few trials, and a narrow one over what its best have.
const NARROW: &str = r#"
space "narrow" { from "tiny"; keep "conv#1.kernel" from="best" }
sample "finer" { from "narrow"; strategy random; trials 6 }
train "each" { from "finer"; data "shapes" split=train; recipe yolov5-short; optimizer sgd lr=(choice)"rate"; epochs 3 }
"#;

#[test]
fn a_space_that_keeps_what_occurs_in_a_stage_waits_for_it() {
    let text = edited("top 2", "top 1") + NARROW;
    let mut world = World::default();
    // Nothing is proposed before the stage is done.
    let place = Place::new(&text);
    let first = place.engine().replay(&mut world);
    let finer = &first.stages[place.pipeline.stage("finer").expect("a stage")];
    assert!(finer.slots.is_empty() && !finer.complete);
    let replay = world.run(&text);
    let kernel = |slot: &Slot| slot.model.candidate.choices.iter().find(|c| c.0 == "conv#1.kernel").expect("a kernel").1.clone();
    let best = kernel(&slots(&text, &replay, "best")[0]);
    // One kernel is left, and the two rates that a training reads.
    let finer = slots(&text, &replay, "finer");
    assert_eq!(finer.len(), 2);
    assert!(finer.iter().all(|s| kernel(s) == best));
    assert_eq!(world.ran.iter().filter(|(k, t)| *k == "train" && t.contains("config.recipe.over = 3")).count(), 2);
    // What led to it is the search that it waited for.
    let place = Place::new(&text);
    let of = |name: &str| place.pipeline.stage(name).expect("a stage");
    assert!(place.pipeline.links.leading_to(of("each")).contains(&of("short")));
    world.run(&text);
    assert!(world.ran.is_empty());
}

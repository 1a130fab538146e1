//! What follows a search: teachers and pruned networks, in keys and in what waits for what.

use super::super::State;
use super::*;

const AFTER: &str = r#"
pipeline "after" seed=3
data "shapes" generate=shapes images=128 image-size=64 { split train=0.5 val=0.25 test=0.25 }
space "tiny" {
    network width=0.25 {
        input "shapes"
        conv 64 kernel=3 stride=2
        conv kernel=3 stride=2 { channels 64 128 }
        c3 128 { repeats 1 2 }
        conv 256 kernel=3 stride=2 as="out3"
        detect "out3" anchors=auto
    }
}
sample "trials" { from "tiny"; strategy random; trials 3 }
train "short" { from "trials"; data "shapes" split=train; recipe yolov5-short; epochs 2 }
evaluate "score" { from "short"; data "shapes" split=val; metrics map50 flops }
select "best" { from "score"; top 1 by=map50 }
train "kd" { from "best"; data "shapes" split=train; recipe yolov5-short; epochs 2; seeds 2; init scratch; teacher "big" }
train "slim" { from "best"; data "shapes" split=train; recipe yolov5-short; epochs 2; prune flops=0.5 multiple=1 }
evaluate "test" { from "kd" "slim"; data "shapes" split=test; metrics map50 flops }
sample "one" { from "tiny"; strategy reference }
train "big" { from "one"; data "shapes" split=train; recipe yolov5-short; epochs 4; seeds 2 }
"#;

fn slot<'a>(place: &Place, replay: &'a Replay, name: &str) -> &'a Slot {
    &replay.stages[place.pipeline.stage(name).expect("a stage")].slots[0]
}

fn lines<'t>(text: &'t str, begin: &'t str) -> Vec<&'t str> {
    text.lines().filter(|l| l.starts_with(begin)).collect()
}

#[test]
fn a_key_holds_the_teachers_content() {
    let mut world = World::default();
    let replay = world.run(AFTER);
    let place = Place::new(AFTER);
    let big = slot(&place, &replay, "big").model.trained.clone().expect("trained");
    for (seed, step) in slot(&place, &replay, "kd").steps.iter().enumerate() {
        let text = step.action.text();
        let weights = lines(&text, "inputs.teacher-weights = ");
        assert!(weights.len() == 1 && big.runs[seed].weights.hex().starts_with(&weights[0][25..]), "{text}");
        assert_eq!(lines(&text, "config.teacher").len(), 2, "{text}");
    }
    // Another weight of the teacher trains anew, another name of it does not; nor does more of a teacher's training that ends alike.
    world.run(&AFTER.replace("teacher \"big\"", "teacher \"big\" weight=0.5"));
    assert_eq!((world.count("train"), world.count("select")), (2, 0));
    world.run(&AFTER.replace("\"big\"", "\"large\""));
    assert_eq!(world.count("train"), 0);
    // The teacher trained otherwise: its two seeds, and the two that learn from them.
    world.run(&AFTER.replace("epochs 4; seeds 2", "epochs 5; seeds 2"));
    assert_eq!(world.count("train"), 4);
}

#[test]
fn students_wait_for_their_teacher() {
    let place = Place::new(AFTER);
    let order: Vec<&str> = place.pipeline.stages.iter().map(|s| s.name.value.as_str()).collect();
    let at = |name: &str| order.iter().position(|n| *n == name).expect("a stage");
    assert!(at("big") < at("kd"), "{order:?}");
    let kd = place.pipeline.stage("kd").expect("a stage");
    let lead = super::super::lead::leading_to(&place.pipeline, kd);
    assert!(lead.contains(&place.pipeline.stage("big").expect("a stage")));
}

#[test]
fn a_pruned_network_is_known_when_its_weights_are() {
    let mut world = World::default();
    let replay = world.run(AFTER);
    let place = Place::new(AFTER);
    assert_eq!(world.count("prune"), 1);
    let (best, slim) = (slot(&place, &replay, "best"), slot(&place, &replay, "slim"));
    assert!(2 * slim.model.candidate.macs <= best.model.candidate.macs && slim.state == State::Ready);
    let [prune, train] = &slim.steps[..] else { panic!("{} steps", slim.steps.len()) };
    let weights = best.model.trained.as_ref().expect("trained").runs[0].weights;
    let text = prune.action.text();
    assert!(text.contains("config.by = l1") && text.contains("config.flops = 0.5"), "{text}");
    assert!(weights.hex().starts_with(&lines(&text, "inputs.weights = ")[0][17..]), "{text}");
    let text = train.action.text();
    let digest = slim.model.candidate.digest.hex();
    assert!(digest.starts_with(&lines(&text, "inputs.architecture = ")[0][22..]), "{text}");
    assert!(blob("weights", prune.key).hex().starts_with(&lines(&text, "inputs.init = ")[0][14..]), "{text}");
    // What is measured of it is its own.
    let measured = &replay.stages[place.pipeline.stage("test").expect("a stage")].slots;
    let slim_measured = measured.iter().find(|s| s.model.candidate.digest == slim.model.candidate.digest).expect("measured");
    assert_eq!(figure(slim_measured, "flops").values[0], 2.0 * slim.model.candidate.macs as f64);
    // More epochs go on; another rule prunes anew.
    world.run(&AFTER.replace("epochs 2; prune", "schedule cosine over=9; epochs 3; prune"));
    assert_eq!(world.count("prune"), 0);
    world.run(&AFTER.replace("flops=0.5", "flops=0.5 by=bn"));
    assert_eq!(world.count("prune"), 1);
}

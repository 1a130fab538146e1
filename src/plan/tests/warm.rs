//! Trainings that start from others: what waits for what, and what their keys hold.

use super::super::State;
use super::*;

/// The stage that others start from stands last in the file.
const WARM: &str = r#"
pipeline "warm" seed=3
data "shapes" generate=shapes images=128 image-size=64 { split train=0.5 val=0.25 test=0.25 }
space "tiny" {
    network width=0.125 {
        input "shapes"
        conv 64 stride=2 { kernel 3 5 }
        conv 128 kernel=3 stride=2 { channels 128 256 }
        c3 128 { repeats 1 2 }
        conv 256 kernel=3 stride=2 as="out3"
        detect "out3" anchors=auto
    }
}
sample "trials" { from "tiny"; strategy evolution population=3 tournament=2; trials 6; objective "score" maximize=map50 }
train "short" { from "trials"; data "shapes" split=train; recipe yolov5-short; init from="stock" match=overlap; epochs 2 }
evaluate "score" { from "short"; data "shapes" split=val; metrics map50 flops }
select "best" { from "score"; top 1 by=map50 }
train "long" { from "best"; data "shapes" split=train; recipe yolov5-short; init from="stock" match=names; epochs 3; seeds 3 }
evaluate "test" { from "long"; data "shapes" split=test; metrics map50 }
answer "best" { in "test"; by map50 }
sample "one" { from "tiny"; strategy reference }
train "stock" { from "one"; data "shapes" split=train; recipe yolov5-short; epochs 4; seeds 2 }
"#;

fn text() -> String {
    WARM.replace("conv 128 kernel=3 stride=2 { channels", "conv kernel=3 stride=2 { channels")
}

fn line<'a>(text: &'a str, path: &str) -> &'a str {
    text.lines().find_map(|l| l.strip_prefix(path)?.strip_prefix(" = ")).unwrap_or_else(|| panic!("no {path} in {text}"))
}

fn stage<'a>(place: &Place, replay: &'a Replay, name: &str) -> &'a super::super::StageReplay {
    &replay.stages[place.pipeline.stage(name).expect("a stage")]
}

#[test]
fn trials_wait_for_the_training_that_they_start_from() {
    let (text, mut world) = (text(), World::default());
    let place = Place::new(&text);
    let first = place.engine().replay(&mut world);
    assert_eq!(first.works.len(), 2, "the two seeds of the one");
    // What will be found is known before anything was trained.
    let notes = &stage(&place, &first, "short").notes;
    assert!(notes.len() == 1 && notes[0].starts_with("init: "), "{notes:?}");
    world.run(&text);
    // A new engine knows all of it at once, whatever the order of the file.
    let replay = place.engine().replay(&mut world);
    assert!(replay.finished());
    let stock: Vec<String> = stage(&place, &replay, "stock").slots[0].model.points[&4].runs.iter().map(|r| r.weights.hex()).collect();
    for slot in &stage(&place, &replay, "short").slots {
        let text = slot.steps[0].action.text();
        assert!(stock[0].starts_with(line(&text, "inputs.init")));
        assert!(line(&text, "config.init.tensors").parse::<usize>().is_ok_and(|n| n > 20));
    }
    let notes = &stage(&place, &replay, "short").notes;
    assert!(notes.len() == 1 && notes[0].starts_with("init: ") && notes[0].ends_with("from \"stock\""), "{notes:?}");
    // Each seed starts from its own, and one that has none from the first.
    let long = &stage(&place, &replay, "long").slots[0];
    let texts: Vec<String> = long.steps.iter().map(|s| s.action.text()).collect();
    let starts: Vec<&str> = texts.iter().map(|t| line(t, "inputs.init")).collect();
    assert!(stock[0] != stock[1] && [0, 1, 0].iter().zip(&starts).all(|(&i, start)| stock[i].starts_with(start)), "{starts:?} {stock:?}");
    assert_eq!(starts.len(), 3);
    let best = place.pipeline.stage("best").expect("a stage");
    let lead = super::super::lead::leading_to(&place.pipeline, best);
    assert!(["stock", "one", "trials"].iter().all(|name| lead.contains(&place.pipeline.stage(name).expect("a stage"))));
}

#[test]
fn other_weights_train_anew_and_the_same_weights_do_not() {
    let (text, mut world) = (text(), World::default());
    world.run(&text);
    let trained = world.count("train");
    // The source is trained otherwise, and its weights are others.
    let other = text.replace("epochs 4; seeds 2", "epochs 5; seeds 2");
    world.run(&other);
    assert!(world.count("train") >= trained - 2, "{} of {trained}", world.count("train"));
    // It is trained otherwise once more, but leaves the weights that it left at first.
    let place = Place::new(&text);
    let known = place.engine().replay(&mut world);
    let weights: Vec<Digest> = stage(&place, &known, "stock").slots[0].model.points[&4].runs.iter().map(|r| r.weights).collect();
    let again = text.replace(
        "from \"one\"; data \"shapes\" split=train; recipe yolov5-short",
        "from \"one\"; data \"shapes\" split=train; recipe yolov5-short; clip-norm 9.0",
    );
    let place = Place::new(&again);
    let replay = place.engine().replay(&mut world);
    assert_eq!(replay.works.len(), 2);
    for (work, weights) in replay.works.iter().zip(weights) {
        let trained = Trained {
            weights,
            state: None,
            choices: None,
            epochs: 4,
            curve: Vec::new(),
            learned: None,
            reported: BTreeMap::new(),
            checkpoint: None,
        };
        world.done(work.key(), Outcome::Trained(trained));
    }
    world.run(&again);
    assert_eq!(world.count("train"), 0);
}

#[test]
fn networks_without_anything_in_common_have_failed() {
    // Another space whose layers stand in another order: no place has the same kind of layer.
    let other = r#"space "other" {
    network width=0.125 { input "shapes"; c3 64; c3 64; conv 64 kernel=3 stride=8; detect above anchors=auto }
}
"#;
    let text = text().replace("sample \"one\" { from \"tiny\"", "sample \"one\" { from \"other\"") + other;
    let mut world = World::default();
    let replay = world.run(&text);
    let place = Place::new(&text);
    let slots = &stage(&place, &replay, "short").slots;
    assert_eq!(slots.len(), 6);
    for slot in slots {
        assert!(matches!(&slot.state, State::Failed(why) if why.contains("nothing of `stock`")), "{:?}", slot.state);
    }
}

#[test]
fn a_supernet_may_start_from_one_network_and_from_a_file() {
    let net = "train \"net\" { from \"tiny\"; data \"shapes\" split=train; method single-path; recipe yolov5-short; init from=\"stock\" match=overlap; epochs 2 }\n";
    let (text, mut world) = (text() + net, World::default());
    world.run(&text);
    let trained = world.ran.iter().find(|(kind, text)| *kind == "train" && text.contains("inputs.space")).expect("a supernet");
    assert!(line(&trained.1, "config.init.tensors").parse::<usize>().is_ok_and(|n| n > 20), "{}", trained.1);
    assert!(line(&trained.1, "config.init.in-part").parse::<usize>().is_ok_and(|n| n > 2), "{}", trained.1);
    // A file is known by its bytes.
    let text = text.replace("init from=\"stock\" match=overlap; epochs 2 }\n", "init file=\"w.safetensors\" match=overlap; epochs 2 }\n");
    let place = Place::new(&text);
    let tensors = |space: &Space| {
        let program = space.architecture(&space.reference()).expect("builds").program().expect("builds");
        program.params.into_iter().map(|p| (p.name, p.shape)).collect::<Vec<_>>()
    };
    let file = |digest: &str| {
        let tensors = tensors(&place.spaces["tiny"]);
        let file = super::super::WeightsFile {
            path: digest.into(),
            digest: Digest::of(digest.as_bytes()),
            tensors,
            anchors: None,
            architecture: None,
            bn_eps: None,
        };
        ["short", "net"].map(|stage| (stage.to_string(), std::sync::Arc::new(file.clone()))).into()
    };
    let keys = |digest: &str| {
        let replay = place.engine().with_weights(&file(digest)).replay(&mut World::default());
        replay.works.iter().filter(|w| matches!(w, Work::Train(t) if t.init.is_some())).map(Work::key).collect::<Vec<_>>()
    };
    assert!(keys("a").len() >= 2 && keys("a") == keys("a") && keys("a").iter().all(|key| !keys("b").contains(key)));
}

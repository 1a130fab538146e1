//! Searches that stop their trials early, over learning curves that the test makes up.

use super::{Place, World, figure};
use crate::plan::{Model, Replay, State};
use std::collections::BTreeMap;

fn pipeline(stop: &str, trials: usize, epochs: usize, budget: &str, more: &str) -> String {
    format!(
        "pipeline \"p\" seed=3
        data \"d\" generate=shapes images=128 image-size=64 {{ split train=0.5 val=0.25 test=0.25 }}
        space \"s\" {{ network width=0.25 {{ input \"d\"
            conv 64 kernel=6 stride=2 padding=2 as=\"stem\"; conv 128 stride=2 {{ kernel 3 5 7 }}
            c3 128 {{ repeats 1 2 3 }}; conv 256 kernel=3 stride=2; c3 256 {{ expansion 0.5 0.25 0.75 }}; detect above }} }}
        sample \"trials\" {{ from \"s\"; strategy evolution population=6 tournament=3; trials {trials} window=3
            objective \"score\" maximize=map50 {{ {stop} }} }}
        train \"short\" {{ from \"trials\"; data \"d\" split=train; recipe yolov5-short; batch 16; epochs {epochs}; schedule linear over=18; {budget} }}
        evaluate \"score\" {{ from \"short\"; data \"d\" split=val; metrics map50 flops }}
        select \"finals\" {{ from \"score\"; top 3 by=map50 }}
        {more}"
    )
}

/// The models of a stage.
fn models<'r>(place: &Place, replay: &'r Replay, stage: &str) -> Vec<&'r Model> {
    let index = place.pipeline.stage(stage).expect("a stage");
    replay.stages[index].slots.iter().inspect(|s| assert_eq!(s.state, State::Ready, "{stage}")).map(|s| &s.model).collect()
}

/// Epochs of each trial.
fn epochs(place: &Place, replay: &Replay) -> Vec<usize> {
    models(place, replay, "score").iter().map(|m| m.raced.as_ref().expect("raced").epochs()).collect()
}

/// Runs a pipeline with so many workers, which take the works in an order of their own.
fn run(world: &mut World, text: &str, workers: usize, kill: bool) -> Replay {
    let pick = |step: usize, works: usize| {
        let under_way = works.min(workers);
        // Some are done before the others, the later ones first now and then.
        let some = under_way.div_ceil(2);
        let first = if step.is_multiple_of(2) { 0 } else { under_way - some };
        first..first + some
    };
    world.run_by(&Place::new(text), pick, |step| kill && step.is_multiple_of(5))
}

const ASHA: &str = "stop-early asha min-epochs=2";

#[test]
fn no_epoch_is_trained_twice_and_workers_change_nothing() {
    for stop in [ASHA, "stop-early halving min-epochs=2", "stop-early hyperband min-epochs=2", "stop-early median interval=3 startup=4"] {
        let text = pipeline(stop, 17, 18, "", "");
        let place = Place::new(&text);
        let mut world = World::default();
        let first = run(&mut world, &text, 1, false);
        let trials = epochs(&place, &first);
        assert_eq!(trials.len(), 17);
        assert!(trials.iter().any(|&e| e < 18) && trials.contains(&18), "{stop}: {trials:?}");
        // 64 images in batches of 16: four iterations an epoch, each trained once.
        assert_eq!(world.iterations, 4 * trials.iter().sum::<usize>() as u64, "{stop}");
        for (workers, kill) in [(2, true), (8, false)] {
            let mut other = World::default();
            let again = run(&mut other, &text, workers, kill);
            assert_eq!(epochs(&place, &again), trials, "{stop}: {workers} workers");
            let chosen = |r| models(&place, r, "finals").iter().map(|m| m.identity()).collect::<Vec<_>>();
            assert_eq!(chosen(&again), chosen(&first), "{stop}: {workers} workers");
            assert_eq!(other.iterations, world.iterations, "{stop}: {workers} workers");
        }
        // Nothing is left; and nothing is trained for more trials that those had.
        run(&mut world, &text, 2, false);
        assert_eq!(world.ran, []);
    }
}

#[test]
fn more_trials_and_more_epochs_train_only_what_is_new() {
    let mut world = World::default();
    let of = |world: &mut World, trials, epochs| {
        let text = pipeline(ASHA, trials, epochs, "", "");
        let replay = run(world, &text, 4, false);
        let place = Place::new(&text);
        let all = models(&place, &replay, "score").into_iter().map(|m| (m.candidate.digest, m.raced.as_ref().expect("raced").epochs()));
        all.collect::<BTreeMap<_, _>>()
    };
    let mut furthest: BTreeMap<_, usize> = BTreeMap::new();
    for (trials, epochs) in [(12, 18), (20, 18), (20, 54)] {
        let now = of(&mut world, trials, epochs);
        let new: usize = now.iter().map(|(d, &e)| e.saturating_sub(furthest.get(d).copied().unwrap_or(0))).sum();
        assert_eq!(world.iterations, 4 * new as u64, "{trials} trials of {epochs} epochs");
        assert!(new > 0);
        now.into_iter().for_each(|(d, e)| *furthest.entry(d).or_default() = e.max(furthest.get(&d).copied().unwrap_or(0)));
    }
}

#[test]
fn a_select_compares_those_that_came_furthest_and_what_follows_waits() {
    let more = "sample \"plain\" { from \"s\"; strategy reference }
        train \"again\" { from \"finals\" \"plain\"; data \"d\" split=train; recipe yolov5-short; batch 16; epochs 30; init scratch }
        evaluate \"test\" { from \"again\"; data \"d\" split=test; metrics map50 }
        evaluate \"other\" { from \"short\"; data \"d\" split=val; metrics recall }
        select \"front\" { from \"score\"; pareto map50 flops }
        train \"whole\" { from \"trials\"; data \"d\" split=train; recipe yolov5-short; batch 16; epochs 3 }
        train \"longer\" { from \"short\"; data \"d\" split=train; recipe yolov5-short; batch 16; epochs 1; init continue }";
    let text = pipeline("stop-early halving min-epochs=2", 20, 18, "", more);
    let place = Place::new(&text);
    let mut world = World::default();
    let replay = run(&mut world, &text, 3, false);
    // 20, 6, 2 trials at 2, 6, 18 epochs: the third is the best of those that were stopped at 6.
    let chosen = models(&place, &replay, "finals");
    let at: Vec<usize> = chosen.iter().map(|m| m.raced.as_ref().expect("raced").epochs()).collect();
    assert_eq!(at, [18, 18, 6]);
    let value = |m: &Model| m.figures.iter().find(|(k, _)| k.name() == "map50").expect("map50").1.mean();
    assert!(value(chosen[0]) >= value(chosen[1]));
    let others = models(&place, &replay, "score").into_iter().filter(|m| m.raced.as_ref().expect("raced").epochs() == 6);
    assert_eq!(others.map(value).fold(0.0, f64::max), value(chosen[2]));
    assert!(models(&place, &replay, "front").iter().all(|m| m.raced.as_ref().expect("raced").epochs() == 18));
    // Each is measured by the other stage once, where it ended, and trained on once.
    let other = place.pipeline.stage("other").expect("a stage");
    assert_eq!(replay.stages[other].slots.len(), 20);
    let ran: usize = world.ran.iter().filter(|(kind, text)| *kind == "metric" && text.contains("recall")).count();
    assert_eq!(ran, 20);
    // What else is trained of the trials is not cut.
    assert!(models(&place, &replay, "whole").iter().all(|m| m.raced.is_none() && m.trained.as_ref().expect("trained").epochs == 3));
    // Trained again, nothing is cut; and a baseline that is a trial's own network is trained whole.
    assert!(models(&place, &replay, "again").iter().all(|m| m.raced.is_none() && m.trained.as_ref().expect("trained").epochs == 30));
    assert_eq!(figure(&replay.stages[place.pipeline.stage("test").expect("a stage")].slots[0], "map50").values.len(), 1);
}

#[test]
fn a_budget_ends_the_search_and_says_so() {
    for (stop, budget, all) in [("", 100, 5), (ASHA, 100, 20)] {
        let text = pipeline(stop, 20, 18, &format!("budget epochs={budget}; seeds 1"), "");
        let place = Place::new(&text);
        let mut world = World::default();
        let replay = run(&mut world, &text, 4, false);
        let score = models(&place, &replay, "score");
        let spent: usize = score.iter().map(|m| m.raced.as_ref().map_or(18, |r| r.epochs())).sum();
        assert!(spent <= budget && world.iterations == 4 * spent as u64, "{spent}");
        assert!(score.len() <= all && models(&place, &replay, "finals").len() == 3);
        let notes = &replay.stages[place.pipeline.stage("trials").expect("a stage")].notes;
        assert!(notes.iter().any(|n| n.contains("the budget of 100 epochs of `short` is spent: ")), "{notes:?}");
        // What is known already is counted: the same search.
        let again = run(&mut world, &text, 1, false);
        assert_eq!((models(&place, &again, "score").len(), world.iterations), (score.len(), 0));
    }
    // Of models that no search proposes the first are trained.
    let more = "train \"again\" { from \"finals\"; data \"d\" split=train; recipe yolov5-short; batch 16; epochs 10; init scratch; budget epochs=25 }";
    let text = pipeline("", 6, 4, "", more);
    let (place, mut world) = (Place::new(&text), World::default());
    let replay = run(&mut world, &text, 2, false);
    assert_eq!(models(&place, &replay, "again").len(), 2);
    let notes = &replay.stages[place.pipeline.stage("again").expect("a stage")].notes;
    assert_eq!(notes, &["the budget of 25 epochs is spent: 1 of 3 models were left out"]);
}

#[test]
fn a_smaller_share_of_the_images_is_part_of_a_larger_one() {
    let of = |share: &str| {
        let text = pipeline("", 6, 4, share, "");
        let (place, mut world) = (Place::new(&text), World::default());
        run(&mut world, &text, 2, false);
        let train = place.pipeline.stages[place.pipeline.stage("short").expect("a stage")].train().expect("a train").clone();
        let key = world.ran.iter().find(|(kind, _)| *kind == "train").expect("a training").1.clone();
        (train, key, world.iterations)
    };
    let ((all, whole, iterations), (same, again, _)) = (of(""), of("images 1.0"));
    let ((half, part, fewer), (quarter, ..)) = (of("images 0.5"), of("images 0.25"));
    assert_eq!((&whole, iterations, fewer), (&again, 6 * 4 * 4, 6 * 4 * 2), "64 images in batches of 16, and half of them");
    assert!(!whole.contains("images =") && part.contains("images = 32"), "{part}");
    // Taken are the first in an order that no share has a part in.
    for images in [1, 2, 3, 7, 64, 1001] {
        let taken = [&quarter, &half, &all, &same].map(|train| train.taken(images));
        assert!(taken.is_sorted() && taken[0] >= 1 && taken[2..] == [images; 2], "{taken:?}");
    }
    assert_eq!(half.taken(0), 0);
}

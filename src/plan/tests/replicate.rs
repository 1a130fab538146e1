//! Trials that are trained once more: what is keyed, and that nothing else changes.

use super::{Place, World, figure};
use crate::plan::replicas::Replicas;
use crate::plan::{Kind, Replay, State};
use crate::results::Outcome;
use std::collections::BTreeSet;

fn pipeline(replicate: &str, stop: &str, seeds: usize) -> String {
    format!(
        "pipeline \"p\" seed=3
        data \"d\" generate=shapes images=128 image-size=64 {{ split train=0.5 val=0.25 test=0.25 }}
        space \"s\" {{ network width=0.25 {{ input \"d\"
            conv 64 kernel=6 stride=2 padding=2 as=\"stem\"; conv 128 stride=2 {{ kernel 3 5 7 }}
            c3 128 {{ repeats 1 2 3 }}; conv 256 kernel=3 stride=2; c3 256 {{ expansion 0.5 0.25 0.75 }}; detect above }} }}
        sample \"trials\" {{ from \"s\"; strategy evolution population=6 tournament=3; trials 14 window=3; {replicate}
            objective \"score\" maximize=map50 {{ {stop} }} }}
        train \"short\" {{ from \"trials\"; data \"d\" split=train; recipe yolov5-short; batch 16; epochs 18; schedule linear over=18; seeds {seeds}; seed 5 }}
        evaluate \"score\" {{ from \"short\"; data \"d\" split=val; metrics map50 recall flops }}
        select \"finals\" {{ from \"score\"; top 3 by=map50 }}
        train \"again\" {{ from \"finals\"; data \"d\" split=train; recipe yolov5-short; batch 16; epochs 30; init scratch }}
        evaluate \"test\" {{ from \"again\"; data \"d\" split=test; metrics map50 }}"
    )
}

/// What the search proposed, with its scores, and what was chosen.
fn found(place: &Place, replay: &Replay) -> (Vec<String>, Vec<String>) {
    let at = |stage: &str| &replay.stages[place.pipeline.stage(stage).expect("a stage")].slots;
    let scored = at("score").iter().map(|s| format!("{} {:?} {:?}", s.model.label(), s.model.candidate.choices, figure(s, "map50").values));
    (scored.collect(), at("finals").iter().map(|s| s.model.identity().hex()).collect())
}

/// Runs with so many workers, that take what comes first or what comes last; the engine begins anew now and then.
fn run(world: &mut World, place: &Place, workers: usize) -> Replay {
    let pick = |step: usize, works: usize| {
        let first = if step.is_multiple_of(3) { works.saturating_sub(workers) } else { 0 };
        first..(first + workers).min(works)
    };
    world.run_by(place, pick, |step| step.is_multiple_of(5))
}

fn once(replay: &Replay) -> &Replicas {
    let [replicas] = replay.replicas.as_slice() else { panic!("{} searches", replay.replicas.len()) };
    replicas
}

/// Keys of a kind.
fn keys<'s>(slots: impl Iterator<Item = &'s crate::plan::Slot>, kind: Kind) -> BTreeSet<String> {
    slots.flat_map(|s| &s.steps).filter(|s| s.action.kind == kind).map(|s| s.key.hex()).collect()
}

#[test]
fn the_same_search_and_the_same_choice_with_and_without() {
    for stop in ["", "stop-early asha min-epochs=2", "stop-early hyperband min-epochs=2"] {
        let (without, with) = (Place::new(&pipeline("", stop, 1)), Place::new(&pipeline("replicate 4", stop, 1)));
        let mut world = World::default();
        let plain = run(&mut world, &without, 1);
        let (trained, ran) = (world.iterations, world.count("train"));
        assert!(plain.replicas.is_empty());
        for workers in [1, 2, 8] {
            let mut other = World::default();
            let replay = run(&mut other, &with, workers);
            assert_eq!(found(&with, &replay), found(&without, &plain), "{stop}: {workers} workers");
            let replicas = once(&replay);
            assert!(replicas.complete() && replicas.trials.len() == 4 && replicas.trials.iter().all(|r| r.score.is_some()));
            let epochs: Vec<usize> = replicas.trials.iter().map(|r| r.slots[0].1.model.trained.as_ref().expect("trained").epochs).collect();
            // 64 images in batches of 16: four iterations an epoch. Stopped early or not, a replica goes to where all were measured.
            assert_eq!(other.iterations - trained, 4 * epochs.iter().sum::<usize>() as u64, "{stop}");
            let all = if stop.is_empty() { 18 } else { epochs[0] };
            assert!(stop.contains("hyperband") || epochs.iter().all(|&e| e == all), "{epochs:?}");
        }
        // With the trials known, the replicas alone are short; then nothing is.
        let replay = run(&mut world, &with, 2);
        assert!(ran > 0 && world.count("train") == 4 && world.count("metric") == 4 && world.count("select") == 0, "{stop}");
        assert_eq!(run(&mut world, &with, 2).replicas.len() + world.ran.len(), 1);
        // Under the name of their trial, and said to be what they are.
        let label = once(&replay).trials[3].last().expect("slots").model.label();
        assert_eq!(label, "trials #3");
    }
}

#[test]
fn a_replica_is_the_second_of_two_seeds() {
    let (with, seeds) = (Place::new(&pipeline("replicate 14", "", 1)), Place::new(&pipeline("", "", 2)));
    let mut world = World::default();
    let replay = run(&mut world, &with, 3);
    let (short, score) = (with.pipeline.stage("short").expect("a stage"), with.pipeline.stage("score").expect("a stage"));
    // The networks that both searches propose: the first, which read no results.
    let twice = seeds.engine().replay(&mut world);
    let both = |of: &Replay, all: bool| {
        let first = |s: &&crate::plan::Slot| s.model.origin.1 < 3;
        let slots: Vec<_> = if all { of.all(short).filter(first).collect() } else { of.stages[short].slots.iter().filter(first).collect() };
        keys(slots.into_iter(), Kind::Train)
    };
    assert_eq!(both(&replay, true), both(&twice, false));
    assert_eq!(both(&replay, true).len(), 6);
    assert!(twice.stages[short].slots[..3].iter().all(|s| s.state == State::Ready), "nothing is trained again");
    // The models of the stages know nothing of it.
    let model = &replay.stages[score].slots[0];
    assert_eq!((figure(model, "map50").values.len(), model.model.trained.as_ref().expect("trained").runs[0].seed), (1, 5));
    // What no search reads is not measured of a replica.
    let copy = replay.copies(score).next().expect("a replica");
    assert_eq!(copy.model.figures.keys().map(|m| m.name()).collect::<Vec<_>>(), ["map50"]);
    assert_eq!(copy.model.trained.as_ref().expect("trained").runs.iter().map(|r| r.seed).collect::<Vec<_>>(), [6]);
}

#[test]
fn scores_are_those_of_all_trials_and_of_replicas() {
    for (stop, epochs) in [("", None), ("stop-early asha min-epochs=2", Some(2))] {
        let place = Place::new(&pipeline("replicate 6", stop, 1));
        let mut world = World::default();
        let replay = run(&mut world, &place, 2);
        let index = place.pipeline.stage("score").expect("a stage");
        let (at, scores) = once(&replay).scores(&place.pipeline, &replay.stages[index].slots);
        assert_eq!((at, scores.len()), (epochs, 14), "{stop}");
        assert!(scores.iter().enumerate().all(|(trial, s)| s.len() == if trial < 6 { 2 } else { 1 }), "{scores:?}");
        assert!(scores[..6].iter().all(|s| s[0] != s[1]), "the made-up world draws each anew: {scores:?}");
    }
}

#[test]
fn replicas_come_behind_the_search_and_before_what_it_leads_to() {
    let place = Place::new(&pipeline("replicate 4", "", 1));
    let mut world = World::default();
    let mut engine = place.engine();
    let first = engine.replay(&mut world);
    let labels: Vec<String> = first.works.iter().map(|w| w.label()).collect();
    // The trials that need no result, then those of them that are trained once more.
    assert_eq!(labels[5..8], ["short: trials #5", "short: trials #0, once more", "short: trials #1, once more"], "{labels:?}");
    let seeds: Vec<_> = first.works.iter().map(|w| (w.request().replica, w.action().seed)).collect();
    assert_eq!(seeds[5..7], [(false, Some(5)), (true, Some(6))]);
    // One worker trains them before it trains what was chosen.
    run(&mut world, &place, 1);
    let (again, last) = (|text: &str| text.contains("seed = 6"), |text: &str| text.contains("config.iteration = 120"));
    let at = |is: &dyn Fn(&str) -> bool| world.ran.iter().rposition(|(kind, text)| *kind == "train" && is(text));
    assert!(at(&again) < at(&last), "{:?} {:?}", at(&again), at(&last));
}

#[test]
fn a_second_training_that_fails_counts_nowhere() {
    let (without, with) = (Place::new(&pipeline("", "", 1)), Place::new(&pipeline("replicate 4", "", 1)));
    let plain = run(&mut World::default(), &without, 2);
    let mut world = World::default();
    let mut engine = with.engine();
    let works = engine.replay(&mut world).works;
    let second = works.iter().find(|w| w.label() == "short: trials #1, once more").expect("a replica");
    world.done(second.key(), Outcome::Diverged { iteration: 3, reason: "the loss is no number".into(), curve: Vec::new() });
    let replay = run(&mut world, &with, 2);
    assert_eq!(found(&with, &replay), found(&without, &plain));
    let replicas = once(&replay);
    assert!(replicas.complete() && replicas.trials[1].score.is_none() && replicas.trials[2].score.is_some());
    let index = with.pipeline.stage("score").expect("a stage");
    let (_, scores) = replicas.scores(&with.pipeline, &replay.stages[index].slots);
    assert_eq!(scores.iter().map(Vec::len).take(5).collect::<Vec<_>>(), [2, 1, 2, 2, 1]);
}

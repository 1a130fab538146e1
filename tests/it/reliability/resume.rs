//! A search that is stopped after each of its results, one after the other: the same sequence of networks, the same winner, the same
//! bits, for every strategy, for searches that stop trials early, and for a supernet and the search in it.

use super::in_process::{Lab, Snapshot, directory};
use crate::support::long;
use nasflow::document::{Objectives, StrategyWord};
use nasflow::run::Event;
use nasflow::run::options::RunEnd;
use nasflow::store::Direct;
use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A search over 48 networks, each trained for two iterations.
fn search(strategy: &str, objective: &str) -> String {
    format!(
        "pipeline \"resume\" seed=5\ndata \"images\" generate=figures images=8 classes=2 image-size=16 {{ split train=0.5 val=0.5 }}\n\
         space \"net\" {{\n    choice \"a\" 1 3 5 7\n    choice \"b\" 1 3 5 7\n    choice \"c\" 8 16 24\n    network activation=relu {{ input \"images\"; \
         conv 8 kernel=(choice)\"a\" stride=2; conv (choice)\"c\" kernel=(choice)\"b\" stride=2; global-pool; linear }}\n}}\n\
         sample \"trials\" {{ from \"net\"; strategy {strategy}; trials 9 window=2; objective \"score\" {objective} }}\n\
         train \"short\" {{ from \"trials\"; data \"images\" split=train; epochs 2; batch 4; augment crop=1 flip-lr=0 }}\n\
         evaluate \"score\" {{ from \"short\"; data \"images\" split=val; metrics loss flops }}\nselect \"best\" {{ from \"score\"; top 1 by=loss }}\n"
    )
}

/// Trials that are stopped early, with real trainings.
const RACING: &str = r#"pipeline "racing" seed=3
data "images" generate=figures images=16 classes=2 image-size=16 { split train=0.5 val=0.5 }
space "net" { network activation=relu { input "images"; conv 8 stride=2 { kernel 3 5 1 }; conv 8 { kernel 1 3 }; global-pool; linear } }
sample   "trials" {
    from "net"; strategy evolution population=3 tournament=2; trials 5 window=2
    objective "score" minimize=loss { stop-early asha reduction=2 min-epochs=1 }
}
train    "short"  { from "trials"; data "images" split=train; epochs 4; batch 4; augment crop=1 flip-lr=0; schedule linear over=4 }
evaluate "score"  { from "short"; data "images" split=val; metrics loss accuracy }
select   "best"   { from "score"; top 1 by=loss }
"#;

/// A supernet, a search in it by what it measures, and the winner trained on.
const ONE_SHOT: &str = r#"pipeline "one-shot" seed=3
data "images" generate=figures images=16 classes=2 image-size=16 { split train=0.5 val=0.5 }
space "net" { network activation=relu { input "images"; conv 8 stride=2 { kernel 3 5 }; choose "block" { residual 8; conv 8 kernel=3; skip }; global-pool; linear } }
train    "supernet" { from "net"; data "images" split=train; method single-path; epochs 2; batch 4; augment crop=1 flip-lr=0 }
sample   "subnets"  { from "supernet"; strategy evolution population=3 tournament=2; trials 5 window=2; objective "ranking" minimize=loss }
evaluate "ranking"  { from "subnets"; data "images" split=val; recalibrate batches=2 split=train; metrics loss accuracy }
select   "best"     { from "ranking"; top 1 by=loss }
train    "tuned"    { from "best"; data "images" split=train; init inherit; epochs 1; batch 4; augment crop=1 flip-lr=0 }
evaluate "test"     { from "tuned"; data "images" split=val; metrics accuracy }
"#;

/// Runs until `left` more results are there, then stops as two interrupts do; whether it came to its end.
fn stopped(lab: &Lab, root: &Path, left: usize, case: &str) -> bool {
    let (seen, stop) = (Cell::new(0), lab.options.stop.clone());
    stop.store(0, Ordering::Relaxed);
    let mut hook = |event: &Event| {
        if matches!(event, Event::Finished { .. }) {
            seen.set(seen.get() + 1);
            if seen.get() == left {
                stop.store(2, Ordering::Relaxed);
            }
        }
    };
    let report = lab.run(root, Arc::new(Direct), &mut hook).unwrap_or_else(|e| panic!("{case}: {e}"));
    stop.store(0, Ordering::Relaxed);
    assert!(report.given_up.is_empty(), "{case}");
    report.ended == RunEnd::Finished
}

/// Stops after every result: on one store, each run getting one further; and (in the long form) on a new store for each place.
fn every_boundary(name: &str, text: &str) -> usize {
    let lab = Lab::new(text, &[]);
    let root = lab.store("undisturbed");
    let told = lab.told(&lab.finish(&root, name));
    let wanted = Snapshot::of(&root, name);
    let count = wanted.records.len();
    let ended = |root: &Path, case: &str| {
        assert_eq!(lab.told(&lab.finish(root, case)), told, "{case}");
        let found = Snapshot::of(root, case);
        // A trial that was sent on by one metric, before the run was stopped, is not measured there by the others.
        if name == "stop-early" { found.must_be_of(&wanted, case) } else { found.must_be(&wanted, case) }
    };
    let dir = directory();
    let root = dir.path().join("again and again");
    let mut stops = 0;
    while !stopped(&lab, &root, 1, name) {
        stops += 1;
        assert!(stops <= 3 * count, "{name}: {stops} stops for {count} results");
    }
    assert!(stops > 4, "{name}: {stops} stops");
    ended(&root, name);
    for n in 1..=if long() { count } else { 0 } {
        let root = dir.path().join(n.to_string());
        let case = format!("{name}, stopped after {n} of {count} results");
        stopped(&lab, &root, n, &case);
        ended(&root, &case);
        stops += 1;
    }
    eprintln!("{name}: {count} results, {stops} stops");
    stops
}

#[test]
fn a_search_stopped_after_every_result_ends_the_same_whatever_its_strategy() {
    let one = "minimize=loss";
    let two = "{ minimize loss flops }";
    let words = nasflow::language().strategies.known;
    let searches = |s: &&&'static dyn StrategyWord| s.needs().trials && !s.needs().learned && s.word().name != "command";
    let mut stops = 0;
    for word in words.iter().filter(searches) {
        let name = word.word().name;
        let population = if word.word().field("population").is_some() { " population=4" } else { "" };
        let tournament = if word.word().field("tournament").is_some() { " tournament=2" } else { "" };
        let objective = if word.needs().objective == Objectives::Several { two } else { one };
        stops += every_boundary(name, &search(&format!("{name}{population}{tournament}"), objective));
    }
    eprintln!("{stops} stops in all");
    assert!(stops > 60, "{stops}");
}

#[test]
fn trials_stopped_early_and_a_search_in_a_supernet_end_the_same_after_every_stop() {
    every_boundary("stop-early", RACING);
    every_boundary("one-shot", ONE_SHOT);
}

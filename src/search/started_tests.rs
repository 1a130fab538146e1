//! Chains, candidates that come first, and earlier results: tickets, what strategies are told, and that a kill changes nothing.

use super::*;
use crate::document::{Chosen, Value};
use crate::space::tests::whole;

fn chain_of_kernels() -> Space {
    whole(&format!("space {{ network {{ input data; {} }} }}", "conv 4 { kernel 1 3 5 7 };".repeat(6)))
}

fn chosen(word: &str, given: &[(&'static str, i64)]) -> Chosen {
    let given: Vec<(&str, Value)> = given.iter().map(|(name, value)| (*name, Value::Int(*value))).collect();
    words().choose(word, &given).expect("a strategy")
}

fn slope(ticket: &Ticket) -> Told {
    Told::Value(ticket.sample.pairs().map(|(d, o)| (o * (d + 1)) as f64).sum())
}

fn value(told: &Told) -> f64 {
    if let Told::Value(x) = told { *x } else { f64::NEG_INFINITY }
}

/// All tickets; killed and made anew after `killed` of them.
fn run(make: &dyn Fn() -> Search<'static>, killed: usize) -> Vec<(Ticket, Told)> {
    let mut search = make();
    let mut all: Vec<(Ticket, Told)> = vec![];
    while let Next::Ticket(ticket) = search.propose(&|n| all.get(n).map(|(_, told)| *told)) {
        assert_eq!(ticket.number, all.len());
        let told = slope(&ticket);
        all.push((*ticket, told));
        if all.len() == killed {
            search = make();
            all.iter().for_each(|(ticket, _)| search.recall(ticket.known()));
        }
    }
    all
}

fn leaked() -> &'static Space {
    static SPACE: std::sync::OnceLock<Space> = std::sync::OnceLock::new();
    SPACE.get_or_init(chain_of_kernels)
}

fn search(parts: &[(Chosen, Option<usize>)], trials: usize, window: usize) -> Search<'static> {
    let parts: Vec<Part> = parts.iter().map(|(chosen, trials)| Part { chosen, trials: *trials }).collect();
    let strategy = chain(&parts, &Given::default()).expect("it is built");
    Search::new(leaked(), strategy, trials, window, 7)
}

#[test]
fn each_of_a_chain_has_its_tickets_and_knows_all_before() {
    let parts = [(chosen("random", &[]), Some(30)), (chosen("local-search", &[("initial", 5)]), None)];
    let make = || search(&parts, 60, 1);
    let all = run(&make, 0);
    let random = run(&|| search(&parts[..1], 60, 1), 0);
    assert!(all[..30].iter().zip(&random).all(|(a, b)| a.0 == b.0), "the first thirty are those of random search");
    // The climb begins at the best of all thirty, not of its own five.
    let best = (0..30).fold(0, |best, i| if value(&all[i].1) > value(&all[best].1) { i } else { best });
    let apart = |a: &Ticket, b: &Ticket| a.sample.pairs().filter(|(d, o)| b.sample.option(*d) != Some(*o)).count();
    assert_eq!(apart(&all[best].0, &all[30].0), 1, "ticket 30 is an edit of ticket {best}");
    for killed in [1, 29, 30, 31, 55] {
        assert!(run(&make, killed).iter().zip(&all).all(|(a, b)| a.0 == b.0), "killed at {killed}");
    }
    // A grid within a chain begins with its own first ticket.
    let parts = [(chosen("random", &[]), Some(3)), (chosen("grid", &[]), None)];
    let all = run(&|| search(&parts, 8, 4), 0);
    let grid = run(&|| search(&parts[1..], 8, 4), 0);
    let seen: Vec<Digest> = all[..3].iter().map(|(t, _)| t.digest).collect();
    let expected: Vec<Digest> = grid.iter().map(|(t, _)| t.digest).filter(|d| !seen.contains(d)).collect();
    assert_eq!(all[3..].iter().map(|(t, _)| t.digest).collect::<Vec<_>>(), expected[..5]);
}

#[test]
fn candidates_that_come_first_are_trials_and_parents() {
    let space = leaked();
    let samples: Vec<Sample> = (0..8).map(|i| space.random(99, &[i])).chain([space.random(99, &[0])]).collect();
    let evolution = [(chosen("evolution", &[("population", 8), ("tournament", 8)]), None)];
    let make = || search(&evolution, 20, 1).starting_with(samples.clone());
    let all = run(&make, 0);
    assert_eq!(all.len(), 20);
    assert!(all[..8].iter().zip(&samples).all(|((t, _), s)| t.sample == *s), "distinct ones, in order");
    // The first child is one of the best of these.
    let best = (0..8).fold(0, |best, i| if value(&all[i].1) > value(&all[best].1) { i } else { best });
    assert_eq!(all[8].0.sample.pairs().filter(|(d, o)| all[best].0.sample.option(*d) != Some(*o)).count(), 1);
    for killed in [1, 7, 8, 9, 15] {
        assert!(run(&make, killed).iter().zip(&all).all(|(a, b)| a.0 == b.0), "killed at {killed}");
    }
    // What is left out of the trials is not proposed.
    assert_eq!(run(&|| search(&evolution, 3, 1).starting_with(samples.clone()), 0).len(), 3);
    // A climb goes on from the best of them.
    let climb = [(chosen("local-search", &[("initial", 2)]), None)];
    let make = || search(&climb, 20, 1).starting_with(samples.clone());
    let all = run(&make, 0);
    assert_eq!(all[8].0.sample.pairs().filter(|(d, o)| all[best].0.sample.option(*d) != Some(*o)).count(), 1);
    for killed in [1, 8, 12] {
        assert!(run(&make, killed).iter().zip(&all).all(|(a, b)| a.0 == b.0), "killed at {killed}");
    }
}

#[test]
fn earlier_results_are_known_and_no_trials() {
    let random = [(chosen("random", &[]), None)];
    let before = run(&|| search(&random, 30, 4), 0);
    for word in ["evolution", "local-search", "hill-climbing", "nsga2", "pareto-ageing", "policy-gradient", "random"] {
        let one = [(chosen(word, &[]), None)];
        let twice = || before.iter().chain(&before[..3]).map(|(t, told)| (t.known(), *told));
        let make = || search(&one, 25, 4).after(twice());
        let all = run(&make, 0);
        assert_eq!(all.len(), 25, "{word}");
        assert!(all.iter().all(|(t, _)| before.iter().all(|(b, _)| b.digest != t.digest)), "{word} proposes what is known");
        for killed in [1, 3, 20] {
            assert!(run(&make, killed).iter().zip(&all).all(|(a, b)| a.0 == b.0), "{word}, killed at {killed}");
        }
        let best = |all: &[(Ticket, Told)]| all.iter().map(|(_, told)| value(told)).fold(0.0, f64::max);
        if word == "local-search" {
            assert!(best(&all) > best(&before), "{word} climbs from the best of them");
        }
    }
    // Of a chain, the shares are of its own tickets.
    let parts = [(chosen("random", &[]), Some(4)), (chosen("local-search", &[]), None)];
    let all = run(&|| search(&parts, 6, 1).after(before.iter().map(|(t, told)| (t.known(), *told))), 0);
    let best = before.iter().chain(&all[..4]).max_by(|a, b| value(&a.1).total_cmp(&value(&b.1))).expect("some");
    let apart = |a: &Ticket, b: &Ticket| a.sample.pairs().filter(|(d, o)| b.sample.option(*d) != Some(*o)).count();
    assert_eq!(apart(&best.0, &all[4].0), 1);
    assert!(apart(&best.0, &all[0].0) > 1);
}

#[test]
fn children_of_two_parents_have_what_one_of_them_has() {
    let make = |crossover: f64| {
        let given = [("population", Value::Int(10)), ("tournament", Value::Int(2)), ("crossover", Value::Float(crossover))];
        let strategy = build(&words().choose("evolution", &given).expect("a strategy"), Given::default()).expect("it is built");
        Search::new(leaked(), strategy, 40, 1, 5)
    };
    let (without, with) = (run(&|| make(0.0), 0), run(&|| make(1.0), 0));
    let plain = run(&|| search(&[(chosen("evolution", &[("population", 10), ("tournament", 2)]), None)], 40, 1), 0);
    assert_eq!(without.len(), plain.len());
    let apart = |a: &Ticket, b: &Ticket| a.sample.pairs().filter(|(d, o)| b.sample.option(*d) != Some(*o)).count();
    let nearest = |all: &[(Ticket, Told)], at: usize| (at - 10..at).map(|p| apart(&all[p].0, &all[at].0)).min().expect("a population");
    assert!((10..40).all(|at| nearest(&without, at) == 1), "one edit of one parent");
    assert!((10..40).any(|at| nearest(&with, at) > 1), "some are of two");
    // All but one decision of a child are a parent's.
    for at in 10..40 {
        let child = &with[at].0.sample;
        let foreign = child.pairs().filter(|(d, o)| !(at - 10..at).any(|p| with[p].0.sample.option(*d) == Some(*o))).count();
        assert!(foreign <= 1, "ticket {at}: {foreign}");
    }
}

/// Every strategy of the language: as many workers as there are, whoever is quicker, and killed wherever, the tickets are the same.
#[test]
fn workers_and_kills_change_no_ticket_of_any_strategy() {
    for word in words().known.iter().filter(|w| w.needs().trials && !w.needs().learned && w.word().name != "command") {
        let (name, several) = (word.word().name, word.needs().objective == crate::document::Objectives::Several);
        // A small population, where there is one.
        let given: Vec<(&str, i64)> = if word.word().field("population").is_some() { vec![("population", 10)] } else { vec![] };
        let make = || search(&[(chosen(name, &given), None)], 36, 8);
        let score = |ticket: &Ticket| match (slope(ticket), several) {
            _ if ticket.number % 9 == 5 => Told::Failed,
            (Told::Value(up), true) => Told::Values(Scores::new([up, -(ticket.sample.pairs().map(|(_, o)| o * o).sum::<usize>() as f64)])),
            (told, _) => told,
        };
        let mut expected: Vec<(Ticket, Told)> = vec![];
        let mut one = make();
        while let Next::Ticket(ticket) = one.propose(&|n| expected.get(n).map(|(_, told)| *told)) {
            let told = score(&ticket);
            expected.push((*ticket, told));
        }
        assert_eq!(expected.len(), 36, "{name}");
        for (order, workers) in [(0u64, 1usize), (1, 2), (2, 8)] {
            let mut random = Random::at(order, "arrival", &[]);
            let killed = 1 + random.below(35);
            let (mut search, mut running, mut told) = (make(), Vec::<Ticket>::new(), std::collections::HashMap::<usize, Told>::new());
            let mut got: Vec<Ticket> = vec![];
            loop {
                if running.len() < workers {
                    match search.propose(&|n| told.get(&n).copied()) {
                        Next::Ticket(ticket) => {
                            running.push((*ticket).clone());
                            got.push(*ticket);
                            if got.len() == killed {
                                search = make();
                                got.iter().for_each(|ticket| search.recall(ticket.known()));
                            }
                            continue;
                        }
                        Next::NeedResult(n) => assert!(running.iter().any(|t| t.number == n), "{name}: {n} is not running"),
                        _ if running.is_empty() => break,
                        _ => {}
                    }
                }
                let done = running.swap_remove(random.below(running.len()));
                told.insert(done.number, score(&done));
            }
            assert!(got.iter().eq(expected.iter().map(|(ticket, _)| ticket)), "{name}, {workers} workers, killed at {killed}");
        }
    }
}

//! Searches whose bounds refuse nearly everything: the tickets are those of a loop that draws again, found in few networks that are built.

use super::*;
use crate::space::tests::{node, spec, whole};
use std::collections::HashSet;

fn tickets(space: &Space, word: &str, trials: usize, seed: u64) -> (Vec<Ticket>, u64) {
    let strategy = build(&words().choose(word, &[]).expect("a strategy"), Given::default()).expect("it is built");
    let mut search = Search::new(space, strategy, trials, 4, seed);
    let mut found = vec![];
    while let Next::Ticket(ticket) = search.propose(&|n| Some(Told::Value(-(n as f64)))) {
        found.push(*ticket);
    }
    (found, search.built())
}

/// Ten layers of four channels and three kernels each: 12¹⁰ samples.
fn wide(bound: &str) -> Space {
    let layers = "conv stride=1 { channels 64 16 32 48; kernel 3 1 5 }; ".repeat(10);
    let text = format!("space {{ network {{ input data; conv 16 kernel=3 stride=4; {layers} global-pool; linear }}; {bound} }}");
    Space::compile(&node(&text), &spec(32, 4)).unwrap_or_else(|e| panic!("{e:#?}")).0
}

/// Where the loop succeeds, nothing is drawn otherwise, however many proposals are passed over.
#[test]
fn tickets_are_those_of_drawing_again() {
    let space = wide("require flops max=4.3e6");
    let (found, built) = tickets(&space, "random", 4, 3);
    let mut seen = HashSet::new();
    let mut refused = 0;
    for ticket in &found {
        let naive = (0..TRIES_LARGE).find_map(|attempt| {
            let sample = space.random(3, &[ticket.number as u64, attempt]);
            let architecture = space.architecture(&sample).ok()?;
            let admitted = space.admits(&architecture).is_ok() && !seen.contains(&architecture.digest());
            refused += u64::from(!admitted);
            admitted.then_some((sample, architecture.digest()))
        });
        let (sample, digest) = naive.expect("the loop finds one");
        assert_eq!((&ticket.sample, ticket.digest), (&sample, digest), "ticket {}", ticket.number);
        seen.insert(digest);
    }
    assert!(found.len() == 4 && refused > 300 && built <= refused, "{} found, {refused} refused, {built} built", found.len());
}

/// The loop would draw some hundred thousand networks for each of these.
#[test]
fn a_tight_space_is_searched_without_building_it() {
    for bound in ["require flops max=1.4e6", "require flops max=1.4e6; require params max=7e4"] {
        let space = wide(bound);
        let share = space.shares(300).admitted;
        assert!(share < 5e-5, "{bound}: {share}");
        for word in ["random", "evolution"] {
            let (found, built) = tickets(&space, word, 3, 1);
            assert!(found.iter().all(|t| space.admits(&t.architecture).is_ok()));
            assert!(found.len() == 3 && built < 3 * 200, "{bound}: {word} found {} and built {built}", found.len());
        }
    }
}

#[test]
fn a_space_that_runs_out_says_how_many_were_looked_at() {
    let space = wide("require flops max=3.9e5");
    let strategy = build(&words().choose("random", &[]).expect("a strategy"), Given::default()).expect("it is built");
    let mut search = Search::new(&space, strategy, 100_000, 4, 1);
    let mut count = 0;
    let note = loop {
        match search.propose(&|_| None) {
            Next::Ticket(_) => count += 1,
            Next::Exhausted { note } => break note,
            other => panic!("{other:?}"),
        }
    };
    assert!(count == 1 && note.contains("200000 proposals found no candidate beside the 1 known"), "{count}: {note}");
}

/// Spaces without bounds are searched as ever, and have no tree.
#[test]
fn without_bounds_nothing_is_worked_out() {
    let space = whole("space { network { input d; conv 8 { kernel 1 3 5 } } }");
    assert!(space.envelope().is_none() && space.random_within(1, 0, 0..9).next().is_none());
    assert_eq!(tickets(&space, "random", 5, 1).0.len(), 3);
}

use super::*;
use crate::document::Value;
use crate::space::tests::{FLAGSHIP, node, spec, whole};
use std::cell::RefCell;
use std::collections::HashMap;

/// A strategy's word, and what is written beside it.
type Line = (&'static str, &'static [(&'static str, i64)]);

const EVOLUTION: Line = ("evolution", &[("population", 6), ("tournament", 3)]);
const RANDOM: Line = ("random", &[]);
const REFERENCE: Line = ("reference", &[]);

fn built(line: &Line) -> Box<dyn Propose> {
    let given: Vec<(&str, Value)> = line.1.iter().map(|(name, value)| (*name, Value::Int(*value))).collect();
    build(&words().choose(line.0, &given).expect("a strategy"), Given::default()).expect("it is built")
}

fn flagship() -> Space {
    Space::compile(&node(FLAGSHIP), &spec(96, 4)).unwrap().0
}

/// A score that follows from the candidate: any fixed function of its digest.
fn score(digest: Digest) -> f64 {
    (digest.seed() >> 11) as f64 / (1u64 << 53) as f64
}

/// All tickets, each result known as soon as it is asked for.
fn run(space: &Space, strategy: &Line, trials: usize, window: usize, seed: u64, score: &dyn Fn(&Ticket) -> Told) -> Vec<Ticket> {
    let mut search = Search::new(space, built(strategy), trials, window, seed);
    let told = RefCell::new(vec![]);
    let mut tickets: Vec<Ticket> = vec![];
    while let Next::Ticket(ticket) = search.propose(&|n| told.borrow().get(n).copied()) {
        told.borrow_mut().push(score(&ticket));
        tickets.push(*ticket);
    }
    tickets
}

#[test]
fn the_order_in_which_results_arrive_changes_nothing() {
    let space = flagship();
    let expected: Vec<Digest> = run(&space, &EVOLUTION, 40, 4, 7, &|t| Told::Value(score(t.digest))).iter().map(|t| t.digest).collect();
    for order in 0..5u64 {
        // Workers finish in a random order, up to four at a time.
        let mut search = Search::new(&space, built(&EVOLUTION), 40, 4, 7);
        let mut running: Vec<Box<Ticket>> = vec![];
        let mut told: HashMap<usize, Told> = HashMap::new();
        let mut got = vec![];
        let mut random = Random::at(order, "arrival", &[]);
        loop {
            match search.propose(&|n| told.get(&n).copied()) {
                Next::Ticket(ticket) => {
                    got.push(ticket.digest);
                    running.push(ticket);
                }
                Next::NeedResult(n) => {
                    assert!(running.iter().any(|t| t.number == n), "{n} is not running");
                    let done = running.swap_remove(random.below(running.len()));
                    told.insert(done.number, Told::Value(score(done.digest)));
                }
                Next::Done => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(got, expected);
    }
}

#[test]
fn a_ticket_asks_for_the_results_a_window_back_and_no_others() {
    let space = flagship();
    for window in [1, 4, 9] {
        let mut search = Search::new(&space, built(&EVOLUTION), 30, window, 1);
        let asked = std::cell::Cell::new(0);
        let mut digests: Vec<Digest> = vec![];
        for n in 0..30 {
            asked.set(0);
            let next = search.propose(&|t| {
                asked.set(asked.get().max(t + 1));
                Some(Told::Value(score(digests[t])))
            });
            let Next::Ticket(ticket) = next else { panic!("{next:?}") };
            assert_eq!(ticket.number, n);
            digests.push(ticket.digest);
            let asked = asked.get();
            assert!(n >= 6 || asked == 0);
            // Each result is asked for once, the newest last.
            assert!(asked == 0 || asked == n + 1 - window, "ticket {n} asked for {asked}");
        }
    }
    // Without results the first population and nothing more is handed out.
    let mut search = Search::new(&space, built(&EVOLUTION), 30, 4, 1);
    let handed = (0..30).take_while(|_| matches!(search.propose(&|_| None), Next::Ticket(_))).count();
    assert_eq!(handed, 6);
    assert_eq!(search.propose(&|_| None), Next::NeedResult(0));
    // A window beyond the population: tickets that know of no result are random.
    let mut search = Search::new(&space, built(&EVOLUTION), 30, 20, 1);
    let handed = (0..30).take_while(|_| matches!(search.propose(&|_| None), Next::Ticket(_))).count();
    assert_eq!(handed, 20);
    assert_eq!(search.propose(&|_| None), Next::NeedResult(0));
}

#[test]
fn a_killed_search_replays_to_the_same_next_ticket() {
    let space = flagship();
    let all = run(&space, &EVOLUTION, 30, 3, 5, &|t| Told::Value(score(t.digest)));
    for killed in [0, 5, 17, 29] {
        let mut search = Search::new(&space, built(&EVOLUTION), 30, 3, 5);
        for ticket in &all[..killed] {
            search.recall(ticket.known());
        }
        let results = |n: usize| Some(Told::Value(score(all[n].digest)));
        assert_eq!(search.propose(&results), Next::Ticket(Box::new(all[killed].clone())));
    }
}

#[test]
fn candidates_are_distinct_and_meet_the_bounds() {
    let space = flagship();
    for strategy in [RANDOM, EVOLUTION] {
        let tickets = run(&space, &strategy, 60, 4, 3, &|t| Told::Value(score(t.digest)));
        assert_eq!(tickets.len(), 60);
        let distinct: HashSet<Digest> = tickets.iter().map(|t| t.digest).collect();
        assert_eq!(distinct.len(), 60);
        assert!(tickets.iter().all(|t| space.admits(&t.architecture).is_ok()));
    }
}

#[test]
fn equal_seeds_share_their_random_proposals_and_others_do_not() {
    let space = flagship();
    let told = |t: &Ticket| Told::Value(score(t.digest));
    let digests = |strategy: &Line, seed| run(&space, strategy, 6, 4, seed, &told).iter().map(|t| t.digest).collect::<Vec<_>>();
    assert_eq!(digests(&RANDOM, 7), digests(&EVOLUTION, 7));
    assert_ne!(digests(&RANDOM, 7), digests(&RANDOM, 8));
    // More trials only go on.
    let more = run(&space, &RANDOM, 20, 4, 7, &told);
    assert_eq!(more[..6].iter().map(|t| t.digest).collect::<Vec<_>>(), digests(&RANDOM, 7));
}

#[test]
fn the_reference_is_one_ticket_bounds_or_not() {
    let space = whole("space { network { input data; conv 16 { kernel 3 1 } }; require params max=0.5 of=reference }");
    let mut search = Search::new(&space, built(&REFERENCE), 1, 4, 0);
    let Next::Ticket(ticket) = search.propose(&|_| None) else { panic!() };
    assert_eq!(ticket.sample, space.reference());
    assert_eq!(search.propose(&|_| None), Next::Done);
    let mut two = Search::new(&space, built(&REFERENCE), 2, 4, 0);
    two.propose(&|_| None);
    assert!(matches!(two.propose(&|_| None), Next::Exhausted { .. }));
}

#[test]
fn a_space_that_runs_out_gives_every_candidate_and_then_a_note() {
    // 4 × 3 samples, of which the three with `skip` first and kernel 1, 3, 5 … are distinct: skips coincide.
    let text = "space { network { input data; choose \"a\" { skip; conv 8 kernel=3 }; choose \"b\" { skip; conv 8 kernel=3 }; conv 8 { kernel 1 3 5 } } }";
    let space = whole(text);
    assert_eq!(space.size(), 12.0);
    let mut expected: Vec<Digest> = space.enumerate(12).unwrap().iter().map(|s| space.architecture(s).unwrap().digest()).collect();
    expected.sort();
    expected.dedup();
    assert_eq!(expected.len(), 9);
    for strategy in [RANDOM, ("evolution", &[("population", 3), ("tournament", 2)])] {
        let mut search = Search::new(&space, built(&strategy), 100, 1, 2);
        let mut found = vec![];
        let note = loop {
            match search.propose(&|_| Some(Told::Value(1.0))) {
                Next::Ticket(t) => found.push(t.digest),
                Next::Exhausted { note } => break note,
                other => panic!("{other:?}"),
            }
        };
        found.sort();
        assert_eq!(found, expected);
        assert!(note.contains("no more than 9"), "{note}");
        assert!(matches!(search.propose(&|_| None), Next::Exhausted { .. }));
    }
}

/// A chain of kernels; its score counts those that are as wished.
fn chain() -> Space {
    let layers = "conv 4 { kernel 1 3 5 7 };".repeat(12);
    whole(&format!("space {{ network {{ input data; {layers} }} }}"))
}

fn wished(space: &Space, ticket: &Ticket) -> f64 {
    let wish = ["5", "7", "1", "3", "3", "1", "7", "5", "5", "1", "3", "7"];
    space.describe(&ticket.sample).iter().zip(wish).filter(|((_, v), w)| v == w).count() as f64
}

#[test]
fn evolution_beats_random_search() {
    let space = chain();
    let best = |strategy: &Line, seed| {
        let tickets = run(&space, strategy, 120, 4, seed, &|t| Told::Value(wished(&space, t)));
        tickets.iter().map(|t| wished(&space, t)).fold(0.0, f64::max)
    };
    let evolution: Line = ("evolution", &[("population", 20), ("tournament", 5)]);
    let (mut wins, mut losses, mut gain) = (0, 0, 0.0);
    for seed in 0..20 {
        let (e, r) = (best(&evolution, seed), best(&RANDOM, seed));
        wins += usize::from(e > r);
        losses += usize::from(e < r);
        gain += (e - r) / 20.0;
    }
    assert!(wins >= 17 && losses == 0 && gain > 2.0, "{wins} wins, {losses} losses, {gain} better on average");
}

#[test]
fn failed_tickets_never_win_and_a_population_of_them_explores() {
    let space = chain();
    let tickets = run(&space, &EVOLUTION, 60, 1, 4, &|t| match t.number % 2 {
        0 => Told::Failed,
        _ => Told::Value(wished(&space, t)),
    });
    for child in &tickets[6..] {
        // One edit away from a ticket that has a result, among the six before it.
        let close = |parent: &Ticket| {
            let (a, b) = (space.describe(&parent.sample), space.describe(&child.sample));
            a.iter().zip(&b).filter(|(a, b)| a != b).count() == 1
        };
        let parents: Vec<&Ticket> = tickets[child.number - 6..child.number].iter().filter(|p| close(p)).collect();
        assert!(parents.is_empty() || parents.iter().any(|p| p.number % 2 == 1), "ticket {}", child.number);
    }
    let all_fail = run(&space, &EVOLUTION, 30, 1, 4, &|_| Told::Failed);
    let random = run(&space, &RANDOM, 30, 1, 4, &|_| Told::Failed);
    assert_eq!(all_fail, random);
    let nan = run(&space, &EVOLUTION, 30, 1, 4, &|_| Told::Value(f64::NAN));
    assert_eq!(nan, random);
}

#[test]
fn a_recipe_is_searched_like_a_network() {
    let space = whole("space { choice \"rate\" 1 2 4 8 16; network { input data; conv 8 { kernel 3 5 } } }");
    let read = [("rate".to_string(), vec!["optimizer.lr".to_string()])].into();
    let all = |line: &Line, trials| {
        let mut search = Search::new(&space, built(line), trials, 1, 3).with_recipe(&read);
        let told = RefCell::new(vec![]);
        let mut found = vec![];
        while let Next::Ticket(ticket) = search.propose(&|n| told.borrow().get(n).copied()) {
            let rate = search.space().recipe(&ticket.sample)[0].value;
            told.borrow_mut().push(Told::Value(-rate));
            found.push((ticket.architecture.digest(), rate as i64, ticket.digest));
        }
        found
    };
    for line in [RANDOM, ("evolution", &[("population", 2), ("tournament", 1)][..]), ("local-search", &[("initial", 2)][..])] {
        let mut found = all(&line, 20);
        assert_eq!(found.len(), 10, "{}: two networks at five rates", line.0);
        found.sort();
        found.dedup();
        found.dedup_by_key(|f| f.2);
        assert_eq!(found.len(), 10, "{}: each once", line.0);
    }
    // Evolution mutates rates: from the best, lower ones.
    let found = all(&("evolution", &[("population", 4), ("tournament", 4)]), 8);
    assert!(found[4..].iter().filter(|f| f.1 <= 4).count() >= 3, "{found:?}");
    assert_eq!(all(&REFERENCE, 1)[0].1, 1);
}

//! What holds for every strategy of the language, those included that are added later: it goes over the list of words.

use super::*;
use crate::space::tests::whole;
use std::collections::HashMap;

/// Every strategy that searches, with its defaults; a program of one's own is asked elsewhere.
fn strategies() -> Vec<&'static str> {
    let search = |s: &&dyn StrategyWord| s.needs().trials && !s.needs().learned && s.word().name != "command";
    let names: Vec<&str> = words().known.into_iter().filter(search).map(|s| s.word().name).collect();
    assert!(names.contains(&"evolution") && names.contains(&"random"));
    names
}

fn built(word: &str) -> Box<dyn Propose> {
    build(&words().choose(word, &[]).expect("a strategy"), Given::default()).unwrap_or_else(|fault| panic!("{word}: {fault}"))
}

/// The same with a population that fits a few dozen trials, where it has one.
fn small(word: &str) -> Box<dyn Propose> {
    let given = [("population", crate::document::Value::Int(10))];
    let has = words().find(word).is_some_and(|w| w.word().field("population").is_some());
    let chosen = words().choose(word, if has { &given } else { &[] }).expect("a strategy");
    build(&chosen, Given::default()).unwrap_or_else(|fault| panic!("{word}: {fault}"))
}

/// Decisions under decisions, a range, two ways to one network, and a bound that refuses some.
fn space() -> Space {
    whole(
        r#"space {
        choice "width" 16 8 24 32 40 48 56 64 ordered=#true
        network {
            input data
            conv (choice)"width" kernel=3 stride=2
            choose "a" { conv 16 as="w" { kernel 3 5 7 }; skip; conv 16 kernel=1 as="n" }
            choose "b" { conv 16 as="w" { kernel 3 5 7 }; skip; conv 16 kernel=1 as="n" }
            conv 16 { kernel 1 3 5 }
            conv 16 { kernel 1 3 5 }
        }
        require flops max=3.0 of=reference
    }"#,
    )
}

/// What a search is told of a candidate: a fixed function of its digest and its options; every ninth fails.
fn told(space: &Space, known: &Known) -> Told {
    let noise = (known.digest.seed() >> 11) as f64 / (1u64 << 53) as f64;
    let slope: f64 = known.sample.pairs().map(|(d, o)| space.decisions()[d].rank(o) as f64).sum();
    if known.digest.seed().is_multiple_of(9) { Told::Failed } else { Told::Value(slope + 2.0 * noise) }
}

const TRIALS: usize = 46;
const SEED: u64 = 11;

/// All tickets where each result is known as soon as it is asked for.
fn alone(space: &Space, word: &str, window: usize) -> Vec<Known> {
    fold(space, word, Search::new(space, built(word), TRIALS, window, SEED))
}

fn fold(space: &Space, word: &str, mut search: Search) -> Vec<Known> {
    let mut past: Vec<Known> = vec![];
    loop {
        let next = search.propose(&|n| past.get(n).map(|known| told(space, known)));
        match next {
            Next::Ticket(ticket) => past.push(ticket.known()),
            Next::Done => return past,
            other => panic!("{word}: {other:?}"),
        }
    }
}

/// All tickets where so many workers finish in an order of their own.
fn by_workers(space: &Space, word: &str, window: usize, workers: usize, order: u64) -> Vec<Known> {
    let mut search = Search::new(space, built(word), TRIALS, window, SEED);
    let mut running: Vec<(usize, Known)> = vec![];
    let mut results: HashMap<usize, Told> = HashMap::new();
    let mut past: Vec<Known> = vec![];
    let mut random = Random::at(order, "arrival", &[workers as u64]);
    loop {
        let next = match running.len() < workers {
            true => search.propose(&|n| results.get(&n).copied()),
            false => Next::NeedResult(0),
        };
        match next {
            Next::Ticket(ticket) => {
                running.push((ticket.number, ticket.known()));
                past.push(ticket.known());
            }
            Next::NeedResult(_) => {
                let (number, known) = running.swap_remove(random.below(running.len()));
                results.insert(number, told(space, &known));
            }
            Next::Done => return past,
            other => panic!("{word}: {other:?}"),
        }
    }
}

#[test]
fn workers_and_their_order_change_no_proposal() {
    let space = space();
    for word in strategies() {
        let expected = alone(&space, word, 4);
        for (workers, order) in [(1, 0), (2, 1), (8, 2), (8, 3)] {
            assert_eq!(by_workers(&space, word, 4, workers, order), expected, "{word}, {workers} workers");
        }
    }
}

#[test]
fn a_kill_at_any_trial_changes_no_proposal() {
    let space = space();
    for word in strategies() {
        let all = alone(&space, word, 3);
        for killed in 0..TRIALS {
            let mut search = Search::new(&space, built(word), TRIALS, 3, SEED);
            all[..killed].iter().for_each(|known| search.recall(known.clone()));
            let Next::Ticket(next) = search.propose(&|n| all.get(n).map(|known| told(&space, known))) else { panic!("{word}") };
            assert_eq!(next.known(), all[killed], "{word}, killed before ticket {killed}");
        }
    }
}

#[test]
fn proposals_are_distinct_and_admitted_and_named_alike() {
    let space = space();
    for word in strategies() {
        let all = alone(&space, word, 1);
        let distinct: HashSet<Digest> = all.iter().map(|known| known.digest).collect();
        assert_eq!(distinct.len(), TRIALS, "{word}");
        for known in &all {
            let architecture = space.architecture(&known.sample).expect("it builds");
            assert!(space.admits(&architecture).is_ok(), "{word}: {:?}", space.describe(&known.sample));
        }
        // Looked up in place of built: the same sequence.
        let name = |sample: &Sample| {
            let architecture = space.architecture(sample).ok()?;
            space.admits(&architecture).ok()?;
            let macs = architecture.cost().ok()?.macs;
            Some(Known { sample: sample.clone(), digest: architecture.digest(), macs })
        };
        let mut search = Search::new(&space, built(word), TRIALS, 1, SEED);
        let named: Vec<Known> = (0..TRIALS)
            .map_while(|_| match search.propose_named(&|n| all.get(n).map(|known| told(&space, known)), &name) {
                Next::Ticket(known) => Some(known),
                _ => None,
            })
            .collect();
        assert_eq!(named, all, "{word}");
    }
}

/// Without any result, and where a network fails, every strategy goes on.
#[test]
fn failures_alone_end_no_search() {
    let space = space();
    for word in strategies() {
        let mut search = Search::new(&space, built(word), TRIALS, 2, SEED);
        let tickets = (0..TRIALS).filter(|_| matches!(search.propose(&|_| Some(Told::Failed)), Next::Ticket(_))).count();
        assert_eq!(tickets, TRIALS, "{word}");
    }
}

/// A space that runs out gives all that it has.
#[test]
fn a_small_space_is_given_whole() {
    let space = whole(
        "space { network { input data; choose \"a\" { skip; conv 8 as=\"w\" { kernel 5 7 } }; conv 8 { kernel 1 3 5 }; conv 8 { kernel 1 3 5 } } }",
    );
    let mut expected: Vec<Digest> = space.enumerate(27).unwrap().iter().map(|s| space.architecture(s).unwrap().digest()).collect();
    expected.sort();
    expected.dedup();
    for word in strategies() {
        let mut search = Search::new(&space, built(word), 100, 1, SEED);
        let mut found = vec![];
        let note = loop {
            match search.propose(&|n| Some(Told::Value(n as f64 % 7.0))) {
                Next::Ticket(ticket) => found.push(ticket.digest),
                Next::Exhausted { note } => break note,
                other => panic!("{word}: {other:?}"),
            }
        };
        found.sort();
        assert_eq!(found, expected, "{word}");
        let listed = ["no more than 27 distinct", "the strategy has no further candidate"];
        assert!(listed.iter().any(|end| note.contains(end)), "{word}: {note}");
    }
}

/// A model of results beats chance where there is something to model.
#[test]
fn strategies_that_read_results_beat_random_search() {
    let space = whole(&format!("space {{ network {{ input data; {} }} }}", "conv 4 { kernel 1 3 5 7 };".repeat(8)));
    let wish = [2, 3, 0, 1, 1, 0, 3, 2];
    let score = |known: &Known| known.sample.pairs().filter(|(d, o)| wish[*d] == *o).count() as f64;
    let best = |word: &str, seed: u64| {
        let mut search = Search::new(&space, small(word), 80, 4, seed);
        let mut past: Vec<Known> = vec![];
        while let Next::Ticket(ticket) = search.propose(&|n| past.get(n).map(|known| Told::Value(score(known)))) {
            past.push(ticket.known());
        }
        past.iter().map(score).fold(0.0, f64::max)
    };
    let mean = |word: &str| (0..4).map(|seed| best(word, seed)).sum::<f64>() / 4.0;
    let random = mean("random");
    for word in strategies() {
        let reads = (0..80).any(|n| built(word).reads_results(n));
        assert!(!reads || mean(word) > random, "{word}: {} where random search has {random}", mean(word));
    }
}

/// Proposals are the same as in earlier versions, or [`VERSION`] says that they are not: records of searches rest on it.
/// `UPDATE_PROPOSALS=1 cargo test proposals` writes the file anew.
#[test]
fn proposals_are_those_of_their_version() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/proposals.txt");
    let space = space();
    let of = |word: &str| {
        let tickets = fold(&space, word, Search::new(&space, small(word), TRIALS, 4, SEED));
        crate::base::Canon::from(tickets.iter().map(|known| known.digest).collect::<Vec<Digest>>()).digest()
    };
    let lines: Vec<String> = strategies().iter().map(|word| format!("{word} {}", of(word).hex())).collect();
    let found = format!("version {VERSION}\n{}\n", lines.join("\n"));
    if std::env::var_os("UPDATE_PROPOSALS").is_some() {
        return std::fs::write(&path, &found).expect("written");
    }
    let kept = std::fs::read_to_string(&path).expect("tests/golden/proposals.txt");
    let (version, old) = kept.split_once('\n').expect("a version");
    let known = |line: &&str| line.split_once(' ').is_some_and(|(word, _)| strategies().contains(&word));
    let changed: Vec<&str> = old.lines().filter(known).filter(|line| !lines.iter().any(|l| l == line)).collect();
    let raised = version != format!("version {VERSION}");
    assert!(changed.is_empty() || raised, "these propose otherwise than before, so `search::VERSION` must be raised: {changed:?}");
    assert_eq!(kept, found, "UPDATE_PROPOSALS=1 accepts these");
}

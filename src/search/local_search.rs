//! `strategy local-search` (White et al. 2021; NASLib's defaults): climbs from the best of a few random candidates to the best of
//! its neighbours as long as one is better, then starts again at random.
//!
//! A neighbour differs in one decision; what becomes active by that is drawn, addressed by the edit. The climb is read off the tickets
//! that this one may know of, in their order. With `window=1` that is the published algorithm; with more, results that are not known
//! yet hold nothing up: where every neighbour was proposed, it goes on from the best that is known.

use super::random;
use super::strategy::{Propose, Strategy, Turn};
use crate::base::Random;
use crate::document::{Asked, Diagnostic, Field, Needs, Objectives, Preset, Type, Word};
use crate::space::Sample;
use std::collections::HashSet;

/// The descriptor.
pub(super) static STRATEGY: Strategy = Strategy {
    word: Word::new(
        "local-search",
        "Climbs from the best of a few random candidates, one edit a step; starts again where no edit is better.",
    )
    .fields(&[Field::one("initial", &[Type::Int(1, 1_000_000)], "", "How many random candidates come first.").preset(Preset::Int(10))])
    .example("strategy local-search initial=10"),
    needs: Needs { objective: Objectives::One, ..Needs::TRIALS },
    check,
    build: |settings, _| Ok(Box::new(LocalSearch { initial: settings.count("initial")? })),
};

fn check(asked: &Asked) -> Vec<Diagnostic> {
    random::all_random(asked, "nothing is left to climb with")
}

struct LocalSearch {
    initial: usize,
}

/// Where the climb stands, by tickets.
#[derive(Default)]
struct Climb {
    centre: Option<usize>,
    /// The best around the centre.
    best: Option<usize>,
}

impl Propose for LocalSearch {
    fn reads_results(&self, number: usize) -> bool {
        number >= self.initial
    }

    fn propose(&self, turn: &Turn, attempt: u64) -> Option<Sample> {
        self.proposals(*turn)?.nth(attempt as usize)
    }

    fn proposals<'t>(&'t self, turn: Turn<'t>) -> Option<Box<dyn Iterator<Item = Sample> + 't>> {
        let climb = self.climb(&turn);
        let next = climb.best.filter(|&b| higher(&turn, climb.centre, Some(b)) == Some(b));
        let around = [climb.centre, next].into_iter().flatten().flat_map(move |from| neighbours(&turn, from));
        let random = move |attempt: usize| turn.space.random(turn.seed, &[turn.number as u64, attempt as u64]);
        // Where nothing around is new, random candidates, addressed by the attempt.
        let mut around = around.fuse();
        Some(Box::new((0..).map(move |attempt| around.next().unwrap_or_else(|| random(attempt)))))
    }
}

impl LocalSearch {
    /// What the tickets so far amount to. One that failed is never stood on.
    fn climb(&self, turn: &Turn) -> Climb {
        let mut climb = Climb::default();
        // What was known before its own first ticket is where it may start from.
        let initial = self.initial.max(turn.own);
        for ticket in (0..turn.past.len()).filter(|&t| turn.values[t].is_some()) {
            let from = |other: Option<usize>| other.map_or(usize::MAX, |o| edits(&turn.past[o].sample, &turn.past[ticket].sample));
            let onward = higher(turn, climb.centre, climb.best) != climb.centre;
            if ticket < initial {
                climb.centre = higher(turn, climb.centre, Some(ticket));
            } else if onward && from(climb.best) == 1 && from(climb.centre) > 1 {
                climb = Climb { centre: climb.best, best: Some(ticket) };
            } else if from(climb.centre) <= 2 {
                // Two edits: proposed around a neighbour that was the best before others were known.
                climb.best = higher(turn, climb.best, Some(ticket));
            } else if climb.best.is_none() {
                // Several are drawn before the first of them is known.
                climb.centre = higher(turn, climb.centre, Some(ticket));
            } else {
                climb = Climb { centre: Some(ticket), best: None };
            }
        }
        climb
    }
}

/// The ticket with the higher result, the earlier of equals.
pub(super) fn higher(turn: &Turn, first: Option<usize>, second: Option<usize>) -> Option<usize> {
    let standing = |ticket: Option<usize>| ticket.and_then(|t| turn.standing(t));
    match (standing(first), standing(second)) {
        (Some(a), Some(b)) if b.order(&a).is_gt() => second,
        (None, Some(_)) => second,
        _ => first,
    }
}

/// The decisions on which two samples differ, of those that are active in both.
pub(super) fn edits(a: &Sample, b: &Sample) -> usize {
    let (mut left, mut right) = (a.pairs().peekable(), b.pairs().peekable());
    let mut count = 0;
    while let (Some(&(d, option)), Some(&(e, other))) = (left.peek(), right.peek()) {
        count += usize::from(d == e && option != other);
        if d <= e {
            left.next();
        }
        if e <= d {
            right.next();
        }
    }
    count
}

/// What one edit of a ticket leads to and is not known yet, in an order of the seed's.
pub(super) fn neighbours(turn: &Turn, from: usize) -> Vec<Sample> {
    let (space, centre) = (turn.space, &turn.past[from].sample);
    // What is not near is none of them.
    let known: HashSet<&Sample> = turn.past.iter().map(|k| &k.sample).filter(|sample| edits(centre, sample) <= 1).collect();
    let mut around = Vec::new();
    for (decision, old) in centre.pairs() {
        let edited = &space.decisions()[decision];
        for rank in edited.beside(edited.rank(old)) {
            let option = edited.ranked[rank];
            let sample = space.sample(|d| {
                let inside = &space.decisions()[d];
                let draw = || Random::at(turn.seed, "neighbour", &[edited.address, rank as u64, inside.address]).below(inside.ranked.len());
                if d == decision { option } else { centre.option(d).unwrap_or_else(|| inside.ranked[draw()]) }
            });
            let order = Random::at(turn.seed, "neighbours", &[from as u64, edited.address, rank as u64]).bits();
            around.push((order, sample));
        }
    }
    around.sort();
    around.into_iter().map(|(_, sample)| sample).filter(|sample| !known.contains(sample)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{Given, Next, Search, Ticket, Told, build, words};
    use crate::space::Space;
    use crate::space::tests::whole;
    use std::cell::RefCell;

    /// Six decisions of four values: 4,096 networks.
    fn kernels() -> Space {
        whole(&format!("space {{ network {{ input data; {} }} }}", "conv 4 { kernel 1 3 5 7 };".repeat(6)))
    }

    fn run(space: &Space, initial: i64, trials: usize, window: usize, seed: u64, score: &dyn Fn(&Sample) -> Told) -> Vec<(Ticket, Told)> {
        let chosen = words().choose("local-search", &[("initial", crate::document::Value::Int(initial))]).expect("a strategy");
        let mut search = Search::new(space, build(&chosen, Given::default()).expect("it is built"), trials, window, seed);
        let told: RefCell<Vec<(Ticket, Told)>> = RefCell::default();
        while let Next::Ticket(ticket) = search.propose(&|n| told.borrow().get(n).map(|(_, told)| *told)) {
            let value = score(&ticket.sample);
            told.borrow_mut().push((*ticket, value));
        }
        told.into_inner()
    }

    /// One peak: every decision adds its option's place.
    fn slope(sample: &Sample) -> Told {
        Told::Value(sample.pairs().map(|(d, o)| (o * (d + 1)) as f64).sum())
    }

    fn value(told: &Told) -> f64 {
        if let Told::Value(x) = told { *x } else { f64::NEG_INFINITY }
    }

    #[test]
    fn one_at_a_time_it_is_the_published_algorithm() {
        let space = kernels();
        let all = run(&space, 5, 80, 1, 3, &slope);
        let best = |of: &[(Ticket, Told)]| (0..of.len()).fold(0, |best, i| if value(&of[i].1) > value(&of[best].1) { i } else { best });
        // From the best of the random ones, all 6 × 3 neighbours; from the best of those, all of its own that are new; and so on.
        let (mut centre, mut at, mut steps) = (best(&all[..5]), 5, 0);
        while at < all.len() {
            let near = |i: usize| edits(&all[centre].0.sample, &all[i].0.sample) == 1;
            let around = (at..all.len()).take_while(|&i| near(i)).count();
            let before = all[..at].iter().filter(|(t, _)| edits(&t.sample, &all[centre].0.sample) == 1).count();
            assert!(around + before >= 18 || at + around == all.len(), "ticket {at}: {around} of the neighbours, {before} known before");
            let next = (0..at + around).filter(|&i| near(i)).fold(centre, |b, i| if value(&all[i].1) > value(&all[b].1) { i } else { b });
            if next == centre {
                break;
            }
            (centre, at, steps) = (next, at + around, steps + 1);
        }
        assert!(steps > 1, "{steps}");
        assert_eq!(value(&all[centre].1), 3.0 * 21.0, "it ends on the one peak");
        assert_eq!(best(&all), centre);
    }

    #[test]
    fn several_at_a_time_it_climbs_too_and_starts_again() {
        let space = kernels();
        for (window, seed) in [(4, 1), (4, 2), (8, 3)] {
            let all = run(&space, 10, 200, window, seed, &slope);
            assert_eq!(all.len(), 200);
            assert_eq!(all.iter().map(|(_, told)| value(told)).fold(0.0, f64::max), 63.0, "window {window}, seed {seed}");
            // Behind the peak nothing is better: what follows lies elsewhere.
            let peak = all.iter().position(|(_, told)| value(told) == 63.0).expect("the peak");
            let far = all[peak..].iter().filter(|(t, _)| edits(&t.sample, &all[peak].0.sample) > 2).count();
            assert!(far > 20, "{far} after ticket {peak}");
            let again = run(&space, 10, 200, window, seed, &slope);
            assert!(all.iter().zip(&again).all(|(a, b)| a.0 == b.0));
        }
    }

    #[test]
    fn it_finds_more_than_random_draws_and_stands_on_nothing_that_failed() {
        let space = kernels();
        let rugged = |sample: &Sample| match sample.pairs().map(|(d, o)| (d + 2) * (o + 1)).sum::<usize>() % 5 {
            0 => Told::Failed,
            bump => Told::Value(value(&slope(sample)) + bump as f64),
        };
        let best = |all: &[(Ticket, Told)]| all.iter().map(|(_, told)| value(told)).fold(0.0, f64::max);
        let (mut ours, mut random) = (0.0, 0.0);
        for seed in 0..5 {
            ours += best(&run(&space, 10, 120, 4, seed, &rugged));
            random += best(&run(&space, 120, 120, 4, seed, &rugged));
        }
        assert!(ours > random + 5.0, "{ours} of local search, {random} of as many random draws");
        // Without any result it is a random search.
        assert_eq!(run(&space, 3, 40, 4, 1, &|_| Told::Failed).len(), 40);
    }

    #[test]
    fn a_small_space_runs_out() {
        let space = whole("space { network { input data; choose \"a\" { skip; conv 8 as=\"w\" { kernel 5 7 } }; conv 8 { kernel 1 3 } } }");
        assert_eq!(run(&space, 2, 20, 1, 1, &slope).len(), 6);
    }
}

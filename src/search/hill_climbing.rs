//! `strategy hill-climbing`: first-improvement hill climbing with restarts (Hoos and Stützle 2004, section 1.5). From a random candidate,
//! edits are tried one after the other, in an order of the seed's, and the first that is better is stood on at once; where no edit is
//! left, it starts again at random. `local-search` looks at all neighbours before it steps.
//!
//! The climb is read off the tickets that this one may know of, in their order, as in `local-search`: with `window=1` this is the published
//! algorithm; with more, edits of the place before that turn out better are stood on, too.

use super::local_search::{edits, higher, neighbours};
use super::strategy::{Propose, Strategy, Turn, unchecked};
use crate::document::{Needs, Objectives, Word};
use crate::space::Sample;

/// The descriptor.
pub(super) static STRATEGY: Strategy = Strategy {
    word: Word::new("hill-climbing", "Steps to the first edit that is better; starts again at random where none is.")
        .example("strategy hill-climbing"),
    needs: Needs { objective: Objectives::One, ..Needs::TRIALS },
    check: unchecked,
    build: |_, _| Ok(Box::new(HillClimbing)),
};

struct HillClimbing;

impl Propose for HillClimbing {
    fn reads_results(&self, number: usize) -> bool {
        number > 0
    }

    fn propose(&self, turn: &Turn, attempt: u64) -> Option<Sample> {
        self.proposals(*turn)?.nth(attempt as usize)
    }

    fn proposals<'t>(&'t self, turn: Turn<'t>) -> Option<Box<dyn Iterator<Item = Sample> + 't>> {
        let mut around = centre(&turn).into_iter().flat_map(move |centre| neighbours(&turn, centre)).fuse();
        let random = move |attempt: usize| turn.space.random(turn.seed, &[turn.number as u64, attempt as u64]);
        Some(Box::new((0..).map(move |attempt| around.next().unwrap_or_else(|| random(attempt)))))
    }
}

/// Where the climb stands. A ticket that failed is never stood on.
fn centre(turn: &Turn) -> Option<usize> {
    let mut centre = None;
    // Whether something around the centre is known.
    let mut begun = false;
    for ticket in (0..turn.past.len()).filter(|&t| turn.values[t].is_some()) {
        let apart = centre.map_or(0, |c: usize| edits(&turn.past[c].sample, &turn.past[ticket].sample));
        // Two edits: proposed around the place before.
        if ticket < turn.own || apart <= 2 {
            begun |= ticket >= turn.own && apart > 0;
            let next = higher(turn, centre, Some(ticket));
            begun &= next == centre;
            centre = next;
        } else if begun {
            // Nothing around was better: this is a new start.
            (centre, begun) = (Some(ticket), false);
        } else {
            // Several are drawn before the first of them is known.
            centre = higher(turn, centre, Some(ticket));
        }
    }
    centre
}

#[cfg(test)]
mod tests {
    use crate::search::{Given, Next, Search, Ticket, Told, build, words};
    use crate::space::Sample;
    use crate::space::tests::whole;

    fn run(trials: usize, window: usize, seed: u64, score: &dyn Fn(&Sample) -> Told) -> Vec<(Ticket, Told)> {
        let space = whole(&format!("space {{ network {{ input data; {} }} }}", "conv 8 { kernel 1 3 5 7 };".repeat(6)));
        let strategy = build(&words().choose("hill-climbing", &[]).expect("a strategy"), Given::default()).expect("it is built");
        let mut search = Search::new(&space, strategy, trials, window, seed);
        let mut all: Vec<(Ticket, Told)> = vec![];
        while let Next::Ticket(ticket) = search.propose(&|n| all.get(n).map(|(_, told)| *told)) {
            let told = score(&ticket.sample);
            all.push((*ticket, told));
        }
        all
    }

    /// One peak: every decision counts for itself, by its weight.
    fn slope(sample: &Sample) -> Told {
        Told::Value(sample.pairs().map(|(d, o)| (o * (d + 1)) as f64).sum())
    }

    fn value(told: &Told) -> f64 {
        if let Told::Value(x) = told { *x } else { f64::NEG_INFINITY }
    }

    fn edits(a: &Sample, b: &Sample) -> usize {
        a.pairs().filter(|(d, o)| b.option(*d) != Some(*o)).count()
    }

    #[test]
    fn one_at_a_time_it_stands_on_the_first_that_is_better() {
        let all = run(60, 1, 3, &slope);
        let (mut centre, mut steps) = (0, 0);
        for at in 1..all.len() {
            if value(&all[centre].1) == 63.0 {
                break;
            }
            assert_eq!(edits(&all[centre].0.sample, &all[at].0.sample), 1, "ticket {at} is an edit of ticket {centre}");
            if value(&all[at].1) > value(&all[centre].1) {
                (centre, steps) = (at, steps + 1);
            }
        }
        assert!(steps > 2 && value(&all[centre].1) == 63.0, "{steps} steps to {:?}", all[centre].1);
    }

    #[test]
    fn it_starts_again_where_nothing_is_better_and_stands_on_nothing_that_failed() {
        for window in [1, 4] {
            let all = run(120, window, 5, &slope);
            let peak = all.iter().position(|(_, told)| value(told) == 63.0).expect("the peak");
            let far = all[peak..].iter().filter(|(t, _)| edits(&t.sample, &all[peak].0.sample) > 2).count();
            assert!(far > 10, "window {window}: {far} behind the peak");
        }
        // Without any result it is a random search.
        assert_eq!(run(40, 4, 1, &|_| Told::Failed).len(), 40);
        let holed = run(150, 1, 2, &|sample| match sample.pairs().map(|(_, o)| o).sum::<usize>() % 4 {
            0 => Told::Failed,
            _ => slope(sample),
        });
        let best = holed.iter().map(|(_, told)| value(told)).fold(0.0, f64::max);
        assert!(best >= 55.0, "{best}");
    }
}

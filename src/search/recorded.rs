//! Recorded searches: whoever asks again for what was proposed before gets it without proposing or building anything.
//!
//! A ticket follows from what the search is ([`Search::key`](super::Search::key) names that) and from the results that it may know of. So a record holds
//! with each ticket what it was proposed from, summed up; where that is what is known now, the ticket is the recorded one, and where it
//! is not, the rest of the record is void. A record can be lost at any time: the same tickets are proposed again.

use super::chain::Part;
use super::ticket::{Recorded, Scores};
use crate::base::{Canon, Digest, Hashing};
use crate::space::Space;
use serde::{Deserialize, Serialize};

/// Raise it when a strategy proposes otherwise than before, or a record reads otherwise: old records are then void.
/// (`tests/golden/proposals.txt` fails where that was forgotten.)
pub const VERSION: i64 = 1;

/// What a search left behind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its tickets, from the first on.
    pub tickets: Vec<Recorded>,
    /// Where it found no more: the note, and what that was found from.
    pub ended: Option<(String, Digest)>,
}

impl Record {
    /// Whether its networks are those that the space builds, by the first, the middle and the last of them. A record is named by its
    /// space, so only another program's can differ.
    pub fn fits(&self, space: &Space) -> bool {
        let count = self.tickets.len();
        [0, count / 2, count.saturating_sub(1)].into_iter().filter_map(|i| self.tickets.get(i)).all(|recorded| {
            let sample = &recorded.known.sample;
            let whole = space.sample(|d| sample.option(d).unwrap_or(0)) == *sample;
            whole && space.architecture(sample).is_ok_and(|a| a.digest() == recorded.built.architecture)
        })
    }

    /// The ticket of this number, where it was proposed from the same.
    pub(super) fn at(&self, number: usize, seen: Digest) -> Option<&Recorded> {
        self.tickets.get(number).filter(|recorded| recorded.seen == seen)
    }

    /// The same. Where it was not, nothing that is recorded behind it holds any
    /// more.
    pub(super) fn ticket(&mut self, number: usize, seen: Digest) -> Option<Recorded> {
        let found = self.at(number, seen).cloned();
        if found.is_none() && number < self.tickets.len() {
            *self = Record::default();
        }
        found
    }

    /// The note of the end, where it came after so many tickets and from the same.
    pub(super) fn end(&self, number: usize, seen: Digest) -> Option<String> {
        let (note, from) = self.ended.as_ref()?;
        (number == self.tickets.len() && *from == seen).then(|| note.clone())
    }
}

/// Results summed up, as they come.
#[derive(Clone, Default)]
pub(super) struct Seen {
    so_far: Hashing,
    count: usize,
}

impl Seen {
    /// The sum of no results.
    pub fn nothing() -> Digest {
        Seen::default().so_far.digest()
    }

    /// The sum of these results, of which those that were summed up before are the first. `scores` are the same by all objectives,
    /// where there are several.
    pub fn upto(&mut self, values: &[Option<f64>], scores: &[Option<Scores>]) -> Digest {
        if values.is_empty() {
            return Seen::nothing();
        }
        for (ticket, value) in values.iter().enumerate().skip(self.count) {
            let scores = scores.get(ticket).copied().unwrap_or_else(|| value.map(|x| Scores::new([x])));
            let all = scores.iter().flat_map(|s| s.values());
            self.so_far.update(&[all.clone().count() as u8]);
            all.for_each(|x| self.so_far.update(&(x + 0.0).to_bits().to_le_bytes()));
        }
        self.count = self.count.max(values.len());
        self.so_far.digest()
    }

    /// The sum of results that may change from ticket to ticket, with the epochs that they are of.
    pub fn of(values: &[Option<f64>], epochs: &[usize]) -> Digest {
        let mut hashing = Hashing::default();
        hashing.update(&Seen::default().upto(values, &[]).0);
        epochs.iter().for_each(|epoch| hashing.update(&(*epoch as u64).to_le_bytes()));
        hashing.digest()
    }
}

/// What names a search, beside the results: two of one name propose the same from the same results. More trials go on from fewer, so
/// their number is no part of it.
pub(super) struct Named<'a> {
    pub space: &'a Space,
    /// With their shares, where there are several.
    pub strategies: &'a [Part<'a>],
    /// What else the search was handed.
    pub beside: Canon,
    pub window: usize,
    pub seed: u64,
    /// Whether paths of a supernet are proposed.
    pub paths: bool,
}

fn strategy(part: &Part) -> Canon {
    let (name, settings) = (part.chosen.name().into(), part.chosen.settings.canon());
    Canon::map([("name", name), ("settings", settings), ("trials", part.trials.into())])
}

impl Named<'_> {
    pub fn key(self) -> Digest {
        let decisions = self.space.decisions().iter();
        // A sample counts decisions and options in the order of the file.
        let order = decisions.map(|d| Canon::List(vec![d.address.into(), d.ranked.clone().into()])).collect();
        Canon::map([
            ("search", VERSION.into()),
            ("program", env!("CARGO_PKG_VERSION").into()),
            ("space", self.space.canon()),
            ("order", Canon::List(order)),
            ("strategies", Canon::List(self.strategies.iter().map(strategy).collect())),
            ("beside", self.beside),
            ("window", self.window.into()),
            ("seed", self.seed.into()),
            ("paths", self.paths.into()),
        ])
        .digest()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Given, Known, Next, Search, Told, build, words};
    use super::*;
    use crate::document::{Chosen, Value};
    use crate::space::tests::whole;
    use std::cell::RefCell;

    fn chain() -> Space {
        whole(&format!("space {{ network {{ input data; {} }} }}", "conv 4 { kernel 1 3 5 7 };".repeat(5)))
    }

    fn chosen() -> Chosen {
        words().choose("evolution", &[("population", Value::Int(6)), ("tournament", Value::Int(3))]).expect("a strategy")
    }

    fn search(space: &Space, trials: usize) -> Search<'_> {
        Search::new(space, build(&chosen(), Given::default()).expect("it is built"), trials, 2, 5)
    }

    /// Runs a search with a record to its end: its tickets, how many came from the record, and the search.
    fn run<'a>(space: &'a Space, trials: usize, record: Record, score: &dyn Fn(usize, &Known) -> Told) -> (Vec<Known>, usize, Search<'a>) {
        let mut search = search(space, trials).with_record(record);
        let told = RefCell::new(vec![]);
        let (mut tickets, mut recalled) = (vec![], 0);
        loop {
            let next = search.propose(&|n| told.borrow().get(n).copied());
            let known = match next {
                Next::Ticket(ticket) => ticket.known(),
                Next::Recalled(recorded) => {
                    recalled += 1;
                    recorded.known
                }
                Next::Done | Next::Exhausted { .. } => return (tickets, recalled, search),
                Next::NeedResult(n) => panic!("{n} is missing"),
            };
            told.borrow_mut().push(score(tickets.len(), &known));
            tickets.push(known);
        }
    }

    fn by_digest(_: usize, known: &Known) -> Told {
        Told::Value((known.digest.seed() >> 11) as f64)
    }

    #[test]
    fn a_recorded_search_builds_nothing() {
        let space = chain();
        let (tickets, recalled, first) = run(&space, 40, Record::default(), &by_digest);
        assert!(recalled == 0 && first.built() >= 40);
        let record = first.record();
        assert!(record.fits(&space));
        let (again, recalled, second) = run(&space, 40, record.clone(), &by_digest);
        assert_eq!((again, recalled, second.built()), (tickets.clone(), 40, 0));
        assert_eq!(second.record(), record);
        // More trials go on, as if all had been asked for at once.
        let (more, recalled, _) = run(&space, 60, record, &by_digest);
        let (whole, ..) = run(&space, 60, Record::default(), &by_digest);
        assert_eq!((more, recalled), (whole, 40));
    }

    #[test]
    fn another_result_voids_what_follows_from_it_and_nothing_before() {
        let space = chain();
        let record = run(&space, 40, Record::default(), &by_digest).2.record();
        for changed in [0, 9, 20, 39] {
            let other = |n: usize, known: &Known| if n == changed { Told::Failed } else { by_digest(n, known) };
            let (fresh, ..) = run(&space, 40, Record::default(), &other);
            let (tickets, recalled, search) = run(&space, 40, record.clone(), &other);
            assert_eq!(tickets, fresh, "the result of {changed} is another");
            // The first six are random; ticket n knows of those before n - 1.
            assert_eq!(recalled, (changed + 2).clamp(6, 40));
            assert_eq!(search.record(), run(&space, 40, Record::default(), &other).2.record());
        }
    }

    #[test]
    fn the_end_of_a_space_is_recorded() {
        let space = whole("space { network { input data; conv 8 { kernel 1 3 5 }; conv 8 { kernel 1 3 } } }");
        let (tickets, _, first) = run(&space, 100, Record::default(), &by_digest);
        assert!(tickets.len() == 6 && first.is_exhausted());
        let (again, recalled, second) = run(&space, 100, first.record(), &by_digest);
        assert_eq!((again.len(), recalled, second.built()), (6, 6, 0));
        assert!(second.is_exhausted() && second.record() == first.record());
    }

    #[test]
    fn the_name_of_a_search_holds_what_it_follows_from() {
        let (space, other) = (chain(), whole("space { network { input data; conv 4 { kernel 3 1 } } }"));
        let key = |space, settings: &[(&'static str, Value)], trials, window, seed| {
            let chosen = words().choose("evolution", settings).expect("a strategy");
            let strategy = build(&chosen, Given::default()).expect("it is built");
            Search::new(space, strategy, trials, window, seed).key(&[Part { chosen: &chosen, trials: None }], Canon::None)
        };
        let one = key(&space, &[], 10, 4, 1);
        assert_eq!(one, key(&space, &[("population", Value::Int(30))], 99, 4, 1), "a default written out, and more trials");
        let population = key(&space, &[("population", Value::Int(31))], 10, 4, 1);
        let all = [one, key(&other, &[], 10, 4, 1), population, key(&space, &[], 10, 3, 1), key(&space, &[], 10, 4, 2)];
        assert!((0..all.len()).all(|i| !all[i + 1..].contains(&all[i])));
        // The same values in another order are other samples.
        let turned = whole("space { network { input data; conv 4 { kernel 1 3 } } }");
        assert_ne!(key(&other, &[], 10, 4, 1), key(&turned, &[], 10, 4, 1));
        assert_ne!(one, search(&space, 10).over_paths().key(&[Part { chosen: &chosen(), trials: None }], Canon::None));
    }

    #[test]
    fn a_record_of_another_space_does_not_fit() {
        let space = chain();
        let mut record = run(&space, 10, Record::default(), &by_digest).2.record();
        assert!(Record::default().fits(&space));
        record.tickets[5].built.architecture = Digest::of(b"another");
        assert!(!record.fits(&space));
        assert!(
            !run(&space, 10, Record::default(), &by_digest)
                .2
                .record()
                .fits(&whole("space { network { input data; conv 4 { kernel 3 1 } } }"))
        );
    }
}

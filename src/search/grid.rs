//! `strategy grid`: every candidate of the space, in an order that is written down.
//!
//! `order=file` counts: the last decision changes fastest, options come in the order of the file, ranges by their steps. `order=spread`
//! visits the same samples evenly: it adds one fixed number, about 0.618 of their count and without a divisor in common with it, in a
//! number system whose digits are the decisions (a Weyl sequence), so that any first part of the order lies all over the space. Neither
//! needs a list. Where it stands is read off the last ticket. Samples that build a network that is known, or that the bounds refuse, are passed over.

use super::strategy::{Propose, Strategy, Turn, unchecked};
use crate::base::Random;
use crate::document::{Field, Needs, Preset, Type, Word};
use crate::space::{Sample, Space};

/// Beyond so many samples `order=auto` spreads.
const SMALL: f64 = 20_000.0;
/// Sums that are looked at for one ticket: in a space with many conditions most of them are no sample.
const PATIENCE: usize = 2_000_000;

/// The descriptor.
pub(super) static STRATEGY: Strategy = Strategy {
    word: Word::new("grid", "Every candidate of the space, once.")
        .fields(&[Field::one(
            "order",
            &[Type::Word(&["auto", "file", "spread"])],
            "",
            "`file`: the last decision changes fastest; `spread`: evenly over the space; `auto`: `file` up to 20,000 samples.",
        )
        .preset(Preset::Text("auto"))])
        .example("strategy grid order=spread"),
    needs: Needs::TRIALS,
    check: unchecked,
    build: |settings, _| Ok(Box::new(Grid { order: settings.text("order")?.to_string() })),
};

struct Grid {
    order: String,
}

impl Propose for Grid {
    fn propose(&self, turn: &Turn, attempt: u64) -> Option<Sample> {
        self.proposals(*turn)?.nth(attempt as usize)
    }

    fn proposals<'t>(&'t self, turn: Turn<'t>) -> Option<Box<dyn Iterator<Item = Sample> + 't>> {
        let last = turn.proposed.get(turn.own..).and_then(<[_]>::last).map(|known| known.sample.clone());
        let spreads = match self.order.as_str() {
            "file" => false,
            "spread" => true,
            _ => turn.space.size() > SMALL,
        };
        Some(if spreads { Box::new(Spread::after(turn.space, last)) } else { Box::new(Counting { space: turn.space, last, over: false }) })
    }

    fn enumerates(&self, _: usize) -> bool {
        true
    }
}

/// Samples in the order of the file.
struct Counting<'a> {
    space: &'a Space,
    last: Option<Sample>,
    over: bool,
}

impl Iterator for Counting<'_> {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        if self.over {
            return None;
        }
        let next = match &self.last {
            None => Some(self.space.reference()),
            Some(last) => following(self.space, last),
        };
        self.over = next.is_none();
        self.last.clone_from(&next);
        next
    }
}

/// The sample after another: the last decision that can takes its next option, those asked after it their first.
fn following(space: &Space, sample: &Sample) -> Option<Sample> {
    let mut script: Vec<(usize, usize)> = Vec::new(); // (option, options) in the order of asking
    space.sample(|d| {
        let option = sample.option(d).unwrap_or(0);
        script.push((option, space.decisions()[d].options.len()));
        option
    });
    while script.last().is_some_and(|(option, options)| option + 1 >= *options) {
        script.pop();
    }
    script.last_mut()?.0 += 1;
    let mut asked = script.into_iter();
    Some(space.sample(|_| asked.next().map_or(0, |(option, _)| option)))
}

/// Samples by adding one step again and again; digits are the options of all decisions, those that a sample does not make being 0.
struct Spread<'a> {
    space: &'a Space,
    step: Vec<usize>,
    /// Where it stands; none before the first sample.
    at: Option<Vec<usize>>,
}

impl<'a> Spread<'a> {
    fn after(space: &'a Space, last: Option<Sample>) -> Self {
        let digits = |sample: Sample| (0..space.decisions().len()).map(|d| sample.option(d).unwrap_or(0)).collect();
        Spread { space, step: step(&radices(space)), at: last.map(digits) }
    }
}

impl Iterator for Spread<'_> {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        let Some(at) = &mut self.at else {
            self.at = Some(vec![0; self.step.len()]);
            return Some(self.space.reference());
        };
        let radices = radices(self.space);
        for _ in 0..PATIENCE {
            add(at, &self.step, &radices);
            // Back at the beginning.
            if at.iter().all(|d| *d == 0) {
                return None;
            }
            let sample = self.space.sample(|d| at[d]);
            // A sum that is no sample stands for one that comes, or came, at another place.
            if at.iter().enumerate().all(|(d, digit)| *digit == 0 || sample.option(d).is_some()) {
                return Some(sample);
            }
        }
        None
    }
}

/// How many options each decision has.
fn radices(space: &Space) -> Vec<usize> {
    space.decisions().iter().map(|d| d.options.len()).collect()
}

/// Adds in the number system of these radices, the last digit being the lowest; what is carried beyond the first is lost.
fn add(at: &mut [usize], step: &[usize], radices: &[usize]) {
    let mut carry = 0;
    for ((digit, more), radix) in at.iter_mut().zip(step).zip(radices).rev() {
        let sum = *digit + more + carry;
        (*digit, carry) = (sum % radix, sum / radix);
    }
}

/// The digits of a number near 0.618 of the product of the radices, without a divisor in common with it: its multiples meet every number
/// below the product once.
fn step(radices: &[usize]) -> Vec<usize> {
    let mut share = (libm::sqrt(5.0) - 1.0) / 2.0;
    let mut digits: Vec<usize> = Vec::new();
    for (place, &radix) in radices.iter().enumerate() {
        // Where the digits of the fraction are used up, any will do.
        if share == 0.0 {
            share = Random::at(0, "grid", &[place as u64]).unit();
        }
        let scaled = share * radix as f64;
        let digit = (scaled as usize).min(radix - 1);
        share = scaled - digit as f64;
        digits.push(digit);
    }
    let divisors: Vec<usize> = (2..=radices.iter().copied().max().unwrap_or(1))
        .filter(|p| (2..*p).take_while(|q| q * q <= *p).all(|q| p % q != 0) && radices.iter().any(|r| r % p == 0))
        .collect();
    let rest = |digits: &[usize], p: usize| digits.iter().zip(radices).fold(0, |rest, (digit, radix)| (rest * radix + digit) % p);
    let one: Vec<usize> = (0..radices.len()).map(|place| usize::from(place + 1 == radices.len())).collect();
    while divisors.iter().any(|p| rest(&digits, *p) == 0) {
        add(&mut digits, &one, radices);
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Value;
    use crate::search::{Given, Next, Search, Told, build, words};
    use crate::space::tests::whole;
    use std::collections::{BTreeSet, HashSet};

    fn all(space: &Space, order: &str, trials: usize) -> Vec<Sample> {
        let chosen = words().choose("grid", &[("order", Value::Text(order.into()))]).expect("a strategy");
        let mut search = Search::new(space, build(&chosen, Given::default()).expect("it is built"), trials, 4, 1);
        let mut found = vec![];
        while let Next::Ticket(ticket) = search.propose(&|_| Some(Told::Failed)) {
            found.push(ticket.sample);
        }
        found
    }

    /// Conditions, and a branch with a depth of its own.
    const NESTED: &str = "space { network { input data; choose \"a\" { skip; conv 8 as=\"w\" { kernel 3 5 7 } }; \
                          repeat \"d\" 3 1 2 { conv 8 { kernel 1 3 } }; conv 8 { kernel 1 3 } } }";

    #[test]
    fn the_order_of_the_file_is_that_of_the_list() {
        let space = whole(NESTED);
        let listed = space.enumerate(1000).expect("a small space");
        let mut seen = HashSet::new();
        let distinct: Vec<Sample> =
            listed.iter().filter(|s| seen.insert(space.architecture(s).expect("a network").digest())).cloned().collect();
        assert_eq!(all(&space, "file", 10_000), distinct);
        assert_eq!(all(&space, "auto", 5), distinct[..5]);
    }

    #[test]
    fn spread_visits_the_same_candidates_once() {
        let space = whole(NESTED);
        let digests =
            |samples: &[Sample]| -> Vec<_> { samples.iter().map(|s| space.architecture(s).expect("a network").digest()).collect() };
        let (file, spread) = (digests(&all(&space, "file", 10_000)), digests(&all(&space, "spread", 10_000)));
        assert_eq!(spread.len(), file.len());
        assert_eq!(spread.iter().collect::<BTreeSet<_>>(), file.iter().collect::<BTreeSet<_>>());
        assert_ne!(spread, file);
        assert_eq!(spread[0], file[0], "the reference comes first");
    }

    /// Any first part of the order lies all over a space that is too large to list: every option of every decision is met about equally often.
    #[test]
    fn spread_is_even_in_a_large_space() {
        let space = whole(&format!("space {{ network {{ input data; {} }} }}", "conv 8 { kernel 1 3 5 7 };".repeat(20)));
        let found = all(&space, "auto", 400);
        assert_eq!(found.len(), 400);
        for (d, decision) in space.decisions().iter().enumerate() {
            for option in 0..decision.options.len() {
                let met = found.iter().filter(|s| s.option(d) == Some(option)).count();
                assert!((60..=140).contains(&met), "option {option} of decision {d}: {met} of 400");
            }
        }
    }

    #[test]
    fn steps_meet_every_number_once() {
        for radices in [vec![2, 3, 4], vec![6], vec![5, 5], vec![1, 2, 1, 9], vec![2; 8], vec![3, 7, 2, 5]] {
            let step = step(&radices);
            let size: usize = radices.iter().product();
            let mut at = vec![0; radices.len()];
            let met: BTreeSet<Vec<usize>> = (0..size)
                .map(|_| {
                    add(&mut at, &step, &radices);
                    at.clone()
                })
                .collect();
            assert_eq!(met.len(), size, "{radices:?} by {step:?}");
        }
    }

    #[test]
    fn bounds_hold_and_ranges_come_by_their_steps() {
        let space = whole("space { network { input data; conv 8 { kernel 5 1 3 } }; require params max=0.5 of=reference }");
        let kernels: Vec<String> = all(&space, "file", 10).iter().map(|s| space.describe(s)[0].1.clone()).collect();
        assert_eq!(kernels, ["1", "3"]);
    }
}

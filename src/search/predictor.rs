//! `strategy predictor`: BANANAS (White, Neiswanger and Savani 2021) with an ensemble of trees in place of networks.
//!
//! The first `initial` tickets are random, at the addresses of `strategy random`. After that extremely randomised trees learn the results, by their
//! ranks, from the decisions of a sample, and from how often it takes an option in all decisions that have the same options: layers
//! that repeat a choice are known by their counts, whatever their order. The ensemble guesses at neighbours of the best, edits of the good and random
//! samples. `acquisition` says which is proposed: the highest draw from each guess (independent Thompson sampling,
//! `its`), the highest expected improvement (`ei`), or the highest mean and half a deviation (`ucb`).
//!
//! The trees are grown anew for every ticket, which takes milliseconds; from more than [`MOST`] results they learn half the best and half the
//! newest of the others.

use super::forest::Forest;
use super::informative::informative;
use super::pool::{best_first, pool};
use super::random;
use super::ranked::Ranked;
use super::scores::{log_expected_improvement, normal_scores};
use super::strategy::{Propose, Strategy, Turn};
use crate::base::Random;
use crate::document::{Asked, Diagnostic, Field, Needs, Objectives, Preset, Settings, Type, Unset, Word};
use crate::space::{Decision, Sample};
use std::collections::BTreeMap;

/// Trees of the ensemble.
const TREES: u64 = 40;
/// Results that they learn from.
const MOST: usize = 1000;
/// Weight of the deviation in `ucb` (White et al. 2021).
const UCB: f64 = 0.5;

/// The descriptor.
pub(super) static STRATEGY: Strategy = Strategy {
    word: Word::new(
        "predictor",
        "An ensemble of trees learns what candidates are worth, and the most promising is next (BANANAS, White et al. 2021).",
    )
    .fields(&[
        Field::one("initial", &[Type::Int(1, 1_000_000)], "", "How many random candidates come first.").preset(Preset::Int(20)),
        Field::one(
            "acquisition",
            &[Type::Word(&["its", "ei", "ucb"])],
            "",
            "What promises most: a draw from each guess, the expected improvement, or the mean and half a deviation.",
        )
        .preset(Preset::Text("ei")),
    ])
    .example("strategy predictor acquisition=its"),
    needs: Needs { objective: Objectives::One, ..Needs::TRIALS },
    check,
    build: |settings, _| Ok(Box::new(Predictor::of(settings)?)),
};

fn check(asked: &Asked) -> Vec<Diagnostic> {
    random::all_random(asked, "nothing is left to predict")
}

#[derive(Clone, Copy)]
enum Acquisition {
    ThompsonSampling,
    ExpectedImprovement,
    UpperBound,
}

struct Predictor {
    initial: usize,
    acquisition: Acquisition,
    ranked: Ranked,
}

impl Predictor {
    fn of(settings: &Settings) -> Result<Self, Unset> {
        let acquisition = match settings.text("acquisition")? {
            "its" => Acquisition::ThompsonSampling,
            "ucb" => Acquisition::UpperBound,
            _ => Acquisition::ExpectedImprovement,
        };
        Ok(Predictor { initial: settings.count("initial")?, acquisition, ranked: Ranked::default() })
    }

    /// Candidates by what they promise, the most first.
    fn rank(&self, turn: &Turn) -> Vec<Sample> {
        let Some(scores) = normal_scores(turn) else { return Vec::new() };
        let best = best_first(&scores);
        let candidates = pool(turn, &best);
        let features = Features::of(turn.space.decisions());
        let some = informative(&best, MOST);
        let points: Vec<Vec<f64>> = some.iter().map(|&t| features.point(&turn.past[t].sample)).collect();
        let of: Vec<f64> = some.iter().map(|&t| scores[t]).collect();
        let forest = Forest::grow(TREES, &points, &of, turn.seed, turn.number as u64);
        let highest = of.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let promise = |(place, sample): (usize, &Sample)| {
            let (mean, deviation) = forest.guess(&features.point(sample));
            let deviation = deviation.max(1e-6);
            match self.acquisition {
                Acquisition::ThompsonSampling => {
                    mean + deviation * Random::at(turn.seed, "draw", &[turn.number as u64, place as u64]).normal()
                }
                Acquisition::ExpectedImprovement => log_expected_improvement(mean, deviation, highest),
                Acquisition::UpperBound => mean + UCB * deviation,
            }
        };
        let mut order: Vec<(f64, usize)> = candidates.iter().enumerate().map(promise).zip(0..).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        order.into_iter().map(|(_, i)| candidates[i].clone()).collect()
    }
}

impl Propose for Predictor {
    fn reads_results(&self, number: usize) -> bool {
        number >= self.initial
    }

    fn propose(&self, turn: &Turn, attempt: u64) -> Option<Sample> {
        if turn.number < self.initial || turn.values.iter().all(Option::is_none) {
            return Some(random::draw(turn, attempt));
        }
        Some(self.ranked.nth(turn, attempt, || self.rank(turn)))
    }
}

/// What the trees see of a sample.
struct Features<'a> {
    decisions: &'a [Decision],
    /// By decision: where its features begin.
    places: Vec<usize>,
    /// By decision: where the counts of its options begin, where other decisions have the same options.
    counts: Vec<Option<usize>>,
    length: usize,
}

impl<'a> Features<'a> {
    fn of(decisions: &'a [Decision]) -> Self {
        let mut length = 0;
        let mut take = |n: usize| {
            length += n;
            length - n
        };
        // A range is one number, two options are one, more are one each.
        let places = decisions.iter().map(|d| take(if d.ordered || d.ranked.len() < 3 { 1 } else { d.ranked.len() })).collect();
        let mut alike: BTreeMap<&[String], Vec<usize>> = BTreeMap::new();
        decisions.iter().enumerate().filter(|(_, d)| !d.ordered).for_each(|(i, d)| alike.entry(&d.options).or_default().push(i));
        let mut counts = vec![None; decisions.len()];
        for (options, group) in alike.iter().filter(|(_, group)| group.len() > 1) {
            let place = take(options.len());
            group.iter().for_each(|&d| counts[d] = Some(place));
        }
        Features { decisions, places, counts, length }
    }

    fn point(&self, sample: &Sample) -> Vec<f64> {
        let mut point = vec![0.0; self.length];
        for (d, option) in sample.pairs() {
            let decision = &self.decisions[d];
            let rank = decision.rank(option);
            // From 1, so that 0 stands for a decision that is not made.
            match decision.ordered || decision.ranked.len() < 3 {
                true => point[self.places[d]] = (rank + 1) as f64,
                false => point[self.places[d] + rank] = 1.0,
            }
            if let Some(place) = self.counts[d] {
                point[place + option] += 1.0;
            }
        }
        point
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::tests::whole;

    #[test]
    fn equal_choices_are_counted_and_ranges_are_numbers() {
        let space = whole(
            "space { choice \"r\" 8 16 24 32 ordered=#true; network { input data; conv (choice)\"r\"; conv 8 { kernel 1 3 5 }; conv 8 { kernel 1 3 5 } } }",
        );
        let features = Features::of(space.decisions());
        assert_eq!(features.length, 1 + 3 + 3 + 3);
        let all = space.enumerate(100).unwrap();
        assert_eq!(all.len(), 36);
        for sample in &all {
            let point = features.point(sample);
            assert!((1.0..=4.0).contains(&point[0]), "{point:?}");
            assert_eq!((point[1..4].iter().sum::<f64>(), point[7..].iter().sum::<f64>()), (1.0, 2.0));
            let mirrored = space.sample(|d| [0, 2, 1].map(|d| sample.option(d).unwrap())[d]);
            assert_eq!(point[7..], features.point(&mirrored)[7..], "which layer it is makes no difference to a count");
        }
    }
}

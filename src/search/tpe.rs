//! `strategy tpe`: tree-structured Parzen estimators (Bergstra, Bardenet, Bengio and Kégl 2011), with hyperopt's split, weights and
//! forgetting.
//!
//! Results are split in a good few and the others. One density is estimated of each; the candidate, of some that are drawn from the good one,
//! at which the good is the most dense beside the other is proposed. By default every decision has estimates of its own, and the
//! candidates of each compete alone, as in hyperopt and NNI. `multivariate=#true` draws whole samples around good ones instead, so that decisions that were good together
//! stay together (Falkner, Klein and Hutter 2018; Optuna's `multivariate`).
//!
//! Hyperopt counts 0.25 √n results as good. Of distinct candidates so few are soon exhausted: on NAS-Bench-Macro and NAS-Bench-201 √n of them lead to
//! a third of the regret after 100 queries, so that is the default.
//!
//! A decision that is made only under others is estimated from the samples that made it. Failed tickets are among the others. Pending tickets are not seen at
//! all: with a `window` of several, neighbouring tickets read nearly the same estimates and differ by their draws.

use super::parzen::{Estimate, Joint};
use super::random;
use super::strategy::{Propose, Standing, Strategy, Turn};
use crate::base::Random;
use crate::document::{Asked, Diagnostic, Field, Needs, Objectives, Preset, Settings, Type, Unset, Word};
use crate::space::Sample;

/// The descriptor.
pub(super) static STRATEGY: Strategy = Strategy {
    word: Word::new("tpe", "Tree-structured Parzen estimators (Bergstra et al. 2011): what good candidates have and others have not.")
        .fields(&[
            Field::one("initial", &[Type::Int(1, 1_000_000)], "", "How many random candidates come first.").preset(Preset::Int(20)),
            Field::one("candidates", &[Type::Int(1, 10_000)], "", "How many draws compete for a proposal.").preset(Preset::Int(24)),
            Field::one("gamma", &[Type::Positive], "", "gamma · √n of n results are good, at most 25 (hyperopt: 0.25).")
                .preset(Preset::Number(1.0)),
            Field::one("prior-weight", &[Type::Positive], "", "How many results the uniform prior is worth.").preset(Preset::Number(1.0)),
            Field::one("multivariate", &[Type::Bool], "", "Whole samples are drawn around good ones, not each decision alone.")
                .preset(Preset::Bool(false)),
        ])
        .example("strategy tpe initial=20 multivariate=#true"),
    needs: Needs { objective: Objectives::One, ..Needs::TRIALS },
    check,
    build: |settings, _| Ok(Box::new(Tpe::of(settings)?)),
};

fn check(asked: &Asked) -> Vec<Diagnostic> {
    random::all_random(asked, "nothing is left to estimate from")
}

struct Tpe {
    initial: usize,
    candidates: usize,
    gamma: f64,
    prior: f64,
    multivariate: bool,
}

/// The most good results.
const GOOD: usize = 25;
/// So many newest results count whole; older ones the less, the older they are.
const FORGET: usize = 25;

impl Tpe {
    fn of(settings: &Settings) -> Result<Self, Unset> {
        Ok(Tpe {
            initial: settings.count("initial")?,
            candidates: settings.count("candidates")?,
            gamma: settings.number("gamma")?,
            prior: settings.number("prior-weight")?,
            multivariate: settings.truth("multivariate")?,
        })
    }

    /// How many draws compete. Many draws of few options are nearly all options, so that the best of them is always the same: where that is
    /// refused, fewer compete from attempt to attempt, down to one plain draw from the good.
    fn competing(&self, attempt: u64) -> usize {
        (self.candidates / usize::try_from(attempt + 1).unwrap_or(usize::MAX)).max(1)
    }

    /// The good tickets and the others, each in their order.
    fn split(&self, turn: &Turn) -> (Vec<usize>, Vec<usize>) {
        let mut order: Vec<(Option<Standing>, usize)> = (0..turn.past.len()).map(|i| (turn.standing(i), i)).collect();
        let with_result = order.iter().filter(|(standing, _)| standing.is_some()).count();
        let good = libm::ceil(self.gamma * libm::sqrt(order.len() as f64)) as usize;
        let good = good.clamp(1, GOOD).min(with_result);
        if good < order.len() {
            order.select_nth_unstable_by(good, |(x, a), (y, b)| match (x, y) {
                (Some(x), Some(y)) => y.order(x).then(a.cmp(b)),
                (x, y) => y.is_some().cmp(&x.is_some()).then(a.cmp(b)),
            });
        }
        let mut is_good = vec![false; order.len()];
        order[..good].iter().for_each(|(_, ticket)| is_good[*ticket] = true);
        (0..order.len()).partition(|ticket| is_good[*ticket])
    }

    /// Every decision by itself: of some draws from the good the one that speaks most for it.
    fn alone(&self, turn: &Turn, good: &[Estimate], others: &[Estimate], attempt: u64) -> Sample {
        let space = turn.space;
        space.sample(|d| {
            let decision = &space.decisions()[d];
            if decision.ranked.len() < 2 {
                return 0;
            }
            let mut random = Random::at(turn.seed, "tpe", &[turn.number as u64, attempt, decision.address]);
            let mut best = (f64::NEG_INFINITY, 0);
            for _ in 0..self.competing(attempt) {
                let rank = good[d].draw(&mut random);
                let promise = libm::log(good[d].share(rank)) - libm::log(others[d].share(rank));
                if promise > best.0 {
                    best = (promise, rank);
                }
            }
            decision.ranked[best.1]
        })
    }

    /// Of whole samples drawn around good ones, the one that speaks most for the good.
    fn together(&self, turn: &Turn, good: &Joint, others: &Joint, attempt: u64) -> Sample {
        let draw = |candidate: u64| good.draw(turn.space, turn.seed, &[turn.number as u64, attempt, candidate]);
        let promise = |sample: &Sample| good.log_density(turn.space, sample) - others.log_density(turn.space, sample);
        let first = draw(0);
        let mut best = (promise(&first), first);
        for candidate in 1..self.competing(attempt) as u64 {
            let sample = draw(candidate);
            let promise = promise(&sample);
            if promise > best.0 {
                best = (promise, sample);
            }
        }
        best.1
    }
}

/// Weights of so many tickets, the oldest first: the newest [`FORGET`] count 1, older ones from 1/n upwards (hyperopt's linear forgetting).
fn weights(n: usize) -> Vec<f64> {
    let old = n.saturating_sub(FORGET);
    let (first, steps) = (1.0 / n.max(1) as f64, old.saturating_sub(1).max(1) as f64);
    (0..n).map(|i| if i < old { first + (1.0 - first) * i as f64 / steps } else { 1.0 }).collect()
}

impl Propose for Tpe {
    fn reads_results(&self, number: usize) -> bool {
        number >= self.initial
    }

    fn propose(&self, turn: &Turn, attempt: u64) -> Option<Sample> {
        self.proposals(*turn)?.nth(usize::try_from(attempt).ok()?)
    }

    fn proposals<'t>(&'t self, turn: Turn<'t>) -> Option<Box<dyn Iterator<Item = Sample> + 't>> {
        if turn.number < self.initial || turn.values.iter().all(Option::is_none) {
            return Some(Box::new((0..).map(move |attempt| random::draw(&turn, attempt))));
        }
        let (good, others) = self.split(&turn);
        if self.multivariate {
            let of = |tickets: &[usize]| Joint::of(&turn, tickets, &weights(tickets.len()), self.prior);
            let (good, others) = (of(&good), of(&others));
            return Some(Box::new((0..).map(move |attempt| self.together(&turn, &good, &others, attempt))));
        }
        let of = |tickets: &[usize]| Estimate::of_all(&turn, tickets, &weights(tickets.len()), self.prior);
        let (good, others) = (of(&good), of(&others));
        Some(Box::new((0..).map(move |attempt| self.alone(&turn, &good, &others, attempt))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Digest;
    use crate::search::Known;
    use crate::space::tests::whole;

    const TPE: Tpe = Tpe { initial: 1, candidates: 24, gamma: 0.25, prior: 1.0, multivariate: false };

    #[test]
    fn weights_and_the_split_are_hyperopts() {
        assert_eq!(weights(3), [1.0, 1.0, 1.0]);
        let w = weights(29);
        assert_eq!((w[0], w[3], w[28]), (1.0 / 29.0, 1.0, 1.0));
        assert!((w[1] - (1.0 / 29.0 + 28.0 / 29.0 / 3.0)).abs() < 1e-15);
        let space = whole("space { network { input data; conv 8 { kernel 1 3 } } }");
        let known = |n: usize| Known { sample: space.reference(), digest: Digest::of(&n.to_le_bytes()), macs: 0 };
        // ⌈0.25 √n⌉: 1 of 16, 2 of 17, 25 of 40,000.
        for (n, good) in [(1, 1), (16, 1), (17, 2), (64, 2), (65, 3), (12_000, 25)] {
            let past: Vec<Known> = (0..n).map(known).collect();
            let values: Vec<Option<f64>> = (0..n).map(|i| Some((i * 7919 % n) as f64)).collect();
            let turn =
                Turn { space: &space, seed: 0, number: n, own: 0, proposed: &past, past: &past, values: &values, scores: &[], epochs: &[] };
            let (best, others) = TPE.split(&turn);
            assert_eq!((best.len(), others.len()), (good, n - good));
            let least = best.iter().filter_map(|&t| values[t]).fold(f64::INFINITY, f64::min);
            assert!(others.iter().all(|&t| values[t].is_some_and(|v| v <= least)), "{n}");
        }
        // Who failed is never good.
        let past: Vec<Known> = (0..30).map(known).collect();
        let values: Vec<Option<f64>> = (0..30).map(|i| (i == 17).then_some(1.0)).collect();
        let turn =
            Turn { space: &space, seed: 0, number: 30, own: 0, proposed: &past, past: &past, values: &values, scores: &[], epochs: &[] };
        assert_eq!(TPE.split(&turn).0, [17]);
    }
}

//! How many distinct networks there are. Exactly where all samples are listed; else estimated from above.
//!
//! The estimator. Order the samples (by decisions and options). Every class of samples that build one network has a least member, so
//! there are as many networks as least members. A drawn sample is *refuted* when a smaller sample that builds the same network is
//! found near it: by a change of one option, or by an exchange of two neighbouring groups of decisions with the same options (such as
//! two copies of a `repeat`, or the two edges of a pair). A least member is never refuted. So the share of samples that are not refuted,
//! times their number, is at least the number of networks: exactly it where such steps lead down from every other member, more where
//! networks are equal in other ways. The interval is Wilson's, for the draws; it says nothing of those other ways.
//!
//! A draw counts by one over its probability ([`Draws`]), and the interval is that of as many equal draws as these are worth (Kish 1965).

use super::draws::Draws;
use super::interval::wilson;
use super::work::Work;
use crate::space::sample::Sample;
use crate::space::structure::Decision;

/// The largest groups of decisions that are exchanged.
const WIDEST: usize = 6;
/// Draws at most.
const DRAWN: usize = 20_000;

/// A number of networks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distinct {
    /// How many; where it is no exact count, an estimate from above.
    pub networks: f64,
    /// Its 95 % interval.
    pub low: f64,
    /// The other end.
    pub high: f64,
    /// Samples that it was estimated from; all where it is exact.
    pub drawn: usize,
    /// How many of them no smaller one equals.
    pub least: usize,
}

impl Distinct {
    /// A count.
    pub fn exactly(networks: usize, drawn: usize) -> Self {
        let n = networks as f64;
        Distinct { networks: n, low: n, high: n, drawn, least: networks }
    }
}

/// From draws, as far as the work goes.
pub fn estimated(work: &Work) -> Distinct {
    let (start, draws) = (work.built.get(), Draws::of(work.space));
    let mut seen: Vec<(f64, bool)> = vec![];
    while seen.len() < DRAWN && work.built.get() - start < work.limit {
        let (sample, weight) = draws.draw(seen.len() as u64);
        seen.push((weight, is_least(work, &sample)));
    }
    let largest = seen.iter().fold(f64::NEG_INFINITY, |m, (w, _)| m.max(*w));
    let seen: Vec<(f64, bool)> = seen.into_iter().map(|(w, least)| (libm::exp(w - largest), least)).collect();
    let sum: f64 = seen.iter().map(|(w, _)| w).sum();
    let squares: f64 = seen.iter().map(|(w, _)| w * w).sum();
    let share = seen.iter().filter(|(_, least)| *least).map(|(w, _)| w).sum::<f64>() / sum.max(f64::MIN_POSITIVE);
    let (low, high) = wilson(share, sum * sum / squares.max(f64::MIN_POSITIVE));
    let all = work.space.size();
    let least = seen.iter().filter(|(_, least)| *least).count();
    Distinct { networks: share * all, low: low * all, high: high * all, drawn: seen.len(), least }
}

/// Whether a sample can be built, and no smaller one near it builds the same network.
pub(super) fn is_least(work: &Work, sample: &Sample) -> bool {
    let Some(network) = work.build(sample) else { return false };
    let equal = |other: &Sample| other < sample && work.build(other).is_some_and(|n| n == network);
    let lower = sample.pairs().any(|(d, option)| (0..option).any(|o| equal(&work.edited(sample, d, o))));
    !lower && !exchanged(work, sample).any(|other| equal(&other))
}

/// The samples in which two neighbouring groups of decisions have changed places.
fn exchanged<'w>(work: &'w Work, sample: &'w Sample) -> impl Iterator<Item = Sample> + 'w {
    let decisions = work.space.decisions();
    let taken = |d: usize| sample.option(d).unwrap_or(0);
    let places = (1..=WIDEST).flat_map(move |width| (0..(decisions.len() + 1).saturating_sub(2 * width)).map(move |from| (from, width)));
    let alike = move |&(from, width): &(usize, usize)| {
        let same = |d: usize| same_options(&decisions[d], &decisions[d + width]);
        let differ = |d: usize| taken(d) != taken(d + width);
        (from..from + width).all(same) && (from..from + width).any(differ)
    };
    places.filter(alike).map(move |(from, width)| {
        work.space.sample(|d| match d.checked_sub(from).map(|place| place / width) {
            Some(0) => taken(d + width),
            Some(1) => taken(d - width),
            _ => taken(d),
        })
    })
}

fn same_options(a: &Decision, b: &Decision) -> bool {
    !a.shared && !b.shared && a.options == b.options
}

//! Draws of a space that its bounds may admit.

use super::envelope::Envelope;
use super::range::Ranges;
use super::sample::{Sample, draw, evenly};
use super::space::Space;
use super::structure::DecisionId;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// Random samples by which decisions are ordered.
const PROBES: u64 = 192;

pub(super) fn tree(space: &Space) -> Envelope {
    Envelope::of(&space.structure, &space.input, &space.bounds, &order(space))
}

/// The decisions with several options: those of the network as a whole, those on which hangs what is there, then by how far the mean
/// figure of a bound differs between their options.
fn order(space: &Space) -> Vec<DecisionId> {
    let structure = &space.structure;
    let drawn: Vec<(Sample, Vec<f64>)> = (0..PROBES)
        .filter_map(|i| {
            let sample = space.random(0, &[u64::MAX - 1, i]);
            let architecture = space.architecture(&sample).ok()?;
            let cost = architecture.cost().ok()?;
            let figures = space.bounds.iter().map(|b| b.of(&architecture, Some(&cost)).ok()).collect::<Option<Vec<f64>>>()?;
            Some((sample, figures))
        })
        .collect();
    let spread = |d: DecisionId| -> f64 {
        let means = |bound: usize| {
            let of = |o: usize| drawn.iter().filter(move |(s, _)| s.option(d) == Some(o)).map(move |(_, figures)| figures[bound]);
            let means: Vec<f64> = (0..structure.decisions[d].options.len())
                .filter(|&o| of(o).next().is_some())
                .map(|o| of(o).sum::<f64>() / of(o).count() as f64)
                .collect();
            let (low, high) = means.iter().fold((f64::INFINITY, 0f64), |(low, high), &m| (low.min(m), high.max(m)));
            if means.is_empty() || high == 0.0 { 0.0 } else { (high - low) / high }
        };
        (0..space.bounds.len()).map(means).fold(0.0, f64::max)
    };
    let head: BTreeSet<DecisionId> = structure.head().flat_map(|s| s.reads()).collect();
    let deciding: BTreeSet<DecisionId> = structure.deciding().into_iter().collect();
    let constrained: BTreeSet<DecisionId> =
        structure.constraints.iter().flat_map(|c| c.condition.reads.iter().map(|r| r.decision)).collect();
    let rank = |d: &DecisionId| match () {
        () if head.contains(d) => 0,
        () if deciding.contains(d) => 1,
        () if constrained.contains(d) => 2,
        () => 3,
    };
    let several = (0..structure.decisions.len()).filter(|&d| structure.decisions[d].options.len() > 1);
    let mut order: Vec<(DecisionId, usize, f64)> = several.map(|d| (d, rank(&d), spread(d))).collect();
    order.sort_by(|a, b| a.1.cmp(&b.1).then(b.2.total_cmp(&a.2)).then(a.0.cmp(&b.0)));
    order.into_iter().map(|(d, ..)| d).collect()
}

impl Space {
    /// Where its samples may meet its bounds; none where it has none. Worked out when it is first asked for, in tenths of a second.
    pub fn envelope(&self) -> Option<&Envelope> {
        let bounded = !self.bounds.is_empty() || !self.structure.constraints.is_empty();
        bounded.then(|| self.envelope.get_or_init(|| Arc::new(tree(self))).as_ref())
    }

    /// [`random`](Self::random) at every attempt, those left out that the bounds are known to refuse.
    pub fn random_unless_refused(&self, seed: u64, number: u64, attempts: Range<u64>) -> impl Iterator<Item = Sample> {
        let ranges = Ranges::new(&self.structure, &self.input, &self.bounds);
        let tree = self.envelope();
        attempts.filter_map(move |attempt| {
            let position = [number, attempt];
            let option = |d| draw(&self.structure, seed, &position, d);
            if let Some(tree) = tree {
                let all = || (0..self.structure.decisions.len()).map(|d| Some(option(d))).collect::<Vec<_>>();
                if tree.cuts(|d| Some(option(d))) || !ranges.may_meet(&all()) {
                    return None;
                }
            }
            Some(self.random(seed, &position))
        })
    }

    /// Whether the bounds are known to refuse a sample, without building it.
    pub fn cuts(&self, sample: &Sample) -> bool {
        self.envelope().is_some_and(|e| e.cuts(|d| sample.option(d)))
    }

    /// Draws of the samples that are not cut, those left out that the bounds are known to refuse: refused where they do not meet the
    /// bounds, they have the distribution of [`random`](Self::random) refused likewise. None where the space has no bounds, or
    /// where nothing meets them.
    pub fn random_within(&self, seed: u64, number: u64, attempts: Range<u64>) -> impl Iterator<Item = Sample> {
        let ranges = Ranges::new(&self.structure, &self.input, &self.bounds);
        let tree = self.envelope().filter(|tree| tree.share() > 0.0);
        let attempts = if tree.is_some() { attempts } else { 0..0 };
        attempts.filter_map(move |attempt| {
            let position = [number, attempt];
            let mut taken = tree?.draw(&self.structure, seed, &position)?;
            for (d, option) in taken.iter_mut().enumerate().filter(|(_, o)| o.is_none()) {
                *option = Some(evenly(&self.structure, seed, &position, d));
            }
            let sample = ranges.may_meet(&taken).then(|| Sample::collect(&self.structure, |d| taken[d].unwrap_or(0)))?;
            self.keeps(&sample, seed, &position).then_some(sample)
        })
    }
}

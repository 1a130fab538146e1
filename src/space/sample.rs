//! Samples: which option each active decision takes. Drawing, editing and enumerating them.

use super::options::weighted;
use super::structure::{DecisionId, Structure};
use crate::base::Random;
use serde::{Deserialize, Serialize};

/// What a sample decides: (decision, option) of the active decisions, in the order of the file. Only meaningful
/// with the space that made it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sample(Vec<(u32, u32)>);

impl Sample {
    /// The option that a decision takes; none where it is not active.
    pub fn option(&self, decision: DecisionId) -> Option<usize> {
        let found = self.0.binary_search_by_key(&decision, |(d, _)| *d as usize).ok()?;
        Some(self.0[found].1 as usize)
    }

    /// The active decisions and their options.
    pub fn pairs(&self) -> impl Iterator<Item = (DecisionId, usize)> {
        self.0.iter().map(|(d, o)| (*d as usize, *o as usize))
    }

    /// Asks `choose` once for every active decision.
    pub(super) fn collect(structure: &Structure, mut choose: impl FnMut(DecisionId) -> usize) -> Sample {
        let mut taken: Vec<Option<u32>> = vec![None; structure.decisions.len()];
        structure.walk(&mut |d| {
            let options = structure.decisions[d].options.len();
            *taken[d].get_or_insert_with(|| choose(d).min(options - 1) as u32) as usize
        });
        Sample(taken.iter().enumerate().filter_map(|(d, o)| o.map(|o| (d as u32, o))).collect())
    }

    /// The first values.
    pub(super) fn reference(structure: &Structure) -> Sample {
        Sample::collect(structure, |_| 0)
    }

    /// Uniform over each decision's options. The draw of a decision is addressed by its place, its options by their
    /// canonical rank: names and the order of values change nothing.
    pub(super) fn random(structure: &Structure, seed: u64, position: &[u64]) -> Sample {
        Sample::collect(structure, |d| draw(structure, seed, position, d))
    }

    /// One edit: one active decision takes another value, a range one that is near. Decisions that become active by it are drawn.
    pub(super) fn mutate(&self, structure: &Structure, seed: u64, position: &[u64]) -> Option<Sample> {
        let mut open: Vec<(u64, DecisionId, usize)> = self
            .pairs()
            .filter(|(d, _)| structure.decisions.get(*d).is_some_and(|d| d.options.len() > 1))
            .map(|(d, o)| (structure.decisions[d].address, d, o))
            .collect();
        open.sort_unstable();
        let mut random = Random::at(seed, "mutation", position);
        let (_, decision, old) = *open.get(random.below(open.len()))?;
        let edited = &structure.decisions[decision];
        let rank = edited.rank(old);
        let new = edited.ranked[weighted(&mut random, &edited.near(rank), structure.prior(decision))];
        Some(Sample::collect(structure, |d| match d == decision {
            true => new,
            false => self.option(d).unwrap_or_else(|| draw(structure, seed, position, d)),
        }))
    }

    /// All samples, in the order of the file; none where there are more than `limit`.
    pub(super) fn enumerate(structure: &Structure, limit: usize) -> Option<Vec<Sample>> {
        let mut samples = vec![];
        let mut script: Vec<(usize, usize)> = vec![]; // (option, options) in the order of asking
        loop {
            let mut asked = 0;
            samples.push(Sample::collect(structure, |d| {
                if asked == script.len() {
                    script.push((0, structure.decisions[d].options.len()));
                }
                asked += 1;
                script[asked - 1].0
            }));
            while script.last().is_some_and(|(option, options)| option + 1 >= *options) {
                script.pop();
            }
            match script.last_mut() {
                None => return Some(samples),
                Some(last) => last.0 += 1,
            }
            if samples.len() >= limit {
                return None;
            }
        }
    }
}

/// What a draw takes for a decision, all its options being alike.
pub(super) fn evenly(structure: &Structure, seed: u64, position: &[u64], d: DecisionId) -> usize {
    let decision = &structure.decisions[d];
    let address: Vec<u64> = position.iter().copied().chain([decision.address]).collect();
    decision.ranked[Random::at(seed, "proposal", &address).below(decision.ranked.len())]
}

/// What a draw takes for a decision.
pub(super) fn draw(structure: &Structure, seed: u64, position: &[u64], d: DecisionId) -> usize {
    let Some(weights) = structure.prior(d) else { return evenly(structure, seed, position, d) };
    let decision = &structure.decisions[d];
    let address: Vec<u64> = position.iter().copied().chain([decision.address]).collect();
    let ranks: Vec<usize> = (0..decision.ranked.len()).collect();
    decision.ranked[weighted(&mut Random::at(seed, "proposal", &address), &ranks, Some(weights))]
}

//! The options of a decision: their ranks, which are near each other, and which are drawn more often.

use super::structure::{Decision, DecisionId, Structure};
use crate::base::Random;

impl Decision {
    /// The canonical rank of an option: its place among the options, whatever their order in the file.
    pub fn rank(&self, option: usize) -> usize {
        self.ranked.iter().position(|&o| o == option).unwrap_or(option)
    }

    /// The ranks that one edit may lead to: all others, of a range those at most a quarter of it away.
    pub fn near(&self, rank: usize) -> Vec<usize> {
        let reach = if self.ordered { (self.ranked.len() / 4).max(1) } else { self.ranked.len() };
        (0..self.ranked.len()).filter(|&r| r != rank && r.abs_diff(rank) <= reach).collect()
    }

    /// The ranks of neighbours: all others, of a range those 1, 4, 16 … values away.
    pub fn beside(&self, rank: usize) -> Vec<usize> {
        let far = |apart: usize| std::iter::successors(Some(1usize), |n| n.checked_mul(4)).take_while(|n| *n <= apart).any(|n| n == apart);
        (0..self.ranked.len()).filter(|&r| r != rank && (!self.ordered || far(r.abs_diff(rank)))).collect()
    }
}

impl Structure {
    /// The weights of a decision's options by rank; none where all are alike.
    pub fn prior(&self, decision: DecisionId) -> Option<&[f64]> {
        self.priors.get(decision).map(Vec::as_slice).filter(|weights| !weights.is_empty())
    }
}

/// One of these ranks by their weights, or all alike without any.
pub(super) fn weighted(random: &mut Random, ranks: &[usize], weights: Option<&[f64]>) -> usize {
    let Some(weights) = weights else { return ranks[random.below(ranks.len())] };
    let mut left = random.unit() * ranks.iter().map(|&r| weights[r]).sum::<f64>();
    let drawn = ranks.iter().find(|&&r| {
        left -= weights[r];
        left < 0.0
    });
    // Rounding: the last.
    drawn.or(ranks.last()).copied().unwrap_or(0)
}

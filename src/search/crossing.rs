//! Children of two parents: every decision is one parent's or the other's.

use super::strategy::Turn;
use crate::base::Random;
use crate::space::Sample;

/// A child of two tickets: of every decision, with probability `swap`, the second parent's option, else the first's. A decision that the one
/// does not make is the other's; one that neither makes is drawn. Decisions are addressed by their place, free of names.
pub(super) fn cross(turn: &Turn, (first, second): (&Sample, &Sample), swap: f64, position: [u64; 2]) -> Sample {
    let [ticket, attempt] = position;
    turn.space.sample(|d| {
        let decision = &turn.space.decisions()[d];
        let mut random = Random::at(turn.seed, "crossover", &[ticket, attempt, decision.address]);
        let swapped = random.unit() < swap;
        let (one, other) = if swapped { (second, first) } else { (first, second) };
        one.option(d).or_else(|| other.option(d)).unwrap_or_else(|| decision.ranked[random.below(decision.ranked.len())])
    })
}

//! How many trials of a search come at random, before it reads any result.

use crate::document::Sample;
use crate::search::{self, Given, Part};

/// The word of the strategy that is random throughout.
const RANDOM: &str = "random";

/// Whether all its trials are drawn uniformly: a random search.
pub fn is_random(sample: &Sample) -> bool {
    sample.start.is_empty() && sample.earlier.is_none() && sample.priors.is_empty() && sample.strategies().all(|(c, _)| c.name() == RANDOM)
}

/// The first trials that were proposed before a result was read: of a guided search its random beginning, of a random one all. 0 where the
/// beginning is not random: it starts from candidates that are given or has preferences.
pub fn unguided(sample: &Sample) -> usize {
    if is_random(sample) {
        return sample.trials;
    }
    if !sample.start.is_empty() || sample.earlier.is_some() || !sample.priors.is_empty() || sample.reads_learned() {
        return 0;
    }
    let parts: Vec<Part> = sample.strategies().map(|(chosen, trials)| Part { chosen, trials }).collect();
    let Ok(strategy) = search::chain(&parts, &Given::default()) else { return 0 };
    // One that never reads a result without being random (a grid) has no random beginning.
    let begins = (0..sample.trials).find(|&n| strategy.reads_results(n)).unwrap_or(0);
    if (0..begins).any(|n| strategy.enumerates(n)) { 0 } else { begins }
}

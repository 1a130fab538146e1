//! Synchronous rungs: trials in brackets, whose trials wait for each other at every rung.

use super::rule::Field;
use std::ops::Range;

/// Trials that are compared with each other.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bracket {
    /// Which.
    pub trials: Range<usize>,
    /// The rung at which they are read first.
    pub first: usize,
}

/// The trial that goes on: of the first bracket in which a rung is decided, the best that is still there. Of those that came to a
/// rung, one in `reduction`, rounded down, goes on, and at least one; it is decided when all of them are seen.
pub(super) fn next(field: &Field, brackets: impl Iterator<Item = Bracket>, reduction: usize) -> Option<usize> {
    for bracket in brackets.take_while(|b| b.trials.end <= field.lanes.len()) {
        let mut came: Vec<usize> = bracket.trials.collect();
        for rung in bracket.first..field.rungs.len().saturating_sub(1) {
            // Who came here is settled; a rung that is not wholly seen holds up the bracket.
            if came.iter().any(|&t| field.lanes[t].at(rung).is_none()) {
                break;
            }
            let best = field.best(came.iter().copied(), rung, (came.len() / reduction).max(1));
            if let Some(&trial) = best.iter().find(|&&t| field.lanes[t].asked == rung) {
                return Some(trial);
            }
            came = best;
        }
    }
    None
}

//! `strategy reference`: the first values, once. A baseline, so the space's bounds do not bind it.

use super::strategy::{Propose, Strategy, Turn, unchecked};
use crate::document::{Needs, Word};
use crate::space::Sample;

/// The descriptor.
pub(super) static STRATEGY: Strategy = Strategy {
    word: Word::new("reference", "The first value of every choice, once: a baseline, which the space's bounds do not bind.")
        .example("strategy reference"),
    needs: Needs { trials: false, ..Needs::TRIALS },
    check: unchecked,
    build: |_, _| Ok(Box::new(Reference)),
};

struct Reference;

impl Propose for Reference {
    fn propose(&self, turn: &Turn, attempt: u64) -> Option<Sample> {
        (turn.number == 0 && attempt == 0).then(|| turn.space.reference())
    }
    fn searches(&self) -> bool {
        false
    }
}

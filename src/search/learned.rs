//! `strategy learned`: first the strongest network of a distribution over choices, then draws from it.

use super::distribution::Distribution;
use super::strategy::{Propose, Strategy, Turn, Unbuilt, unchecked};
use crate::document::{Needs, Word};
use crate::space::Sample;
use std::sync::Arc;

/// The descriptor.
pub(super) static STRATEGY: Strategy = Strategy {
    word: Word::new("learned", "What the method of a supernet has learned: the strongest network, then draws.").example("strategy learned"),
    needs: Needs { learned: true, ..Needs::TRIALS },
    check: unchecked,
    build: |_, given| Ok(Box::new(Learned(given.learned.ok_or(Unbuilt::NothingLearned)?))),
};

struct Learned(Arc<Distribution>);

impl Propose for Learned {
    fn propose(&self, turn: &Turn, attempt: u64) -> Option<Sample> {
        if turn.number == 0 && attempt == 0 {
            return Some(self.0.strongest(turn.space));
        }
        Some(self.0.draw(turn.space, turn.seed, &[turn.number as u64, attempt]))
    }
}

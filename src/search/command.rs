//! `strategy command`: a program of one's own proposes, and what it said is recorded. Whoever replays the search asks for it by name
//! (`plan/stages/proposer`); nothing is proposed here.

use super::strategy::{Propose, Strategy, Turn, unchecked};
use crate::document::{Needs, Word};
use crate::space::Sample;

/// The descriptor.
pub(super) static STRATEGY: Strategy = Strategy {
    word: Word::new("command", "A program of one's own proposes; its answers are recorded, so that a replay needs it no more.")
        .example("strategy command { command \"python3\" \"propose.py\"; uses \"propose.py\" }"),
    needs: Needs::TRIALS,
    check: unchecked,
    build: |_, _| Ok(Box::new(Asked)),
};

struct Asked;

impl Propose for Asked {
    fn propose(&self, _: &Turn, _: u64) -> Option<Sample> {
        None
    }
}

//! `strategy random`: uniform over the choices. Ticket n of a seed is the same in every strategy that starts at random.

use super::strategy::{Propose, Strategy, Turn, unchecked};
use crate::document::{Asked, Diagnostic, Needs, Word};
use crate::space::Sample;

/// The descriptor.
pub(super) static STRATEGY: Strategy = Strategy {
    word: Word::new("random", "Uniform over the choices.").example("strategy random"),
    needs: Needs::TRIALS,
    check: unchecked,
    build: |_, _| Ok(Box::new(RandomSearch)),
};

struct RandomSearch;

impl Propose for RandomSearch {
    fn propose(&self, turn: &Turn, attempt: u64) -> Option<Sample> {
        Some(draw(turn, attempt))
    }
}

/// The random proposal of this ticket.
pub(super) fn draw(turn: &Turn, attempt: u64) -> Sample {
    turn.space.random(turn.seed, &[turn.number as u64, attempt])
}

/// The warning of a strategy whose `initial` random tickets are all that there are.
pub(super) fn all_random(asked: &Asked, label: &str) -> Vec<Diagnostic> {
    let (Ok(initial), Some(trials)) = (asked.settings.count("initial"), &asked.trials) else { return Vec::new() };
    if trials.value > initial {
        return Vec::new();
    }
    let message = format!("{} trials, of which the first {initial} are random", trials.value);
    vec![Diagnostic::warning("few-trials", message, trials.span, label).help("raise `trials`, or lower `initial`")]
}

//! `stop-early asha`: asynchronous successive halving (Li et al. 2020; Syne Tune's defaults, but for `min-epochs`, which is theirs too).
//!
//! Rungs lie at `min-epochs`, `reduction` times that, and so on, and at the last epoch. Whenever there is room for a ticket, the rungs
//! are looked at from the highest down: the best trial that belongs to the best `reduction`-th of those seen at its rung, and has not
//! gone on yet, goes on. Where there is none, a new trial is started. As published it decides by order of arrival; here by order of
//! tickets. A trial that failed counts as seen at its rung, and never goes on.

use super::rule::{Field, Rule, Stopping};
use super::rungs::{Ladder, MIN_EPOCHS, REDUCTION, WORST, early_enough};
use crate::document::{Diagnostic, Raced, Word};

/// The descriptor.
pub(super) static RULE: Stopping = Stopping {
    word: Word::new("asha", "Asynchronous successive halving (Li et al. 2020): whoever is among the best of its rung goes on at once.")
        .fields(&[REDUCTION, MIN_EPOCHS, WORST])
        .example("stop-early asha reduction=3 min-epochs=2"),
    check,
    build: |settings| Ok(Box::new(Asha(Ladder::of(settings)?))),
};

struct Asha(Ladder);

/// Trials go on where others at their rung lie behind them, so the last rung takes as many as the reductions before it.
fn check(raced: &Raced) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = early_enough(raced).into_iter().collect();
    let (Ok(ladder), Some(trials), true) = (Ladder::of(raced.settings), &raced.trials, found.is_empty()) else { return found };
    let rungs = ladder.up(raced.epochs).len();
    let needed = ladder.reduction.saturating_pow(u32::try_from(rungs - 1).unwrap_or(u32::MAX));
    if trials.value < needed {
        let message = format!(
            "{} trials, of which one in {} goes on from each rung: hardly any has all {} epochs",
            trials.value, ladder.reduction, raced.epochs
        );
        let d = Diagnostic::warning(
            "few-trials",
            message,
            trials.span,
            format!("at least {needed} would bring one to the last of {rungs} rungs"),
        );
        found.push(d.help("raise `trials` or `min-epochs`, or write `stop-early halving`, where the best always goes on"));
    }
    found
}

impl Rule for Asha {
    fn rungs(&self, epochs: usize) -> Vec<usize> {
        self.0.up(epochs)
    }

    fn next(&self, field: &Field) -> Option<usize> {
        (0..field.rungs.len().saturating_sub(1)).rev().find_map(|rung| {
            let count = field.seen_at(rung).count() / self.0.reduction;
            let waits = |&t: &usize| field.lanes[t].asked == rung && field.lanes[t].waits(field.rungs);
            field.best(field.seen_at(rung), rung, count).into_iter().find(waits)
        })
    }
}

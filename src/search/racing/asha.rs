//! `stop-early asha`: asynchronous successive halving (Li et al. 2020; Syne Tune's defaults, but for `min-epochs`, which is theirs too).
//!
//! Rungs lie at `min-epochs`, `reduction` times that, and so on, and at the last epoch. Whenever there is room for a ticket, the rungs
//! are looked at from the highest down: the best trial that belongs to the best `reduction`-th of those seen at its rung, and has not
//! gone on yet, goes on. Where there is none, a new trial is started. As published it decides by order of arrival; here by order of
//! tickets. A trial that failed counts as seen at its rung, and never goes on.

use super::rule::{Field, Rule, Stopping};
use super::rungs::{Ladder, MIN_EPOCHS, REDUCTION, WORST, check};
use crate::document::Word;

/// The descriptor.
pub(super) static RULE: Stopping = Stopping {
    word: Word::new("asha", "Asynchronous successive halving (Li et al. 2020): whoever is among the best of its rung goes on at once.")
        .fields(&[REDUCTION, MIN_EPOCHS, WORST])
        .example("stop-early asha reduction=3 min-epochs=2"),
    check,
    build: |settings| Ok(Box::new(Asha(Ladder::of(settings)?))),
};

struct Asha(Ladder);

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

//! `stop-early halving`: successive halving (Jamieson and Talwalkar 2016). All trials are trained to the first rung; when all are seen,
//! one in `reduction` goes on to the next, and so on.

use super::brackets::{self, Bracket};
use super::rule::{Field, Rule, Stopping};
use super::rungs::{Ladder, MIN_EPOCHS, REDUCTION, WORST, check};
use crate::document::Word;

/// The descriptor.
pub(super) static RULE: Stopping = Stopping {
    word: Word::new("halving", "Successive halving (Jamieson and Talwalkar 2016): all trials come to a rung before the best go on.")
        .fields(&[REDUCTION, MIN_EPOCHS, WORST])
        .example("stop-early halving reduction=3 min-epochs=2"),
    check,
    build: |settings| Ok(Box::new(Halving(Ladder::of(settings)?))),
};

struct Halving(Ladder);

impl Rule for Halving {
    fn rungs(&self, epochs: usize) -> Vec<usize> {
        self.0.up(epochs)
    }

    fn next(&self, field: &Field) -> Option<usize> {
        let all = Bracket { trials: 0..field.trials, first: 0 };
        brackets::next(field, std::iter::once(all), self.0.reduction)
    }

    fn starts(&self, started: usize, trials: usize, _: &[usize]) -> bool {
        started < trials
    }
}

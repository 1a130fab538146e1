//! `stop-early hyperband` (Li et al. 2018): successive halving in brackets, from many trials that are read early to few that are trained
//! to the end at once, because what is best early need not be best late.
//!
//! With s the number of times that a bracket is reduced, from ⌊log(epochs ÷ min-epochs) ÷ log(reduction)⌋ = S down to 0, it has
//! ⌈(S + 1) reduction^s ÷ (s + 1)⌉ trials, and they are read first at ⌊epochs ÷ reduction^s⌋ epochs. After the last bracket the first
//! begins again, until `trials` are used up; the last may be cut short. A bracket is not held up by the one before it.

use super::brackets::{self, Bracket};
use super::rule::{Field, Rule, Stopping};
use super::rungs::{Ladder, MIN_EPOCHS, REDUCTION, WORST, early_enough};
use crate::document::{Diagnostic, Raced, Word};

/// The descriptor.
pub(super) static RULE: Stopping = Stopping {
    word: Word::new("hyperband", "Hyperband (Li et al. 2018): successive halving again and again, with fewer trials that are read later.")
        .fields(&[REDUCTION, MIN_EPOCHS, WORST])
        .example("stop-early hyperband reduction=3 min-epochs=2"),
    check,
    build: |settings| Ok(Box::new(Hyperband(Ladder::of(settings)?))),
};

struct Hyperband(Ladder);

fn check(raced: &Raced) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = early_enough(raced).into_iter().collect();
    let (Ok(ladder), Some(trials), true) = (Ladder::of(raced.settings), &raced.trials, found.is_empty()) else { return found };
    let sizes = Hyperband(ladder).sizes(ladder.down(raced.epochs).len());
    let all: usize = sizes.iter().sum();
    if trials.value < all {
        let shown: Vec<String> = sizes.iter().map(usize::to_string).collect();
        let message = format!("{} trials do not fill the brackets of Hyperband: {} trials", trials.value, shown.join(" + "));
        let d = Diagnostic::warning("few-trials", message, trials.span, format!("{all} would fill each once"));
        found.push(d.help("raise `trials` or `min-epochs`, or write `stop-early halving`"));
    }
    found
}

impl Hyperband {
    /// Trials of each bracket, where there are so many rungs.
    fn sizes(&self, rungs: usize) -> Vec<usize> {
        let size = |s: usize| (rungs as u128 * (self.0.reduction as u128).saturating_pow(s as u32)).div_ceil(s as u128 + 1);
        (0..rungs).rev().map(|s| usize::try_from(size(s)).unwrap_or(usize::MAX)).collect()
    }

    /// One after the other, without end.
    fn brackets(&self, rungs: usize) -> impl Iterator<Item = Bracket> + use<> {
        let mut start = 0usize;
        self.sizes(rungs).into_iter().enumerate().cycle().map(move |(first, size)| {
            let trials = start..start.saturating_add(size);
            start = trials.end;
            Bracket { trials, first }
        })
    }
}

impl Rule for Hyperband {
    fn rungs(&self, epochs: usize) -> Vec<usize> {
        self.0.down(epochs)
    }

    fn first(&self, trial: usize, rungs: &[usize]) -> usize {
        let sizes = self.sizes(rungs.len());
        let all = sizes.iter().fold(0usize, |sum, &n| sum.saturating_add(n)).max(1);
        let mut at = trial % all;
        for (first, size) in sizes.into_iter().enumerate() {
            if at < size {
                return first;
            }
            at -= size;
        }
        0
    }

    fn next(&self, field: &Field) -> Option<usize> {
        let cut = |b: Bracket| Bracket { trials: b.trials.start..b.trials.end.min(field.trials), ..b };
        let there = self.brackets(field.rungs.len()).take_while(|b| b.trials.start < field.trials).map(cut);
        brackets::next(field, there, self.0.reduction)
    }

    fn starts(&self, started: usize, trials: usize, rungs: &[usize]) -> bool {
        started < trials && self.sizes(rungs.len()).first().is_some_and(|&first| started < first)
    }
}

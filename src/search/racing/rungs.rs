//! Rungs: the epochs at which trials are read and compared. Fields and checks that the rules with a reduction share.

use crate::document::{Diagnostic, Field, Preset, Raced, Settings, Type, Unset};

/// `reduction=`: one of so many goes on.
pub(super) const REDUCTION: Field =
    Field::one("reduction", &[Type::Int(2, 1000)], "", "One in so many goes on, to so many times the epochs.").preset(Preset::Int(3));

/// `min-epochs=`: the first rung.
pub(super) const MIN_EPOCHS: Field =
    Field::one("min-epochs", &[Type::Int(1, 1_000_000)], "", "The epoch at which a trial is read first.").preset(Preset::Int(1));

/// `worst=`: what the strategy makes of a trial that ended early.
pub(super) const WORST: Field = Field::one(
    "worst",
    &[Type::Bool],
    "",
    "What the search takes for better: with `#true` a trial that went further, whatever it scored; with `#false` the higher of the last scores.",
)
.preset(Preset::Bool(true));

/// The two numbers of a rule with a reduction.
#[derive(Clone, Copy)]
pub(super) struct Ladder {
    /// One in so many goes on.
    pub reduction: usize,
    /// The first rung.
    pub min_epochs: usize,
}

impl Ladder {
    pub(super) fn of(settings: &Settings) -> Result<Ladder, Unset> {
        Ok(Ladder { reduction: settings.count("reduction")?.max(2), min_epochs: settings.count("min-epochs")?.max(1) })
    }

    /// From the first rung up, each `reduction` times the one below, the last cut to `epochs`: 2, 6, 18, 20.
    pub(super) fn up(self, epochs: usize) -> Vec<usize> {
        let next = |rung: &usize| rung.checked_mul(self.reduction);
        let mut rungs: Vec<usize> = std::iter::successors(Some(self.min_epochs), next).take_while(|&rung| rung < epochs).collect();
        rungs.push(epochs);
        rungs
    }

    /// From `epochs` down, each a `reduction`-th of the one above, rounded down, as far as `min-epochs`: 20, 6, 2.
    pub(super) fn down(self, epochs: usize) -> Vec<usize> {
        let below = |rung: &usize| Some(rung / self.reduction).filter(|&r| r >= self.min_epochs);
        let mut rungs: Vec<usize> = std::iter::successors(Some(epochs), below).collect();
        rungs.reverse();
        rungs
    }
}

/// The first rung must lie before the end, or nothing is ever stopped.
pub(super) fn early_enough(raced: &Raced) -> Option<Diagnostic> {
    let first = raced.settings.count("min-epochs").ok().filter(|&first| first >= raced.epochs)?;
    let (epochs, place) = (raced.epochs, raced.settings.place("min-epochs"));
    let message = format!("`min-epochs` is {first}, and `{}` trains {epochs} in all: no trial could be stopped", raced.train);
    let d = Diagnostic::error("out-of-range", message, place, format!("less than {epochs} expected"));
    Some(d.help("lower `min-epochs`, raise `epochs`, or delete `stop-early`"))
}

/// Where there are fewer trials than one in `reduction`, none goes on.
pub(super) fn enough_trials(raced: &Raced) -> Option<Diagnostic> {
    let reduction = raced.settings.count("reduction").ok()?;
    let trials = raced.trials.as_ref().filter(|t| t.value < reduction)?;
    let message = format!("{} trials, and one in {reduction} goes on", trials.value);
    let d = Diagnostic::warning("few-trials", message, trials.span, format!("at least {reduction} expected"));
    Some(d.help("raise `trials`, or lower `reduction`"))
}

/// Both.
pub(super) fn check(raced: &Raced) -> Vec<Diagnostic> {
    early_enough(raced).into_iter().chain(enough_trials(raced)).collect()
}

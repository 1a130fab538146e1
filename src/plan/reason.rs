//! Why an action runs: typed, with old and new values, and in a sentence. `plan`, `run`, `explain` and a run's record have the same
//! values, and only leaves of the canonical text are compared: there is no second writer.

use super::change::{self as wording, Change};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why an action has to run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Reason {
    /// This stage was never run in this store.
    FirstRun,
    /// The stage has run before, but not for this model.
    NewModel,
    /// What it reads was made anew.
    NewInput,
    /// The same model was run, with other values.
    Changed {
        /// Which.
        changes: Vec<Change>,
    },
    /// The training goes on from a known checkpoint.
    Continues {
        /// What was changed so that it does; nothing where it was interrupted, or goes on to its next rung.
        changes: Vec<Change>,
        /// Iterations that are there already; of a group the fewest.
        from: u64,
        /// Of a group the most.
        most: u64,
        /// Iterations asked for.
        to: u64,
        /// Iterations an epoch.
        per_epoch: u64,
        /// Whether a search that stops early sends it to its next rung.
        rung: bool,
    },
    /// This program computes the kind of action otherwise than the one that made the known result.
    Otherwise {
        /// The kind.
        kind: String,
        /// The version of its semantics that made the known result.
        old: i64,
        /// That of this program.
        new: i64,
        /// What else differs.
        changes: Vec<Change>,
    },
    /// The training would go on from a recorded point, had the state of that not been dropped: it is trained again from further back.
    StateDropped {
        /// Iterations that were trained before.
        at: u64,
        /// Iterations that it starts from; 0: the beginning.
        from: u64,
        /// Iterations asked for.
        to: u64,
        /// Iterations an epoch.
        per_epoch: u64,
    },
    /// The result is known, but from other numerics.
    OtherNumerics {
        /// From which.
        classes: Vec<String>,
    },
    /// The result was recorded, but what it wrote is gone or damaged.
    OutputGone,
}

impl Reason {
    /// Whether nothing has to be said of it: that a stage runs for the first time is no news.
    pub fn is_plain(&self) -> bool {
        matches!(self, Reason::FirstRun | Reason::NewModel | Reason::NewInput)
    }

    /// In a sentence, of so many candidates (0: of a stage as a whole) and actions.
    pub fn sentence(&self, models: usize, actions: usize) -> String {
        match self {
            Reason::Continues { changes, from, most, to, per_epoch, rung } => {
                let place = wording::reached(*from, *most, *per_epoch);
                let of = wording::candidates(models, actions).map_or(String::new(), |of| format!(" of {of}"));
                let end = wording::reached(*to, *to, *per_epoch);
                if *rung {
                    format!("next rung: continues from {place} to {end}{of}")
                } else if changes.is_empty() {
                    format!("was interrupted: continues from {place}{of}")
                } else {
                    format!("{}: continues from {place}{of}", wording::changes(changes))
                }
            }
            other => {
                let of = wording::candidates(models, actions).filter(|_| models > 1 || actions > 1);
                format!("{other}{}", of.map_or(String::new(), |of| format!(" ({of})")))
            }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::FirstRun => write!(f, "never run here"),
            Reason::NewModel => write!(f, "not met before"),
            Reason::NewInput => write!(f, "what it reads is new"),
            Reason::Changed { changes } => write!(f, "{}", wording::changes(changes)),
            Reason::Continues { .. } => write!(f, "{}", self.sentence(0, 1)),
            Reason::Otherwise { kind, old, new, changes } => {
                write!(f, "this version of nasflow computes `{kind}` otherwise ({old} → {new})")?;
                if changes.is_empty() { Ok(()) } else { write!(f, "; {}", wording::changes(changes)) }
            }
            Reason::StateDropped { at, from, to, per_epoch } => {
                let place = |n: u64| wording::reached(n, n, *per_epoch);
                let begin = if *from == 0 { "the beginning".to_string() } else { place(*from) };
                write!(f, "its state at {} was dropped: trained again from {begin} to {}", place(*at), place(*to))
            }
            Reason::OtherNumerics { classes } => write!(f, "known, but from {}", classes.join(", ")),
            Reason::OutputGone => write!(f, "its output is gone or damaged"),
        }
    }
}

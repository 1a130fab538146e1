//! Stopping trials early: which trial is trained on, and to which epoch, as a fold over tickets (invariant 7).
//!
//! A ticket is (trial, from epoch, to epoch): a fresh training, or a continuation to the next rung. Ticket n is a function of the rule,
//! the number of trials and the results of exactly the tickets 0 … n − window, so nothing here depends on workers or on time. Where
//! nothing is to be decided before another result is seen, a ticket is empty: it only lets the next one see further.
//!
//! A rule is a value that says what a file may write of it and how it decides ([`Stopping`]); each has a file here and a line in
//! [`RULES`].

mod asha;
mod brackets;
mod halving;
mod hyperband;
mod median;
mod race;
mod rule;
mod rungs;

#[cfg(test)]
mod tests;

pub use race::{Move, Race};
pub use rule::{Field as RaceField, Lane, Rule, Stopping, build};

use crate::document::{StopWord, Words};

/// The rules of the language.
const RULES: [&dyn StopWord; 4] = [&asha::RULE, &halving::RULE, &hyperband::RULE, &median::RULE];

/// The rules.
pub fn words() -> Words<dyn StopWord> {
    Words { known: RULES.to_vec(), later: &[] }
}

//! Search strategies as a pure fold over tickets (invariant 7).
//!
//! Ticket n is a function of the strategy, the space, the seed and the results of exactly the tickets 0 … n − window;
//! the order in which results arrive, the number of workers and an interruption change nothing. Tickets are distinct
//! candidates: a proposal that is known already, or that the space does not admit, is drawn again at another address.
//!
//! A strategy is a value that says what a file may write of it and how it proposes ([`Strategy`]); each has a file here and a line
//! in [`STRATEGIES`]. Others may come from outside: what a search needs is a [`Propose`].
//!
//! Promises: pure. May import `space`, `document` and `base` only.

mod chain;
mod command;
mod crossing;
mod distribution;
mod evolution;
mod fold;
mod forest;
mod gaussian;
mod gaussian_process;
mod grid;
mod hill_climbing;
mod informative;
mod learned;
mod likelihood;
mod local_search;
mod nsga2;
mod pareto;
mod pareto_ageing;
mod parzen;
mod policy;
mod policy_gradient;
mod pool;
mod predictor;
pub mod racing;
mod random;
mod ranked;
mod recorded;
mod reference;
mod scores;
mod state;
mod strategy;
mod ticket;
mod tpe;

#[cfg(test)]
mod bounded_tests;
#[cfg(test)]
mod every_strategy_tests;
#[cfg(test)]
mod learned_tests;
#[cfg(test)]
mod started_tests;
#[cfg(test)]
mod tests;

pub use chain::{Part, chain};
pub use distribution::Distribution;
pub use likelihood::{LEARNED, LearnedPath};
pub use recorded::{Record, VERSION};
pub use state::Search;
pub use strategy::{Given, Propose, Standing, Strategy, Turn, Unbuilt, build};
pub use ticket::{Built, Known, Next, Recorded, Scores, Ticket, Told};

use crate::document::{Chosen, StrategyWord, Words};
#[cfg(test)]
use {
    crate::base::{Digest, Random},
    crate::space::{Sample, Space},
    fold::TRIES_LARGE,
    std::collections::HashSet,
};

/// The strategies of the language; the first is what holds where a `sample` names none.
const STRATEGIES: [&dyn StrategyWord; 14] = [
    &predictor::STRATEGY,
    &evolution::STRATEGY,
    &random::STRATEGY,
    &reference::STRATEGY,
    &learned::STRATEGY,
    &local_search::STRATEGY,
    &hill_climbing::STRATEGY,
    &tpe::STRATEGY,
    &gaussian_process::STRATEGY,
    &grid::STRATEGY,
    &policy_gradient::STRATEGY,
    &nsga2::STRATEGY,
    &pareto_ageing::STRATEGY,
    &command::STRATEGY,
];

/// The strategies, and those of later versions.
pub fn words() -> Words<dyn StrategyWord> {
    Words { known: STRATEGIES.to_vec(), later: &[] }
}

/// Whether a strategy is one of [`words`]: what others propose may change without any [`VERSION`] of ours.
pub fn is_ours(chosen: &Chosen) -> bool {
    STRATEGIES.iter().any(|strategy| std::ptr::eq(strategy.word(), chosen.strategy.word()))
}

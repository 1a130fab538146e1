//! One search on a table, with one seed.

use super::contestants::Contestant;
use super::networks::{Figures, Networks};
use crate::metrics::regret::Query;
use crate::run::error::RunError;
use crate::search::{self, Given, Next, Part, Search, Told};
use std::cell::RefCell;

/// What each query found, in order; fewer than `trials` where the space runs out.
pub(super) fn run(
    contestant: &Contestant,
    networks: &Networks,
    figures: &Figures,
    trials: usize,
    seed: u64,
) -> Result<Vec<Query>, RunError> {
    let parts: Vec<Part> = contestant.sample.strategies().map(|(chosen, trials)| Part { chosen, trials }).collect();
    let strategy = search::chain(&parts, &Given::default()).map_err(|fault| RunError::Stuck(fault.to_string()))?;
    let mut search = Search::new(contestant.space, strategy, trials, contestant.sample.window, seed);
    let queries: RefCell<Vec<Query>> = RefCell::default();
    let told = |ticket: usize| queries.borrow().get(ticket).map(|q: &Query| q.told.map_or(Told::Failed, Told::Value));
    while let Next::Ticket(known) = search.propose_named(&told, &|sample| networks.name(sample)) {
        let Some(&at) = networks.at.get(&known.sample) else { break };
        queries.borrow_mut().push(Query { told: figures.told[at], judged: figures.judged[at] });
    }
    Ok(queries.into_inner())
}

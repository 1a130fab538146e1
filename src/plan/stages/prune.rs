//! `prune` of a `train`: the incoming network made smaller. What it becomes follows from its weights, so the network is what an action
//! leaves, and is known once the weights are.

use super::super::action::{Action, Kind};
use super::super::candidate::Candidate;
use super::super::engine::{Engine, Known};
use super::super::model::{Slot, State};
use super::super::warm::Start;
use super::super::work::{PruneWork, Work};
use super::evaluate::Found;
use crate::base::{Canon, Digest};
use crate::document::Prune;
use crate::results::{Outcome, Smaller};
use crate::space::Architecture;
use std::sync::Arc;

impl Engine<'_> {
    /// Puts the smaller network in the model's place; the weights that it starts from. An error is the state of a model that has to wait,
    /// or cannot be made so small.
    pub(super) fn pruned(
        &mut self,
        index: usize,
        how: &Prune,
        slot: &mut Slot,
        known: &mut dyn Known,
        works: &mut Vec<Work>,
    ) -> Result<Start, State> {
        let run = slot.model.trained.as_ref().and_then(|t| t.runs.first());
        let weights = run.map(|run| run.weights).ok_or_else(|| State::Failed("it has no weights to be pruned by".into()))?;
        let candidate = slot.model.candidate.clone();
        let action = Action {
            kind: Kind::Prune,
            config: canon(how),
            inputs: vec![("architecture", candidate.digest), ("weights", weights)],
            seed: None,
            numerics: None,
        };
        let smaller = |outcome: &Outcome| match outcome {
            Outcome::Pruned(result) => Some(result.clone()),
            _ => None,
        };
        let (key, found) = Found::output(&action, smaller, known, &mut slot.steps);
        match found {
            Found::Known(Ok(smaller)) => {
                slot.model.candidate = self.smaller(key, &smaller, &candidate).map_err(State::Failed)?;
                // It is no network of its space any more.
                slot.model.drawn = None;
                return Ok(Start::Whole(smaller.weights));
            }
            Found::Known(Err(why)) => return Err(State::Failed(format!("it cannot be pruned: {why}"))),
            Found::Failed(reason) => return Err(State::Failed(reason)),
            Found::Pending => {}
        }
        let request = self.request(index, action, key, Some(slot.model.label()), ", pruned".into());
        works.push(Work::Prune(Box::new(PruneWork { request, candidate, weights, how: *how })));
        Err(State::Pending)
    }

    /// The network that an action left, read once.
    fn smaller(&mut self, key: Digest, smaller: &Smaller, of: &Candidate) -> Result<Arc<Candidate>, String> {
        if let Some(known) = self.smaller.get(&key) {
            return Ok(known.clone());
        }
        let architecture = Architecture::from_json(&smaller.architecture).map_err(|e| format!("the pruned network cannot be read: {e}"))?;
        let candidate = Arc::new(of.pruned(architecture)?);
        self.smaller.insert(key, candidate.clone());
        Ok(candidate)
    }
}

/// The rule; bounds that are none are left out.
fn canon(how: &Prune) -> Canon {
    let Prune { by, flops, params, multiple, least } = how;
    let bound = |share: f64| if share < 1.0 { share.into() } else { Canon::None };
    Canon::map([
        ("by", by.word().into()),
        ("flops", bound(*flops)),
        ("params", bound(*params)),
        ("multiple", (*multiple).into()),
        ("least", (*least).into()),
    ])
}

//! `train` of a space: one chain over iterations as of any training; its key holds the space in place of an architecture,
//! and the method.

use super::super::candidate::Candidate;
use super::super::engine::{Engine, Known, StageReplay};
use super::super::model::{Model, Slot, State};
use super::super::work::{Trainee, Work};
use super::folds::Part;
use crate::base::{Canon, Digest};
use crate::document::Train;
use crate::results::{Collapsed, Learned, Outcome};
use crate::space::architecture::to_canon;
use crate::space::{Decision, Space};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Paths that stand for all of a space, where time is estimated.
const PATHS: u64 = 16;

impl<'a> Engine<'a> {
    /// One slot: the supernet.
    pub(in super::super) fn supernet(&mut self, index: usize, train: &Train, known: &mut dyn Known, works: &mut Vec<Work>) -> StageReplay {
        let pipeline = self.pipeline;
        let stage = &pipeline.stages[index];
        let space = pipeline.supernet(stage).and_then(|s| self.spaces.get(&s.name.value));
        let Some((space, candidate)) = space.and_then(|s| Some((s, self.whole(s)?))) else {
            return StageReplay { slots: Vec::new(), complete: true, notes: Vec::new() };
        };
        let name = stage.name.value.clone();
        let model = Model {
            candidate,
            origin: (name.clone(), 0),
            recipe: Vec::new(),
            drawn: None,
            trained: None,
            subnet: None,
            supernet: Some(space.name.clone()),
            raced: None,
            points: BTreeMap::new(),
            via: BTreeSet::from([name]),
            figures: BTreeMap::new(),
        };
        let slot = self.train(index, train, Slot { model, state: State::Ready, steps: Vec::new() }, known, works);
        self.supernets.insert(index, slot.clone());
        let complete = slot.state != State::Pending;
        let mut notes = self.taken_over(index, train);
        notes.extend(if complete { learned(space, &slot, known) } else { Vec::new() });
        StageReplay { slots: vec![slot], complete, notes }
    }

    /// What stands for a whole space: its reference, under the name of its network, at the cost of a path in the mean.
    fn whole(&mut self, space: &Space) -> Option<Arc<Candidate>> {
        if let Some(known) = self.wholes.get(&space.name) {
            return Some(known.clone());
        }
        let costs = (0..PATHS).filter_map(|i| Some(space.architecture(&space.random(0, &[u64::MAX, i])).ok()?.cost().ok()?.macs));
        let (sum, count) = costs.fold((0, 0), |(sum, count), macs| (sum + macs, count + 1));
        let reference = space.reference_cost();
        let architecture = space.architecture(&space.reference()).ok()?;
        let whole = Arc::new(Candidate {
            image_size: architecture.input.height,
            network: architecture.into(),
            digest: space.network(),
            params: reference.params,
            macs: sum.checked_div(count).unwrap_or(reference.macs),
            choices: Vec::new(),
            edits: Vec::new(),
            recipe: Vec::new(),
        });
        self.wholes.insert(space.name.clone(), whole.clone());
        Some(whole)
    }

    /// The name of a space's network in keys.
    pub(super) fn network(&self, space: &str) -> Option<Digest> {
        self.wholes.get(space).map(|whole| whole.digest)
    }

    /// What a training trains.
    pub(super) fn trainee(&self, train: &Train, model: &Model, part: &Part) -> Trainee {
        match (&model.supernet, &train.oneshot) {
            (Some(space), Some(oneshot)) => {
                Trainee::Supernet { space: space.clone(), oneshot: oneshot.value.clone(), macs: model.candidate.macs }
            }
            _ => Trainee::Candidate(part.fold.as_ref().map_or(&model.candidate, |fold| &fold.candidate).clone()),
        }
    }
}

/// Decisions named in a note.
const NAMED: usize = 8;

/// What methods that learn choices have learned, in this file's words: the most probable options, and a collapse into skips.
fn learned(space: &Space, slot: &Slot, known: &mut dyn Known) -> Vec<String> {
    let runs: Vec<_> = slot.model.trained.iter().flat_map(|t| &t.runs).map(|run| (run.seed, run.key)).collect();
    let mut notes = Vec::new();
    for (seed, key) in &runs {
        let outcome = known.outcome(*key);
        let Some(learned) = outcome.as_ref().and_then(Outcome::learned) else { continue };
        let of = if runs.len() > 1 { format!("seed {seed}: ") } else { String::new() };
        let decisions = space.decisions().iter();
        let named: Vec<String> = decisions.filter_map(|d| most_probable(d, learned)).collect();
        let more = if named.len() > NAMED { format!(" and {} more", named.len() - NAMED) } else { String::new() };
        notes.push(format!("{of}most probable are {}{more}", named[..named.len().min(NAMED)].join(", ")));
        if let Some(Collapsed { skipping, of: all, mass, even }) = &learned.collapse {
            notes.push(format!(
                "{of}collapsed into skips: {} of {all} decisions end in one; skips have {:.0} % of the probability there, even chances {:.0} %",
                skipping.len(),
                100.0 * mass,
                100.0 * even
            ));
        }
    }
    notes
}

/// `p2 = c3 (71 %)`.
fn most_probable(decision: &Decision, learned: &Learned) -> Option<String> {
    let at = learned.position(decision.address)?;
    let rank = *learned.strongest.get(at)?;
    let option = &decision.options[*decision.ranked.get(rank)?];
    let p = learned.choices[at].probabilities.get(rank)?;
    Some(format!("{} = {option} ({:.0} %)", decision.label, 100.0 * p))
}

/// What the key of a supernet's training holds beside that of any training.
pub(super) fn config(train: &Train) -> Vec<(String, Canon)> {
    vec![("method".to_string(), to_canon(&train.oneshot.as_ref().map(|o| &o.value)))]
}

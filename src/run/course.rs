//! Learning curves of trainings, as the store has them: whole ones from results, those that were interrupted from their checkpoints.

use super::{job, record};
use crate::base::Digest;
use crate::document::Pipeline;
use crate::plan::{Kind, Replay, Step};
use crate::results::{Epoch, Outcome};
use crate::store::{Store, StoreError};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

/// How far a training came, and how.
pub struct Known {
    /// `trained`, `diverged` or `interrupted`.
    pub status: &'static str,
    /// All that is recorded of it.
    pub values: serde_json::Value,
    /// Its epochs.
    pub epochs: Vec<Epoch>,
}

/// What is known of a training's course; of one that was interrupted, from its checkpoint.
///
/// # Errors
/// Those of the store.
pub fn course(step: &Step, store: &Store) -> Result<Option<Known>, StoreError> {
    if let Some(found) = store.lookup(&step.key)? {
        let outcome = record::read(&found);
        let status = if matches!(outcome, Some(Outcome::Diverged { .. })) { "diverged" } else { "trained" };
        let epochs = outcome.as_ref().map(Outcome::curve).unwrap_or_default().to_vec();
        return Ok(Some(Known { status, values: found.values, epochs }));
    }
    let checkpoint = step.chain.and_then(|chain| job::files::checkpoint_of(store.root(), chain));
    Ok(checkpoint.map(|c| {
        let values = json!({ "status": "interrupted", "iteration": c.iteration, "curve": c.curve });
        Known { status: "interrupted", values, epochs: c.curve }
    }))
}

/// The course of one training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Course {
    /// The `train`.
    pub stage: String,
    /// `trials #3`, or the name of a supernet's stage.
    pub model: String,
    /// The sample that proposed it.
    pub sample: String,
    /// Its ticket there.
    pub trial: usize,
    /// The seed of weights and batches.
    pub seed: u64,
    /// Of a training over folds: the fold that it leaves out, from 0.
    pub fold: Option<usize>,
    /// `trained`, `diverged` or `interrupted`.
    pub status: &'static str,
    /// The mean loss of every epoch, from the first.
    pub loss: Vec<f32>,
}

/// All courses of a pipeline's trainings, each chain once, as far as it came.
///
/// # Errors
/// Those of the store.
pub fn courses(pipeline: &Pipeline, replay: &Replay, store: &Store) -> Result<Vec<Course>, StoreError> {
    let mut all: Vec<Course> = Vec::new();
    let mut places: BTreeMap<Digest, usize> = BTreeMap::new();
    for (index, stage) in pipeline.stages.iter().enumerate() {
        for slot in replay.all(index) {
            for step in slot.steps.iter().filter(|s| s.action.kind == Kind::Train) {
                let Some(known) = course(step, store)?.filter(|known| !known.epochs.is_empty()) else { continue };
                let found = Course {
                    stage: stage.name.value.clone(),
                    model: slot.model.label(),
                    sample: slot.model.origin.0.clone(),
                    trial: slot.model.origin.1,
                    seed: step.action.seed.unwrap_or(0),
                    fold: step.fold,
                    status: known.status,
                    loss: known.epochs.iter().map(|e| e.total() as f32).collect(),
                };
                // Rungs of one training are one course.
                let place = *places.entry(step.chain.unwrap_or(step.key)).or_insert(all.len());
                match all.get_mut(place) {
                    Some(shorter) if shorter.loss.len() < found.loss.len() => *shorter = found,
                    Some(_) => {}
                    None => all.push(found),
                }
            }
        }
    }
    Ok(all)
}

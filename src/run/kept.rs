//! All that the store keeps of a pipeline's results beside the results themselves: courses of trainings, costs, what was saved.

use super::cost::{Costs, Ledger};
use super::course::{Course, courses};
use super::saved::{Saved, saved};
use super::{Prepared, observe};
use crate::plan::Replay;
use crate::store::{Store, StoreError};
use std::collections::BTreeMap;

/// Which model at which stage: the stage, the sample, its ticket, and the epochs trained.
pub type Place = (String, String, usize, Option<usize>);

/// What is kept.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Learning curves.
    pub courses: Vec<Course>,
    /// Costs by stage and way.
    pub costs: Option<Costs>,
    /// What was not done twice.
    pub saved: Option<Saved>,
    /// What training each model took: iterations, and FLOPs (3 × those of one image, times images).
    pub trained: BTreeMap<Place, (u64, f64)>,
    /// This machine.
    pub machine: String,
}

/// Reads it.
///
/// # Errors
/// Those of the store.
pub fn kept(prepared: &Prepared, replay: &Replay, store: &Store) -> Result<Kept, StoreError> {
    let pipeline = &prepared.pipeline;
    let ledger = Ledger::new(prepared, replay, store)?;
    let mut trained = BTreeMap::new();
    for (stage, seen) in pipeline.stages.iter().zip(&replay.stages) {
        for slot in &seen.slots {
            if let Some(cost) = ledger.trained(slot)? {
                let (sample, trial) = slot.model.origin.clone();
                trained.insert((stage.name.value.clone(), sample, trial, slot.model.trained.as_ref().map(|t| t.epochs)), cost);
            }
        }
    }
    Ok(Kept {
        courses: courses(pipeline, replay, store)?,
        costs: Some(ledger.costs()?),
        saved: Some(saved(pipeline, replay, &ledger, store)?),
        trained,
        machine: observe::machine(),
    })
}

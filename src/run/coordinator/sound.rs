//! Before a run says that nothing is left to do: the weights that its answer needs are read. A reader that may not write to
//! the store cannot put a damaged blob aside, so a look at what is there is not enough.

use crate::plan::{Replay, winner};
use crate::run::error::RunError;
use crate::run::prepare::Prepared;
use crate::store::{Store, StoreError};

/// What the model is called whose weights the answer needs and that are gone or damaged; none where all are whole. Damaged ones
/// are put aside.
///
/// # Errors
/// A blob that cannot be read for another reason.
pub fn damaged(prepared: &Prepared, store: &Store, replay: &Replay) -> Result<Option<String>, RunError> {
    let Some(model) = winner(&prepared.pipeline, replay) else { return Ok(None) };
    let trained = model.trained.as_ref().or(model.subnet.as_ref().map(|s| &s.supernet));
    for run in trained.iter().flat_map(|t| &t.runs) {
        match store.blobs().get(&run.weights) {
            Ok(_) => {}
            Err(StoreError::Missing { .. } | StoreError::Damaged { .. }) => return Ok(Some(model.label())),
            Err(e) => return Err(e.into()),
        }
    }
    Ok(None)
}

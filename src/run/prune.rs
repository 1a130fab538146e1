//! Prunes a trained network, in the coordinator: it takes less than reading the weights.

use super::error::RunError;
use crate::plan::PruneWork;
use crate::results::{Outcome, Smaller};
use crate::store::{Store, StoreError};
use crate::train::{prune, weights_from_bytes, weights_to_bytes};

/// What comes of it, and that in words; none where the weights are gone or damaged. The new weights are in the store.
pub fn pruned(work: &PruneWork, store: &Store) -> Result<Option<(Outcome, String)>, RunError> {
    let wrong = |e: String| RunError::Worker(format!("{}: {e}", work.request.label()));
    let bytes = match store.blobs().get(&work.weights) {
        Ok(bytes) => bytes,
        Err(StoreError::Missing { .. } | StoreError::Damaged { .. }) => return Ok(None),
        Err(e) => return Err(e.into()),
    };
    let whole = work.candidate.architecture().map_err(wrong)?;
    let params = weights_from_bytes(&whole.program().map_err(wrong)?, &bytes).map_err(wrong)?;
    Ok(Some(match prune(whole, &params, &work.how) {
        Err(why) => (Outcome::Pruned(Err(why.clone())), format!("cannot be pruned: {why}")),
        Ok((smaller, params)) => {
            let left = smaller.cost().map_err(wrong)?;
            let share = |left: u64, of: u64| 100.0 * left as f64 / of.max(1) as f64;
            let (flops, params_left) = (share(left.macs, work.candidate.macs), share(left.params, work.candidate.params));
            let weights = store.blobs().put(&weights_to_bytes(&smaller.program().map_err(wrong)?, &params).map_err(wrong)?)?;
            let result = format!("pruned to {flops:.1} % of its FLOPs and {params_left:.1} % of its parameters");
            (Outcome::Pruned(Ok(Smaller { architecture: smaller.to_json(), weights })), result)
        }
    }))
}

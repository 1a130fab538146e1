//! Networks' weights, cut out of their supernets'.

use super::error::RunError;
use super::prepare::Prepared;
use crate::base::Digest;
use crate::document::Diagnostic;
use crate::nn::Parameters;
use crate::plan::CutWork;
use crate::results::Outcome;
use crate::space::Supernet;
use crate::store::{Store, StoreError};
use crate::train::{shared, weights_from_bytes, weights_to_bytes};

/// Cuts; keeps the last supernet.
#[derive(Default)]
pub struct Cutter(Option<(String, Digest, Supernet, Parameters)>);

impl Cutter {
    /// Cuts; none where the supernet's weights are gone or damaged.
    pub fn cut(&mut self, work: &CutWork, prepared: &Prepared, store: &Store) -> Result<Option<Outcome>, RunError> {
        let wrong = |e: String| RunError::Worker(format!("{}: {e}", work.request.label()));
        if self.0.as_ref().is_none_or(|known| (&known.0, known.1) != (&work.space, work.weights)) {
            let bytes = match store.blobs().get(&work.weights) {
                Ok(bytes) => bytes,
                Err(StoreError::Missing { .. } | StoreError::Damaged { .. }) => return Ok(None),
                Err(e) => return Err(e.into()),
            };
            let space = prepared.spaces.get(&work.space).ok_or_else(|| RunError::Stuck(format!("no space `{}`", work.space)))?;
            let net = Supernet::of(space)
                .map_err(|found| wrong(found.iter().map(|d: &Diagnostic| d.message.as_str()).collect::<Vec<_>>().join("; ")))?;
            let holder = shared::holder(&net).map_err(wrong)?;
            let weights = weights_from_bytes(&holder, &bytes).map_err(wrong)?;
            self.0 = Some((work.space.clone(), work.weights, net, weights));
        }
        let Some((_, _, net, weights)) = &self.0 else { return Ok(None) };
        let path = net.path(&work.sample).map_err(|e| wrong(e.reason))?;
        let own = shared::cut(&path, weights).map_err(wrong)?;
        let blob = store.blobs().put(&weights_to_bytes(&path.program, &own).map_err(wrong)?)?;
        Ok(Some(Outcome::Cut { weights: blob }))
    }
}

//! What a worker that stays keeps between assignments. Everything is found by the digest of what it was made from, so a
//! result is the same whoever computes it, and whatever came before.

use super::super::job::SpaceSpec;
use super::{Context, Failure};
use crate::base::Digest;
use crate::data::Pack;
use crate::nn::Parameters;
use crate::space::{Program, Supernet};
use crate::train::{shared, weights_from_bytes};
use std::sync::Arc;

/// Packs kept: one to evaluate on, one to recalibrate on.
const PACKS: usize = 2;

/// A supernet as workers use it.
pub struct Net {
    /// Its paths.
    pub supernet: Supernet,
    /// Its tensors as the parameters of a program.
    pub holder: Program,
}

impl Net {
    /// Of a space.
    pub fn of(spec: &SpaceSpec) -> Result<Net, Failure> {
        let supernet = spec.supernet().map_err(Failure::Attempt)?;
        let holder = shared::holder(&supernet).map_err(Failure::Attempt)?;
        Ok(Net { supernet, holder })
    }
}

/// Kept between assignments.
#[derive(Default)]
pub struct Memory {
    /// Whether the last assignment was one of many small ones, after which the worker waits for the next.
    pub stays: bool,
    net: Option<(Digest, Arc<Net>)>,
    shared: Option<(Digest, Arc<Parameters>)>,
    packs: Vec<(Digest, Arc<Pack>)>,
}

impl Context<'_> {
    /// The supernet of a space that is a blob.
    pub fn net(&mut self, space: Digest) -> Result<Arc<Net>, Failure> {
        if let Some((known, net)) = &self.memory.net
            && *known == space
        {
            return Ok(net.clone());
        }
        let spec: SpaceSpec = serde_json::from_slice(&self.blob(space, "the space")?).map_err(|e| Failure::Attempt(e.to_string()))?;
        let net = Arc::new(Net::of(&spec)?);
        self.memory.net = Some((space, net.clone()));
        self.memory.shared = None;
        Ok(net)
    }

    /// The weights of a supernet.
    pub fn shared(&mut self, weights: Digest, net: &Net) -> Result<Arc<Parameters>, Failure> {
        if let Some((known, shared)) = &self.memory.shared
            && *known == weights
        {
            return Ok(shared.clone());
        }
        let bytes = self.blob(weights, "the supernet's weights")?;
        let shared = Arc::new(weights_from_bytes(&net.holder, &bytes).map_err(Failure::Attempt)?);
        self.memory.shared = Some((weights, shared.clone()));
        Ok(shared)
    }

    /// A pack.
    pub fn pack(&mut self, digest: Digest) -> Result<Arc<Pack>, Failure> {
        if let Some((_, pack)) = self.memory.packs.iter().find(|(known, _)| *known == digest) {
            return Ok(pack.clone());
        }
        let pack = Pack::from_bytes(&self.blob(digest, "the pack")?).map_err(|e| Failure::Attempt(e.to_string()))?;
        let pack = Arc::new(pack);
        self.memory.packs.insert(0, (digest, pack.clone()));
        self.memory.packs.truncate(PACKS);
        Ok(pack)
    }
}

//! What a worker that stays keeps between assignments. Everything is found by the digest of what it was made from, so a
//! result is the same whoever computes it, and whatever came before.

use super::failure::{Failure, blob, pack};
use crate::base::Digest;
use crate::data::Pack;
use crate::nn::Parameters;
use crate::run::job::SpaceSpec;
use crate::space::{Program, Supernet};
use crate::store::Blobs;
use crate::train::{shared, weights_from_bytes};
use std::sync::Arc;

/// Packs kept: one to evaluate on, one to recalibrate on.
const PACKS: usize = 2;
/// More are kept, of other sizes, while all together hold no more bytes of pixels in memory.
const PIXELS: u64 = 1 << 30;

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
    pub small: bool,
    net: Option<(Digest, Arc<Net>)>,
    shared: Option<(Digest, Arc<Parameters>)>,
    packs: Vec<(Digest, Arc<Pack>)>,
}

impl Memory {
    /// The supernet of a space that is a blob.
    pub fn net(&mut self, blobs: &Blobs, space: Digest) -> Result<Arc<Net>, Failure> {
        if let Some((known, net)) = &self.net
            && *known == space
        {
            return Ok(net.clone());
        }
        let spec: SpaceSpec = serde_json::from_slice(&blob(blobs, space, "the space")?).map_err(|e| Failure::Attempt(e.to_string()))?;
        let net = Arc::new(Net::of(&spec)?);
        self.net = Some((space, net.clone()));
        self.shared = None;
        Ok(net)
    }

    /// The weights of a supernet.
    pub fn shared(&mut self, blobs: &Blobs, weights: Digest, net: &Net) -> Result<Arc<Parameters>, Failure> {
        if let Some((known, shared)) = &self.shared
            && *known == weights
        {
            return Ok(shared.clone());
        }
        let bytes = blob(blobs, weights, "the supernet's weights")?;
        let shared = Arc::new(weights_from_bytes(&net.holder, &bytes).map_err(Failure::Attempt)?);
        self.shared = Some((weights, shared.clone()));
        Ok(shared)
    }

    /// A pack.
    pub fn pack(&mut self, blobs: &Blobs, digest: Digest) -> Result<Arc<Pack>, Failure> {
        if let Some((_, pack)) = self.packs.iter().find(|(known, _)| *known == digest) {
            return Ok(pack.clone());
        }
        let pack = pack(blobs, digest)?;
        let pack = Arc::new(pack);
        self.packs.insert(0, (digest, pack.clone()));
        let mut pixels = 0;
        let fits = |(_, pack): &&(Digest, Arc<Pack>)| {
            pixels += pack.pixels.held();
            pixels <= PIXELS
        };
        let kept = self.packs.iter().take_while(fits).count();
        self.packs.truncate(kept.max(PACKS));
        Ok(pack)
    }
}

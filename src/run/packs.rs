//! Packs: splits decoded at training size, an action each; made by the coordinator before the first worker needs them.

use super::error::RunError;
use super::prepare::Prepared;
use super::record;
use crate::base::{Canon, Digest};
use crate::data::Pack;
use crate::plan::{Action, Kind};
use crate::results::Outcome;
use crate::store::{Record, Store, StoreError};
use std::collections::HashMap;
use std::path::Path;

/// Blobs of packs by (data, split).
#[derive(Default)]
pub struct Packs(HashMap<(String, String), Digest>);

impl Packs {
    /// The blob of a pack, made where it is not there.
    pub fn ensure(&mut self, data: &(String, String), prepared: &Prepared, store: &Store) -> Result<Digest, RunError> {
        if let Some(&blob) = self.0.get(data)
            && store.blobs().has(&blob)?
        {
            return Ok(blob);
        }
        let (name, split) = data;
        let missing = || RunError::Data(format!("no split `{split}` of `{name}`"));
        let info = prepared.data.get(name).ok_or_else(missing)?;
        let scan = prepared.scans.get(name).ok_or_else(missing)?;
        let scanned = scan.split(split).ok_or_else(missing)?;
        let action = Action {
            kind: Kind::Pack,
            config: Canon::map([("image-size", info.image_size.into()), ("decoder", info.decoder.clone().into())]),
            inputs: vec![("split", scanned.digest)],
            seed: None,
            numerics: None,
        };
        let known = store.lookup(&action.key())?.and_then(|r| packed(&r));
        let blob = match known {
            Some(blob) if store.blobs().has(&blob)? => blob,
            _ => {
                let pack = Pack::build(scan, split, info.image_size, Path::new(".")).map_err(|e| RunError::Data(e.to_string()))?;
                let blob = store.blobs().put(&pack.to_bytes())?;
                store.publish(&record::write(&action, None, &Outcome::Pack { pack: blob, images: pack.images.len() }))?;
                trim(store, blob)?;
                blob
            }
        };
        self.0.insert(data.clone(), blob);
        Ok(blob)
    }

    /// Forgets all, after a blob turned out to be damaged.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}

/// The blob of a pack's record; none of another kind of record.
fn packed(record: &Record) -> Option<Digest> {
    match (record.kind == Kind::Pack.word()).then(|| record::read(record))? {
        Some(Outcome::Pack { pack, .. }) => Some(pack),
        _ => None,
    }
}

/// Bytes that packs may take in a store. Beyond them the largest others go: they are made again when they are needed.
const BOUND: u64 = 8 << 30;

/// Drops packs until those that are left fit the bound; `keep` stays.
fn trim(store: &Store, keep: Digest) -> Result<(), StoreError> {
    let mut packs: Vec<(u64, Digest)> = Vec::new();
    for key in store.keys()? {
        let pack = store.lookup(&key)?.and_then(|r| packed(&r));
        packs.extend(pack.and_then(|d| store.blobs().size(&d).map(|size| (size, d))));
    }
    packs.sort_unstable();
    let mut total: u64 = packs.iter().map(|p| p.0).sum();
    while let Some((size, pack)) = packs.pop().filter(|_| total > BOUND) {
        if pack != keep {
            store.drop_blob(&pack)?;
            total -= size;
        }
    }
    Ok(())
}

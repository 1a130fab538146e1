//! Packs: splits decoded at training size, an action each; made by the coordinator before the first worker needs them.

use super::error::RunError;
use super::prepare::{Prepared, record};
use crate::base::{Canon, Digest};
use crate::data::{Pack, PackImage, Scan, ScanSplit};
use crate::plan::{Action, Kind};
use crate::store::Store;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Blobs of packs by (data, split).
#[derive(Default)]
pub struct Packs(HashMap<(String, String), Digest>);

impl Packs {
    /// The blob of a pack, made where it is not there.
    pub fn ensure(&mut self, data: &(String, String), prepared: &Prepared, store: &Store) -> Result<Digest, RunError> {
        if let Some(&blob) = self.0.get(data).filter(|d| store.blobs().has(d)) {
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
        let stored = |e: crate::store::StoreError| RunError::Store(e.to_string());
        let known = store.lookup(&action.key()).map_err(stored)?.and_then(|r| r.outputs.get("pack").copied());
        let blob = match known.filter(|d| store.blobs().has(d)) {
            Some(blob) => blob,
            None => {
                let pack = Pack::build(scan, split, info.image_size, Path::new(".")).map_err(|e| RunError::Data(e.to_string()))?;
                let blob = store.blobs().put(&pack.to_bytes()).map_err(stored)?;
                let outputs = BTreeMap::from([("pack".to_string(), blob)]);
                store.publish(&record(&action, None, outputs, json!({ "images": pack.images.len() }))).map_err(stored)?;
                trim(store, blob).map_err(stored)?;
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

/// Bytes that packs may take in a store. Beyond them the largest others go: they are made again when they are needed.
const BOUND: u64 = 8 << 30;

/// Drops packs until those that are left fit the bound; `keep` stays.
fn trim(store: &Store, keep: Digest) -> Result<(), crate::store::StoreError> {
    let mut packs: Vec<(u64, Digest)> = Vec::new();
    for key in store.keys()? {
        let Some(record) = store.lookup(&key)?.filter(|r| r.kind == Kind::Pack.word()) else { continue };
        packs.extend(record.outputs.get("pack").and_then(|d| store.blobs().size(d).map(|size| (size, *d))));
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

/// The truth of a split, as a pack without pixels: what k-means and metrics read.
pub fn boxes(scan: &Scan, split: &ScanSplit, image_size: usize) -> Pack {
    let images = split
        .images
        .iter()
        .map(|i| {
            let longer = i.width.max(i.height).max(1);
            let (w, h) = ((i.width * image_size).div_ceil(longer), (i.height * image_size).div_ceil(longer));
            PackImage { digest: i.digest, width: i.width, height: i.height, w, h, offset: 0, objects: i.objects.clone(), label: i.label }
        })
        .collect();
    Pack { image_size, channels: scan.channels, classes: scan.classes.clone(), images, pixels: Vec::new() }
}

/// [`boxes`] of a split by name.
pub fn without_pixels(scan: &Scan, split: &str) -> Result<Pack, RunError> {
    let found = scan.split(split).ok_or_else(|| RunError::Data(format!("no split `{split}`")))?;
    Ok(boxes(scan, found, 1))
}

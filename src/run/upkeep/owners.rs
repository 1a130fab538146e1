//! Whose a blob is: the result that names it, and the pipeline that used that result last.

use super::census::each;
use super::roots::keys_of;
use crate::base::Digest;
use crate::store::{Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};

/// Whose a blob is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The result's key.
    pub key: Digest,
    /// Its kind of action.
    pub kind: String,
    /// What the blob is of it: `weights`, `manifest`, ….
    pub output: String,
    /// The pipeline whose run used it last.
    pub pipeline: Option<String>,
    /// That pipeline's file, as it was given.
    pub file: Option<String>,
}

/// Of each blob the first result that names it.
///
/// # Errors
/// Those of the store.
pub fn owners(store: &Store, blobs: &BTreeSet<Digest>) -> Result<BTreeMap<Digest, Owner>, StoreError> {
    let mut found: BTreeMap<Digest, Owner> = BTreeMap::new();
    if blobs.is_empty() {
        return Ok(found);
    }
    each(store, &mut |_, _| {}, &mut |record| {
        let manifest = Digest::of(&record.manifest()?);
        let named = record.outputs.iter().map(|(output, blob)| (output.as_str(), *blob)).chain([("manifest", manifest)]);
        for (output, blob) in named.filter(|(_, blob)| blobs.contains(blob)) {
            let (key, kind, output) = (record.key, record.kind.clone(), output.to_string());
            found.entry(blob).or_insert(Owner { key, kind, output, pipeline: None, file: None });
        }
        Ok(())
    })?;
    for run in store.runs(None)? {
        let keys = keys_of(&run).unwrap_or_default();
        for owner in found.values_mut().filter(|owner| keys.contains(&owner.key)) {
            owner.pipeline = Some(run.pipeline.clone());
            owner.file = Some(run.source.clone()).filter(|file| !file.is_empty());
        }
    }
    Ok(found)
}

//! What every blob of a store is: weights, an optimiser's state, a manifest, ….

use crate::base::Digest;
use crate::store::{Record, Store, StoreError, Usage};
use std::collections::{BTreeMap, HashMap};

/// Records that are held in memory at a time.
const CHUNK: usize = 1_000;

/// What a blob is. The order is that of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Weights of networks, which `show`, `export` and further stages read.
    Weights,
    /// What a training goes on from: weights, their moving means, the optimiser's memory.
    States,
    /// Images as trainings read them.
    Packs,
    /// What networks predicted.
    Predictions,
    /// Distributions over choices, of supernets that learn them.
    Choices,
    /// What trainers of one's own left beside their weights.
    Checkpoints,
    /// Files that were fetched.
    Fetched,
    /// What results consist of.
    Manifests,
    /// What no result names: spaces, lists of data sets, files from outside.
    Other,
}

impl Part {
    /// All, in the order of tables.
    pub const ALL: [Part; 9] = [
        Part::Weights,
        Part::States,
        Part::Packs,
        Part::Predictions,
        Part::Choices,
        Part::Checkpoints,
        Part::Fetched,
        Part::Manifests,
        Part::Other,
    ];

    /// What it is called.
    pub fn word(self) -> &'static str {
        match self {
            Part::Weights => "weights",
            Part::States => "states",
            Part::Packs => "packs",
            Part::Predictions => "predictions",
            Part::Choices => "choices",
            Part::Checkpoints => "checkpoints",
            Part::Fetched => "fetched",
            Part::Manifests => "manifests",
            Part::Other => "other",
        }
    }

    /// What an output of this name is.
    pub fn of(output: &str) -> Part {
        match output {
            "weights" => Part::Weights,
            "state" => Part::States,
            "pack" => Part::Packs,
            "predictions" => Part::Predictions,
            "choices" => Part::Choices,
            "checkpoint" => Part::Checkpoints,
            "file" => Part::Fetched,
            _ => Part::Other,
        }
    }
}

/// All blobs of a store that are there.
#[derive(Debug, Default)]
pub struct Census {
    /// What each is, and its bytes.
    pub blobs: HashMap<Digest, (Part, u64)>,
    /// Results by kind of action.
    pub results: BTreeMap<String, usize>,
}

impl Census {
    /// Of a store; `told` hears how many records of how many were read.
    ///
    /// # Errors
    /// Those of the store.
    pub fn of(store: &Store, told: &mut dyn FnMut(usize, usize)) -> Result<Census, StoreError> {
        let sizes = store.blobs().sizes()?;
        let mut census = Census { blobs: sizes.into_iter().map(|(d, bytes)| (d, (Part::Other, bytes))).collect(), ..Census::default() };
        each(store, told, &mut |record| {
            *census.results.entry(record.kind.clone()).or_default() += 1;
            if let Some(blob) = census.blobs.get_mut(&Digest::of(&record.manifest()?)) {
                blob.0 = Part::Manifests;
            }
            for (output, digest) in &record.outputs {
                // The same bytes may be two things: the first in the order of tables counts.
                if let Some(blob) = census.blobs.get_mut(digest) {
                    blob.0 = blob.0.min(Part::of(output));
                }
            }
            Ok(())
        })?;
        Ok(census)
    }

    /// Blobs and bytes by what they are, of those that `which` names.
    pub fn by_part(&self, which: &dyn Fn(&Digest) -> bool) -> BTreeMap<Part, Usage> {
        let mut parts: BTreeMap<Part, Usage> = BTreeMap::new();
        for (_, (part, bytes)) in self.blobs.iter().filter(|(digest, _)| which(digest)) {
            *parts.entry(*part).or_default() += Usage { files: 1, bytes: *bytes };
        }
        parts
    }
}

/// Goes through all records, in the order of their keys, with few in memory at a time.
///
/// # Errors
/// Those of the store, and of `look`.
pub fn each(
    store: &Store,
    told: &mut dyn FnMut(usize, usize),
    look: &mut dyn FnMut(&Record) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let keys = store.keys()?;
    for (i, chunk) in keys.chunks(CHUNK).enumerate() {
        told(i * CHUNK, keys.len());
        for record in store.lookup_many(chunk)?.into_iter().flatten() {
            look(&record)?;
        }
    }
    Ok(())
}

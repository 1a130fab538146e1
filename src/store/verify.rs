//! Looking through a whole store: is every blob what its name says, and what could go.

use super::{Store, StoreError};
use crate::base::Digest;
use std::collections::{BTreeMap, BTreeSet};

/// An output that a record names and that is not there: dropped on purpose, or lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The record's key.
    pub key: Digest,
    /// The record's kind.
    pub kind: String,
    /// The output's name.
    pub output: String,
    /// The blob that is missing.
    pub blob: Digest,
}

/// What looking through a store found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Blobs that are whole.
    pub blobs: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Blobs that are not; put aside unless the store is read-only.
    pub damaged: Vec<Digest>,
    /// Records in the index.
    pub records: usize,
    /// Outputs that are not there.
    pub missing: Vec<Fault>,
    /// Manifests that were lost as files and written again from the index.
    pub rewritten: usize,
}

/// What a collection removed, or would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Records.
    pub records: usize,
    /// Blobs, manifests included.
    pub blobs: usize,
    /// Bytes of blobs.
    pub bytes: u64,
}

/// How many records are held in memory at a time.
const CHUNK: usize = 1_000;

impl Store {
    /// Reads every blob and every row.
    ///
    /// # Errors
    /// A blob or an index that cannot be read for another reason than damage.
    pub fn verify(&self) -> Result<Verdict, StoreError> {
        let mut verdict = Verdict::default();
        for (digest, bytes) in self.blobs.sizes()? {
            match self.blobs.file(&digest) {
                Ok(_) => {
                    verdict.blobs += 1;
                    verdict.bytes += bytes;
                }
                Err(StoreError::Damaged { .. }) => verdict.damaged.push(digest),
                Err(StoreError::Missing { .. }) => {}
                Err(e) => return Err(e),
            }
        }
        for keys in self.keys()?.chunks(CHUNK) {
            for record in self.lookup_many(keys)?.into_iter().flatten() {
                verdict.records += 1;
                let manifest = record.manifest()?;
                if !self.is_read_only() && !self.blobs.has(&Digest::of(&manifest))? {
                    self.blobs.put(&manifest)?;
                    verdict.rewritten += 1;
                }
                for (output, blob) in &record.outputs {
                    if !self.blobs.has(blob)? {
                        verdict.missing.push(Fault { key: record.key, kind: record.kind.clone(), output: output.clone(), blob: *blob });
                    }
                }
            }
        }
        Ok(verdict)
    }

    /// Removes every record but those with these keys, and every blob that neither they name nor `blobs` holds.
    /// With `dry`, only counts.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while any other process has the store open (unless `dry`): nothing of a running
    /// search is ever removed. Killed half-way, it goes on when it is called again.
    pub fn collect(&self, keys: &BTreeSet<Digest>, blobs: &BTreeSet<Digest>, dry: bool) -> Result<Collected, StoreError> {
        let Some(index) = &self.index else { return Ok(Collected::default()) };
        let alone = if dry { false } else { self.blobs.writer()?.try_alone()? };
        if !dry && !alone {
            return Err(StoreError::InUse { root: self.layout.root.clone(), doing: "remove results" });
        }
        let done = (|| {
            let rows: BTreeMap<Digest, Digest> = index.all()?.into_iter().collect();
            let kept: Vec<Digest> = rows.keys().filter(|k| keys.contains(k)).copied().collect();
            let mut live: BTreeSet<Digest> = blobs.clone();
            for chunk in kept.chunks(CHUNK) {
                live.extend(chunk.iter().filter_map(|k| rows.get(k)));
                live.extend(self.lookup_many(chunk)?.into_iter().flatten().flat_map(|r| r.outputs.into_values()));
            }
            let gone: Vec<Digest> = rows.keys().filter(|k| !keys.contains(k)).copied().collect();
            let mut collected = Collected { records: gone.len(), ..Collected::default() };
            if !dry {
                self.blobs.writer()?.writing()?;
                index.forget(&gone)?;
                // Manifests go before what they name, so that no index built from what is left names what is gone.
                gone.iter().filter_map(|k| rows.get(k)).filter(|m| !live.contains(m)).try_for_each(|m| self.count(m, &mut collected))?;
            }
            for (digest, bytes) in self.blobs.sizes()?.into_iter().filter(|(d, _)| !live.contains(d)) {
                collected.blobs += 1;
                collected.bytes += bytes;
                if !dry {
                    self.blobs.remove(&digest)?;
                }
            }
            Ok(collected)
        })();
        if alone {
            self.blobs.writer()?.admit_others()?;
        }
        done
    }

    fn count(&self, blob: &Digest, collected: &mut Collected) -> Result<(), StoreError> {
        if let Some(bytes) = self.blobs.size(blob) {
            collected.blobs += 1;
            collected.bytes += bytes;
            self.blobs.remove(blob)?;
        }
        Ok(())
    }
}

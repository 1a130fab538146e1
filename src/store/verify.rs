//! Looking through a whole store: is every blob what its name says, and every row what its manifest says.

use super::{Store, StoreError};
use crate::base::Digest;

/// An output that a record names and that is not there.
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
    /// Outputs that are lost, or were put aside as damaged.
    pub missing: Vec<Fault>,
    /// Outputs that were dropped on purpose.
    pub dropped: usize,
    /// Manifests that were lost as files and written again from the index.
    pub rewritten: usize,
}

/// How many records are held in memory at a time.
pub(super) const CHUNK: usize = 1_000;

impl Store {
    /// Reads every blob and every row.
    ///
    /// # Errors
    /// A blob or an index that cannot be read for another reason than damage.
    pub fn verify(&self) -> Result<Verdict, StoreError> {
        self.verify_telling(&mut |_, _| {})
    }

    /// The same; says, now and then, how many bytes of how many it has read.
    ///
    /// # Errors
    /// As [`Store::verify`].
    pub fn verify_telling(&self, told: &mut dyn FnMut(u64, u64)) -> Result<Verdict, StoreError> {
        let mut verdict = Verdict::default();
        let sizes = self.blobs.sizes()?;
        let (mut read, all) = (0, sizes.iter().map(|s| s.1).sum());
        for (digest, bytes) in sizes {
            read += bytes;
            told(read, all);
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
        let dropped = self.dropped()?;
        for keys in self.keys()?.chunks(CHUNK) {
            for record in self.lookup_many(keys)?.into_iter().flatten() {
                verdict.records += 1;
                let manifest = record.manifest()?;
                if !self.is_read_only() && !self.blobs.has(&Digest::of(&manifest))? {
                    self.blobs.put(&manifest)?;
                    verdict.rewritten += 1;
                }
                for (output, blob) in &record.outputs {
                    if self.blobs.has(blob)? {
                        continue;
                    }
                    if dropped.contains(blob) {
                        verdict.dropped += 1;
                    } else {
                        verdict.missing.push(Fault { key: record.key, kind: record.kind.clone(), output: output.clone(), blob: *blob });
                    }
                }
            }
        }
        Ok(verdict)
    }
}

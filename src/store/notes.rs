//! What is remembered beside results, outside every digest: measurements, and the digests of source files.

use super::{Observation, Store, StoreError, index};
use crate::base::Digest;
use serde_json::Value;

impl Store {
    /// Notes what a machine measured. Never part of a digest. `time` is in seconds since 1970.
    ///
    /// # Errors
    /// [`StoreError::Io`]; [`StoreError::ReadOnly`].
    pub fn observe(&self, kind: &str, key: &Digest, machine: &str, value: Value, time: u64) -> Result<(), StoreError> {
        self.observe_many(&[Observation { kind: kind.to_string(), key: *key, machine: machine.to_string(), time, value }])
    }

    /// Notes measurements in one transaction.
    ///
    /// # Errors
    /// As [`Store::observe`].
    pub fn observe_many(&self, observations: &[Observation]) -> Result<(), StoreError> {
        let index = self.writable()?;
        self.journal().observe(observations)?;
        self.watch(index.write(|c| index::insert_observations(c, observations)))
    }

    /// What machines measured of this kind for this key, oldest first.
    ///
    /// # Errors
    /// As [`Store::lookup`].
    pub fn observations(&self, kind: &str, key: &Digest) -> Result<Vec<Observation>, StoreError> {
        self.index.as_ref().map_or(Ok(Vec::new()), |index| self.watch(index.observations(kind, Some(key))))
    }

    /// The last observations of this kind for this key, of several machines the last one's first; newest first, at most so many.
    ///
    /// # Errors
    /// As [`Store::lookup`].
    pub fn latest_observations(&self, kind: &str, key: &Digest, most: usize) -> Result<Vec<Observation>, StoreError> {
        self.index.as_ref().map_or(Ok(Vec::new()), |index| self.watch(index.latest(kind, key, most)))
    }

    /// What machines measured of this kind, whatever it is of, oldest first.
    ///
    /// # Errors
    /// As [`Store::lookup`].
    pub fn all_observations(&self, kind: &str) -> Result<Vec<Observation>, StoreError> {
        self.index.as_ref().map_or(Ok(Vec::new()), |index| self.watch(index.observations(kind, None)))
    }

    /// Remembers the digests of source files by their fingerprints (path, size, times, inode: any text).
    ///
    /// # Errors
    /// [`StoreError::Io`]; [`StoreError::ReadOnly`].
    pub fn put_sources(&self, sources: &[(String, Digest)]) -> Result<(), StoreError> {
        let index = self.writable()?;
        self.blobs.writer()?.writing()?;
        self.watch(index.put_sources(sources))
    }

    /// As [`Store::put_sources`], for one.
    ///
    /// # Errors
    /// As [`Store::put_sources`].
    pub fn put_source(&self, fingerprint: &str, digest: Digest) -> Result<(), StoreError> {
        self.put_sources(&[(fingerprint.to_string(), digest)])
    }

    /// The digests remembered for these fingerprints, in their order.
    ///
    /// # Errors
    /// As [`Store::lookup`].
    pub fn get_sources(&self, fingerprints: &[&str]) -> Result<Vec<Option<Digest>>, StoreError> {
        self.index.as_ref().map_or(Ok(vec![None; fingerprints.len()]), |index| self.watch(index.get_sources(fingerprints)))
    }

    /// Every digest that is remembered of a source.
    ///
    /// # Errors
    /// As [`Store::lookup`].
    pub fn source_digests(&self) -> Result<Vec<Digest>, StoreError> {
        self.index.as_ref().map_or(Ok(Vec::new()), |index| self.watch(index.source_digests()))
    }

    /// As [`Store::get_sources`], for one.
    ///
    /// # Errors
    /// As [`Store::lookup`].
    pub fn get_source(&self, fingerprint: &str) -> Result<Option<Digest>, StoreError> {
        Ok(self.get_sources(&[fingerprint])?.pop().flatten())
    }
}

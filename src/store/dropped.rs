//! `dropped`: the names of blobs that were dropped on purpose, one a line, so that nobody takes them for lost.
//!
//! A name is written, durably, before its blob goes. So a kill in between leaves a name whose blob is there, which means nothing.

use super::disk::{again, append_line};
use super::presence::remove_quietly;
use super::{Store, StoreError};
use crate::base::Digest;
use std::collections::BTreeSet;
use std::io::ErrorKind;

impl Store {
    /// Drops the bytes of outputs that can be made again; the records that name them stay. Returns the bytes.
    ///
    /// # Errors
    /// [`StoreError::Io`]; [`StoreError::ReadOnly`].
    pub fn drop_blobs(&self, digests: &[Digest]) -> Result<u64, StoreError> {
        self.note_dropped(digests)?;
        let mut bytes = 0;
        for digest in digests {
            bytes += self.blobs.size(digest).unwrap_or(0);
            self.blobs.remove(digest)?;
        }
        Ok(bytes)
    }

    /// Notes that these blobs are not here on purpose.
    pub(super) fn note_dropped(&self, digests: &[Digest]) -> Result<(), StoreError> {
        if digests.is_empty() {
            return Ok(());
        }
        self.blobs.writer()?.writing()?;
        let lines: String = digests.iter().map(|d| d.hex() + "\n").collect();
        append_line(self.disk.as_ref(), &self.layout.dropped(), lines.as_bytes())
    }

    /// The blobs that were dropped on purpose; some may have been made again since. A torn line is skipped.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn dropped(&self) -> Result<BTreeSet<Digest>, StoreError> {
        let path = self.layout.dropped();
        match again(|| self.disk.read(&path)) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).lines().filter_map(|line| line.parse().ok()).collect()),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(BTreeSet::new()),
            Err(e) => Err(StoreError::io("read", &path, None, e)),
        }
    }

    /// Writes the file anew with those names only that a record still has. Only while alone.
    pub(super) fn shorten_dropped(&self, named: &BTreeSet<Digest>) -> Result<(), StoreError> {
        let all = self.dropped()?;
        let mut kept = String::new();
        for digest in all.iter().filter(|d| named.contains(d)) {
            if !self.blobs.has(digest)? {
                kept += &(digest.hex() + "\n");
            }
        }
        let path = self.layout.dropped();
        if kept.is_empty() {
            return remove_quietly(self.disk.as_ref(), &path);
        }
        self.blobs.write_file(&path, kept.as_bytes())
    }
}

//! Many blobs at once. Their syncs overlap, so that the disk makes several durable at a time, and each folder is synced once.

use super::disk::sync_names;
use super::{Blobs, StoreError};
use crate::base::Digest;
use std::collections::BTreeSet;
use std::path::Path;

/// More blobs than this are written by several threads. Fewer are written in their order.
const FEW: usize = 8;
/// Threads that wait for the disk, at most.
const AT_A_TIME: usize = 16;

impl Blobs {
    /// Keeps all of these bytes, durably, and returns their names, in their order.
    ///
    /// # Errors
    /// As [`Blobs::put`]; some may be kept all the same.
    pub fn put_many(&self, all: &[&[u8]]) -> Result<Vec<Digest>, StoreError> {
        let digests = overlapping(all, |bytes| self.place(bytes))?;
        let paths: Vec<_> = digests.iter().map(|digest| self.path(digest)).collect();
        let folders: BTreeSet<&Path> = paths.iter().filter_map(|path| path.parent()).collect();
        overlapping(&Vec::from_iter(folders), |folder| sync_names(self.disk.as_ref(), folder))?;
        Ok(digests)
    }
}

/// Does something to each that waits for the disk; the first error, in their order.
fn overlapping<A: Copy + Sync, T: Send>(all: &[A], work: impl Fn(A) -> Result<T, StoreError> + Sync) -> Result<Vec<T>, StoreError> {
    if all.len() <= FEW {
        return all.iter().map(|one| work(*one)).collect();
    }
    let work = &work;
    let parts: Vec<Result<Vec<T>, StoreError>> = std::thread::scope(|scope| {
        let some = all.chunks(all.len().div_ceil(AT_A_TIME));
        let threads: Vec<_> = some.map(|some| scope.spawn(move || some.iter().map(|one| work(*one)).collect())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut done = Vec::with_capacity(all.len());
    for part in parts {
        done.extend(part?);
    }
    Ok(done)
}

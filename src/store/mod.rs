//! Content-addressed results: blobs as files, an SQLite index over their manifests, journals beside them. The only
//! room that writes results to disk.
//!
//! Promises:
//! - A result is there as a whole or not at all, whatever is killed and when: blobs, then the manifest (a blob
//!   that lists them), then the row. The index holds nothing that the files do not, except remembered source
//!   digests; a lost or damaged one is built again when the store is opened.
//! - What is read is what was written, or an error: every blob and every row is verified against its digest.
//! - Nothing has to be unlocked by hand: all locks are the operating system's, and end with their process.
//! - Every write to a result goes through [`disk`], whose operations a test can make fail one by one.
//!
//! It may not know what an action is, how results are computed, or what their bytes mean. It prints nothing:
//! what it has to say on opening are [`Store::notices`], for the caller to print.
//!
//! ```text
//! format             the layout's version
//! blobs/ab/cdef…     everything by blake3 digest; manifests are blobs that begin with a magic line
//! index.sqlite       key → manifest; observations; source fingerprint → digest
//! runs/              one JSON file a run, and of one at work a lock         attempts/, observations/   lines of JSON
//! locks/             one file a key in work      open/                      who uses the store
//! damaged/           what was put aside     memo/       what can be worked out again, sealed
//! pins/              runs that are kept     dropped     the names of blobs that were dropped on purpose
//! ```

mod alive;
mod attempt;
pub mod blobs;
mod collect;
pub mod disk;
mod dropped;
mod elsewhere;
mod error;
pub mod find;
mod index;
pub mod journal;
mod layout;
mod leftovers;
mod lock;
mod many;
mod memo;
mod migrate;
mod notes;
mod open;
mod pins;
mod presence;
mod rebuild;
pub mod record;
pub mod runs;
mod schema;
mod stream;
mod unpacked;
mod verify;

#[cfg(test)]
mod tests;

pub use alive::{Alive, AtWork};
pub use attempt::Attempt;
pub use blobs::Blobs;
pub use collect::{Alone, Collected};
pub use disk::{Direct, Disk};
pub use error::StoreError;
pub use find::{Found, How, find};
pub use journal::{Journal, Observation};
pub use leftovers::{Leftover, Usage};
pub use lock::KeyLock;
pub use open::Options;
pub use pins::Pin;
pub use presence::unique_name;
pub use record::Record;
pub use runs::{Ran, RunRecord};
pub use verify::{Fault, Verdict};

use crate::base::Digest;
use index::{Entry, Index};
use layout::Layout;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A store, opened. Shared by reference among threads; another process opens its own.
pub struct Store {
    // The index is dropped, and so closed, before the presence that says that we use it.
    index: Option<Index>,
    layout: Arc<Layout>,
    disk: Arc<dyn Disk>,
    blobs: Blobs,
    notices: Mutex<Vec<String>>,
}

/// What publishing a record did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// The key was new.
    New,
    /// The same record was there.
    Same,
    /// Another record was there under the key, with this manifest: the same action gave other bits. It is replaced.
    Replaced(Digest),
}

impl Store {
    /// Finds the store's place for a command on a pipeline's file, run in `cwd`; see [`find::find`].
    ///
    /// # Errors
    /// As [`find::find`].
    pub fn find(cwd: &Path, explicit: Option<&Path>, pipeline: Option<&Path>) -> Result<Found, StoreError> {
        find::find(cwd, explicit, pipeline)
    }

    /// Whether there is a store at this place; see [`find::is_store`].
    ///
    /// # Errors
    /// As [`find::is_store`].
    pub fn is_at(root: &Path) -> Result<bool, StoreError> {
        find::is_store(root)
    }

    /// The store's directory.
    pub fn root(&self) -> &Path {
        &self.layout.root
    }

    /// The version of the index in a store's directory, whether or not this program can open it; none where there is no index.
    pub fn version_at(root: &Path) -> Option<i32> {
        schema::version(&Layout { root: root.to_path_buf() }.index())
    }

    /// Whether nothing can be written.
    pub fn is_read_only(&self) -> bool {
        self.blobs.presence.is_none()
    }

    /// What opening and mending had to say, one line each; each is handed out once.
    pub fn notices(&self) -> Vec<String> {
        std::mem::take(&mut self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The blobs; the handle can go to other threads.
    pub fn blobs(&self) -> Blobs {
        self.blobs.clone()
    }

    /// The journal of attempts; the handle can go to other threads.
    pub fn journal(&self) -> Journal {
        Journal::of(&self.blobs)
    }

    /// The record of a key.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn lookup(&self, key: &Digest) -> Result<Option<Record>, StoreError> {
        Ok(self.lookup_many(std::slice::from_ref(key))?.pop().flatten())
    }

    /// The records of keys, in their order, from one state of the index.
    ///
    /// # Errors
    /// As [`Store::lookup`].
    pub fn lookup_many(&self, keys: &[Digest]) -> Result<Vec<Option<Record>>, StoreError> {
        let Some(index) = &self.index else { return Ok(vec![None; keys.len()]) };
        let found = self.watch(index.find(keys))?;
        keys.iter()
            .zip(found)
            .map(|(key, entry)| match entry {
                Some(Entry::Good(record)) => Ok(Some(record)),
                Some(Entry::Doubtful(manifest)) => self.mend(Some(key), &manifest),
                None => Ok(None),
            })
            .collect()
    }

    /// The records of the same work in any numerics class, in the order of their keys.
    ///
    /// # Errors
    /// As [`Store::lookup`].
    pub fn by_what(&self, what: &Digest) -> Result<Vec<Record>, StoreError> {
        let Some(index) = &self.index else { return Ok(Vec::new()) };
        let found = self.watch(index.by_what(what))?;
        Ok(self.good(found)?.into_iter().filter(|r| r.what == *what).collect())
    }

    /// The records of a chain, by iteration.
    ///
    /// # Errors
    /// As [`Store::lookup`].
    pub fn chain(&self, chain: &Digest) -> Result<Vec<Record>, StoreError> {
        let Some(index) = &self.index else { return Ok(Vec::new()) };
        let found = self.watch(index.chain(chain))?;
        let mut records = self.good(found)?;
        records.retain(|r| r.chain.is_some_and(|(c, _)| c == *chain));
        records.sort_by_key(|r| (r.chain.map(|(_, i)| i), r.key));
        Ok(records)
    }

    /// The records of all chains, by chain and iteration.
    ///
    /// # Errors
    /// As [`Store::lookup`].
    pub fn chained(&self) -> Result<Vec<Record>, StoreError> {
        let Some(index) = &self.index else { return Ok(Vec::new()) };
        let found = self.watch(index.chained())?;
        self.good(found)
    }

    /// All keys, in order.
    ///
    /// # Errors
    /// As [`Store::lookup`].
    pub fn keys(&self) -> Result<Vec<Digest>, StoreError> {
        let Some(index) = &self.index else { return Ok(Vec::new()) };
        Ok(self.watch(index.all())?.into_iter().map(|(key, _)| key).collect())
    }

    /// Publishes a result: its blobs must be there. Durable once this returns.
    ///
    /// # Errors
    /// A blob that is missing; values that JSON cannot keep; [`StoreError::Io`]; [`StoreError::ReadOnly`].
    pub fn publish(&self, record: &Record) -> Result<Published, StoreError> {
        Ok(self.publish_many(std::slice::from_ref(record))?.pop().unwrap_or(Published::Same))
    }

    /// Publishes results in one transaction: for cheap ones.
    ///
    /// # Errors
    /// As [`Store::publish`]; then none of them is published.
    pub fn publish_many(&self, records: &[Record]) -> Result<Vec<Published>, StoreError> {
        self.publish_lacking(records, &[])
    }

    /// The same; blobs of these names may be lacking, and count as dropped on purpose.
    ///
    /// # Errors
    /// As [`Store::publish_many`].
    pub fn publish_lacking(&self, records: &[Record], lacking: &[Digest]) -> Result<Vec<Published>, StoreError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let index = self.writable()?;
        let mut gone = Vec::new();
        let mut rows = Vec::with_capacity(records.len());
        for record in records {
            for (name, digest) in &record.outputs {
                if self.blobs.has(digest)? {
                    continue;
                }
                if lacking.contains(digest) {
                    gone.push(*digest);
                } else {
                    let wanted_by = format!("it is `{name}` of {} {}, which was to be published", record.kind, record.key.short());
                    return Err(StoreError::Missing { digest: *digest, wanted_by });
                }
            }
            let bytes = record.manifest()?;
            rows.push((record, Digest::of(&bytes), bytes));
        }
        self.note_dropped(&gone)?;
        let manifests: Vec<Digest> = rows.iter().map(|r| r.1).collect();
        self.blobs.writer()?.publishing(&manifests)?;
        self.blobs.put_many(&rows.iter().map(|(_, _, bytes)| bytes.as_slice()).collect::<Vec<_>>())?;
        let published = self.watch(index.write(|c| {
            let mut published = Vec::with_capacity(rows.len());
            for (record, manifest, bytes) in &rows {
                let before = index::manifest_of(c, &record.key)?;
                index::insert(c, record, manifest, bytes)?;
                published.push(match before {
                    None => Published::New,
                    Some(before) if before == *manifest => Published::Same,
                    Some(before) => Published::Replaced(before),
                });
            }
            Ok(published)
        }))?;
        for (done, (_, manifest, _)) in published.iter().zip(&rows) {
            if let Published::Replaced(before) = done
                && before != manifest
            {
                self.blobs.remove(before)?;
            }
        }
        Ok(published)
    }

    /// The outputs of a record that are not there or not whole, by name; damaged ones are put aside. Reads all
    /// of them: where presence is enough, ask [`Blobs::has`].
    ///
    /// # Errors
    /// A blob that cannot be read for another reason.
    pub fn verify_outputs(&self, record: &Record) -> Result<Vec<(String, StoreError)>, StoreError> {
        let mut faults = Vec::new();
        for (name, digest) in &record.outputs {
            match self.blobs.file(digest) {
                Ok(_) => {}
                Err(e @ (StoreError::Missing { .. } | StoreError::Damaged { .. })) => faults.push((name.clone(), e)),
                Err(e) => return Err(e),
            }
        }
        Ok(faults)
    }

    /// Waits for the right to compute a key.
    ///
    /// # Errors
    /// A lock that the system refuses; [`StoreError::ReadOnly`].
    pub fn lock(&self, key: &Digest) -> Result<KeyLock, StoreError> {
        self.writable()?;
        loop {
            if let Some(lock) = lock::lock(&self.layout, &self.disk, key, true)? {
                return Ok(lock);
            }
        }
    }

    /// The right to compute a key, unless somebody has it.
    ///
    /// # Errors
    /// As [`Store::lock`].
    pub fn try_lock(&self, key: &Digest) -> Result<Option<KeyLock>, StoreError> {
        self.writable()?;
        lock::lock(&self.layout, &self.disk, key, false)
    }

    /// Where an attempt's working files may lie: the store's own directory, on the same file system.
    pub fn path(&self, folder: &str) -> PathBuf {
        self.layout.folder(folder)
    }

    /// Looks at every page of the index: a damaged one may have lost rows without a word. Where it is, the next that opens the store
    /// builds it anew.
    ///
    /// # Errors
    /// [`StoreError::Database`], where it is damaged.
    pub fn check_index(&self) -> Result<(), StoreError> {
        self.index.as_ref().map_or(Ok(()), |index| self.watch(index.check()))
    }

    fn writable(&self) -> Result<&Index, StoreError> {
        match &self.index {
            Some(index) if self.blobs.presence.is_some() => Ok(index),
            _ => Err(StoreError::ReadOnly { root: self.layout.root.clone() }),
        }
    }

    /// Where SQLite finds the index damaged, makes the next open check all of it.
    fn watch<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let (Err(e), Some(presence)) = (&result, &self.blobs.presence)
            && e.is_corrupt()
        {
            presence.leave_unclean();
        }
        result
    }

    fn good(&self, entries: Vec<Entry>) -> Result<Vec<Record>, StoreError> {
        let mut records = Vec::with_capacity(entries.len());
        for entry in entries {
            match entry {
                Entry::Good(record) => records.push(record),
                Entry::Doubtful(manifest) => records.extend(self.mend(None, &manifest)?),
            }
        }
        Ok(records)
    }

    /// A row that does not agree with its manifest's digest is damage: the manifest's own file decides.
    fn mend(&self, key: Option<&Digest>, manifest: &Digest) -> Result<Option<Record>, StoreError> {
        if let Some(presence) = &self.blobs.presence {
            presence.leave_unclean();
        }
        self.notice("a row of the index was damaged; the result's own file is used, and the index is checked at the next start".into());
        let record = match self.blobs.get(manifest) {
            Ok(bytes) => Record::parse(&bytes),
            Err(StoreError::Missing { .. } | StoreError::Damaged { .. }) => None,
            Err(e) => return Err(e),
        };
        Ok(record.filter(|r| key.is_none_or(|k| r.key == *k)))
    }

    fn notice(&self, line: String) {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        if !notices.contains(&line) {
            notices.push(line);
        }
    }
}

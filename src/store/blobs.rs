//! Content-addressed files: `blobs/ab/cdef…`, named by the blake3 digest of their bytes.
//!
//! A handle of its own, without the database: worker processes write and read blobs through it.

use super::disk::{Disk, again, ensure_dir, entries, name, place, sync_names, write_whole};
use super::layout::{FOLDERS, Is, Layout, digest_of};
use super::presence::{Presence, remove_quietly};
use super::{StoreError, disk};
use crate::base::Digest;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The blobs of a store. Clones share one handle.
#[derive(Clone)]
pub struct Blobs {
    pub(super) layout: Arc<Layout>,
    pub(super) disk: Arc<dyn Disk>,
    /// Nothing: for reading only.
    pub(super) presence: Option<Arc<Presence>>,
    /// The folders that this process has made sure of.
    folders: Arc<[AtomicBool; 256]>,
}

impl Blobs {
    /// The blobs of an existing store, for a worker process.
    ///
    /// # Errors
    /// No store there; a newer one; a lock that the system refuses.
    pub fn open(root: &Path) -> Result<Blobs, StoreError> {
        Blobs::open_on(root, Arc::new(disk::Direct))
    }

    /// As [`Blobs::open`], on another disk: tests make its operations fail.
    ///
    /// # Errors
    /// As [`Blobs::open`].
    pub fn open_on(root: &Path, disk: Arc<dyn Disk>) -> Result<Blobs, StoreError> {
        let layout = Layout { root: root.to_path_buf() };
        layout.check_format()?;
        if layout.classify() != Is::Store {
            return Err(StoreError::NotAStore { root: layout.root, holds: None });
        }
        for folder in FOLDERS {
            ensure_dir(disk.as_ref(), &layout.folder(folder))?;
        }
        let (presence, _) = Presence::enter(&layout, disk.clone(), false, None)?;
        Ok(Blobs::new(Arc::new(layout), disk, Some(Arc::new(presence))))
    }

    pub(super) fn new(layout: Arc<Layout>, disk: Arc<dyn Disk>, presence: Option<Arc<Presence>>) -> Blobs {
        Blobs { layout, disk, presence, folders: Arc::new([const { AtomicBool::new(false) }; 256]) }
    }

    /// Keeps these bytes, durably, and returns their name. Bytes that are there already are compared, not trusted.
    ///
    /// # Errors
    /// [`StoreError::Io`] with path and bytes; [`StoreError::ReadOnly`].
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = self.place(bytes)?;
        sync_names(self.disk.as_ref(), self.path(&digest).parent().unwrap_or(&self.layout.root))?;
        Ok(digest)
    }

    /// Keeps these bytes; their name is durable once its folder is synced.
    pub(super) fn place(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        let path = self.path(&digest);
        let unique = self.writer()?.writing()?;
        self.folder_of(&digest, &path)?;
        if path.is_file() {
            match again(|| self.disk.read(&path)) {
                // Whoever wrote it may not have synced its folder yet: whoever asked for this does.
                Ok(there) if there == bytes => return Ok(digest),
                Ok(_) => drop(self.put_aside(&digest)?),
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(StoreError::io("read", &path, None, e)),
            }
        }
        place(self.disk.as_ref(), unique, &self.layout.folder("blobs"), &path, bytes, true)?;
        Ok(digest)
    }

    /// The folder of a blob, made sure of.
    pub(super) fn folder_of<'p>(&'p self, digest: &Digest, path: &'p Path) -> Result<&'p Path, StoreError> {
        let folder = path.parent().unwrap_or(&self.layout.root);
        let known = &self.folders[usize::from(digest.0[0])];
        if !known.load(Ordering::Relaxed) || !folder.is_dir() {
            if !ensure_dir(self.disk.as_ref(), folder)? {
                // Whoever made it may have died before its name was durable.
                let blobs = self.layout.folder("blobs");
                again(|| self.disk.sync_dir(&blobs)).map_err(|e| StoreError::io("sync", &blobs, None, e))?;
            }
            known.store(true, Ordering::Relaxed);
        }
        Ok(folder)
    }

    /// The bytes of a blob, verified.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; [`StoreError::Damaged`] once, after which the blob is missing; [`StoreError::Io`].
    pub fn get(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        let path = self.path(digest);
        let bytes = match again(|| self.disk.read(&path)) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::Missing { digest: *digest, wanted_by: "it was to be read".into() });
            }
            Err(e) => return Err(StoreError::io("read", &path, None, e)),
        };
        if Digest::of(&bytes) == *digest {
            return Ok(bytes);
        }
        Err(self.damaged(digest))
    }

    /// What is said of a blob that is not what its name says, which is put aside.
    pub(super) fn damaged(&self, digest: &Digest) -> StoreError {
        // Whoever only reads puts it aside, too, where the file system lets it: the next run then finds it missing.
        match self.put_aside(digest) {
            Err(e) if self.presence.is_some() => e,
            moved => StoreError::Damaged { digest: *digest, aside: moved.unwrap_or_default() },
        }
    }

    /// Whether there is a blob of this name. Does not look into it.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`]: it may be there, and this user may not see it; [`StoreError::Io`].
    pub fn has(&self, digest: &Digest) -> Result<bool, StoreError> {
        let path = self.path(digest);
        match again(|| path.metadata()) {
            Ok(seen) => Ok(seen.is_file()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => Err(StoreError::unreadable(&path, e)),
            Err(e) => Err(StoreError::io("look for", &path, None, e)),
        }
    }

    /// Whether there is a blob of each of these names.
    ///
    /// # Errors
    /// As [`Blobs::has`].
    pub fn has_all<'d>(&self, digests: impl IntoIterator<Item = &'d Digest>) -> Result<bool, StoreError> {
        for digest in digests {
            if !self.has(digest)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A blob's size in bytes.
    pub fn size(&self, digest: &Digest) -> Option<u64> {
        std::fs::metadata(self.path(digest)).ok().filter(|m| m.is_file()).map(|m| m.len())
    }

    /// Where a blob lies or would lie.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.layout.blob(digest)
    }

    /// Removes a blob; one that is not there is no error.
    ///
    /// # Errors
    /// [`StoreError::Io`]; [`StoreError::ReadOnly`].
    pub fn remove(&self, digest: &Digest) -> Result<(), StoreError> {
        self.writer()?;
        remove_quietly(self.disk.as_ref(), &self.path(digest))
    }

    /// All blobs with their sizes in bytes, in the order of their digests.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn sizes(&self) -> Result<Vec<(Digest, u64)>, StoreError> {
        let mut found = Vec::new();
        for folder in entries(&self.layout.folder("blobs"))? {
            for path in if folder.is_dir() { entries(&folder)? } else { Vec::new() } {
                if let (Some(digest), Ok(meta)) = (digest_of(&path), path.metadata()) {
                    found.push((digest, meta.len()));
                }
            }
        }
        Ok(found)
    }

    /// Moves a blob's bytes to `damaged/`, durably. Nothing where somebody else did.
    fn put_aside(&self, digest: &Digest) -> Result<Option<PathBuf>, StoreError> {
        let (from, to) = (self.path(digest), self.layout.folder("damaged").join(digest.hex()));
        match again(|| self.disk.rename(&from, &to)) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(StoreError::io("put aside", &from, None, e)),
        }
        let folder = from.parent().unwrap_or(&self.layout.root);
        again(|| self.disk.sync_dir(folder)).map_err(|e| StoreError::io("sync", folder, None, e))?;
        Ok(Some(to))
    }

    /// Removes the temporary files of a dead writer.
    pub(super) fn sweep(&self, token: &str) -> Result<(), StoreError> {
        self.sweep_unpacked(token)?;
        let prefix = format!("{}{token}-", disk::TEMPORARY);
        // Every temporary file lies here, whatever it is for: a store has many folders.
        let folders = [self.layout.folder("blobs"), self.layout.root.clone(), self.layout.folder("runs")];
        for folder in folders.iter().filter(|f| f.is_dir()) {
            for path in entries(folder)? {
                if name(&path).starts_with(&prefix) {
                    remove_quietly(self.disk.as_ref(), &path)?;
                }
            }
        }
        Ok(())
    }

    /// Writes a file of the store that is not a blob, whole and durably.
    pub(super) fn write_file(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let unique = self.writer()?.writing()?;
        write_whole(self.disk.as_ref(), unique, &self.layout.folder("blobs"), path, bytes)
    }

    /// Writes a file that nobody reads after a power cut, whole, without waiting for the disk.
    pub(super) fn write_passing(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let unique = self.writer()?.writing()?;
        place(self.disk.as_ref(), unique, &self.layout.folder("blobs"), path, bytes, false)
    }

    pub(super) fn writer(&self) -> Result<&Presence, StoreError> {
        self.presence.as_deref().ok_or_else(|| StoreError::ReadOnly { root: self.layout.root.clone() })
    }
}

//! The folder of an attempt: what a worker is given, where it is, what it leaves. `attempts/<lock>/`.
//!
//! Usable without the database. Files are written whole, and durably where anything goes on from them after a power cut. The count of
//! iterations and the log are appended without a sync, because they count and explain; so is what a worker of this machine is given,
//! because the next start writes it anew.

use super::StoreError;
use super::blobs::Blobs;
use super::disk::{again, ensure_dir, entries, name};
use super::lock::{self, KeyLock};
use crate::base::Digest;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// One attempt folder.
#[derive(Clone)]
pub struct Attempt {
    blobs: Blobs,
    folder: PathBuf,
    lock: Digest,
}

impl Attempt {
    /// The folder of this lock, made where it is not there.
    ///
    /// # Errors
    /// [`StoreError::Io`]; [`StoreError::ReadOnly`].
    pub fn open(blobs: &Blobs, lock: Digest) -> Result<Attempt, StoreError> {
        blobs.writer()?.writing()?;
        let folder = blobs.layout.folder("attempts").join(lock.hex());
        ensure_dir(blobs.disk.as_ref(), &folder)?;
        Ok(Attempt { blobs: blobs.clone(), folder, lock })
    }

    /// What names it.
    pub fn lock(&self) -> Digest {
        self.lock
    }

    /// Where it lies, for what works inside it.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// A file of an attempt, without making anything.
    pub fn peek(root: &Path, lock: Digest, name: &str) -> Option<Vec<u8>> {
        std::fs::read(root.join("attempts").join(lock.hex()).join(name)).ok()
    }

    /// A file's bytes, where it is there.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.folder.join(name);
        match again(|| self.blobs.disk.read(&path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StoreError::io("read", &path, None, e)),
        }
    }

    /// A file's bytes from a place on, as far as they have been appended; nothing where the file is not there or not so long.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read_from(&self, name: &str, place: u64) -> Result<Vec<u8>, StoreError> {
        let path = self.folder.join(name);
        let mut bytes = Vec::new();
        let read = std::fs::File::open(&path).and_then(|mut f| {
            f.seek(SeekFrom::Start(place))?;
            f.read_to_end(&mut bytes)
        });
        match read {
            Ok(_) => Ok(bytes),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(e) => Err(StoreError::io("read", &path, None, e)),
        }
    }

    /// Writes a file whole and durably.
    ///
    /// # Errors
    /// [`StoreError::Io`] with path and bytes.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.blobs.write_file(&self.folder.join(name), bytes)
    }

    /// Writes a file whole, without waiting for the disk: for what no other start of this machine reads.
    ///
    /// # Errors
    /// [`StoreError::Io`] with path and bytes.
    pub fn write_passing(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.blobs.write_passing(&self.folder.join(name), bytes)
    }

    /// Writes a short file where there is none, durably; false where there is one. Of several machines that try, one does it. Whoever
    /// reads meanwhile may see a part of it: let what is written say where it ends.
    ///
    /// # Errors
    /// [`StoreError::Io`] with path and bytes.
    pub fn create(&self, name: &str, bytes: &[u8]) -> Result<bool, StoreError> {
        let path = self.folder.join(name);
        let made = OpenOptions::new().write(true).create_new(true).open(&path).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        match made {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(e) => Err(StoreError::io("write", &path, Some(bytes.len() as u64), e)),
        }
    }

    /// The names of its files.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn names(&self) -> Result<Vec<String>, StoreError> {
        Ok(entries(&self.folder)?.iter().map(|path| name(path).to_string()).collect())
    }

    /// The names and bytes of the files of an attempt whose names begin so, without making anything.
    pub fn peek_all(root: &Path, lock: Digest, prefix: &str) -> Vec<(String, Vec<u8>)> {
        let files = entries(&root.join("attempts").join(lock.hex())).unwrap_or_default();
        let wanted = files.into_iter().filter(|path| name(path).starts_with(prefix));
        wanted.filter_map(|path| Some((name(&path).to_string(), std::fs::read(&path).ok()?))).collect()
    }

    /// Removes a file, where it is there.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.folder.join(name);
        match again(|| self.blobs.disk.remove(&path)) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(StoreError::io("remove", &path, None, e)),
            _ => Ok(()),
        }
    }

    /// Where a file lies.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Removes the folder with all that is in it, as far as the disk lets us.
    pub fn clear(self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }

    /// Appends to a log, without waiting for the disk.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn append(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.blobs.writer()?.writing()?;
        let path = self.folder.join(name);
        let appended = OpenOptions::new().append(true).create(true).open(&path).and_then(|mut f| f.write_all(bytes));
        appended.map_err(|e| StoreError::io("append to", &path, Some(bytes.len() as u64), e))
    }

    /// The right to work in this folder, unless somebody has it.
    ///
    /// # Errors
    /// A lock that the system refuses.
    pub fn try_lock(&self) -> Result<Option<KeyLock>, StoreError> {
        lock::lock(&self.blobs.layout, &self.blobs.disk, &self.lock, false)
    }
}

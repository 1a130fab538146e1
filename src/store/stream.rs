//! Blobs that are larger than memory: written and verified piece by piece.

use super::blobs::Blobs;
use super::disk::{TEMPORARY, again};
use super::{StoreError, disk};
use crate::base::{Digest, Hashing};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

/// Bytes that are read at a time.
const PIECE: usize = 1 << 20;

/// What takes the bytes of a blob, one piece after the other.
pub type Pieces<'a, E> = dyn FnMut(&[u8]) -> Result<(), E> + 'a;

impl Blobs {
    /// Keeps the bytes that `write` hands on, piece by piece, durably, and returns their name. As with [`Blobs::put`] they are
    /// there as a whole or not at all.
    ///
    /// # Errors
    /// Those of `write`; [`StoreError::Io`]; [`StoreError::ReadOnly`].
    pub fn put_pieces<E: From<StoreError>>(&self, write: impl FnOnce(&mut Pieces<'_, E>) -> Result<(), E>) -> Result<Digest, E> {
        self.put_wanted(None, write)
    }

    /// The same; kept only where the bytes have the digest that is wanted.
    ///
    /// # Errors
    /// As [`Blobs::put_pieces`]; [`StoreError::Unexpected`].
    pub fn put_wanted<E: From<StoreError>>(
        &self,
        wanted: Option<Digest>,
        write: impl FnOnce(&mut Pieces<'_, E>) -> Result<(), E>,
    ) -> Result<Digest, E> {
        let (token, counter) = self.writer()?.writing()?;
        let blobs = self.layout.folder("blobs");
        // In their folder it would have to be known what they are called.
        let temporary = blobs.join(format!("{TEMPORARY}{token}-{counter}"));
        let kept = self.staged(&temporary, wanted, write);
        if kept.is_err() {
            let _ = self.disk.remove(&temporary);
        }
        kept
    }

    fn staged<E: From<StoreError>>(
        &self,
        temporary: &Path,
        wanted: Option<Digest>,
        write: impl FnOnce(&mut Pieces<'_, E>) -> Result<(), E>,
    ) -> Result<Digest, E> {
        let disk = self.disk.as_ref();
        let io = |doing, path: &Path, bytes, e| StoreError::io(doing, path, Some(bytes), e);
        let mut file = again(|| disk.create(temporary)).map_err(|e| io("create", temporary, 0, e))?;
        let (mut hashing, mut length) = (Hashing::default(), 0);
        write(&mut |bytes| {
            hashing.update(bytes);
            length += bytes.len() as u64;
            Ok(again(|| disk.write(&mut file, temporary, bytes)).map_err(|e| io("write", temporary, length, e))?)
        })?;
        again(|| disk.sync_file(&file, temporary)).map_err(|e| io("sync", temporary, length, e))?;
        drop(file);
        let digest = hashing.digest();
        if let Some(wanted) = wanted.filter(|w| *w != digest) {
            return Err(StoreError::Unexpected { wanted, found: digest }.into());
        }
        let path = self.path(&digest);
        let folder = self.folder_of(&digest, &path)?;
        // What may be there under this name has the same bytes, or is damaged: either way these take its place.
        again(|| disk.rename(temporary, &path)).map_err(|e| io("put in place", &path, length, e))?;
        again(|| disk.sync_dir(folder)).map_err(|e| io("sync the directory of", &path, length, e))?;
        Ok(digest)
    }

    /// Takes a file that lies in the store's own folder as a blob: it is read once for its digest, and moved into its place. Where
    /// another digest is wanted it stays where it is.
    ///
    /// # Errors
    /// [`StoreError::Io`]; [`StoreError::ReadOnly`]; [`StoreError::Unexpected`].
    pub fn put_file(&self, path: &Path, wanted: Option<Digest>) -> Result<Digest, StoreError> {
        self.writer()?.writing()?;
        let disk = self.disk.as_ref();
        let io = |doing, path: &Path, e| StoreError::io(doing, path, None, e);
        let mut file = again(|| disk.open(path)).map_err(|e| io("read", path, e))?;
        let digest = hashed(&mut file).map_err(|e| io("read", path, e))?;
        if let Some(wanted) = wanted.filter(|w| *w != digest) {
            return Err(StoreError::Unexpected { wanted, found: digest });
        }
        again(|| disk.sync_file(&file, path)).map_err(|e| io("sync", path, e))?;
        let to = self.path(&digest);
        let folder = self.folder_of(&digest, &to)?;
        again(|| disk.rename(path, &to)).map_err(|e| io("put in place", &to, e))?;
        again(|| disk.sync_dir(folder)).map_err(|e| io("sync the directory of", &to, e))?;
        Ok(digest)
    }

    /// The file of a blob, verified: its bytes were read once, and are those of its name. Whoever holds it reads the same bytes,
    /// also after the blob was removed or put aside.
    ///
    /// # Errors
    /// As [`Blobs::get`].
    pub fn file(&self, digest: &Digest) -> Result<File, StoreError> {
        let path = self.path(digest);
        let failed = |e| StoreError::io("read", &path, None, e);
        let mut file = match again(|| self.disk.open(&path)) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::Missing { digest: *digest, wanted_by: "it was to be read".into() });
            }
            Err(e) => return Err(failed(e)),
        };
        if hashed(&mut file).map_err(failed)? != *digest {
            return Err(self.damaged(digest));
        }
        file.rewind().map_err(failed)?;
        Ok(file)
    }

    /// Bytes that this user may still write to the store's disk; none where the system does not say.
    pub fn free(&self) -> Option<u64> {
        disk::free(&self.layout.root)
    }

    /// Fails where the disk has not the room for so many bytes; where the system does not say, it is assumed to have it.
    ///
    /// # Errors
    /// [`StoreError::NoRoom`].
    pub fn room(&self, what: &str, needed: u64) -> Result<(), StoreError> {
        match disk::free(&self.layout.root) {
            Some(free) if free < needed => Err(StoreError::NoRoom { root: self.layout.root.clone(), what: what.to_string(), needed, free }),
            _ => Ok(()),
        }
    }
}

/// The digest of what is left of a file.
fn hashed(file: &mut File) -> io::Result<Digest> {
    let (mut hashing, mut piece) = (Hashing::default(), vec![0; PIECE]);
    loop {
        match again(|| file.read(&mut piece))? {
            0 => return Ok(hashing.digest()),
            n => hashing.update(&piece[..n]),
        }
    }
}

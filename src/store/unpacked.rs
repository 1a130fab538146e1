//! Files that were unpacked from a blob: `unpacked/<name>/`, there as a whole or not at all. They can be made again from the blob.

use super::StoreError;
use super::blobs::Blobs;
use super::disk::{TEMPORARY, ensure_dir, entries, name};
use crate::base::Digest;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Takes a file: where it lies in the folder (a plain relative path), and its bytes.
pub type Files<'a> = dyn FnMut(&Path, &mut dyn Read) -> io::Result<()> + 'a;

impl Blobs {
    /// The folder of what was unpacked under a name, where it is there.
    pub fn unpacked(&self, of: &Digest) -> Option<PathBuf> {
        Some(self.layout.folder("unpacked").join(of.hex())).filter(|folder| folder.is_dir())
    }

    /// Makes the folder of a name, with the files that `fill` hands on; one that is there stays as it is. Where `fill` fails, nothing
    /// is left.
    ///
    /// # Errors
    /// Those of `fill`; [`StoreError::Io`]; [`StoreError::ReadOnly`].
    pub fn unpack<E: From<StoreError>>(&self, of: &Digest, fill: impl FnOnce(&mut Files<'_>) -> Result<(), E>) -> Result<PathBuf, E> {
        if let Some(folder) = self.unpacked(of) {
            return Ok(folder);
        }
        let (token, counter) = self.writer()?.writing()?;
        let all = self.layout.folder("unpacked");
        ensure_dir(self.disk.as_ref(), &all)?;
        let temporary = all.join(format!("{TEMPORARY}{token}-{counter}"));
        let folder = all.join(of.hex());
        let made = self.fill(&temporary, fill).and_then(|()| match self.disk.rename(&temporary, &folder) {
            // Somebody else was faster.
            Err(_) if folder.is_dir() => Ok(()),
            renamed => renamed.map_err(|e| StoreError::io("put in place", &folder, None, e).into()),
        });
        let _ = fs::remove_dir_all(&temporary);
        made.map(|()| folder)
    }

    fn fill<E: From<StoreError>>(&self, temporary: &Path, fill: impl FnOnce(&mut Files<'_>) -> Result<(), E>) -> Result<(), E> {
        self.disk.create_dir(temporary).map_err(|e| StoreError::io("create", temporary, None, e))?;
        fill(&mut |path, source| {
            let path = temporary.join(path);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            io::copy(source, &mut File::create_new(&path)?).map(drop)
        })?;
        sync_all(temporary).map_err(|e| StoreError::io("sync", temporary, None, e))?;
        Ok(())
    }

    /// Removes what a dead writer left half unpacked.
    pub(super) fn sweep_unpacked(&self, token: &str) -> Result<(), StoreError> {
        let prefix = format!("{TEMPORARY}{token}-");
        for folder in entries(&self.layout.folder("unpacked"))?.iter().filter(|p| name(p).starts_with(&prefix)) {
            fs::remove_dir_all(folder).map_err(|e| StoreError::io("remove", folder, None, e))?;
        }
        Ok(())
    }
}

/// Makes all that was written to the folder's file system durable: one call for any number of files.
#[cfg(target_os = "linux")]
fn sync_all(folder: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(folder)?)?)
}

#[cfg(not(target_os = "linux"))]
fn sync_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { sync_all(&path)? } else { File::open(&path)?.sync_all()? }
    }
    Ok(())
}

//! One computation of a key at a time: a lock file a key under `locks/`, held by the operating system.

use super::StoreError;
use super::disk::{Disk, again};
use super::layout::Layout;
use crate::base::Digest;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The right to compute one key; ends when dropped, or with the process. After taking it, look the key up
/// again: whoever held it before may have published.
pub struct KeyLock {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    _file: File,
}

/// Takes the lock. Nothing: somebody else has it, and we were not to wait (with `wait` there is always one).
pub(super) fn lock(layout: &Layout, disk: &Arc<dyn Disk>, key: &Digest, wait: bool) -> Result<Option<KeyLock>, StoreError> {
    let path = layout.folder("locks").join(key.hex());
    let failed = |e| StoreError::io("lock", &path, None, e);
    loop {
        let file = again(|| disk.lock_file(&path)).map_err(failed)?;
        if wait {
            again(|| file.lock()).map_err(failed)?;
        } else {
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(e)) => return Err(failed(e)),
            }
        }
        if is_at(&file, &path) {
            return Ok(Some(KeyLock { disk: disk.clone(), path, _file: file }));
        }
    }
}

/// Whether the file is still the one under its name. The holder removes it while it still has the lock; a lock
/// on a file that has gone from its name protects nothing, as somebody may have made and locked a new one.
#[cfg(unix)]
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

/// Elsewhere an open file cannot be removed, so that the name always leads to it.
#[cfg(not(unix))]
pub(super) fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

impl Drop for KeyLock {
    fn drop(&mut self) {
        // A file left behind is harmless.
        let _ = self.disk.remove(&self.path);
    }
}

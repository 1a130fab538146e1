//! The disk as the store sees it, and the one audited way to write a file.
//!
//! What survives a crash, at any moment: [`write_whole`] leaves either no file or the whole file under its name,
//! because the bytes are synced before the rename; once it has returned, also a power cut leaves the file there,
//! because the directory is synced after the rename. [`append_line`] leaves whole lines and at most one torn
//! last line, which readers skip and the next append ends. A temporary file may stay behind; its name carries
//! the writer's token, and the next open removes it once that writer is gone.
//!
//! Every method of [`Disk`] has the real operation as its default, so that a test overrides each with "fail".

use super::StoreError;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The operations that the store asks of a disk. Counted, failed and recorded by tests.
pub trait Disk: Send + Sync {
    /// Makes one directory; one that is there already is an error.
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }
    /// A new file for writing; one that is there already is an error.
    fn create(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(path)
    }
    /// Writes all bytes at the file's end.
    fn write(&self, file: &mut File, _path: &Path, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }
    /// Makes the file's bytes durable.
    fn sync_file(&self, file: &File, _path: &Path) -> io::Result<()> {
        file.sync_all()
    }
    /// Replaces `to` by `from`, atomically.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }
    /// Makes the directory's names durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
    /// All bytes of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }
    /// A file for reading, to which its caller holds on.
    fn open(&self, path: &Path) -> io::Result<File> {
        File::open(path)
    }
    /// Appends whole lines under an exclusive lock and syncs; ends a torn last line first, and takes its own
    /// bytes back where it fails half-way.
    fn append(&self, path: &Path, lines: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        file.lock()?;
        let length = file.metadata()?.len();
        let mut last = [b'\n'];
        if length > 0 {
            file.seek(SeekFrom::Start(length - 1))?;
            file.read_exact(&mut last)?;
        }
        let ended = if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") };
        let done = ended.and_then(|()| file.write_all(lines)).and_then(|()| file.sync_all());
        if done.is_err() {
            // Best effort: readers skip a torn line anyway.
            let _ = file.set_len(length);
        }
        done
    }
    /// Opens (and makes) a file that exists to be locked.
    fn lock_file(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
    }
    /// Asked before a transaction of the index begins and again before it commits, so that both can fail.
    fn transact(&self, _index: &Path) -> io::Result<()> {
        Ok(())
    }
}

/// The disk of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Direct;

impl Disk for Direct {}

/// The prefix of temporary files.
pub(super) const TEMPORARY: &str = ".tmp-";

/// Runs an operation again while a signal interrupts it.
pub(super) fn again<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match operation() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            other => return other,
        }
    }
}

/// Writes a file whole and durably: a temporary file in `beside` (a directory of the same file system), sync, rename, sync of the
/// directory. `token` and `counter` make the temporary name unique among all writers of the store.
///
/// # Errors
/// [`StoreError::Io`] with path and bytes; the temporary file is removed (as far as the disk lets us), and what
/// was under the name before is still there, unless only the last step failed, which leaves the new bytes.
pub(super) fn write_whole(disk: &dyn Disk, unique: (&str, u64), beside: &Path, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    place(disk, unique, beside, path, bytes, true)?;
    sync_names(disk, parent(path))
}

/// The same but for the last step: the file is there as a whole or not at all, and its name is durable once the directory is synced.
/// Without `synced` not even its bytes: after a power cut it may be there and empty.
///
/// # Errors
/// As [`write_whole`].
pub(super) fn place(
    disk: &dyn Disk,
    (token, counter): (&str, u64),
    beside: &Path,
    path: &Path,
    bytes: &[u8],
    synced: bool,
) -> Result<(), StoreError> {
    let size = Some(bytes.len() as u64);
    let temporary = beside.join(format!("{TEMPORARY}{token}-{counter}"));
    let written = (|| {
        let mut file = again(|| disk.create(&temporary)).map_err(|e| StoreError::io("create", path, size, e))?;
        // The real write continues by itself after an interruption; an interruption that surfaces has written nothing.
        again(|| disk.write(&mut file, &temporary, bytes)).map_err(|e| StoreError::io("write", path, size, e))?;
        if synced {
            again(|| disk.sync_file(&file, &temporary)).map_err(|e| StoreError::io("sync", path, size, e))?;
        }
        drop(file);
        again(|| disk.rename(&temporary, path)).map_err(|e| StoreError::io("put in place", path, size, e))
    })();
    if written.is_err() {
        let _ = disk.remove(&temporary);
    }
    written
}

/// Makes the names in a directory durable.
///
/// # Errors
/// [`StoreError::Io`].
pub(super) fn sync_names(disk: &dyn Disk, directory: &Path) -> Result<(), StoreError> {
    again(|| disk.sync_dir(directory)).map_err(|e| StoreError::io("sync", directory, None, e))
}

/// Appends lines to a journal durably; makes the file where there is none.
///
/// # Errors
/// [`StoreError::Io`]; after it the lines may or may not be there (a caller that retries may leave them twice).
pub(super) fn append_line(disk: &dyn Disk, path: &Path, lines: &[u8]) -> Result<(), StoreError> {
    let fresh = !path.exists();
    let size = Some(lines.len() as u64);
    again(|| disk.append(path, lines)).map_err(|e| StoreError::io("append to", path, size, e))?;
    if fresh {
        again(|| disk.sync_dir(parent(path))).map_err(|e| StoreError::io("sync the directory of", path, size, e))?;
    }
    Ok(())
}

/// Makes a directory durably where there is none; says whether it had to.
pub(super) fn ensure_dir(disk: &dyn Disk, path: &Path) -> Result<bool, StoreError> {
    if path.is_dir() {
        return Ok(false);
    }
    let above = parent(path);
    if !above.as_os_str().is_empty() && !above.is_dir() {
        ensure_dir(disk, above)?;
    }
    match again(|| disk.create_dir(path)) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        other => other.map_err(|e| StoreError::io("make the directory", path, None, e))?,
    }
    let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
    again(|| disk.sync_dir(above)).map_err(|e| StoreError::io("sync", above, None, e))?;
    Ok(true)
}

/// The names in a directory, sorted; none where there is no directory.
pub(super) fn entries(path: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let listing = match fs::read_dir(path) {
        Ok(listing) => listing,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(StoreError::io("list", path, None, e)),
    };
    let mut found = Vec::new();
    for entry in listing {
        found.push(entry.map_err(|e| StoreError::io("list", path, None, e))?.path());
    }
    found.sort();
    Ok(found)
}

/// Bytes that this user may still write to the file system of a path; none where the system does not say.
#[cfg(unix)]
pub(super) fn free(path: &Path) -> Option<u64> {
    let seen = rustix::fs::statvfs(path).ok()?;
    Some(seen.f_bavail.saturating_mul(seen.f_frsize))
}

#[cfg(not(unix))]
pub(super) fn free(_: &Path) -> Option<u64> {
    None
}

/// A path's last part as text; empty where it is none.
pub(super) fn name(path: &Path) -> &str {
    path.file_name().and_then(|n| n.to_str()).unwrap_or("")
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

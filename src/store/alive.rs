//! Which runs are at work: `runs/<token>-<pipeline>.alive`, a file that its run holds locked for as long as it lives, and in which
//! it says how far it is.
//!
//! Whoever only looks asks for the lock of a file that serves nothing else, so it disturbs no run. The lock is the operating
//! system's: a run that is killed is dead at once, and its file goes when the next one begins. What it says is not synced: it is
//! about now, and nothing is computed from it.

use super::disk::{TEMPORARY, again, entries, name};
use super::layout::Layout;
use super::lock::is_at;
use super::presence::{remove_quietly, unique_name};
use super::runs::suffix;
use super::{Store, StoreError};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What ends the names of such files.
const ENDING: &str = ".alive";
/// What ends the name of the file beside it that says how far the run is.
const SAID: &str = ".said";

/// A run at work; ends when dropped, or with the process.
pub struct Alive {
    disk: Arc<dyn super::Disk>,
    path: PathBuf,
    _lock: File,
}

/// What a run that is at work said last; empty before it said anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtWork {
    /// What names this run: no other had or will have it.
    pub token: String,
    /// The bytes that it said.
    pub said: Vec<u8>,
}

impl Store {
    /// Begins to be at work on a pipeline, for others to see.
    ///
    /// # Errors
    /// [`StoreError::Io`]; [`StoreError::ReadOnly`].
    pub fn alive(&self, pipeline: &str) -> Result<Alive, StoreError> {
        self.writable()?;
        let folder = self.layout.folder("runs");
        for path in entries(&folder)?.iter().filter(|p| name(p).ends_with(ENDING)) {
            // One that can be locked has no run any more.
            if File::open(path).is_ok_and(|f| f.try_lock().is_ok()) {
                remove_quietly(self.disk.as_ref(), path)?;
                remove_quietly(self.disk.as_ref(), &said(path))?;
                remove_quietly(self.disk.as_ref(), &unfinished(path))?;
            }
        }
        let path = folder.join(format!("{}-{}{ENDING}", unique_name(), suffix(pipeline)));
        let failed = |e| StoreError::io("lock", &path, None, e);
        loop {
            let lock = again(|| self.disk.lock_file(&path)).map_err(failed)?;
            again(|| lock.lock()).map_err(failed)?;
            // Another run that begins may have taken it for a dead one's before it was locked, and removed it.
            if is_at(&lock, &path) {
                return Ok(Alive { disk: self.disk.clone(), path, _lock: lock });
            }
        }
    }

    /// Whether the run of this token lives. The store is not opened; a run whose lock nobody holds is dead.
    ///
    /// # Errors
    /// A directory that cannot be listed.
    pub fn is_alive(root: &Path, pipeline: &str, token: &str) -> Result<bool, StoreError> {
        let wanted = format!("{token}-{}{ENDING}", suffix(pipeline));
        let folder = Layout { root: root.to_path_buf() }.folder("runs");
        let found = entries(&folder)?.into_iter().find(|path| name(path) == wanted);
        let file = found.and_then(|path| File::open(path).ok());
        Ok(file.is_some_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))))
    }

    /// Whether any run is at work in this store, on whatever pipeline.
    ///
    /// # Errors
    /// A directory that cannot be listed.
    pub fn any_at_work(&self) -> Result<bool, StoreError> {
        let files = entries(&self.layout.folder("runs"))?;
        let held = |path: &PathBuf| File::open(path).is_ok_and(|f| matches!(f.try_lock_shared(), Err(TryLockError::WouldBlock)));
        Ok(files.iter().any(|path| name(path).ends_with(ENDING) && held(path)))
    }

    /// The run that is at work on a pipeline in the store of this directory, where there is one; of several the one that began last.
    /// The store is not opened.
    ///
    /// # Errors
    /// A directory that cannot be listed.
    pub fn at_work(root: &Path, pipeline: &str) -> Result<Option<AtWork>, StoreError> {
        let ending = format!("-{}{ENDING}", suffix(pipeline));
        let mut found: Vec<(std::time::SystemTime, AtWork)> = vec![];
        for path in entries(&Layout { root: root.to_path_buf() }.folder("runs"))? {
            let Some(token) = name(&path).strip_suffix(&ending) else { continue };
            // A file that went meanwhile, or that can be locked, has no run.
            let Ok(file) = File::open(&path) else { continue };
            if !matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
                continue;
            }
            let begun = file.metadata().and_then(|m| m.modified()).unwrap_or(std::time::UNIX_EPOCH);
            found.push((begun, AtWork { token: token.to_string(), said: std::fs::read(said(&path)).unwrap_or_default() }));
        }
        Ok(found.into_iter().max_by_key(|(begun, _)| *begun).map(|(_, run)| run))
    }
}

impl Alive {
    /// What names this run: no other had or will have it.
    pub fn token(&self) -> String {
        name(&self.path).split('.').next().unwrap_or_default().rsplit_once('-').map_or(String::new(), |(token, _)| token.to_string())
    }

    /// Says something, in place of what was said before; whoever reads meanwhile gets the one or the other.
    ///
    /// # Errors
    /// [`StoreError::Io`]: nothing depends on it.
    pub fn say(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let (path, temporary) = (said(&self.path), unfinished(&self.path));
        let size = Some(bytes.len() as u64);
        let written = std::fs::write(&temporary, bytes).and_then(|()| std::fs::rename(&temporary, &path));
        written.map_err(|e| {
            let _ = self.disk.remove(&temporary);
            StoreError::io("write", &path, size, e)
        })
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        let _ = self.disk.remove(&said(&self.path));
        let _ = self.disk.remove(&self.path);
    }
}

/// The file beside it that says how far the run is.
fn said(path: &Path) -> PathBuf {
    path.with_extension(&SAID[1..])
}

/// The same while it is written.
fn unfinished(path: &Path) -> PathBuf {
    path.with_file_name(format!("{TEMPORARY}{}", name(&said(path))))
}

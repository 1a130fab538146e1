//! What lies in a store beside blobs and index: how much it is, and what of it nobody can use any more.

use super::disk::{TEMPORARY, again, entries, name};
use super::layout::{FOLDERS, INDEX};
use super::presence::remove_quietly;
use super::{Store, StoreError};
use crate::base::Digest;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Files and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Usage) {
        self.files += other.files;
        self.bytes += other.bytes;
    }
}

/// Something that may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leftover {
    /// An attempt's folder.
    Attempt,
    /// What was damaged and put aside.
    Damaged,
    /// A file that a writer that died did not finish.
    Temporary,
    /// What can be worked out again.
    Memo,
}

impl Store {
    /// What there is beside blobs, by folder; the index is `index.sqlite`.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn usage(&self) -> Result<BTreeMap<String, Usage>, StoreError> {
        let mut found: BTreeMap<String, Usage> = BTreeMap::new();
        for path in entries(&self.layout.root)? {
            let called = name(&path);
            if called == "blobs" {
                continue;
            }
            let called = if called.starts_with(INDEX) { INDEX } else { called };
            *found.entry(called.to_string()).or_default() += usage(&path)?;
        }
        Ok(found)
    }

    /// Bytes that this user may still write to the store's disk; none where the system does not say.
    pub fn free(&self) -> Option<u64> {
        super::disk::free(&self.layout.root)
    }

    /// The folders of attempts: of which lock, where, and how long ago something in it was written last.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn attempts(&self) -> Result<Vec<(Digest, PathBuf, Duration)>, StoreError> {
        let mut found = Vec::new();
        for path in entries(&self.layout.folder("attempts"))?.into_iter().filter(|p| p.is_dir()) {
            let Ok(lock) = name(&path).parse() else { continue };
            let ages = entries(&path)?.iter().map(|p| age(p)).min();
            found.push((lock, path.clone(), ages.unwrap_or_else(|| age(&path))));
        }
        Ok(found)
    }

    /// Removes the folders of these attempts, what was put aside or worked out longer ago than so long, and unfinished files; with
    /// `dry`, only counts.
    ///
    /// # Errors
    /// [`StoreError::Io`]; unless `dry`, [`StoreError::InUse`] where others are there.
    pub fn sweep(&self, attempts: &[Digest], old: Duration, dry: bool) -> Result<BTreeMap<Leftover, Usage>, StoreError> {
        let _alone = match dry || self.blobs.writer()?.is_alone() {
            true => None,
            false => Some(self.alone("remove what is left over")?),
        };
        let mut going: Vec<(Leftover, PathBuf)> = Vec::new();
        let folder = self.layout.folder("attempts");
        going.extend(attempts.iter().map(|lock| (Leftover::Attempt, folder.join(lock.hex()))).filter(|(_, path)| path.is_dir()));
        going.extend(entries(&self.layout.folder("damaged"))?.into_iter().filter(|p| age(p) >= old).map(|p| (Leftover::Damaged, p)));
        for kind in entries(&self.layout.folder("memo"))?.into_iter().filter(|p| p.is_dir()) {
            let old = entries(&kind)?.into_iter().filter(|p| !name(p).starts_with(TEMPORARY) && age(p) >= old);
            going.extend(old.map(|p| (Leftover::Memo, p)));
        }
        // Nobody is there, so nobody writes them; a marker of a dead writer sweeps its own when the store is opened.
        let mut folders = vec![self.layout.root.clone(), self.layout.folder("memo"), self.layout.folder("pins")];
        folders.extend(FOLDERS.iter().filter(|f| **f != "open").map(|f| self.layout.folder(f)));
        for parent in ["blobs", "attempts", "memo", "unpacked"] {
            folders.extend(entries(&self.layout.folder(parent))?.into_iter().filter(|p| p.is_dir()));
        }
        folders.push(self.layout.folder("unpacked"));
        for folder in folders {
            let unfinished = entries(&folder)?.into_iter().filter(|p| name(p).starts_with(TEMPORARY));
            going.extend(unfinished.map(|p| (Leftover::Temporary, p)));
        }
        let mut swept: BTreeMap<Leftover, Usage> = BTreeMap::new();
        for (what, path) in going {
            *swept.entry(what).or_default() += usage(&path)?;
            if !dry {
                self.remove_all(&path)?;
            }
        }
        Ok(swept)
    }

    /// Removes a file, or a folder with all that is in it.
    fn remove_all(&self, path: &Path) -> Result<(), StoreError> {
        self.blobs.writer()?.writing()?;
        if !path.is_dir() || path.is_symlink() {
            return remove_quietly(self.disk.as_ref(), path);
        }
        for inner in entries(path)? {
            self.remove_all(&inner)?;
        }
        match again(|| std::fs::remove_dir(path)) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(StoreError::io("remove", path, None, e)),
            _ => Ok(()),
        }
    }
}

/// What a file is, or a folder holds. What goes meanwhile counts as nothing.
fn usage(path: &Path) -> Result<Usage, StoreError> {
    let Ok(meta) = path.symlink_metadata() else { return Ok(Usage::default()) };
    if !meta.is_dir() {
        return Ok(Usage { files: 1, bytes: meta.len() });
    }
    let mut sum = Usage::default();
    for inner in entries(path)? {
        sum += usage(&inner)?;
    }
    Ok(sum)
}

/// How long ago it was written; nothing where the clock, or the file, does not say.
fn age(path: &Path) -> Duration {
    let written = path.symlink_metadata().and_then(|m| m.modified()).ok();
    written.and_then(|t| SystemTime::now().duration_since(t).ok()).unwrap_or_default()
}

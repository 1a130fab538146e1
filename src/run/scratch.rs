//! The folder of a trial run: new, nobody else's, and removed with it.

use crate::store::unique_name;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How the folders' names begin.
const PREFIX: &str = "nasflow-smoke-";
/// The file in each that is locked while its owner lives.
const HELD: &str = "held";

/// A folder that goes when it is dropped. One whose owner was killed goes when the next is made.
pub struct Scratch {
    folder: PathBuf,
    _held: File,
}

impl Scratch {
    /// A new folder in `base`.
    ///
    /// # Errors
    /// A folder that cannot be made or locked.
    pub fn new(base: &Path) -> io::Result<Scratch> {
        sweep(base);
        loop {
            let folder = base.join(format!("{PREFIX}{}", unique_name()));
            make(&folder)?;
            let path = folder.join(HELD);
            let held = File::create_new(&path)?;
            held.lock()?;
            // Before it was locked, somebody may have swept it away.
            if path.exists() {
                return Ok(Scratch { folder, _held: held });
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A worker that was ended just now may still be writing.
        for _ in 0..10 {
            if fs::remove_dir_all(&self.folder).is_ok() || !self.folder.exists() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Makes a directory that was not there, for this user alone.
fn make(folder: &Path) -> io::Result<()> {
    #[allow(unused_mut)]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Removes folders whose owners are gone. What is not ours to remove stays.
fn sweep(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let held = entry.path().join(HELD);
        let named = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if named
            && held.symlink_metadata().is_ok_and(|m| m.is_file())
            && let Ok(lock) = File::open(&held)
            && lock.try_lock().is_ok()
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_new_and_those_left_behind_go() {
        let base = tempfile::tempdir().expect("a directory");
        // Left by a process that was killed, and something that is not ours.
        let (left, other) = (base.path().join("nasflow-smoke-7-0"), base.path().join("nasflow-smoke-notes"));
        for folder in [&left, &other] {
            fs::create_dir(folder).expect("a folder");
        }
        fs::write(left.join(HELD), "").and_then(|()| fs::write(left.join("blob"), "x")).expect("files");
        let first = Scratch::new(base.path()).expect("a scratch folder");
        assert!(!left.exists() && other.exists());
        let second = Scratch::new(base.path()).expect("a scratch folder");
        assert!(first.path() != second.path() && first.path().is_dir() && second.path().is_dir());
        let was = first.path().to_path_buf();
        drop(first);
        assert!(!was.exists() && second.path().is_dir());
    }
}

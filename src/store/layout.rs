//! Where things lie in a store, and what makes a directory one.

use super::StoreError;
use super::disk::{TEMPORARY, entries, name};
use crate::base::Digest;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The version of the files' layout, in the file `format`.
pub(super) const FORMAT: u64 = 1;

/// The index's file.
pub(super) const INDEX: &str = "index.sqlite";

/// The directories of a store, made when it is.
pub(super) const FOLDERS: [&str; 7] = ["blobs", "damaged", "locks", "open", "runs", "attempts", "observations"];

/// The paths of one store.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub root: PathBuf,
}

/// What a directory is to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Is {
    /// A store, perhaps one whose making was interrupted.
    Store,
    /// No directory.
    Nothing,
    /// A directory with nothing in it.
    Empty,
    /// A directory that holds only `.gitignore`: a place kept for a store.
    Kept,
    /// A directory with something else in it, for instance this.
    Foreign(String),
    /// Whether it is a store, this user may not see.
    Unreadable,
}

impl Layout {
    pub fn folder(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
    pub fn format(&self) -> PathBuf {
        self.root.join("format")
    }
    pub fn index(&self) -> PathBuf {
        self.root.join(INDEX)
    }
    /// The names of what was dropped on purpose.
    pub fn dropped(&self) -> PathBuf {
        self.root.join("dropped")
    }
    pub fn blob(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.root.join("blobs").join(&hex[..2]).join(&hex[2..])
    }

    /// What the directory is. Never an error: what cannot be listed is foreign.
    pub fn classify(&self) -> Is {
        match self.root.metadata() {
            Ok(_) => {}
            Err(e) if e.kind() == ErrorKind::PermissionDenied => return Is::Unreadable,
            Err(_) => return Is::Nothing,
        }
        let listing = match entries(&self.root) {
            Ok(listing) => listing,
            Err(_) if self.format().is_file() => return Is::Store,
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::PermissionDenied => return Is::Unreadable,
            Err(e) => return Is::Foreign(e.to_string()),
        };
        if listing.iter().any(|p| name(p) == "format" && p.is_file()) {
            return Is::Store;
        }
        let (mut ours, mut kept) = (false, false);
        for path in &listing {
            match name(path) {
                ".gitignore" => kept = true,
                n if n.starts_with(TEMPORARY) || n.starts_with(INDEX) || FOLDERS.contains(&n) => ours = true,
                n => return Is::Foreign(n.to_string()),
            }
        }
        match (ours, kept) {
            (true, _) => Is::Store,
            (false, true) => Is::Kept,
            (false, false) => Is::Empty,
        }
    }

    /// Refuses a store of which this user may not read the list of entries, the index, or the list of results.
    pub fn check_readable(&self) -> Result<(), StoreError> {
        let denied = |path: &Path, tried: std::io::Result<()>| match tried {
            Err(e) if e.kind() == ErrorKind::PermissionDenied => Err(StoreError::unreadable(path, e)),
            _ => Ok(()),
        };
        for folder in [self.root.clone(), self.folder("blobs"), self.folder("runs"), self.folder("observations")] {
            denied(&folder, std::fs::read_dir(&folder).map(|_| ()))?;
        }
        for file in [self.format(), self.index()] {
            denied(&file, std::fs::File::open(&file).map(|_| ()))?;
        }
        Ok(())
    }

    /// Refuses a layout that a newer program wrote.
    pub fn check_format(&self) -> Result<(), StoreError> {
        let path = self.format();
        let Ok(text) = std::fs::read_to_string(&path) else { return Ok(()) };
        let found = text.trim().strip_prefix("nasflow store ").and_then(|v| v.parse::<u64>().ok());
        match found {
            Some(found) if found > FORMAT => Err(StoreError::Newer { path, found, known: FORMAT }),
            Some(_) => Ok(()),
            None => Err(StoreError::Invalid {
                message: format!("{} does not read `nasflow store {FORMAT}`: if this is a store, correct the line by hand", path.display()),
            }),
        }
    }
}

/// A blob's digest from its path `blobs/ab/cdef…`.
pub(super) fn digest_of(path: &Path) -> Option<Digest> {
    let folder = name(path.parent()?);
    format!("{folder}{}", name(path)).parse().ok()
}

//! The store's place: where it is, whether it can be written, how much room there is.

use crate::store::{How, Store, StoreError};
use serde::Serialize;
use std::path::Path;

/// What there is of the store.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Place {
    /// Its directory.
    pub root: String,
    /// Whether it is there; else the first `run` makes it.
    pub exists: bool,
    /// How it was found.
    pub found: &'static str,
    /// Whether files can be made in it, or in the directory in which it would be made.
    pub writable: bool,
    /// The version of its index.
    pub schema: Option<i32>,
    /// Bytes of free room.
    pub free: Option<u64>,
    /// What keeps a run from using it.
    pub fault: Option<String>,
}

/// Looks; makes no store.
pub fn look(here: &Path, explicit: Option<&Path>) -> Place {
    let found = match Store::find(here, explicit, None) {
        Ok(found) => found,
        Err(e) => return unreadable(here, &e),
    };
    let root = found.root.as_path();
    let exists = root.is_dir();
    // The nearest directory that is there.
    let base = root.ancestors().find(|p| p.is_dir()).unwrap_or(here);
    let probe = base.join(format!(".nasflow-doctor-{}", std::process::id()));
    let written = std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe));
    let opened = Store::open_read_only(root).map(|_| ());
    let fault = match (opened, &written) {
        (Err(e), _) => Some(e.to_string()),
        (Ok(()), Err(e)) => Some(format!("{} cannot be written: {e}", base.display())),
        _ => None,
    };
    Place {
        root: root.display().to_string(),
        exists,
        found: match found.how {
            How::Explicit => "named by --cache or NASFLOW_CACHE",
            How::Upwards => "the nearest cache/ upwards",
            How::Beside => "the nearest cache/ upwards from the pipeline",
            How::WouldCreate => "none upwards from here: it would be made here",
        },
        writable: written.is_ok(),
        schema: Store::version_at(root),
        free: free(base),
        fault,
    }
}

/// A `cache/` on the way that this user may not look into.
fn unreadable(here: &Path, error: &StoreError) -> Place {
    let root = match error {
        StoreError::Unreadable { path, .. } => path.as_path(),
        _ => here,
    };
    let (root, fault) = (root.display().to_string(), Some(error.to_string()));
    Place { root, exists: true, found: "it cannot be read", writable: false, schema: None, free: None, fault }
}

/// Free bytes of the file system, asked of `df` (the standard library cannot say).
fn free(path: &Path) -> Option<u64> {
    let out = std::process::Command::new("df").arg("-Pk").arg(path).output().ok()?;
    available(&String::from_utf8_lossy(&out.stdout))
}

/// The fourth column of POSIX's `df -P -k`, whose last line is the file system's; the name before it may hold blanks.
fn available(table: &str) -> Option<u64> {
    let line = table.lines().nth(1)?;
    let percent = line.split_whitespace().position(|w| w.ends_with('%') && w.len() > 1)?;
    let column = line.split_whitespace().nth(percent.checked_sub(1)?)?;
    column.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_room_is_read_from_df() {
        let head = "Filesystem 1024-blocks Used Available Capacity Mounted on\n";
        assert_eq!(available(&format!("{head}/dev/vda 263174212 30408704 66060288 32% /work\n")), Some(66_060_288 * 1024));
        assert_eq!(available(&format!("{head}a b 10 4 6 40% /with blank\n")), Some(6 * 1024));
        assert_eq!((available(""), available(head), available(&format!("{head}- - - -\n"))), (None, None, None));
    }

    #[test]
    fn a_place_is_looked_at_and_left_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let place = look(dir.path(), None);
        assert!(!place.exists && place.writable && place.fault.is_none() && place.schema.is_none(), "{:?}", place.fault);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        drop(Store::open(&dir.path().join("cache"), true).unwrap());
        let place = look(dir.path(), None);
        assert!(place.exists && place.schema == Some(1) && place.fault.is_none(), "{:?}", place.fault);
        // A directory with other things in it is no store.
        let mine = dir.path().join("mine");
        std::fs::create_dir(&mine).and_then(|()| std::fs::write(mine.join("other"), b"")).unwrap();
        let place = look(dir.path(), Some(&mine));
        assert!(place.fault.is_some_and(|f| f.contains("other")));
        let deep = look(dir.path(), Some(Path::new("a/b/c")));
        assert!(!deep.exists && deep.writable && deep.root.ends_with("a/b/c"));
    }
}

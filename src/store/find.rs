//! Which directory is the store: the one that was named, else `cache/` upwards from here, else upwards from the pipeline's
//! file, else a new one here.

use super::StoreError;
use super::layout::{Is, Layout};
use std::path::{Path, PathBuf};

/// How a store's place was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It was named (`--cache` or `NASFLOW_CACHE`).
    Explicit,
    /// A `cache/` in this directory or one above, that is a store or holds only `.gitignore`.
    Upwards,
    /// Such a `cache/` beside the pipeline's file or in a directory above.
    Beside,
    /// None was found: it would be made here.
    WouldCreate,
}

/// A store's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The store's directory; it may not exist yet.
    pub root: PathBuf,
    /// How it was found.
    pub how: How,
}

/// Finds the store for a command on a pipeline's file, run in `cwd`. Makes nothing.
///
/// # Errors
/// [`StoreError::Unreadable`]: a `cache/` is met on the way that this user may not look into. It may be the store.
pub fn find(cwd: &Path, explicit: Option<&Path>, pipeline: Option<&Path>) -> Result<Found, StoreError> {
    if let Some(path) = explicit {
        return Ok(Found { root: cwd.join(path), how: How::Explicit });
    }
    let beside = pipeline.and_then(|file| cwd.join(file).canonicalize().ok());
    let beside = beside.iter().flat_map(|file| file.ancestors().skip(1)).map(|d| (d, How::Beside));
    for (directory, how) in cwd.ancestors().map(|d| (d, How::Upwards)).chain(beside) {
        let root = directory.join("cache");
        let layout = Layout { root: root.clone() };
        match layout.classify() {
            Is::Store | Is::Kept => return Ok(Found { root, how }),
            Is::Unreadable => layout.check_readable()?,
            _ => {}
        }
    }
    Ok(Found { root: cwd.join("cache"), how: How::WouldCreate })
}

/// Whether there is a store at this place. A place that is kept for one has none yet.
///
/// # Errors
/// [`StoreError::Unreadable`]; a directory with other things in it.
pub fn is_store(root: &Path) -> Result<bool, StoreError> {
    let layout = Layout { root: root.to_path_buf() };
    match layout.classify() {
        Is::Store => Ok(true),
        Is::Nothing | Is::Empty | Is::Kept => Ok(false),
        Is::Foreign(entry) => Err(StoreError::NotAStore { root: root.to_path_buf(), holds: Some(entry) }),
        Is::Unreadable => layout.check_readable().map(|()| false),
    }
}

/// Refuses a network file system, as far as `/proc/mounts` tells.
pub(super) fn refuse_network(root: &Path) -> Result<(), StoreError> {
    let Ok(mounts) = std::fs::read_to_string("/proc/mounts") else { return Ok(()) };
    let existing = root.ancestors().find_map(|p| p.canonicalize().ok());
    match existing.and_then(|path| network_kind(&mounts, &path)) {
        Some(kind) => Err(StoreError::Network { root: root.to_path_buf(), kind }),
        None => Ok(()),
    }
}

/// The type of the file system under an absolute path, if it is one over a network.
fn network_kind(mounts: &str, path: &Path) -> Option<String> {
    const KINDS: [&str; 22] = [
        "nfs",
        "nfs3",
        "nfs4",
        "cifs",
        "smb2",
        "smb3",
        "smbfs",
        "afs",
        "ceph",
        "lustre",
        "gpfs",
        "beegfs",
        "glusterfs",
        "orangefs",
        "pvfs2",
        "panfs",
        "wekafs",
        "fuse.sshfs",
        "fuse.glusterfs",
        "fuse.ceph",
        "fuse.s3fs",
        "fuse.rclone",
    ];
    let mut best: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let mut fields = line.split(' ').skip(1);
        let (Some(place), Some(kind)) = (fields.next(), fields.next()) else { continue };
        let place = PathBuf::from(place.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"));
        let depth = place.components().count();
        // A later line hides an earlier one at the same place.
        if path.starts_with(&place) && best.is_none_or(|(d, _)| depth >= d) {
            best = Some((depth, kind));
        }
    }
    best.map(|(_, kind)| kind).filter(|kind| KINDS.contains(kind)).map(str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn upwards_finds_a_store_or_a_kept_place_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path();
        let deep = top.join("a/b");
        fs::create_dir_all(&deep).unwrap();
        let found = |at: &Path| find(at, None, None).unwrap();
        assert_eq!(found(&deep), Found { root: deep.join("cache"), how: How::WouldCreate });
        // A directory of that name with other things in it, or with nothing, is passed over.
        fs::create_dir_all(top.join("a/cache")).unwrap();
        assert_eq!(found(&deep).how, How::WouldCreate);
        fs::write(top.join("a/cache/.gitignore"), "*").unwrap();
        assert_eq!(found(&deep), Found { root: top.join("a/cache"), how: How::Upwards });
        fs::write(top.join("a/cache/pip.json"), "").unwrap();
        assert_eq!(found(&deep).how, How::WouldCreate);
        fs::create_dir_all(top.join("cache")).unwrap();
        fs::write(top.join("cache/format"), "nasflow store 1\n").unwrap();
        assert_eq!(found(&deep), Found { root: top.join("cache"), how: How::Upwards });
        assert_eq!(find(&deep, Some(Path::new("x")), None).unwrap(), Found { root: deep.join("x"), how: How::Explicit });
    }

    #[test]
    fn a_store_beside_the_pipeline_is_found_after_those_upwards() {
        let dir = tempfile::tempdir().unwrap();
        let (here, there) = (dir.path().canonicalize().unwrap().join("here"), dir.path().canonicalize().unwrap().join("there/pipelines"));
        fs::create_dir_all(&here).and_then(|()| fs::create_dir_all(&there)).unwrap();
        fs::write(there.join("p.kdl"), "").unwrap();
        let found = || find(&here, None, Some(Path::new("../there/pipelines/p.kdl"))).unwrap();
        assert_eq!(found(), Found { root: here.join("cache"), how: How::WouldCreate });
        let beside = there.parent().unwrap().join("cache");
        fs::create_dir_all(&beside).and_then(|()| fs::write(beside.join("format"), "nasflow store 1\n")).unwrap();
        assert_eq!(found(), Found { root: beside, how: How::Beside });
        fs::create_dir_all(here.join("cache")).and_then(|()| fs::write(here.join("cache/.gitignore"), "*")).unwrap();
        assert_eq!(found(), Found { root: here.join("cache"), how: How::Upwards });
    }

    #[test]
    fn the_deepest_mount_decides() {
        let mounts = "/dev/a / ext4 rw 0 0\nserver:/h /home nfs4 rw 0 0\n/dev/b /home/me/my\\040disk xfs rw 0 0\n";
        assert_eq!(network_kind(mounts, Path::new("/home/you/cache")), Some("nfs4".into()));
        assert_eq!(network_kind(mounts, Path::new("/home/me/my disk/cache")), None);
        assert_eq!(network_kind(mounts, Path::new("/homestead")), None);
        let refused = StoreError::Network { root: "/home/you/cache".into(), kind: "nfs4".into() }.to_string();
        assert!(refused.contains("(nfs4)") && refused.contains("--allow-network"), "{refused}");
    }
}

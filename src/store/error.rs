//! What can go wrong in a store, in sentences that say which file, how many bytes, and what to do next.

use crate::base::Digest;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A failure of the store. `Display` is one line with path, cause and advice.
#[derive(Debug)]
pub enum StoreError {
    /// The blob's bytes are not those of its name. It has been put aside (reported once: from now on it is
    /// [`StoreError::Missing`]) unless the file system forbids that.
    Damaged {
        /// The blob's name.
        digest: Digest,
        /// Where the damaged bytes lie now.
        aside: Option<PathBuf>,
    },
    /// There is no such blob.
    Missing {
        /// The blob's name.
        digest: Digest,
        /// What asked for it.
        wanted_by: String,
    },
    /// An operation on the disk failed.
    Io {
        /// What was being done: "write", "sync", "read", …
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// How many bytes were to be written, where that is known.
        bytes: Option<u64>,
        /// The system's answer.
        source: io::Error,
    },
    /// The disk has not the room for what is to be made.
    NoRoom {
        /// The store.
        root: PathBuf,
        /// What is to be made.
        what: String,
        /// Bytes that it takes.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// Bytes that were to have another digest; they are not kept.
    Unexpected {
        /// The digest that they were to have.
        wanted: Digest,
        /// Theirs.
        found: Digest,
    },
    /// This user may not read the store, or something in it.
    Unreadable {
        /// What cannot be read.
        path: PathBuf,
        /// Its permission bits and its owner's number, or those of the nearest directory above that can be looked at.
        permission: Option<(u32, u32)>,
        /// The system's answer.
        source: io::Error,
    },
    /// The store was written by a newer nasflow; nothing was touched.
    Newer {
        /// The file that says so.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The newest version this program knows.
        known: u64,
    },
    /// The store lies on a network file system, whose locks and shared memory SQLite cannot trust.
    Network {
        /// The store.
        root: PathBuf,
        /// The file system's type as in /proc/mounts.
        kind: String,
    },
    /// The directory holds other things and is no store.
    NotAStore {
        /// The directory.
        root: PathBuf,
        /// One entry that does not belong to a store, or nothing where the directory does not exist.
        holds: Option<String>,
    },
    /// Something was to be written to a store that was opened for reading.
    ReadOnly {
        /// The store.
        root: PathBuf,
    },
    /// SQLite refused.
    Database {
        /// The index.
        path: PathBuf,
        /// SQLite's words.
        message: String,
        /// Whether the file itself is damaged: the next open rebuilds it.
        corrupt: bool,
    },
    /// Other processes use the store, and what was asked needs it alone.
    InUse {
        /// The store.
        root: PathBuf,
        /// What was to be done.
        doing: &'static str,
    },
    /// A coordinator on another machine uses the index.
    OtherMachine {
        /// The store.
        root: PathBuf,
        /// What the other machine is called.
        machine: String,
        /// Whether nobody holds its lock, which need not reach this machine: seconds since it was last seen, and until it counts as gone.
        seen: Option<(u64, u64)>,
    },
    /// A value that the store cannot keep as it is.
    Invalid {
        /// What is wrong with it.
        message: String,
    },
}

impl StoreError {
    /// A stable code for people to search for.
    pub fn code(&self) -> &'static str {
        match self {
            StoreError::Damaged { .. } => "store::damaged",
            StoreError::Missing { .. } => "store::missing",
            StoreError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => "store::full",
            StoreError::Unexpected { .. } => "store::unexpected",
            StoreError::NoRoom { .. } => "store::full",
            StoreError::Io { .. } => "store::io",
            StoreError::Unreadable { .. } => "store::unreadable",
            StoreError::Newer { .. } => "store::newer",
            StoreError::Network { .. } => "store::network",
            StoreError::NotAStore { .. } => "store::not-a-store",
            StoreError::ReadOnly { .. } => "store::read-only",
            StoreError::Database { .. } => "store::database",
            StoreError::InUse { .. } => "store::in-use",
            StoreError::OtherMachine { .. } => "store::other-machine",
            StoreError::Invalid { .. } => "store::invalid",
        }
    }

    /// Bytes of room that it takes to go on, where the disk is full (or the user's share of it).
    pub fn room(&self) -> Option<u64> {
        match self {
            StoreError::NoRoom { needed, .. } => Some(*needed),
            StoreError::Io { bytes, source, .. } if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
                Some(bytes.unwrap_or(0))
            }
            _ => None,
        }
    }

    /// Whether the index itself is broken, so that the next open must check it.
    pub fn is_corrupt(&self) -> bool {
        matches!(self, StoreError::Database { corrupt: true, .. })
    }

    /// What cannot be read, with its permission.
    pub(super) fn unreadable(path: &Path, source: io::Error) -> Self {
        let seen = path.ancestors().find_map(|p| p.symlink_metadata().ok());
        StoreError::Unreadable { path: path.to_path_buf(), permission: seen.as_ref().and_then(permission), source }
    }

    pub(super) fn io(doing: &'static str, path: &Path, bytes: Option<u64>, source: io::Error) -> Self {
        StoreError::Io { doing, path: path.to_path_buf(), bytes, source }
    }
}

#[cfg(unix)]
fn permission(seen: &std::fs::Metadata) -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    Some((seen.mode() & 0o7777, seen.uid()))
}

#[cfg(not(unix))]
fn permission(_: &std::fs::Metadata) -> Option<(u32, u32)> {
    None
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Damaged { digest, aside: Some(aside) } => {
                write!(
                    f,
                    "blob {} was damaged; its bytes were put aside at {}, and the next `run` makes it again",
                    digest.short(),
                    aside.display()
                )
            }
            StoreError::Damaged { digest, aside: None } => {
                write!(
                    f,
                    "blob {} is damaged and could not be put aside; a `run` by somebody who may write to the store makes it again",
                    digest.short()
                )
            }
            StoreError::Missing { digest, wanted_by } => write!(f, "blob {} is not in the store ({wanted_by})", digest.short()),
            StoreError::Io { doing, path, bytes, source } => {
                write!(f, "cannot {doing} {}", path.display())?;
                if let Some(bytes) = bytes {
                    write!(f, " ({bytes} bytes)")?;
                }
                write!(f, ": {source}")?;
                match source.kind() {
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                        f.write_str("; make room there or name another store with --cache, then run the same command again: it goes on where it stopped")
                    }
                    io::ErrorKind::PermissionDenied if matches!(*doing, "read" | "list") => {
                        f.write_str("; make it readable for you, or name another store with --cache or NASFLOW_CACHE")
                    }
                    io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                        f.write_str("; make it writable for you, or name another store with --cache or NASFLOW_CACHE")
                    }
                    _ => Ok(()),
                }
            }
            StoreError::Unexpected { wanted, found } => write!(f, "bytes with the digest {found} came where {wanted} was wanted"),
            StoreError::NoRoom { root, what, needed, free } => {
                let gib = |bytes: &u64| *bytes as f64 / f64::from(1 << 30);
                write!(
                    f,
                    "{what} takes {:.1} GiB of disk, and {} has {:.1} GiB free: make room there, or name another store with --cache",
                    gib(needed),
                    root.display(),
                    gib(free)
                )
            }
            StoreError::Unreadable { path, permission, source } => {
                write!(f, "the store cannot be read: {}: {source}", path.display())?;
                if let Some((mode, owner)) = permission {
                    write!(f, " (mode {mode:04o}, owner {owner})")?;
                }
                f.write_str("; have it made readable for you, or name another store with --cache or NASFLOW_CACHE")
            }
            StoreError::Newer { path, found, known } => write!(
                f,
                "{} has version {found}, and this nasflow knows up to {known}: use a newer nasflow or another --cache (nothing was touched)",
                path.display()
            ),
            StoreError::Network { root, kind } => write!(
                f,
                "{} lies on a network file system ({kind}), where SQLite is not safe among machines: name a local --cache, or say --allow-network if a single machine uses it",
                root.display()
            ),
            StoreError::NotAStore { root, holds: Some(entry) } => {
                write!(f, "{} is not a store (it holds `{entry}`): name an empty or new directory with --cache", root.display())
            }
            StoreError::NotAStore { root, holds: None } => write!(f, "there is no store at {}", root.display()),
            StoreError::ReadOnly { root } => write!(f, "the store {} was opened for reading only", root.display()),
            StoreError::Database { path, message, corrupt: true } => {
                write!(f, "the index {} is damaged ({message}): the next `nasflow run` rebuilds it from the results' files", path.display())
            }
            StoreError::Database { path, message, corrupt: false } => write!(f, "the index {}: {message}", path.display()),
            StoreError::InUse { root, doing } => {
                write!(f, "cannot {doing} while other processes use the store {}: wait until they have ended", root.display())
            }
            StoreError::OtherMachine { root, machine, seen: None } => write!(
                f,
                "the machine {machine} works with the store {}, and only one machine may use its index at a time: wait until it has ended, or name another --cache",
                root.display()
            ),
            StoreError::OtherMachine { root, machine, seen: Some((ago, left)) } => write!(
                f,
                "the machine {machine} wrote to the store {} {ago} s ago, and whether it still works cannot be told from here: try again in {left} s, or name another --cache",
                root.display()
            ),
            StoreError::Invalid { message } => f.write_str(message),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StoreError::Io { source, .. } | StoreError::Unreadable { source, .. } => Some(source),
            _ => None,
        }
    }
}

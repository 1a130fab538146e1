//! What a data set consists of on disk: images, their annotation files, lists. Found by looking at names, not at content.

use super::error::{DataError, Findings};
use crate::base::{Canon, Digest};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// An image and where its boxes are written. Paths are the data set's root, as the document writes it, joined with the rest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    /// The image.
    pub image: PathBuf,
    /// Its annotation file, where there is one.
    pub annotation: Option<PathBuf>,
}

/// The files of a data set.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// Images in the order of their paths, each once.
    pub items: Vec<Item>,
    /// Splits that lists or folders make: name, indices into `items`.
    pub splits: Vec<(String, Vec<usize>)>,
    /// Class names where the format declares them.
    pub names: Option<Vec<String>>,
    /// Lists and descriptions that were read.
    pub others: Vec<PathBuf>,
    /// What was missing.
    pub findings: Findings,
}

/// A file as the file system knows it: trusted between runs as long as none of it changes (invariant 14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStamp {
    /// Path as in [`Item`].
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Modification and change time in nanoseconds since 1970.
    pub times: [i64; 2],
    /// Inode (0 where the system has none).
    pub inode: u64,
}

impl FileStamp {
    /// Asks the file system.
    pub fn of(base: &Path, path: &Path) -> Result<Self, DataError> {
        let full = base.join(path);
        let meta = fs::metadata(&full).map_err(|e| DataError::io(&full, e))?;
        let (times, inode) = times_and_inode(&meta);
        Ok(FileStamp { path: path.to_path_buf(), size: meta.len(), times, inode })
    }

    /// For the fingerprint.
    pub fn canon(&self) -> Canon {
        Canon::List(vec![
            self.path.to_string_lossy().into_owned().into(),
            self.size.into(),
            self.times[0].into(),
            self.times[1].into(),
            self.inode.into(),
        ])
    }
}

#[cfg(unix)]
fn times_and_inode(meta: &fs::Metadata) -> ([i64; 2], u64) {
    use std::os::unix::fs::MetadataExt;
    let nanos = |s: i64, n: i64| s.saturating_mul(1_000_000_000).saturating_add(n);
    ([nanos(meta.mtime(), meta.mtime_nsec()), nanos(meta.ctime(), meta.ctime_nsec())], meta.ino())
}

#[cfg(not(unix))]
fn times_and_inode(meta: &fs::Metadata) -> ([i64; 2], u64) {
    let since = |t: std::io::Result<std::time::SystemTime>| {
        t.ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok()).map_or(0, |d| d.as_nanos() as i64)
    };
    ([since(meta.modified()), since(meta.created())], 0)
}

/// A whole file, refused where it is longer than `cap` bytes (whatever its length field says while it is read).
pub fn read_capped(path: &Path, cap: u64) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let meta = file.metadata().map_err(|e| e.to_string())?;
    if !meta.is_file() {
        return Err("not a regular file".into());
    }
    let mut bytes = Vec::with_capacity(meta.len().min(cap) as usize);
    file.take(cap + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 > cap {
        return Err(format!("longer than {} MiB", cap >> 20));
    }
    Ok(bytes)
}

/// The names in a folder, sorted; an empty list where there is no such folder.
pub fn names_in(folder: &Path) -> Result<Vec<String>, DataError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(DataError::io(folder, e)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| DataError::io(folder, e))?;
        match entry.file_name().into_string() {
            Ok(name) => names.push(name),
            Err(name) => return Err(DataError::format(&folder.join(name), "its name is not UTF-8; rename it")),
        }
    }
    names.sort();
    Ok(names)
}

/// What the suffix of a file name says: read here, an image that is not, or something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suffix {
    /// jpg, jpeg, png.
    Image,
    /// Another image format of upstream's list.
    Unsupported,
    /// Not an image.
    Other,
}

/// Judges a file name by its suffix.
pub fn suffix(name: &str) -> Suffix {
    let ext = name.rsplit_once('.').map_or(String::new(), |(_, ext)| ext.to_ascii_lowercase());
    match ext.as_str() {
        "jpg" | "jpeg" | "png" => Suffix::Image,
        "bmp" | "dng" | "mpo" | "tif" | "tiff" | "webp" | "pfm" => Suffix::Unsupported,
        _ => Suffix::Other,
    }
}

/// Stamps of all files of a layout, and one digest over them.
pub fn stamps(base: &Path, layout: &Layout) -> Result<(Vec<FileStamp>, Digest), DataError> {
    let paths = layout.others.iter().chain(layout.items.iter().flat_map(|i| std::iter::once(&i.image).chain(&i.annotation)));
    let files = paths.map(|p| FileStamp::of(base, p)).collect::<Result<Vec<_>, _>>()?;
    let digest = Canon::List(files.iter().map(FileStamp::canon).collect()).digest();
    Ok((files, digest))
}

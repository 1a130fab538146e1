//! Files and folders as the file system has them: names, stamps, capped reads.

use super::error::DataError;
use crate::base::Canon;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// A file as the file system knows it: trusted between runs as long as none of it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStamp {
    /// Path as in [`Item`](super::layout::Item).
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
    ///
    /// # Errors
    /// A file that is not there.
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
///
/// # Errors
/// What is wrong, without the file's name.
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

/// The names in a folder, sorted, without hidden and system files; an empty list where there is no such folder.
///
/// # Errors
/// A folder that cannot be read; a name that is not UTF-8.
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
            Ok(name) if is_system(&name) => {}
            Ok(name) => names.push(name),
            Err(name) if is_system(&name.to_string_lossy()) => {}
            Err(name) => return Err(DataError::format(&folder.join(name), "its name is not UTF-8; rename it")),
        }
    }
    names.sort();
    Ok(names)
}

/// Names that systems and tools leave in folders, beside everything that begins with a dot (`._p0.jpg`, `.DS_Store`,
/// `.ipynb_checkpoints`, `.Trash-1000`). No data set means them.
const SYSTEM: [&str; 9] = [
    "__macosx",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "$recycle.bin",
    "system volume information",
    "@eadir",
    "lost+found",
    "__pycache__",
];

/// Whether a file or folder of this name is hidden or the system's own.
pub fn is_system(name: &str) -> bool {
    name.starts_with('.') || SYSTEM.contains(&name.to_ascii_lowercase().as_str())
}

/// What the suffix of a file name says: read here, an image that is not, or something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suffix {
    /// jpg, jpeg, jfif, png, bmp, webp, tif, tiff. What the file holds decides how it is read.
    Image,
    /// An image in another format: the rest of upstream's list, and what cameras and browsers save.
    Unsupported,
    /// Not an image.
    Other,
}

/// Judges a file name by its suffix.
pub fn suffix(name: &str) -> Suffix {
    let ext = name.rsplit_once('.').map_or(String::new(), |(_, ext)| ext.to_ascii_lowercase());
    match ext.as_str() {
        "jpg" | "jpeg" | "jfif" | "png" | "bmp" | "webp" | "tif" | "tiff" => Suffix::Image,
        "dng" | "mpo" | "pfm" => Suffix::Unsupported,
        "avif" | "gif" | "heic" | "heif" | "jp2" | "jxl" => Suffix::Unsupported,
        _ => Suffix::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_and_system_files_are_in_no_listing() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.jpg", "a.jpg", "._a.jpg", ".DS_Store", "Thumbs.db", "desktop.ini"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        for name in ["__MACOSX", ".ipynb_checkpoints", ".Trash-1000", "$RECYCLE.BIN", "@eaDir", "cat"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        assert_eq!(names_in(dir.path()).unwrap(), ["a.jpg", "b.jpg", "cat"]);
        assert!(names_in(&dir.path().join("none")).unwrap().is_empty());
    }

    #[test]
    fn suffixes_in_any_case() {
        assert!(["a.jpg", "a.JPEG", "a.b.jfif", "a.PNG", "a.bmp", "a.webp", "a.TIFF", "a.tif"].iter().all(|n| suffix(n) == Suffix::Image));
        assert!(["a.dng", "a.gif", "a.HEIC", "a.heif", "a.avif", "a.jp2", "a.jxl"].iter().all(|n| suffix(n) == Suffix::Unsupported));
        assert!(["a", "a.txt", "jpg"].iter().all(|n| suffix(n) == Suffix::Other));
    }
}

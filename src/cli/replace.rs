//! A new text for a file that is there: whole or not at all, with its permissions; a link stays one.

use std::io::{self, Write};
use std::path::Path;

/// Puts a text in the place of a file's.
///
/// # Errors
/// The disk's; the file is then what it was.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let real = std::fs::canonicalize(path)?;
    let permissions = std::fs::metadata(&real)?.permissions();
    // A file that may not be written is not replaced either.
    drop(std::fs::OpenOptions::new().append(true).open(&real)?);
    let beside = real.with_extension(format!("kdl.{}", std::process::id()));
    let moved =
        written(&beside, text).and_then(|()| std::fs::set_permissions(&beside, permissions)).and_then(|()| std::fs::rename(&beside, &real));
    if moved.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    moved
}

fn written(path: &Path, text: &str) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

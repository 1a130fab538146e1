//! The folder that a command works in: new for every attempt, inside the attempt's own.

use crate::run::worker::context::Context;
use crate::run::worker::failure::Failure;
use crate::store::unique_name;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// How such folders are called.
const PREFIX: &str = "job-";
/// Checkpoints of a trainer, kept from attempt to attempt until one has ended well.
const CHECKPOINTS: &str = "checkpoints";

/// The folder of a command.
pub struct Folder {
    path: PathBuf,
    checkpoints: PathBuf,
}

impl Folder {
    /// A new one; those of earlier attempts go.
    pub fn new(context: &Context) -> Result<Folder, Failure> {
        let attempt = fs::canonicalize(context.attempt.path()).map_err(|e| failed("find", context.attempt.path(), &e))?;
        for entry in fs::read_dir(&attempt).map_err(|e| failed("read", &attempt, &e))?.flatten() {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX)) {
                // What a process that got away still writes there, nobody reads.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let folder = Folder { path: attempt.join(format!("{PREFIX}{}", unique_name())), checkpoints: attempt.join(CHECKPOINTS) };
        for path in [&folder.path, &folder.out()] {
            fs::create_dir(path).map_err(|e| failed("make", path, &e))?;
        }
        // A command may have put a link in its place.
        if !fs::symlink_metadata(&folder.checkpoints).is_ok_and(|m| m.is_dir()) {
            let _ = fs::remove_file(&folder.checkpoints);
            fs::create_dir(&folder.checkpoints).map_err(|e| failed("make", &folder.checkpoints, &e))?;
        }
        Ok(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the command is to leave what it made.
    pub fn out(&self) -> PathBuf {
        self.path.join("out")
    }

    /// Where it may leave what it goes on from.
    pub fn checkpoints(&self) -> &Path {
        &self.checkpoints
    }

    /// Lays the files that the command uses: read-only, and executable, because some are called by name.
    pub fn lay(&self, files: &[(String, crate::base::Digest)], context: &Context) -> Result<(), Failure> {
        for (name, blob) in files {
            if !Path::new(name).components().all(|part| matches!(part, Component::Normal(_))) {
                return Err(Failure::Broken(format!("`{name}` is no name inside a folder")));
            }
            let path = self.path.join(name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(|e| failed("make", parent, &e))?;
            }
            let bytes = context.blob(*blob, name)?;
            fs::write(&path, bytes).map_err(|e| failed("write", &path, &e))?;
            #[cfg(unix)]
            {
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o555);
                fs::set_permissions(&path, mode).map_err(|e| failed("write", &path, &e))?;
            }
        }
        Ok(())
    }

    /// Writes a file of nasflow's.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.path.join(name);
        fs::write(&path, bytes).map_err(|e| failed("write", &path, &e))
    }

    /// Removes it, with the checkpoints: the command has ended well. What cannot be removed goes with the next attempt.
    pub fn remove(self) {
        let _ = fs::remove_dir_all(&self.path);
        let _ = fs::remove_dir_all(&self.checkpoints);
    }
}

fn failed(what: &str, path: &Path, e: &std::io::Error) -> Failure {
    Failure::Attempt(format!("could not {what} {}: {e}", path.display()))
}

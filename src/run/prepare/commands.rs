//! Files that commands of one's own use: found, bounded, hashed, and put into the store when a command runs.

use crate::base::Digest;
use crate::document::{Diagnostic, OwnCommand, Pipeline, Used};
use crate::plan::{Commands, UsedFile, UsedFiles};
use crate::run::error::RunError;
use crate::store::Store;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// The most files of one command.
const MOST_FILES: usize = 10_000;
/// The most bytes of all its files.
const MOST_BYTES: u64 = 1 << 30;
/// How deep its folders may lie in each other.
const DEEPEST: usize = 32;

/// What the commands of a pipeline use; whatever is wrong with a file is an error at its line.
pub fn read(pipeline: &Pipeline, errors: &mut Vec<Diagnostic>) -> Commands {
    let mut commands = Commands::default();
    for stage in &pipeline.stages {
        if let Some(runner) = stage.train().and_then(|t| t.runner.as_ref()) {
            commands.runners.insert(stage.name.value.clone(), Arc::new(used(&runner.value.command, errors)));
        }
        if let Some(command) = stage.sample().and_then(|s| s.proposer.as_ref()) {
            commands.proposers.insert(stage.name.value.clone(), Arc::new(used(command, errors)));
        }
        for own in stage.evaluate().iter().flat_map(|e| &e.own) {
            commands.metrics.insert(own.metric.value.name(), Arc::new(used(&own.command, errors)));
        }
    }
    commands
}

fn used(command: &OwnCommand, errors: &mut Vec<Diagnostic>) -> UsedFiles {
    let mut found = Found { files: Vec::new(), bytes: 0 };
    for used in &command.uses {
        if let Err(why) = found.add(used) {
            let d = Diagnostic::error("used-file", format!("`{}` cannot be used", used.name), used.path.span, why);
            errors.push(d.help("`uses` names files and folders, from the folder of this file on"));
        }
    }
    found.files.sort_by(|a, b| a.name.cmp(&b.name));
    UsedFiles(found.files)
}

struct Found {
    files: Vec<UsedFile>,
    bytes: u64,
}

impl Found {
    /// A file or a folder; a link that the user names himself is followed.
    fn add(&mut self, used: &Used) -> Result<(), String> {
        let path = Path::new(&used.path.value);
        let meta = fs::metadata(path).map_err(|e| told(path, &e))?;
        if meta.is_dir() {
            let before = self.files.len();
            self.folder(&used.name, path, 0)?;
            return if self.files.len() > before { Ok(()) } else { Err(format!("{} holds no files", path.display())) };
        }
        self.file(used.name.clone(), path, &meta)
    }

    /// All of a folder but what is hidden and what Python leaves. Links inside are refused: they may lead anywhere, or in a circle.
    fn folder(&mut self, name: &str, path: &Path, depth: usize) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(format!("{} lies too deep", path.display()));
        }
        for entry in fs::read_dir(path).map_err(|e| told(path, &e))? {
            let entry = entry.map_err(|e| told(path, &e))?;
            let path = entry.path();
            let file = entry.file_name().into_string().map_err(|_| format!("{}: the name is not UTF-8", path.display()))?;
            if file.starts_with('.') || file == "__pycache__" {
                continue;
            }
            let (name, meta) = (format!("{name}/{file}"), fs::symlink_metadata(&path).map_err(|e| told(&path, &e))?);
            if meta.is_dir() {
                self.folder(&name, &path, depth + 1)?;
            } else {
                self.file(name, &path, &meta)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, name: String, path: &Path, meta: &fs::Metadata) -> Result<(), String> {
        if !meta.is_file() {
            return Err(format!("{} is neither a file nor a folder", path.display()));
        }
        self.bytes = self.bytes.saturating_add(meta.len());
        if self.files.len() >= MOST_FILES || self.bytes > MOST_BYTES {
            return Err(format!("more than {MOST_FILES} files or {} MiB", MOST_BYTES >> 20));
        }
        let digest = Digest::of(&fs::read(path).map_err(|e| told(path, &e))?);
        let path = path.to_str().ok_or_else(|| format!("{}: the path is not UTF-8", path.display()))?.to_string();
        self.files.push(UsedFile { name, path, digest });
        Ok(())
    }
}

fn told(path: &Path, e: &std::io::Error) -> String {
    format!("{}: {e}", path.display())
}

/// Puts the files of a command into the store, where they are not there, so that a worker finds them as they were hashed.
///
/// # Errors
/// A file that is no longer what it was when the run began; those of the store.
pub fn keep(used: &UsedFiles, store: &Store) -> Result<(), RunError> {
    for file in &used.0 {
        if store.blobs().has(&file.digest)? {
            continue;
        }
        let changed = |why: &str| RunError::Data(format!("{} {why} since this run began: run it again", file.path));
        let bytes = fs::read(&file.path).map_err(|_| changed("went away"))?;
        if Digest::of(&bytes) != file.digest {
            return Err(changed("has changed"));
        }
        store.blobs().put(&bytes)?;
    }
    Ok(())
}

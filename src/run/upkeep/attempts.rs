//! Folders of attempts: which of them a run still goes on from.

use crate::base::Digest;
use crate::run::job::follow::is_talk;
use crate::store::{Store, StoreError};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// The folders of attempts.
#[derive(Debug, Default)]
pub struct Folders {
    /// Those that nobody can use any more: their results are published.
    pub useless: Vec<Digest>,
    /// How many hold something that a run goes on from: a checkpoint, a result that is not published, half a download.
    pub useful: usize,
    /// Every blob that the useful ones name.
    pub named: BTreeSet<Digest>,
}

/// Looks through them. One that is useful and older than `abandoned` counts as useless.
///
/// # Errors
/// Those of the store.
pub fn folders(store: &Store, abandoned: Option<Duration>) -> Result<Folders, StoreError> {
    let mut found = Folders::default();
    for (lock, path, age) in store.attempts()? {
        let (mut useful, mut named) = (false, BTreeSet::new());
        for (file, depth) in files(&path, 0) {
            let name = file.file_name().and_then(|n| n.to_str()).unwrap_or("").to_string();
            let bytes = || std::fs::read(&file).unwrap_or_default();
            // Names mean something in the attempt's own folder; below it are the checkpoints of a program of one's own.
            match if depth == 0 { kind(&name) } else { Kind::Useful } {
                Kind::Useless => {}
                Kind::Result(key) if store.lookup(&key)?.is_some() => {}
                _ => {
                    useful = true;
                    if name.ends_with(".json") {
                        named.extend(digests(&bytes()));
                    }
                }
            }
        }
        if useful && abandoned.is_none_or(|old| age < old) {
            found.useful += 1;
            found.named.extend(named);
        } else {
            found.useless.push(lock);
        }
    }
    Ok(found)
}

/// Folders in folders are looked into so far; what lies deeper counts as one file.
const DEEPEST: usize = 16;

/// What a file of an attempt is for.
enum Kind {
    /// An assignment, a count, a log: nothing goes on from it.
    Useless,
    /// The result of this key.
    Result(Digest),
    /// A checkpoint, or what this program does not know.
    Useful,
}

fn kind(name: &str) -> Kind {
    if let Some(key) = name.strip_prefix("result-").and_then(|n| n.strip_suffix(".json")).and_then(|n| n.parse().ok()) {
        return Kind::Result(key);
    }
    let useless = ["iterations", "log"].contains(&name) || is_talk(name) || ["assignment-", ".tmp-"].iter().any(|p| name.starts_with(p));
    if useless { Kind::Useless } else { Kind::Useful }
}

/// All files of a folder and of those in it, and how deep they lie; what cannot be listed is none. Links are not followed, and folders
/// in which commands worked (`job-…`) are passed over: nothing goes on from what they hold.
fn files(folder: &Path, depth: usize) -> Vec<(std::path::PathBuf, usize)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth == 0 && name.as_encoded_bytes().starts_with(b"job-") => {}
            Ok(kind) if kind.is_dir() && depth < DEEPEST => found.extend(files(&entry.path(), depth + 1)),
            _ => found.push((entry.path(), depth)),
        }
    }
    found
}

/// Whatever looks like a digest.
pub fn digests(bytes: &[u8]) -> Vec<Digest> {
    let words = bytes.split(|b| !b.is_ascii_hexdigit()).filter(|word| word.len() == 64);
    words.filter_map(|word| std::str::from_utf8(word).ok()?.parse().ok()).collect()
}

//! What was sent to other machines, written down before it is sent: a run that was killed leaves it to the next one, which finds
//! its jobs by it. One file an attempt, in the folder of an attempt that nobody works on.

use crate::base::{Canon, Digest};
use crate::run::job::follow::is_name;
use crate::run::launch::launcher::Whose;
use crate::store::{Attempt, Blobs, StoreError};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What names of such files begin with.
const PREFIX: &str = "sent-";

/// An attempt that was sent, or is about to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Intent {
    /// The name of the attempt.
    pub name: String,
    /// Its folder.
    pub lock: Digest,
    /// The key that is wanted.
    pub key: Digest,
    /// The digest of the assignment.
    pub assignment: Digest,
    /// Processors of the job.
    pub threads: usize,
    /// The attempt that the job began with: its folder and name.
    pub home: (Digest, String),
    /// What the queue calls the job, once that is known.
    pub job: Option<String>,
    /// The run that sent it.
    pub run: String,
}

/// All that is under way for a pipeline.
pub struct Intents {
    folder: Attempt,
    blobs: Blobs,
}

/// What names the folder.
fn folder(queue: &str, pipeline: &str) -> Digest {
    Canon::List(vec!["sent".into(), queue.into(), pipeline.into()]).digest()
}

/// What all jobs of a pipeline in a store are called.
pub fn tag(root: &Path, pipeline: &str) -> String {
    let root: PathBuf = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
    let about = Canon::List(vec![root.to_string_lossy().into_owned().into(), pipeline.into()]).digest();
    format!("nf-{}", &about.hex()[..12])
}

/// What is under way, for somebody who only looks.
pub fn peek(root: &Path, queue: &str, pipeline: &str) -> Vec<Intent> {
    let files = Attempt::peek_all(root, folder(queue, pipeline), PREFIX);
    files.iter().filter_map(|(_, bytes)| read(bytes)).collect()
}

/// What is not understood is nobody's.
fn read(bytes: &[u8]) -> Option<Intent> {
    let intent: Intent = serde_json::from_slice(bytes).ok()?;
    let id = intent.job.as_ref().is_none_or(|job| !job.is_empty() && job.len() < 300 && !job.starts_with('-'));
    (is_name(&intent.name) && is_name(&intent.home.1) && id).then_some(intent)
}

impl Intents {
    /// Those of a pipeline in its store.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn open(queue: &str, whose: &Whose) -> Result<Intents, StoreError> {
        let blobs = Blobs::open(&whose.root)?;
        let folder = Attempt::open(&blobs, folder(queue, &whose.pipeline))?;
        Ok(Intents { folder, blobs })
    }

    /// Writes one down, durably.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn keep(&self, intent: &Intent) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(intent).map_err(|e| StoreError::Invalid { message: e.to_string() })?;
        self.folder.write(&format!("{PREFIX}{}", intent.name), &bytes)
    }

    /// Forgets one. What cannot be removed is looked at again by the next run.
    pub fn forget(&self, name: &str) {
        let _ = self.folder.remove(&format!("{PREFIX}{name}"));
    }

    /// All of them.
    ///
    /// # Errors
    /// A folder or a file that cannot be read.
    pub fn all(&self) -> Result<Vec<Intent>, StoreError> {
        let mut found = Vec::new();
        for name in self.folder.names()?.iter().filter(|n| n.starts_with(PREFIX)) {
            found.extend(self.folder.read(name)?.and_then(|bytes| read(&bytes)));
        }
        Ok(found)
    }

    /// The folder of another attempt.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn attempt(&self, lock: Digest) -> Result<Attempt, StoreError> {
        Attempt::open(&self.blobs, lock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn what_was_sent_is_found_again_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().join("cache");
        let store = Store::open(&root, true).expect("a store");
        let whose = |pipeline: &str| Whose { root: root.clone(), pipeline: pipeline.into(), token: "t".into() };
        let intents = Intents::open("slurm", &whose("p")).expect("a folder");
        let intent = |name: &str, job: Option<&str>| Intent {
            name: name.into(),
            lock: Digest::of(b"l"),
            key: Digest::of(b"k"),
            assignment: Digest::of(b"a"),
            threads: 2,
            home: (Digest::of(b"l"), name.into()),
            job: job.map(str::to_string),
            run: "t".into(),
        };
        intents.keep(&intent("1-a", None)).expect("kept");
        intents.keep(&intent("1-b", Some("17"))).expect("kept");
        intents.keep(&intent("1-a", Some("16"))).expect("known now");
        for (name, intent) in [("sent-x", intent("../x", None)), ("sent-y", intent("y", Some("-a")))] {
            intents.folder.write(name, &serde_json::to_vec(&intent).expect("JSON")).expect("written");
        }
        intents.folder.write("sent-z", b"{").expect("written");
        assert_eq!(intents.all().expect("listed"), [intent("1-a", Some("16")), intent("1-b", Some("17"))]);
        assert_eq!(peek(&root, "slurm", "p").len(), 2);
        assert!(peek(&root, "slurm", "q").is_empty() && peek(&root, "ssh", "p").is_empty());
        intents.forget("1-a");
        assert_eq!(intents.all().expect("listed"), [intent("1-b", Some("17"))]);
        assert_eq!(tag(&root, "p"), tag(&dir.path().join("./cache"), "p"));
        assert!(tag(&root, "p") != tag(&root, "q") && tag(&root, "p").len() == 15);
        drop(store);
    }
}

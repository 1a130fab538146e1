//! A place on a disk, places that fail, and people who lie.

mod keys;
mod lies;
mod moving;
mod places;

use super::*;
use crate::base::Digest;
use crate::store::{Record, Store};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Somebody with a store, at a place that others see.
pub struct Person {
    _dir: tempfile::TempDir,
    pub store: Store,
    pub key: SecretKey,
}

impl Person {
    pub fn new(seed: u8) -> Person {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(&dir.path().join("cache"), true).expect("a store");
        Person { _dir: dir, store, key: SecretKey::from_bytes(&[seed; 32]) }
    }

    /// At a place, trusting these.
    pub fn at(&self, remote: Arc<dyn Remote>, trust: &[&Person]) -> Team {
        let trust = trust.iter().map(|person| person.key.public()).collect();
        let secret = Some(self.key.clone());
        Team::new(remote, Sharing { read: true, write: true, trust, secret, timeout: Duration::from_secs(2), states: false })
    }

    /// A result with weights and a state, published.
    pub fn makes(&self, name: &str, weights: &[u8]) -> Record {
        let blobs = self.store.blobs();
        let outputs = [
            ("weights".to_string(), blobs.put(weights).expect("a blob")),
            ("state".to_string(), blobs.put(&[weights, b"state"].concat()).expect("a blob")),
        ];
        let record = Record {
            key: Digest::of(name.as_bytes()),
            what: Digest::of(name.as_bytes()),
            numerics: "cpu".into(),
            kind: "train".into(),
            chain: Some((Digest::of(name.as_bytes()), 4)),
            text: format!("kind = train\nname = {name}\n"),
            outputs: outputs.into(),
            values: json!({ "status": "trained" }),
        };
        self.store.publish(&record).expect("published");
        record
    }

    pub fn pushes(&self, team: &Team, records: &[&Record]) -> Pushed {
        let mut pusher = team.pusher(self.store.blobs()).expect("somebody signs");
        for record in records {
            pusher.give(parcel(&self.store, &record.key).expect("a store").expect("it is whole"));
        }
        pusher.wait(None, &|| false, &mut |_, _| {});
        pusher.end()
    }

    pub fn asks(&self, team: &Team, records: &[&Record]) -> Came {
        let asked = records.iter().map(|r| Asked { key: r.key, what: r.what, text: Digest::of(r.text.as_bytes()) }).collect();
        team.ask(Some(&self.store.blobs()), asked, &|| false, &mut |_, _, _| {})
    }
}

/// A folder that people share.
pub fn place() -> (tempfile::TempDir, Arc<dyn Remote>) {
    let dir = tempfile::tempdir().expect("a directory");
    let folder: Arc<dyn Remote> = Arc::new(Folder::new(dir.path()));
    (dir, folder)
}

/// All files below a folder.
pub fn files(below: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in std::fs::read_dir(below).expect("a folder").map(|e| e.expect("an entry").path()) {
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Where a blob lies in a shared folder.
pub fn blob(place: &Path, digest: &Digest) -> PathBuf {
    place.join(super::place::blob(digest))
}

/// Where somebody's claim lies.
pub fn claim(place: &Path, record: &Record, of: &Person) -> PathBuf {
    place.join(super::place::claim(&record.key, &of.key.public()))
}

//! Tests of the store as a whole.

mod alive;
mod basics;
mod concurrency;
mod damage;
mod faults;
mod faulty;
mod stream;
mod upgrade;
mod upkeep;

use super::{Record, Store};
use crate::base::Digest;
use std::path::Path;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// A directory in memory where there is one: the tests sync thousands of times.
fn directory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()) } else { tempfile::tempdir() }.unwrap()
}

fn digest(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

/// Between fork and exec a child holds copies of all our open files, and with them their locks. A test that ends
/// a store and expects its locks to be gone at once, as they are when a process dies, holds this against `spawn`.
static SPAWNING: RwLock<()> = RwLock::new(());

fn nobody_spawns() -> RwLockReadGuard<'static, ()> {
    SPAWNING.read().unwrap_or_else(PoisonError::into_inner)
}

/// A record named `name` with these outputs.
fn record(name: &str, chain: Option<u64>, outputs: &[(&str, Digest)]) -> Record {
    Record {
        key: digest(name),
        what: digest(&format!("what {name}")),
        numerics: "cpu".into(),
        kind: "train".into(),
        chain: chain.map(|i| (digest("chain"), i)),
        text: format!("kind = train\nname = {name}\n"),
        outputs: outputs.iter().map(|(n, d)| (n.to_string(), *d)).collect(),
        values: serde_json::json!({"map": 0.125, "name": name}),
    }
}

/// A store with `count` results, each with a blob of its own; returns the records.
fn fill(root: &Path, count: usize) -> Vec<Record> {
    let store = Store::open(root, true).unwrap();
    let records: Vec<Record> = (0..count)
        .map(|i| {
            let blob = store.blobs().put(format!("weights {i}").repeat(20).as_bytes()).unwrap();
            record(&format!("r{i}"), Some((count - i) as u64), &[("weights", blob)])
        })
        .collect();
    for part in records.chunks(64) {
        store.publish_many(part).unwrap();
    }
    records
}

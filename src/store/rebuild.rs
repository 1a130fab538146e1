//! From files to index: building it anew, and adopting what a writer that died had finished.

use super::blobs::Blobs;
use super::disk::{entries, name};
use super::index::{insert, insert_observations, manifest_of};
use super::journal::Journal;
use super::layout::digest_of;
use super::record::{MAGIC, Record};
use super::schema::{APPLICATION, TABLES, VERSION, failed};
use super::{Index, StoreError};
use crate::base::Digest;
use rusqlite::{Connection, TransactionBehavior};
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

/// What was found among the files.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    pub records: usize,
    pub damaged: usize,
}

/// Makes the tables and fills them from the files, in one transaction: an index whose building was cut short
/// is still an empty one.
pub(super) fn build(connection: &mut Connection, path: &Path, blobs: &Blobs) -> Result<Counted, StoreError> {
    let lost = |e| failed(path, e);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(lost)?;
    for table in TABLES {
        transaction.execute_batch(table).map_err(lost)?;
    }
    let mut counted = Counted::default();
    let mut newest: HashMap<Digest, (SystemTime, Digest)> = HashMap::new();
    for (manifest, time) in manifests(blobs)? {
        match read(blobs, &manifest)? {
            Reading::Record(record, bytes) => {
                // Two manifests of one key are left where a replacement was cut short: the newer one counts.
                let best = newest.entry(record.key).or_insert((time, manifest));
                if (time, manifest) >= *best {
                    *best = (time, manifest);
                    insert(&transaction, &record, &manifest, &bytes).map_err(lost)?;
                }
            }
            Reading::Damaged => counted.damaged += 1,
            Reading::Other => {}
        }
    }
    counted.records = newest.len();
    insert_observations(&transaction, &Journal::of(blobs).observations()?).map_err(lost)?;
    transaction.execute_batch(&format!("PRAGMA application_id={APPLICATION}; PRAGMA user_version={VERSION};")).map_err(lost)?;
    transaction.commit().map_err(lost)?;
    Ok(counted)
}

/// Gives rows to manifests that have none: of these, or of all there are. Keys that have a row keep it.
pub(super) fn adopt(index: &Index, blobs: &Blobs, published: Option<&[Digest]>) -> Result<Counted, StoreError> {
    let all: Vec<Digest> = match published {
        Some(list) => {
            let mut there = Vec::new();
            for manifest in list {
                if blobs.has(manifest)? {
                    there.push(*manifest);
                }
            }
            there
        }
        None => manifests(blobs)?.into_iter().map(|(digest, _)| digest).collect(),
    };
    let mut counted = Counted::default();
    let mut found = Vec::new();
    for manifest in all {
        match read(blobs, &manifest)? {
            Reading::Record(record, bytes) => found.push((record, manifest, bytes)),
            Reading::Damaged => counted.damaged += 1,
            Reading::Other => {}
        }
    }
    let journal = Journal::of(blobs);
    let observations = if published.is_some() { journal.last_observations() } else { journal.observations() }?;
    counted.records = index.write(|c| {
        let mut adopted = 0;
        for (record, manifest, bytes) in &found {
            if manifest_of(c, &record.key)?.is_none() {
                insert(c, record, manifest, bytes)?;
                adopted += 1;
            }
        }
        insert_observations(c, &observations)?;
        Ok(adopted)
    })?;
    Ok(counted)
}

enum Reading {
    Record(Record, Vec<u8>),
    Damaged,
    Other,
}

fn read(blobs: &Blobs, manifest: &Digest) -> Result<Reading, StoreError> {
    match blobs.get(manifest) {
        Ok(bytes) => Ok(Record::parse(&bytes).map_or(Reading::Other, |record| Reading::Record(record, bytes))),
        Err(StoreError::Damaged { .. }) => Ok(Reading::Damaged),
        Err(StoreError::Missing { .. }) => Ok(Reading::Other),
        Err(e) => Err(e),
    }
}

/// The blobs that begin like a manifest, with the time they were written.
fn manifests(blobs: &Blobs) -> Result<Vec<(Digest, SystemTime)>, StoreError> {
    let mut found = Vec::new();
    for folder in entries(&blobs.layout.folder("blobs"))? {
        if !folder.is_dir() || name(&folder).len() != 2 {
            continue;
        }
        for path in entries(&folder)? {
            let Some(digest) = digest_of(&path) else { continue };
            let mut start = [0u8; MAGIC.len()];
            let Ok(mut file) = std::fs::File::open(&path) else { continue };
            if file.read_exact(&mut start).is_ok() && start == MAGIC.as_bytes() {
                let time = file.metadata().and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
                found.push((digest, time));
            }
        }
    }
    Ok(found)
}

//! The SQLite index over the manifests: an aid to look-ups that holds nothing the files do not.

use super::StoreError;
use super::disk::{Disk, again};
use super::journal::Observation;
use super::record::Record;
use super::schema::{State, failed, state};
use crate::base::Digest;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One connection to the index.
pub(super) struct Index {
    connection: Mutex<Connection>,
    path: PathBuf,
    disk: Arc<dyn Disk>,
}

/// What a row gives: a record that its manifest's digest vouches for, or the digest of a manifest to look at.
pub(super) enum Entry {
    Good(Record),
    Doubtful(Digest),
}

impl Index {
    pub fn new(connection: Connection, path: &Path, disk: Arc<dyn Disk>) -> Index {
        Index { connection: Mutex::new(connection), path: path.to_path_buf(), disk }
    }

    /// Looks at every page, which takes a second for some millions of rows.
    ///
    /// # Errors
    /// [`StoreError::Database`], where the index is damaged.
    pub fn check(&self) -> Result<(), StoreError> {
        match state(&self.connection(), true).map_err(|e| failed(&self.path, e))? {
            State::Bad(message) => Err(StoreError::Database { path: self.path.clone(), message, corrupt: true }),
            State::Good | State::Unbuilt => Ok(()),
        }
    }

    pub fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a transaction for writing; it is there as a whole or not at all.
    pub fn write<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let ask = || again(|| self.disk.transact(&self.path)).map_err(|e| StoreError::io("commit to", &self.path, None, e));
        let mut connection = self.connection();
        ask()?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|e| failed(&self.path, e))?;
        let done = work(&transaction).map_err(|e| failed(&self.path, e))?;
        ask()?;
        transaction.commit().map_err(|e| failed(&self.path, e))?;
        Ok(done)
    }

    /// Runs reads over one unchanging state.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred).map_err(|e| failed(&self.path, e))?;
        work(&transaction).map_err(|e| failed(&self.path, e))
    }

    /// The rows of these keys, in their order.
    pub fn find(&self, keys: &[Digest]) -> Result<Vec<Option<Entry>>, StoreError> {
        self.read(|c| {
            let mut statement = c.prepare_cached("SELECT manifest, bytes FROM results WHERE key = ?1")?;
            keys.iter().map(|key| statement.query_row([&key.0], |row| entry(row, |r| r.key == *key)).optional()).collect()
        })
    }

    /// The rows of the same work, in any numerics class.
    pub fn by_what(&self, what: &Digest) -> Result<Vec<Entry>, StoreError> {
        self.select("SELECT manifest, bytes FROM results WHERE what = ?1 ORDER BY key", what, |r| r.what == *what)
    }

    /// The rows of a chain.
    pub fn chain(&self, chain: &Digest) -> Result<Vec<Entry>, StoreError> {
        self.select("SELECT manifest, bytes FROM results WHERE chain = ?1 ORDER BY iteration, key", chain, |r| {
            r.chain.is_some_and(|(c, _)| c == *chain)
        })
    }

    /// The rows of all chains.
    pub fn chained(&self) -> Result<Vec<Entry>, StoreError> {
        let sql = "SELECT manifest, bytes FROM results WHERE chain IS NOT NULL ORDER BY chain, iteration, key";
        self.read(|c| c.prepare_cached(sql)?.query_map([], |row| entry(row, |r| r.chain.is_some()))?.collect())
    }

    /// The digests that sources have.
    pub fn source_digests(&self) -> Result<Vec<Digest>, StoreError> {
        self.read(|c| c.prepare_cached("SELECT DISTINCT digest FROM sources")?.query_map([], |r| digest(r, 0))?.collect())
    }

    fn select(&self, sql: &str, by: &Digest, fits: impl Fn(&Record) -> bool) -> Result<Vec<Entry>, StoreError> {
        self.read(|c| c.prepare_cached(sql)?.query_map([&by.0], |row| entry(row, &fits))?.collect())
    }

    /// All keys with their manifests' digests, in the order of the keys.
    pub fn all(&self) -> Result<Vec<(Digest, Digest)>, StoreError> {
        self.read(|c| {
            c.prepare_cached("SELECT key, manifest FROM results ORDER BY key")?
                .query_map([], |r| Ok((digest(r, 0)?, digest(r, 1)?)))?
                .collect()
        })
    }

    /// Removes rows.
    pub fn forget(&self, keys: &[Digest]) -> Result<(), StoreError> {
        self.write(|c| {
            let mut statement = c.prepare_cached("DELETE FROM results WHERE key = ?1")?;
            keys.iter().try_for_each(|key| statement.execute([&key.0]).map(drop))
        })
    }

    /// Those of one key, else of all.
    pub fn observations(&self, kind: &str, key: Option<&Digest>) -> Result<Vec<Observation>, StoreError> {
        self.read(|c| {
            let of_key = if key.is_some() { "AND key = ?2" } else { "" };
            let columns = "machine, time, value, seal, key";
            let sql = format!("SELECT {columns} FROM observations WHERE kind = ?1 {of_key} ORDER BY time, machine, value");
            let mut found = Vec::new();
            let mut statement = c.prepare_cached(&sql)?;
            let mut rows = match key {
                Some(key) => statement.query(params![kind, &key.0])?,
                None => statement.query(params![kind])?,
            };
            while let Some(row) = rows.next()? {
                found.extend(observation(kind, row)?);
            }
            Ok(found)
        })
    }

    /// The last of one key, by machine and time; newest first.
    pub fn latest(&self, kind: &str, key: &Digest, most: usize) -> Result<Vec<Observation>, StoreError> {
        // The order of the primary key, backwards: nothing is sorted, and no more is read than is wanted.
        let order = "ORDER BY machine DESC, time DESC, value DESC LIMIT ?3";
        let sql = format!("SELECT machine, time, value, seal, key FROM observations WHERE kind = ?1 AND key = ?2 {order}");
        self.read(|c| {
            let mut found = Vec::new();
            let mut statement = c.prepare_cached(&sql)?;
            let mut rows = statement.query(params![kind, &key.0, i64::try_from(most).unwrap_or(i64::MAX)])?;
            while let Some(row) = rows.next()? {
                found.extend(observation(kind, row)?);
            }
            Ok(found)
        })
    }

    pub fn put_sources(&self, sources: &[(String, Digest)]) -> Result<(), StoreError> {
        self.write(|c| {
            let mut statement = c.prepare_cached("INSERT OR REPLACE INTO sources VALUES(?1, ?2, ?3)")?;
            sources.iter().try_for_each(|(fingerprint, digest)| {
                let name = Digest::of(fingerprint.as_bytes());
                statement.execute(params![&name.0, &digest.0, &seal(&[&name.0, &digest.0]).0]).map(drop)
            })
        })
    }

    pub fn get_sources(&self, fingerprints: &[&str]) -> Result<Vec<Option<Digest>>, StoreError> {
        self.read(|c| {
            let mut statement = c.prepare_cached("SELECT digest, seal FROM sources WHERE fingerprint = ?1")?;
            let mut found = Vec::with_capacity(fingerprints.len());
            for fingerprint in fingerprints {
                let name = Digest::of(fingerprint.as_bytes());
                let row = statement.query_row([&name.0], |r| Ok((digest(r, 0)?, digest(r, 1)?))).optional()?;
                found.push(row.filter(|(d, s)| *s == seal(&[&name.0, &d.0])).map(|(d, _)| d));
            }
            Ok(found)
        })
    }
}

/// Adds or replaces the row of a record with this manifest.
pub(super) fn insert(c: &Connection, record: &Record, manifest: &Digest, bytes: &[u8]) -> rusqlite::Result<()> {
    let (chain, iteration) = (record.chain.map(|(c, _)| c.0), record.chain.map(|(_, i)| i as i64));
    c.prepare_cached("INSERT OR REPLACE INTO results VALUES(?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![&record.key.0, &record.what.0, chain, iteration, &manifest.0, bytes])
        .map(drop)
}

/// The manifest of a key's row.
pub(super) fn manifest_of(c: &Connection, key: &Digest) -> rusqlite::Result<Option<Digest>> {
    c.prepare_cached("SELECT manifest FROM results WHERE key = ?1")?.query_row([&key.0], |r| digest(r, 0)).optional()
}

/// Adds observations; ones that are there already stay.
pub(super) fn insert_observations(c: &Connection, observations: &[Observation]) -> rusqlite::Result<()> {
    let mut statement = c.prepare_cached("INSERT OR IGNORE INTO observations VALUES(?1, ?2, ?3, ?4, ?5, ?6)")?;
    observations.iter().try_for_each(|o| {
        let (value, time) = (o.value.to_string(), o.time as i64);
        let seal = seal(&[o.kind.as_bytes(), &o.key.0, o.machine.as_bytes(), &time.to_le_bytes(), value.as_bytes()]);
        statement.execute(params![o.kind, &o.key.0, o.machine, time, value, &seal.0]).map(drop)
    })
}

/// An observation from a row: machine, time, value, seal, key. None where the seal is broken.
fn observation(kind: &str, row: &Row) -> rusqlite::Result<Option<Observation>> {
    let (machine, time, value): (String, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let key = digest(row, 4)?;
    let whole = seal(&[kind.as_bytes(), &key.0, machine.as_bytes(), &time.to_le_bytes(), value.as_bytes()]) == digest(row, 3)?;
    let value = serde_json::from_str(&value).ok().filter(|_| whole);
    Ok(value.map(|value| Observation { kind: kind.to_string(), key, machine, time: time as u64, value }))
}

fn entry(row: &Row, fits: impl Fn(&Record) -> bool) -> rusqlite::Result<Entry> {
    let manifest = digest(row, 0)?;
    let bytes = row.get_ref(1)?.as_blob().unwrap_or_default();
    let record = if Digest::of(bytes) == manifest { Record::parse(bytes) } else { None };
    Ok(record.filter(fits).map_or(Entry::Doubtful(manifest), Entry::Good))
}

/// A digest from a column; one of another length is no digest of anything.
fn digest(row: &Row, column: usize) -> rusqlite::Result<Digest> {
    let bytes = row.get_ref(column)?.as_blob().unwrap_or_default();
    Ok(Digest(bytes.try_into().unwrap_or([0; 32])))
}

/// The digest over parts, each with its length before it.
fn seal(parts: &[&[u8]]) -> Digest {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend((part.len() as u64).to_le_bytes());
        bytes.extend(*part);
    }
    Digest::of(&bytes)
}

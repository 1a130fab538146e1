//! The index's tables and how a connection is set up.

use super::{StoreError, disk};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::io;
use std::path::Path;
use std::time::Duration;

/// "nasf", in the database's header at byte 68.
pub(super) const APPLICATION: i32 = 0x6e61_7366;
/// The schema's version, in the database's header at byte 60.
pub(super) const VERSION: i32 = 1;

/// The tables. `bytes` is the whole manifest, `manifest` its digest: a row is trusted only where they agree.
/// `seal` does the same for rows that no manifest stands behind.
pub(super) const TABLES: [&str; 5] = [
    "CREATE TABLE results(key BLOB NOT NULL PRIMARY KEY, what BLOB NOT NULL, chain BLOB, iteration INTEGER, manifest BLOB NOT NULL, bytes BLOB NOT NULL)",
    "CREATE INDEX results_what ON results(what)",
    "CREATE INDEX results_chain ON results(chain, iteration) WHERE chain IS NOT NULL",
    "CREATE TABLE observations(kind TEXT NOT NULL, key BLOB NOT NULL, machine TEXT NOT NULL, time INTEGER NOT NULL, value TEXT NOT NULL, seal BLOB NOT NULL, PRIMARY KEY(kind, key, machine, time, value)) WITHOUT ROWID",
    "CREATE TABLE sources(fingerprint BLOB NOT NULL PRIMARY KEY, digest BLOB NOT NULL, seal BLOB NOT NULL) WITHOUT ROWID",
];

/// How long to wait for other processes' transactions, which take milliseconds each.
const PATIENCE: Duration = Duration::from_secs(120);

/// Bytes that SQLite needs at once, at most: a piece of the memory that processes share.
const LITTLE: u64 = 32 << 10;

/// What an index file is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    /// No file, an empty one, or one whose building was cut short.
    Unbuilt,
    /// Ours and complete.
    Good,
    /// Damaged, for this reason.
    Bad(String),
}

/// A connection for writing.
pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| failed(path, e))?;
    set_up(&connection, path)?;
    Ok(connection)
}

/// A connection for reading; in a directory that cannot be written, without the write-ahead log.
pub(super) fn connect_read_only(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let works = |c: &Connection| c.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get::<_, i64>(0)).is_ok();
    if let Ok(connection) = Connection::open_with_flags(path, flags)
        && set_up(&connection, path).is_ok()
        && works(&connection)
    {
        return Ok(connection);
    }
    let connection = connect_immutable(path)?;
    set_up(&connection, path)?;
    Ok(connection)
}

/// A connection that reads the file alone: no log, no lock, nothing made beside it.
fn connect_immutable(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let uri = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Connection::open_with_flags(format!("file:{uri}?immutable=1"), flags).map_err(|e| failed(path, e))
}

/// Sets what holds for one connection.
pub(super) fn set_up(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let set = || -> rusqlite::Result<()> {
        connection.busy_timeout(PATIENCE)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_prepared_statement_cache_capacity(32);
        connection.execute_batch(
            "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA cache_size=-16384;",
        )
    };
    set().map_err(|e| failed(path, e))
}

/// The schema's version of an index file, from its header alone; none where it is no index of ours.
pub(super) fn version(path: &Path) -> Option<i32> {
    use io::Read;
    let mut header = [0u8; 100];
    std::fs::File::open(path).and_then(|mut f| f.read_exact(&mut header)).ok()?;
    let word = |at: usize| i32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    (header.starts_with(b"SQLite format 3\0") && word(68) == APPLICATION).then(|| word(60))
}

/// Refuses an index that a newer program wrote, so that nothing is touched.
pub(super) fn check_version(path: &Path) -> Result<(), StoreError> {
    match version(path) {
        Some(found) if found > VERSION && !has_our_tables(path) => {
            Err(StoreError::Newer { path: path.to_path_buf(), found: found as u64, known: VERSION as u64 })
        }
        _ => Ok(()),
    }
}

/// Whether the tables are exactly ours, whatever the header's number says. A newer program's differ, so then the number is damaged.
fn has_our_tables(path: &Path) -> bool {
    connect_immutable(path).and_then(|c| tables(&c).map_err(|e| failed(path, e))).is_ok_and(|found| found == TABLES)
}

/// The statements that made the tables and indices, in the order in which they were made.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")?;
    statement.query_map([], |r| r.get::<_, String>(0))?.collect()
}

/// Looks whether the index is whole: header and schema always, every page where `thoroughly`.
pub(super) fn state(connection: &Connection, thoroughly: bool) -> Result<State, rusqlite::Error> {
    let look = || -> rusqlite::Result<State> {
        let number = |pragma: &str| connection.query_row(&format!("PRAGMA {pragma}"), [], |r| r.get::<_, i32>(0));
        let (application, version) = (number("application_id")?, number("user_version")?);
        let found = tables(connection)?;
        if found.is_empty() && (application, version) == (0, 0) {
            return Ok(State::Unbuilt);
        }
        if (application, version) != (APPLICATION, VERSION) || found != TABLES {
            return Ok(State::Bad("its header or schema is not ours".into()));
        }
        if thoroughly {
            let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |r| r.get(0))?;
            if verdict != "ok" {
                return Ok(State::Bad(verdict));
            }
        }
        Ok(State::Good)
    };
    match look() {
        Err(e) if is_corrupt(&e) => Ok(State::Bad(e.to_string())),
        other => other,
    }
}

/// Whether SQLite says that the file is damaged. Text or numbers of another type than we wrote are damage too.
pub(super) fn is_corrupt(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(e, _) => matches!(e.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown),
        rusqlite::Error::SqlInputError { .. } => true,
        rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..) => true,
        _ => false,
    }
}

/// SQLite's failure as ours: a full or unwritable disk reads as one.
pub(super) fn failed(path: &Path, error: rusqlite::Error) -> StoreError {
    // A file that SQLite maps cannot grow on a full disk: it says "disk I/O error".
    let full = || path.parent().and_then(disk::free).is_some_and(|free| free < LITTLE);
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) if full() => Some(io::ErrorKind::StorageFull),
        Some(ErrorCode::DiskFull) => Some(io::ErrorKind::StorageFull),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Some(io::ErrorKind::PermissionDenied),
        _ => None,
    };
    match kind {
        Some(kind) => StoreError::io("write the index", path, None, io::Error::new(kind, error.to_string())),
        None => StoreError::Database { path: path.to_path_buf(), message: error.to_string(), corrupt: is_corrupt(&error) },
    }
}

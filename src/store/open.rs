//! Opening a store: making it, cleaning up after writers that died, and building its index where it has none.

use super::blobs::Blobs;
use super::disk::{Direct, Disk, again, ensure_dir, entries};
use super::index::Index;
use super::layout::{FOLDERS, FORMAT, INDEX, Is, Layout};
use super::presence::{Dead, Presence, remove_quietly};
use super::rebuild::{adopt, build};
use super::schema::{self, State, failed};
use super::{Store, StoreError, find, migrate};
use crate::base::{Digest, counted};
use rusqlite::Connection;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How to open a store.
#[derive(Clone)]
pub struct Options {
    /// Make it where there is none.
    pub create: bool,
    /// Take a network file system, too.
    pub allow_network: bool,
    /// The disk; tests give others.
    pub disk: Arc<dyn Disk>,
    /// Called once where another process is alone in the store for longer than a second, with the store's directory: it is waited for.
    pub waits: Option<fn(&Path)>,
}

impl Default for Options {
    fn default() -> Self {
        Options { create: true, allow_network: false, disk: Arc::new(Direct), waits: None }
    }
}

impl Store {
    /// Opens a store for reading and writing, and makes it where there is none if `create`.
    ///
    /// # Errors
    /// A directory with other things in it; a newer or remote store; an index that is damaged while others use
    /// it; [`StoreError::Io`].
    pub fn open(root: &Path, create: bool) -> Result<Store, StoreError> {
        Store::open_with(root, Options { create, ..Options::default() })
    }

    /// As [`Store::open`], with every option.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(root: &Path, options: Options) -> Result<Store, StoreError> {
        let layout = Arc::new(Layout { root: root.to_path_buf() });
        let disk = options.disk;
        layout.check_readable()?;
        layout.check_format()?;
        schema::check_version(&layout.index())?;
        match layout.classify() {
            Is::Store => {}
            Is::Foreign(entry) => return Err(StoreError::NotAStore { root: root.to_path_buf(), holds: Some(entry) }),
            _ if options.create => {}
            _ => return Err(StoreError::NotAStore { root: root.to_path_buf(), holds: None }),
        }
        if !options.allow_network {
            find::refuse_network(root)?;
        }
        ensure_dir(disk.as_ref(), root)?;
        for folder in FOLDERS {
            ensure_dir(disk.as_ref(), &layout.folder(folder))?;
        }
        // Somebody else may be building the index right now, or hold a store whose index was deleted.
        for _ in 0..100 {
            let (presence, alone) = Presence::enter(&layout, disk.clone(), true, options.waits)?;
            if let Some(store) = Store::enter(&layout, &disk, presence, alone)? {
                return Ok(store);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(StoreError::InUse { root: root.to_path_buf(), doing: "build the index anew" })
    }

    /// Nothing: the index has to be built, and others are there.
    fn enter(layout: &Arc<Layout>, disk: &Arc<dyn Disk>, presence: Presence, alone: bool) -> Result<Option<Store>, StoreError> {
        presence.no_other_machine()?;
        let presence = Arc::new(presence);
        let blobs = Blobs::new(layout.clone(), disk.clone(), Some(presence.clone()));
        if !layout.format().exists() {
            blobs.write_file(&layout.format(), format!("nasflow store {FORMAT}\n").as_bytes())?;
        }
        let ignore = layout.root.join(".gitignore");
        if !ignore.exists() {
            blobs.write_file(&ignore, b"*\n!.gitignore\n")?;
        }
        let mut notices = Vec::new();
        let dead = presence.dead()?;
        let (connection, built) = match open_index(layout, &blobs, alone, &dead, &mut notices)? {
            Some(opened) => opened,
            None => return Ok(None),
        };
        let index = Index::new(connection, &layout.index(), disk.clone());
        clean_up(layout, &blobs, &presence, &index, dead, alone, built, &mut notices)?;
        if alone {
            presence.admit_others()?;
        }
        Ok(Some(Store { index: Some(index), layout: layout.clone(), disk: disk.clone(), blobs, notices: Mutex::new(notices) }))
    }

    /// Builds the index anew from the files, alone in the store, and opens it. [`Store::notices`] says what was found. Source digests
    /// are not in the files: data sets are read again.
    ///
    /// # Errors
    /// As [`Store::open`]; [`StoreError::InUse`] while others use it.
    pub fn rebuild_index(root: &Path, options: Options) -> Result<Store, StoreError> {
        let layout = Layout { root: root.to_path_buf() };
        layout.check_readable()?;
        layout.check_format()?;
        schema::check_version(&layout.index())?;
        if layout.classify() != Is::Store {
            return Err(StoreError::NotAStore { root: root.to_path_buf(), holds: None });
        }
        if !options.allow_network {
            find::refuse_network(root)?;
        }
        ensure_dir(options.disk.as_ref(), &layout.folder("open"))?;
        let (presence, alone) = Presence::enter(&layout, options.disk.clone(), true, options.waits)?;
        if !alone {
            return Err(StoreError::InUse { root: root.to_path_buf(), doing: "build the index anew" });
        }
        presence.no_other_machine()?;
        let presence = Arc::new(presence);
        let layout = Arc::new(layout);
        save_manifests(&layout, &Blobs::new(layout.clone(), options.disk.clone(), Some(presence.clone())))?;
        // From here on the next that opens the store builds it, whoever that is.
        for ending in ["", "-wal", "-shm"] {
            remove_quietly(options.disk.as_ref(), &layout.root.join(format!("{INDEX}{ending}")))?;
        }
        drop(presence);
        Store::open_with(root, Options { create: false, ..options })
    }

    /// Opens a store for reading only. One that does not exist is as good as an empty one; one whose index is
    /// missing or damaged gets one in memory. Waits for nobody, and changes nothing but that blobs found damaged are put aside.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`]; a directory with other things in it; a newer store; [`StoreError::Io`].
    pub fn open_read_only(root: &Path) -> Result<Store, StoreError> {
        let layout = Arc::new(Layout { root: root.to_path_buf() });
        let disk: Arc<dyn Disk> = Arc::new(Direct);
        let blobs = Blobs::new(layout.clone(), disk.clone(), None);
        let path = layout.index();
        layout.check_readable()?;
        layout.check_format()?;
        schema::check_version(&path)?;
        let mut notices = Vec::new();
        let index = match layout.classify() {
            Is::Foreign(entry) => return Err(StoreError::NotAStore { root: root.to_path_buf(), holds: Some(entry) }),
            Is::Nothing | Is::Empty | Is::Kept | Is::Unreadable => None,
            Is::Store => {
                let good = path.exists().then(|| schema::connect_read_only(&path)).and_then(Result::ok);
                let good = good.filter(|c| matches!(schema::state(c, false), Ok(State::Good)));
                let connection = match good {
                    Some(connection) => connection,
                    None => {
                        let mut connection = Connection::open_in_memory().map_err(|e| failed(&path, e))?;
                        let found = build(&mut connection, &path, &blobs)?;
                        if found.records > 0 {
                            let what = match schema::version(&path) {
                                Some(version) if version < schema::VERSION => "an older nasflow's",
                                _ => "missing or damaged",
                            };
                            notices.push(format!(
                                "the index {} is {what}: {} {} read from the store's files; a `run` builds it anew",
                                path.display(),
                                counted(found.records, "result"),
                                was(found.records),
                            ));
                        }
                        connection
                    }
                };
                Some(Index::new(connection, &path, disk.clone()))
            }
        };
        Ok(Store { index, layout, disk, blobs, notices: Mutex::new(notices) })
    }
}

/// Writes manifests that are lost as files and that the index still has: it is about to be removed.
fn save_manifests(layout: &Layout, blobs: &Blobs) -> Result<(), StoreError> {
    let path = layout.index();
    let Ok(connection) = schema::connect_read_only(&path) else { return Ok(()) };
    if !path.exists() || !matches!(schema::state(&connection, false), Ok(State::Good)) {
        return Ok(());
    }
    let mut lost: Vec<Vec<u8>> = Vec::new();
    let mut read = || -> rusqlite::Result<()> {
        let mut statement = connection.prepare("SELECT manifest, bytes FROM results")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let bytes = row.get_ref(1)?.as_blob().unwrap_or_default();
            let manifest = Digest::of(bytes);
            // A row that is not what its digest says is no manifest.
            if row.get_ref(0)?.as_blob().unwrap_or_default() == manifest.0 && blobs.size(&manifest).is_none() {
                lost.push(bytes.to_vec());
            }
        }
        Ok(())
    };
    // What a damaged page held is lost; what was read before it is not.
    let _ = read();
    lost.iter().try_for_each(|bytes| blobs.put(bytes).map(drop))
}

/// The index's connection, and whether it was built just now.
fn open_index(
    layout: &Layout,
    blobs: &Blobs,
    alone: bool,
    dead: &[Dead],
    notices: &mut Vec<String>,
) -> Result<Option<(Connection, bool)>, StoreError> {
    let path = layout.index();
    let disk = blobs.disk.as_ref();
    if path.exists() && !upgrade(&path, disk, alone, notices)? {
        return Ok(None);
    }
    let found = if !path.exists() {
        Err(State::Unbuilt)
    } else {
        match schema::connect(&path) {
            Ok(connection) => match schema::state(&connection, thoroughly(&path, dead)).map_err(|e| failed(&path, e))? {
                State::Good if alone && dead.iter().any(|d| d.damaged) => Err(State::Bad("a row did not agree with its digest".into())),
                State::Good => Ok(connection),
                other => Err(other),
            },
            Err(e) if e.is_corrupt() => Err(State::Bad(e.to_string())),
            Err(e) => return Err(e),
        }
    };
    let why = match found {
        Ok(connection) => {
            if alone {
                set_wal(&connection, &path)?;
            }
            return Ok(Some((connection, false)));
        }
        Err(_) if !alone => return Ok(None),
        Err(State::Bad(why)) => {
            again(|| disk.rename(&path, &layout.folder("damaged").join(INDEX))).map_err(|e| StoreError::io("put aside", &path, None, e))?;
            format!("damaged ({})", why.lines().next().unwrap_or(""))
        }
        Err(_) => "missing".to_string(),
    };
    for ending in ["-wal", "-shm"] {
        if !path.exists() {
            remove_quietly(disk, &layout.root.join(format!("{}{ending}", INDEX)))?;
        }
    }
    // A crash from here on leaves an index without tables, which the next open builds.
    let mut connection = schema::connect(&path)?;
    set_wal(&connection, &path)?;
    again(|| disk.transact(&path)).map_err(|e| StoreError::io("build", &path, None, e))?;
    let found = build(&mut connection, &path, blobs)?;
    again(|| disk.sync_dir(&layout.root)).map_err(|e| StoreError::io("sync", &layout.root, None, e))?;
    if found.records > 0 || why != "missing" {
        let results = counted(found.records, "result");
        notices.push(format!("the index {} was {why}: it was built again from the files of {results}", path.display()));
    }
    if found.damaged > 0 {
        let results = counted(found.damaged, "damaged result");
        notices.push(format!("{results} {} put aside in {}", was(found.damaged), layout.folder("damaged").display()));
    }
    Ok(Some((connection, true)))
}

/// Takes an older index to this program's version, where steps lead there; false: others have the store open.
fn upgrade(path: &Path, disk: &dyn Disk, alone: bool, notices: &mut Vec<String>) -> Result<bool, StoreError> {
    // What cannot be asked is damaged, which is found out next.
    let Ok(mut connection) = schema::connect(path) else { return Ok(true) };
    let Some(from) = migrate::older(&connection).ok().flatten().filter(|from| migrate::leads(*from)) else { return Ok(true) };
    if !alone {
        return Ok(false);
    }
    migrate::migrate(&mut connection, from, path, disk)?;
    notices.push(format!("the index {} was upgraded from version {from} to {}", path.display(), schema::VERSION));
    Ok(true)
}

/// Bytes of an index whose every page is looked at after any unclean stop.
const SMALL: u64 = 32 << 20;

/// Whether every page of the index is looked at. A large one only after a power cut: SQLite's log survives the death of a process, and
/// a row is trusted only where it agrees with its digest, whatever its page is.
fn thoroughly(path: &Path, dead: &[Dead]) -> bool {
    let small = path.metadata().is_ok_and(|m| m.len() <= SMALL);
    dead.iter().any(|one| small || one.published.is_none() || one.damaged)
}

fn was(n: usize) -> &'static str {
    if n == 1 { "was" } else { "were" }
}

fn set_wal(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    connection.query_row("PRAGMA journal_mode=WAL", [], |_| Ok(())).map_err(|e| failed(path, e))
}

/// Adopts what dead writers had finished and removes what they had not.
fn clean_up(
    layout: &Layout,
    blobs: &Blobs,
    presence: &Presence,
    index: &Index,
    dead: Vec<Dead>,
    alone: bool,
    built: bool,
    notices: &mut Vec<String>,
) -> Result<(), StoreError> {
    if alone {
        presence.sweep_markers()?;
    }
    if dead.is_empty() {
        return Ok(());
    }
    let mut adopted = 0;
    for one in &dead {
        blobs.sweep(&one.token)?;
        if !built {
            adopted += adopt(index, blobs, one.published.as_deref())?.records;
        }
    }
    if adopted > 0 {
        let results = counted(adopted, "result");
        notices.push(format!("an earlier run was stopped in the middle: {results} that it had finished {} adopted", was(adopted)));
    }
    if alone {
        for path in entries(&layout.folder("locks"))? {
            remove_quietly(blobs.disk.as_ref(), &path)?;
        }
    }
    for one in dead {
        // A damaged row is mended by building anew, for which one has to be alone.
        if alone || !one.damaged {
            presence.bury(one)?;
        }
    }
    Ok(())
}

//! Who uses the store: a shared lock for everybody, and a marker for whoever writes.
//!
//! `open/all` is locked shared by every process that has the store open for writing, so that one that gets it
//! exclusively is alone. A writer's marker `open/<token>` is made before its first write, is locked while the
//! writer lives, and is removed at a clean end: one that can be locked tells of an unclean stop. It lists the
//! manifests that its writer published, so that one left without a row is found without a search. All locks
//! are the operating system's: they end with their process, and there is none to remove by hand.

use super::disk::{Disk, TEMPORARY, again, entries, name};
use super::layout::Layout;
use super::{StoreError, elsewhere};
use crate::base::Digest;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// The line of a marker that says that its writer found the index damaged.
const DAMAGED: &str = "damaged";

/// How long it is waited for another in silence.
const SILENT: Duration = Duration::from_secs(1);

/// How often a writer's marker shows that it lives, at most.
const SEEN: Duration = Duration::from_secs(60);

/// One user of the store: a `Store` with its blobs, or a worker's blobs. Ends when dropped.
pub(super) struct Presence {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    all: File,
    token: String,
    counter: AtomicU64,
    /// And when it was last seen to be written to.
    marker: Mutex<Option<(File, Instant)>>,
    unclean: AtomicBool,
    alone: AtomicBool,
    /// Whether it is of somebody who uses the index.
    index: bool,
}

/// What a writer that died has left: its marker, locked by us while we clean up.
pub(super) struct Dead {
    pub token: String,
    path: PathBuf,
    /// The manifests it meant to publish, or nothing where the machine has been started anew since, when the
    /// list may have lost lines.
    pub published: Option<Vec<Digest>>,
    /// Whether it found the index damaged.
    pub damaged: bool,
    _lock: File,
}

impl Presence {
    /// Joins the users of a store whose folder `open` exists. True: nobody else is there, and nobody comes
    /// before [`Presence::admit_others`].
    ///
    /// `index` is whether it uses the index, as a `Store` does and a worker does not; then it tries to be alone.
    ///
    /// Where somebody is alone in the store for longer than a second, as when results are removed, `waits` is called once.
    pub fn enter(layout: &Layout, disk: Arc<dyn Disk>, index: bool, waits: Option<fn(&Path)>) -> Result<(Self, bool), StoreError> {
        let folder = layout.folder("open");
        let path = folder.join("all");
        let failed = |e| StoreError::io("lock", &path, None, e);
        let all = again(|| disk.lock_file(&path)).map_err(failed)?;
        let alone = index
            && match all.try_lock() {
                Ok(()) => true,
                Err(TryLockError::WouldBlock) => false,
                Err(TryLockError::Error(e)) => return Err(failed(e)),
            };
        if !alone {
            let begun = Instant::now();
            while let (Some(tell), Err(TryLockError::WouldBlock)) = (waits, all.try_lock_shared()) {
                if begun.elapsed() > SILENT {
                    tell(&layout.root);
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            again(|| all.lock_shared()).map_err(failed)?;
        }
        let (marker, unclean) = (Mutex::new(None), AtomicBool::new(false));
        let counter = AtomicU64::new(0);
        Ok((Presence { disk, folder, all, token: unique_name(), counter, marker, unclean, alone: AtomicBool::new(alone), index }, alone))
    }

    /// Ends being alone.
    pub fn admit_others(&self) -> Result<(), StoreError> {
        let failed = |e| StoreError::io("lock", &self.folder.join("all"), None, e);
        self.alone.store(false, Ordering::Relaxed);
        self.all.unlock().map_err(failed)?;
        again(|| self.all.lock_shared()).map_err(failed)
    }

    /// Whether nobody else is there, and nobody comes before [`Presence::admit_others`].
    pub fn is_alone(&self) -> bool {
        self.alone.load(Ordering::Relaxed)
    }

    /// Tries to become alone; either way the presence goes on.
    pub fn try_alone(&self) -> Result<bool, StoreError> {
        let failed = |e| StoreError::io("lock", &self.folder.join("all"), None, e);
        self.all.unlock().map_err(failed)?;
        match self.all.try_lock() {
            Ok(()) => {
                self.alone.store(true, Ordering::Relaxed);
                Ok(true)
            }
            Err(TryLockError::WouldBlock) => again(|| self.all.lock_shared()).map_err(failed).map(|()| false),
            Err(TryLockError::Error(e)) => Err(failed(e)),
        }
    }

    /// Announces writing: makes the marker once. Returns the token and a fresh number for a temporary name.
    pub fn writing(&self) -> Result<(&str, u64), StoreError> {
        let mut marker = self.marker.lock().unwrap_or_else(PoisonError::into_inner);
        if marker.is_none() {
            let made = self.make_marker()?;
            // Two that began at once see each other here at the latest.
            if let Err(other) = self.no_other_machine() {
                let _ = self.disk.remove(&self.folder.join(&self.token));
                return Err(other);
            }
            *marker = Some((made, Instant::now()));
        }
        if let Some((file, since)) = marker.as_mut().filter(|(_, since)| since.elapsed() > SEEN) {
            // Where this fails, only machines that no lock reaches take it for dead, and what it writes fails and is done again.
            let _ = file.set_modified(SystemTime::now());
            *since = Instant::now();
        }
        Ok((&self.token, self.counter.fetch_add(1, Ordering::Relaxed)))
    }

    /// Notes a manifest that is about to be published. Not synced: a kill keeps it, and after a power cut
    /// everything is searched.
    pub fn publishing(&self, manifests: &[Digest]) -> Result<(), StoreError> {
        self.note(&manifests.iter().map(|d| d.hex() + "\n").collect::<String>())
    }

    fn note(&self, lines: &str) -> Result<(), StoreError> {
        self.writing()?;
        let path = self.folder.join(&self.token);
        let mut marker = self.marker.lock().unwrap_or_else(PoisonError::into_inner);
        match marker.as_mut() {
            Some((file, _)) => again(|| self.disk.write(file, &path, lines.as_bytes()))
                .map_err(|e| StoreError::io("write", &path, Some(lines.len() as u64), e)),
            None => Ok(()),
        }
    }

    /// Leaves the marker behind on purpose: the index is damaged, and the next that is alone builds it anew.
    pub fn leave_unclean(&self) {
        if !self.unclean.swap(true, Ordering::Relaxed) {
            // Where even this fails, the damage is found again.
            let _ = self.note(&format!("{DAMAGED}\n"));
        }
    }

    fn make_marker(&self) -> Result<File, StoreError> {
        let path = self.folder.join(&self.token);
        let temporary = self.folder.join(format!("{TEMPORARY}{}", self.token));
        let made = (|| {
            let mut file = again(|| self.disk.create(&temporary))?;
            again(|| file.lock())?;
            let line = format!("boot {}\n{}", boot(), elsewhere::line(self.index));
            again(|| self.disk.write(&mut file, &temporary, line.as_bytes()))?;
            again(|| self.disk.sync_file(&file, &temporary))?;
            again(|| self.disk.rename(&temporary, &path))?;
            again(|| self.disk.sync_dir(&self.folder))?;
            Ok(file)
        })();
        made.map_err(|e| {
            let _ = self.disk.remove(&temporary);
            let _ = self.disk.remove(&path);
            StoreError::io("mark as in use", &path, None, e)
        })
    }

    /// Looks whether another machine uses the index.
    ///
    /// # Errors
    /// [`StoreError::OtherMachine`].
    pub fn no_other_machine(&self) -> Result<(), StoreError> {
        if self.index { elsewhere::refuse(&self.folder, &self.token, &boot()) } else { Ok(()) }
    }

    /// The writers that ended uncleanly and that nobody else is cleaning up after.
    pub fn dead(&self) -> Result<Vec<Dead>, StoreError> {
        let mut dead = Vec::new();
        for path in entries(&self.folder)? {
            let token = name(&path).to_string();
            if token == "all" || token == self.token || token.starts_with(TEMPORARY) {
                continue;
            }
            // A marker that vanishes meanwhile has been cleaned up.
            let Ok(lock) = File::open(&path) else { continue };
            if lock.try_lock().is_err() || !path.exists() {
                continue;
            }
            let text = again(|| self.disk.read(&path)).map_err(|e| StoreError::io("read", &path, None, e))?;
            let text = String::from_utf8_lossy(&text);
            if elsewhere::may_live(&text, &lock, &boot()) {
                continue;
            }
            let (published, damaged) = (parse_marker(&text), text.lines().any(|l| l == DAMAGED));
            dead.push(Dead { token, path, published, damaged, _lock: lock });
        }
        Ok(dead)
    }

    /// Removes the marker of a dead writer, once nothing of it is left to do.
    pub fn bury(&self, dead: Dead) -> Result<(), StoreError> {
        remove_quietly(self.disk.as_ref(), &dead.path)
    }

    /// Removes unfinished markers. Only while alone.
    pub fn sweep_markers(&self) -> Result<(), StoreError> {
        for path in entries(&self.folder)? {
            if name(&path).starts_with(TEMPORARY) {
                remove_quietly(self.disk.as_ref(), &path)?;
            }
        }
        Ok(())
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let marker = self.marker.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if marker.is_some() && !self.unclean.load(Ordering::Relaxed) {
            let _ = self.disk.remove(&self.folder.join(&self.token));
        }
    }
}

/// Removes a file that may be gone already.
pub(super) fn remove_quietly(disk: &dyn Disk, path: &Path) -> Result<(), StoreError> {
    match again(|| disk.remove(path)) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io("remove", path, None, e)),
        _ => Ok(()),
    }
}

fn parse_marker(text: &str) -> Option<Vec<Digest>> {
    let mut lines = text.lines();
    let same = lines.next().and_then(|l| l.strip_prefix("boot ")).is_some_and(|b| !b.is_empty() && b == boot());
    same.then(|| lines.filter_map(|l| l.parse().ok()).collect())
}

/// The name of this start of the machine; empty where the system has none.
fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_string()
}

/// A name that nobody has had: unique among all that ever were, on this machine and others, as far as clock and process numbers go.
pub fn unique_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    let seed = format!("{now} {} {} {}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed), boot());
    format!("{}-{}", std::process::id(), Digest::of(seed.as_bytes()).short())
}

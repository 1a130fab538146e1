//! A disk on which operation n goes wrong, and that knows what a power cut would leave.

use crate::store::disk::{Direct, Disk};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How operation n goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It fails, once, and has done nothing.
    Fails(ErrorKind),
    /// It has done its work, and fails, once.
    FailsAfter,
    /// A write ends half-way, once.
    Short,
    /// It is the process's last: from here on nothing reaches the disk.
    Stops,
    /// As `Stops`, with half of what the last write was to write.
    StopsTorn,
}

enum Undo {
    Create(PathBuf),
    Rename(PathBuf, PathBuf, Option<Vec<u8>>),
    Remove(PathBuf, Vec<u8>),
    Directory(PathBuf),
}

#[derive(Default)]
struct Unsynced {
    names: Vec<(PathBuf, Undo)>,
    bytes: HashSet<PathBuf>,
}

pub struct Faulty {
    at: usize,
    wrong: Wrong,
    count: AtomicUsize,
    unsynced: Mutex<Unsynced>,
}

impl Faulty {
    pub fn new(at: usize, wrong: Wrong) -> Self {
        Faulty { at, wrong, count: AtomicUsize::new(0), unsynced: Mutex::default() }
    }

    /// How many operations were asked for.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    fn run<T>(&self, real: impl FnOnce() -> io::Result<T>, half: impl FnOnce()) -> io::Result<T> {
        let n = self.count.fetch_add(1, Ordering::SeqCst);
        let gone = || io::Error::other("the process has stopped");
        match self.wrong {
            Wrong::Stops | Wrong::StopsTorn if n > self.at => Err(gone()),
            _ if n != self.at => real(),
            Wrong::Fails(kind) => Err(kind.into()),
            Wrong::FailsAfter => real().and_then(|_| Err(io::Error::other("it failed at the end"))),
            Wrong::Short => {
                half();
                Err(ErrorKind::StorageFull.into())
            }
            Wrong::Stops => Err(gone()),
            Wrong::StopsTorn => {
                half();
                Err(gone())
            }
        }
    }

    fn note(&self, directory: Option<&Path>, undo: Undo) {
        self.unsynced.lock().unwrap().names.push((directory.unwrap().to_path_buf(), undo));
    }

    /// Takes back everything that was never synced. All is of another start of the machine then.
    pub fn cut_power(&self, root: &Path) {
        let unsynced = std::mem::take(&mut *self.unsynced.lock().unwrap());
        empty(&unsynced);
        for (_, undo) in unsynced.names.into_iter().rev() {
            match undo {
                Undo::Create(path) => drop(fs::remove_file(path)),
                Undo::Directory(path) => drop(fs::remove_dir_all(path)),
                Undo::Remove(path, bytes) => drop(fs::write(path, bytes)),
                Undo::Rename(from, to, before) => {
                    let _ = fs::rename(&to, from);
                    if let Some(before) = before {
                        let _ = fs::write(to, before);
                    }
                }
            }
        }
        another_start(root);
    }

    /// Takes back bytes that were never synced, but no name: a file system may write names first.
    pub fn lose_data(&self, root: &Path) {
        empty(&std::mem::take(&mut *self.unsynced.lock().unwrap()));
        another_start(root);
    }
}

fn empty(unsynced: &Unsynced) {
    for path in unsynced.bytes.iter().filter(|path| path.exists()) {
        File::options().write(true).open(path).unwrap().set_len(0).unwrap();
    }
}

fn another_start(root: &Path) {
    for entry in fs::read_dir(root.join("open")).into_iter().flatten() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        if text.starts_with("boot ") {
            fs::write(path, "boot another\n").unwrap();
        }
    }
}

impl Disk for Faulty {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.run(|| Direct.create_dir(path).map(|()| self.note(path.parent(), Undo::Directory(path.into()))), || ())
    }
    fn create(&self, path: &Path) -> io::Result<File> {
        self.run(|| Direct.create(path).inspect(|_| self.note(path.parent(), Undo::Create(path.into()))), || ())
    }
    fn write(&self, file: &mut File, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.unsynced.lock().unwrap().bytes.insert(path.to_path_buf());
        let mut again = file.try_clone()?;
        self.run(|| Direct.write(file, path, bytes), || again.write_all(&bytes[..bytes.len() / 2]).unwrap())
    }
    fn sync_file(&self, file: &File, path: &Path) -> io::Result<()> {
        self.run(
            || {
                Direct.sync_file(file, path).map(|()| {
                    self.unsynced.lock().unwrap().bytes.remove(path);
                })
            },
            || (),
        )
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.run(
            || {
                let before = fs::read(to).ok();
                Direct.rename(from, to)?;
                let mut unsynced = self.unsynced.lock().unwrap();
                if unsynced.bytes.remove(from) {
                    unsynced.bytes.insert(to.to_path_buf());
                }
                drop(unsynced);
                self.note(to.parent(), Undo::Rename(from.into(), to.into(), before));
                Ok(())
            },
            || (),
        )
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.run(|| Direct.sync_dir(path).map(|()| self.unsynced.lock().unwrap().names.retain(|(d, _)| d != path)), || ())
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.run(
            || {
                let bytes = fs::read(path).unwrap_or_default();
                Direct.remove(path)?;
                self.unsynced.lock().unwrap().bytes.remove(path);
                self.note(path.parent(), Undo::Remove(path.into(), bytes));
                Ok(())
            },
            || (),
        )
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.run(|| Direct.read(path), || ())
    }
    fn open(&self, path: &Path) -> io::Result<File> {
        self.run(|| Direct.open(path), || ())
    }
    fn append(&self, path: &Path, lines: &[u8]) -> io::Result<()> {
        self.run(
            || {
                let fresh = !path.exists();
                Direct.append(path, lines)?;
                if fresh {
                    self.note(path.parent(), Undo::Create(path.into()));
                }
                Ok(())
            },
            || {
                let mut file = File::options().append(true).create(true).open(path).unwrap();
                file.write_all(&lines[..lines.len() / 2]).unwrap();
            },
        )
    }
    fn lock_file(&self, path: &Path) -> io::Result<File> {
        self.run(|| Direct.lock_file(path), || ())
    }
    fn transact(&self, index: &Path) -> io::Result<()> {
        self.run(|| Direct.transact(index), || ())
    }
}

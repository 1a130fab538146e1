//! A place that is a folder: a shared disk, or one that is carried from machine to machine.
//!
//! Written as in a store: a file of another name, synced, then put in place. Other writers, and whoever may write there, are not
//! trusted: only plain files are opened, and never through a link.

use super::fault::Fault;
use super::limit::Limit;
use super::transport::{Body, Pieces, Put, Remote, Stored};
use crate::store::unique_name;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::{Duration, Instant, SystemTime};

/// Bytes that are moved at a time.
const PIECE: usize = 256 << 10;
/// Where files lie while they are written.
const UNFINISHED: &str = "tmp";
/// How old such a file is whose writer is taken for dead.
const DEAD: Duration = Duration::from_secs(86_400);

/// A folder that several machines see.
pub struct Folder {
    root: PathBuf,
    name: String,
    swept: Once,
}

impl Folder {
    /// This folder, which has to be there when it is asked.
    pub fn new(root: &Path) -> Folder {
        Folder { root: root.to_path_buf(), name: root.display().to_string(), swept: Once::new() }
    }

    /// What a file that is not there means: nothing, or that the folder itself is not there.
    fn absent(&self) -> Fault {
        match self.root.is_dir() {
            true => Fault::Absent,
            false => Fault::Wrong(format!("there is no folder {}: make it, or mount the disk that it is on", self.root.display())),
        }
    }

    fn fault(&self, doing: &str, path: &Path, e: &io::Error) -> Fault {
        match Fault::io(doing, path, e) {
            Fault::Absent => self.absent(),
            other => other,
        }
    }

    /// Opens a plain file.
    fn open(&self, path: &Path) -> Result<(File, u64), Fault> {
        let mut options = OpenOptions::new();
        options.read(true);
        // A link, or a pipe that nobody writes to, is no object.
        #[cfg(unix)]
        {
            use rustix::fs::OFlags;
            let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
            std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits().cast_signed());
        }
        let file = match options.open(path) {
            Ok(file) => file,
            Err(_) if path.symlink_metadata().is_ok_and(|m| !m.is_file()) => return Err(Fault::Damaged),
            Err(e) => return Err(self.fault("read", path, &e)),
        };
        let meta = file.metadata().map_err(|e| self.fault("read", path, &e))?;
        if meta.is_file() { Ok((file, meta.len())) } else { Err(Fault::Damaged) }
    }

    /// Removes what writers left that died long ago. Whatever fails, the next one tries again.
    fn sweep(&self) {
        for entry in fs::read_dir(self.root.join(UNFINISHED)).into_iter().flatten().flatten() {
            let written = entry.metadata().and_then(|m| m.modified()).ok();
            if written.and_then(|time| SystemTime::now().duration_since(time).ok()).is_some_and(|age| age > DEAD) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn write(&self, temporary: &Path, body: Body, limit: Limit) -> Result<(), Fault> {
        let failed = |doing: &str, e: &io::Error| self.fault(doing, temporary, e);
        let mut file = OpenOptions::new().write(true).create_new(true).open(temporary).map_err(|e| failed("create", &e))?;
        let (mut piece, mut written) = (vec![0; PIECE], 0);
        loop {
            let n = match body.from.read(&mut piece) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(Fault::Down(format!("what was to be written cannot be read: {e}"))),
            };
            file.write_all(&piece[..n]).map_err(|e| failed("write", &e))?;
            written += n as u64;
            in_time(limit, &self.name)?;
        }
        if written != body.bytes {
            return Err(Fault::Wrong(format!("{written} bytes were to be written, and {} were announced", body.bytes)));
        }
        file.sync_all().map_err(|e| failed("sync", &e))
    }

    fn placed(&self, temporary: &Path, to: &Path, how: Put) -> Result<Stored, Fault> {
        let failed = |e: &io::Error| self.fault("put in place", to, e);
        if how == Put::IfAbsent {
            match fs::hard_link(temporary, to) {
                Ok(()) => return Ok(Stored::New),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(Stored::There),
                // A file system without links: as near as it comes.
                Err(_) if to.symlink_metadata().is_ok() => return Ok(Stored::There),
                Err(_) => {}
            }
        }
        fs::rename(temporary, to).map(|()| Stored::New).map_err(|e| failed(&e))
    }
}

fn in_time(limit: Limit, name: &str) -> Result<(), Fault> {
    if Instant::now() < limit.until { Ok(()) } else { Err(Fault::Slow(format!("{name} is too slow"))) }
}

impl Remote for Folder {
    fn name(&self) -> &str {
        &self.name
    }

    fn get(&self, path: &str, most: u64, limit: Limit, out: &mut Pieces) -> Result<(), Fault> {
        let path = self.root.join(path);
        let (file, length) = self.open(&path)?;
        if length > most {
            return Err(Fault::TooLarge { most });
        }
        // It may grow while it is read.
        let (mut file, mut piece, mut came) = (file.take(most + 1), vec![0; PIECE], 0);
        loop {
            match file.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(n) => {
                    came += n as u64;
                    if came > most {
                        return Err(Fault::TooLarge { most });
                    }
                    out(&piece[..n])?;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(self.fault("read", &path, &e)),
            }
            in_time(limit, &self.name)?;
        }
    }

    fn put(&self, path: &str, body: Body, how: Put, limit: Limit) -> Result<Stored, Fault> {
        let to = self.root.join(path);
        if how == Put::IfAbsent && to.symlink_metadata().is_ok_and(|m| m.is_file()) {
            return Ok(Stored::There);
        }
        // Never made here: an empty folder where a disk is not mounted would be filled in its place.
        if !self.root.is_dir() {
            return Err(self.absent());
        }
        self.swept.call_once(|| self.sweep());
        let unfinished = self.root.join(UNFINISHED);
        let folder = to.parent().unwrap_or(&self.root);
        for folder in [&unfinished, folder] {
            fs::create_dir_all(folder).map_err(|e| self.fault("make the directory", folder, &e))?;
        }
        let temporary = unfinished.join(unique_name());
        let done = self.write(&temporary, body, limit).and_then(|()| self.placed(&temporary, &to, how));
        // Where it was renamed, it is not there any more.
        let _ = fs::remove_file(&temporary);
        let done = done?;
        File::open(folder).and_then(|f| f.sync_all()).map_err(|e| self.fault("sync", folder, &e))?;
        Ok(done)
    }

    fn size(&self, path: &str, _: Limit) -> Result<Option<u64>, Fault> {
        let path = self.root.join(path);
        match path.symlink_metadata() {
            // Of what is no file no size is right.
            Ok(meta) => Ok(Some(if meta.is_file() { meta.len() } else { u64::MAX })),
            Err(e) => match self.fault("look for", &path, &e) {
                Fault::Absent => Ok(None),
                other => Err(other),
            },
        }
    }

    fn list(&self, below: &str, most: usize, _: Limit) -> Result<Vec<String>, Fault> {
        let path = self.root.join(below);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(e) => match self.fault("list", &path, &e) {
                Fault::Absent => return Ok(Vec::new()),
                other => return Err(other),
            },
        };
        let mut names: Vec<String> = entries.flatten().filter_map(|e| e.file_name().into_string().ok()).take(most).collect();
        names.sort();
        Ok(names)
    }
}

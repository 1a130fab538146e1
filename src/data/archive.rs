//! Archives: zip, tar and tar.gz, told apart by their content; anything else is one file. What is in them is hostile until checked:
//! names that lead out of the folder, links, devices, files that stand twice, and contents out of all proportion are errors,
//! and whoever unpacks gets nothing but plain files under plain names.

use flate2::read::MultiGzDecoder;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Component, Path, PathBuf};

/// What an archive may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Files and folders.
    pub entries: usize,
    /// Bytes of all files together, however large the archive is.
    pub total: u64,
    /// Bytes that a byte of the archive may become; small archives may always become [`Limits::free`].
    pub ratio: u64,
    /// Bytes below which the ratio does not count.
    pub free: u64,
}

/// A data set of several hundred gigabytes fits, and text that packs well; a bomb does not.
pub const LIMITS: Limits = Limits { entries: 20_000_000, total: 4 << 40, ratio: 200, free: 64 << 20 };

/// Longest path of a file, and most folders on it.
const LONGEST: usize = 1024;
const DEEPEST: usize = 32;

/// Takes a file: its path below the folder, and its bytes, which it must read to their end.
pub type Take<'a> = dyn FnMut(&Path, &mut dyn Read) -> io::Result<()> + 'a;

/// Hands on every file of an archive; one that is no archive as a file called `name`.
///
/// # Errors
/// What is wrong with the archive, and at which name; those of `take`. What was handed on before is of no use.
pub fn unpack(archive: File, name: &str, limits: Limits, take: &mut Take<'_>) -> Result<(), String> {
    let size = archive.metadata().map_err(|e| e.to_string())?.len();
    let most = limits.total.min(size.saturating_mul(limits.ratio).max(limits.free));
    let mut out = Out { limits, left: most, most, names: BTreeSet::new(), take };
    let mut archive = BufReader::new(archive);
    let head = peek(&mut archive, 512).map_err(|e| e.to_string())?;
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return zipped(archive, &mut out);
    }
    if is_tar(&head) {
        return tarred(archive, &mut out);
    }
    if head.starts_with(&[0x1F, 0x8B]) {
        let inner = peek_within(MultiGzDecoder::new(&mut archive));
        archive.rewind().map_err(|e| e.to_string())?;
        if is_tar(&inner) {
            return tarred(MultiGzDecoder::new(archive), &mut out);
        }
    }
    out.file(name, &mut archive)
}

/// The first bytes, as many as there are; the next to read is the first again.
fn peek(source: &mut (impl Read + Seek), n: u64) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    source.by_ref().take(n).read_to_end(&mut head)?;
    source.rewind()?;
    Ok(head)
}

/// What can be read of the first bytes.
fn peek_within(source: impl Read) -> Vec<u8> {
    let mut head = Vec::new();
    let _ = source.take(512).read_to_end(&mut head);
    head
}

/// Whether a block is the first of a tar file: it says so, or (in the oldest form) its checksum is right.
fn is_tar(head: &[u8]) -> bool {
    let Some(block) = head.get(..512) else { return false };
    let stated = std::str::from_utf8(&block[148..156]).ok().and_then(|t| u64::from_str_radix(t.trim_matches(['\0', ' ']), 8).ok());
    let sum: u64 = block.iter().enumerate().map(|(i, &b)| if (148..156).contains(&i) { 32 } else { u64::from(b) }).sum();
    block[0] != 0 && stated == Some(sum)
}

fn zipped(archive: BufReader<File>, out: &mut Out) -> Result<(), String> {
    let broken = |e: zip::result::ZipError| format!("the zip archive cannot be read: {e}");
    let mut archive = zip::ZipArchive::new(archive).map_err(broken)?;
    for i in 0..archive.len() {
        let mut entry = archive.by_index(i).map_err(broken)?;
        // Old archives have names in another encoding without saying so; they are taken as the crate reads them.
        let name = match String::from_utf8(entry.name_raw().to_vec()) {
            Ok(name) => name,
            Err(_) => entry.name().map_err(broken)?.into_owned(),
        };
        // The upper bits of a Unix mode say what kind of file it is.
        let kind = entry.unix_mode().map_or(0, |mode| mode & 0o170_000);
        match (entry.is_dir(), kind) {
            (true, _) => out.folder(&name)?,
            (false, 0 | 0o100_000) => out.file(&name, &mut entry)?,
            (false, 0o120_000) => return Err(format!("{name:?} is a link: an archive of a data set holds files")),
            _ => return Err(format!("{name:?} is neither a file nor a folder")),
        }
    }
    Ok(())
}

fn tarred(archive: impl Read, out: &mut Out) -> Result<(), String> {
    use tar::EntryType;
    let broken = |e: io::Error| format!("the tar archive cannot be read: {e}");
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => out.file(&name, &mut entry)?,
            EntryType::Directory => out.folder(&name)?,
            // What global headers say of the files that follow is nothing that counts here.
            EntryType::XGlobalHeader => {}
            EntryType::Symlink | EntryType::Link => return Err(format!("{name:?} is a link: an archive of a data set holds files")),
            _ => return Err(format!("{name:?} is neither a file nor a folder")),
        }
    }
    Ok(())
}

/// What has been handed on, and how much more may be.
struct Out<'a, 'b> {
    limits: Limits,
    left: u64,
    most: u64,
    names: BTreeSet<PathBuf>,
    take: &'a mut Take<'b>,
}

impl Out<'_, '_> {
    fn folder(&mut self, name: &str) -> Result<(), String> {
        self.count()?;
        // The archive's own folder is called `./` in many.
        if name.trim_end_matches('/') == "." { Ok(()) } else { plain(name).map(drop) }
    }

    fn count(&mut self) -> Result<(), String> {
        self.limits.entries = self.limits.entries.checked_sub(1).ok_or("more entries than a data set has")?;
        Ok(())
    }

    fn file(&mut self, name: &str, source: &mut dyn Read) -> Result<(), String> {
        self.count()?;
        let path = plain(name)?;
        if !self.names.insert(path.clone()) {
            return Err(format!("{name:?} stands twice in the archive"));
        }
        let mut bounded = Bounded { source, left: &mut self.left, over: false };
        let taken = (self.take)(&path, &mut bounded);
        if bounded.over {
            let most = self.most >> 20;
            return Err(format!("the archive becomes more than {most} MiB, out of proportion to its size: it looks like a bomb"));
        }
        taken.map_err(|e| format!("{name:?}: {e}"))
    }
}

/// Reads no more than is left.
struct Bounded<'a> {
    source: &'a mut dyn Read,
    left: &'a mut u64,
    over: bool,
}

impl Read for Bounded<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(bytes)?;
        match self.left.checked_sub(n as u64) {
            Some(left) => *self.left = left,
            None => {
                self.over = true;
                return Err(io::Error::other("too long"));
            }
        }
        Ok(n)
    }
}

/// A name as a path that stays where it is put.
fn plain(name: &str) -> Result<PathBuf, String> {
    let outside = || format!("{name:?} names a place outside the archive's own folder");
    if name.len() > LONGEST || name.contains(['\0', '\\']) || name.chars().any(char::is_control) {
        return Err(format!("{:?} is no name of a file", name.chars().take(80).collect::<String>()));
    }
    let mut path = PathBuf::new();
    for part in Path::new(name).components() {
        match part {
            Component::CurDir => {}
            Component::Normal(part) if !part.to_string_lossy().contains(':') => path.push(part),
            _ => return Err(outside()),
        }
    }
    match path.components().count() {
        1..=DEEPEST => Ok(path),
        _ => Err(outside()),
    }
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;

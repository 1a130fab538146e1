//! The pixels of a pack: in memory, or on disk, where they are read image by image. A data set may be larger than memory:
//! of a pack on disk only the images of the batch at hand are held, and the system keeps of the rest what it has room for.

use super::error::DataError;
use std::borrow::Cow;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

/// Bytes that one call asks the system to read ahead: it takes no more of one call than its disk's window, which is this at least.
#[cfg(any(target_os = "linux", target_os = "android"))]
const AHEAD: u64 = 128 << 10;

/// Bytes of pixels. Clones and parts share them.
#[derive(Clone, Debug)]
pub struct Pixels {
    bytes: Bytes,
    /// Where these begin.
    start: u64,
    /// How many.
    len: u64,
}

#[derive(Clone, Debug)]
enum Bytes {
    Memory(Arc<Vec<u8>>),
    File(Arc<File>),
}

impl Pixels {
    /// The bytes of a file from `start` on. Whoever hands it over has verified it, and keeps nobody from reading it.
    pub fn of_file(file: File, start: u64, len: u64) -> Self {
        // Images are read in random order: the system is not to guess what comes next (it would read several images for each), but
        // to be told by [`ahead`](Self::ahead).
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::Random);
        Pixels { bytes: Bytes::File(Arc::new(file)), start, len }
    }

    /// The bytes behind the first `start`; none where there are not so many.
    pub fn behind(bytes: Vec<u8>, start: usize) -> Self {
        let start = start.min(bytes.len());
        let len = bytes.len() - start;
        Pixels { bytes: Bytes::Memory(Arc::new(bytes)), start: start as u64, len: len as u64 }
    }

    /// How many bytes there are.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes that are held in memory.
    pub fn held(&self) -> u64 {
        match self.bytes {
            Bytes::Memory(_) => self.len,
            Bytes::File(_) => 0,
        }
    }

    /// Some of them, without a copy; what lies outside is left out.
    pub fn part(&self, range: Range<usize>) -> Self {
        let (start, end) = ((range.start as u64).min(self.len), (range.end as u64).min(self.len));
        Pixels { bytes: self.bytes.clone(), start: self.start + start, len: end.saturating_sub(start) }
    }

    /// Some of them.
    ///
    /// # Errors
    /// A disk that does not give them; a range outside.
    pub fn get(&self, range: Range<usize>) -> Result<Cow<'_, [u8]>, DataError> {
        if range.start > range.end || range.end as u64 > self.len {
            return Err(DataError::Invalid(format!("bytes {} to {} of a pack with {}", range.start, range.end, self.len)));
        }
        let (at, n) = (self.start + range.start as u64, range.end - range.start);
        match &self.bytes {
            Bytes::Memory(bytes) => Ok(Cow::Borrowed(&bytes[at as usize..at as usize + n])),
            Bytes::File(file) => {
                let mut bytes = vec![0; n];
                read_at(file, &mut bytes, at).map_err(|e| DataError::Invalid(format!("cannot read the pack on disk: {e}")))?;
                Ok(Cow::Owned(bytes))
            }
        }
    }

    /// Has the system read some of them soon. Only a hint: nothing is told of a failure, and nothing waits.
    pub fn ahead(&self, range: Range<usize>) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Bytes::File(file) = &self.bytes {
            let end = self.start + (range.end as u64).min(self.len);
            let mut at = self.start + range.start as u64;
            while at < end {
                let n = std::num::NonZeroU64::new(AHEAD.min(end - at));
                let _ = rustix::fs::fadvise(file.as_ref(), at, n, rustix::fs::Advice::WillNeed);
                at += AHEAD;
            }
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let _ = range;
    }

    /// Whether they are read from a disk.
    pub fn on_disk(&self) -> bool {
        matches!(self.bytes, Bytes::File(_))
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(not(unix))]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> std::io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    // Clones of a handle share their place: one reads at a time.
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one = ONE.lock();
    let mut file = file;
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(bytes)
}

impl Default for Pixels {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl From<Vec<u8>> for Pixels {
    fn from(bytes: Vec<u8>) -> Self {
        Pixels::behind(bytes, 0)
    }
}

impl FromIterator<u8> for Pixels {
    fn from_iter<I: IntoIterator<Item = u8>>(bytes: I) -> Self {
        bytes.into_iter().collect::<Vec<u8>>().into()
    }
}

/// The same bytes, wherever they are.
impl PartialEq for Pixels {
    fn eq(&self, other: &Self) -> bool {
        let all = |p: &Self| p.get(0..p.len as usize).map(Cow::into_owned);
        self.len == other.len && all(self).is_ok_and(|a| all(other).is_ok_and(|b| a == b))
    }
}

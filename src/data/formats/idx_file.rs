//! Reads files of MNIST's format, as they are or gzipped.
//!
//! A file is 0, 0, 8 (bytes), the number of dimensions, each dimension as a 32-bit number with its big end first, the bytes.
//! A length that a file claims is compared with what it holds before memory is taken for it.

use super::super::container::{Container, Images, MAX_CONTAINER, Truths};
use super::super::error::DataError;
use flate2::read::GzDecoder;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Longest side of an image.
const MAX_SIDE: usize = 8192;

/// The file of a name, in whichever of its spellings.
pub(super) fn find(base: &Path, root: &Path, name: &str, dimensions: usize) -> Option<PathBuf> {
    let spellings = ["-", "."].into_iter().flat_map(|dot| ["", ".gz"].map(|gz| format!("{name}{dot}idx{dimensions}-ubyte{gz}")));
    spellings.map(|s| root.join(s)).find(|p| base.join(p).is_file())
}

/// The images of a file and, from the file beside it, their classes, by this project's reader.
pub(super) fn own(path: &Path) -> Result<Container, DataError> {
    let (dims, bytes) = whole(path, 3)?;
    let [n, height, width] = dims[..] else { return Err(DataError::format(path, "not three dimensions")) };
    if !(1..=MAX_SIDE).contains(&height) || !(1..=MAX_SIDE).contains(&width) {
        return Err(DataError::format(path, format!("images of {width} × {height} pixels")));
    }
    let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let stem = name.split("-images").next().unwrap_or_default();
    let folder = path.parent().unwrap_or(Path::new(""));
    let beside = find(folder, Path::new(""), &format!("{stem}-labels"), 1);
    let beside = folder.join(beside.ok_or_else(|| DataError::format(path, "the file with its labels is gone"))?);
    let (_, labels) = whole(&beside, 1)?;
    if labels.len() != n {
        return Err(DataError::format(&beside, format!("{} labels for the {n} images of {name}", labels.len())));
    }
    let labels = labels.into_iter().map(usize::from).collect();
    Ok(Container { truths: Truths::Classes(labels), names: None, images: Images::Raw { width, height, channels: 1, bytes } })
}

/// The dimensions of an unpacked file whose head is right and that holds what its head says.
#[cfg(feature = "hub")]
pub(super) fn head(path: &Path, dimensions: u8) -> Option<Vec<usize>> {
    let mut file = File::open(path).ok()?;
    let (dims, size) = dimensions_of(&mut file, dimensions).ok()?;
    let whole = file.metadata().ok()?.len() == size + 4 + 4 * u64::from(dimensions);
    (whole && dims[1..].iter().all(|side| (1..=MAX_SIDE).contains(side))).then_some(dims)
}

/// The dimensions and bytes of a file.
fn whole(path: &Path, dimensions: u8) -> Result<(Vec<usize>, Vec<u8>), DataError> {
    let file = File::open(path).map_err(|e| DataError::io(path, e))?;
    let gzipped = path.extension().is_some_and(|e| e == "gz");
    let mut reader: Box<dyn Read> = if gzipped { Box::new(GzDecoder::new(file)) } else { Box::new(file) };
    parse(&mut reader, dimensions).map_err(|e| DataError::format(path, e))
}

fn parse(reader: &mut dyn Read, dimensions: u8) -> Result<(Vec<usize>, Vec<u8>), String> {
    let (dims, size) = dimensions_of(reader, dimensions)?;
    let mut bytes = Vec::new();
    reader.take(size + 1).read_to_end(&mut bytes).map_err(|e| format!("it cannot be read to its end: {e}"))?;
    match bytes.len() as u64 {
        found if found < size => Err(format!("cut short: {found} bytes where its head says {size}")),
        found if found > size => Err(format!("more bytes than the {size} that its head says")),
        _ => Ok((dims, bytes)),
    }
}

/// What a head says: the dimensions, and how many bytes follow.
fn dimensions_of(reader: &mut dyn Read, dimensions: u8) -> Result<(Vec<usize>, u64), String> {
    let mut head = vec![0; 4 + 4 * usize::from(dimensions)];
    reader.read_exact(&mut head).map_err(|e| format!("its head cannot be read: {e}"))?;
    if head[..4] != [0, 0, 8, dimensions] {
        return Err(format!("not an idx file of bytes in {dimensions} dimensions: it begins with {:02x?}", &head[..4]));
    }
    let dims: Vec<usize> = head[4..].chunks_exact(4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize).collect();
    let size = dims.iter().try_fold(1u64, |a, &d| a.checked_mul(d as u64)).filter(|&s| s <= MAX_CONTAINER);
    let size = size.ok_or_else(|| format!("{dims:?} bytes are more than {} GiB", MAX_CONTAINER >> 30))?;
    Ok((dims, size))
}

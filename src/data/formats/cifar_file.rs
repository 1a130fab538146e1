//! Reads files of CIFAR-10's binary version: an image is its class, then 32 × 32 bytes of red, of green and of blue.

use super::super::container::{Container, Images, MAX_CONTAINER};
use super::super::error::DataError;
use super::super::files::read_capped;
use std::path::Path;

/// Pixels of a side.
pub(super) const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
/// Bytes of an image with its class.
pub(super) const RECORD: usize = 1 + 3 * PLANE;
/// As `batches.meta.txt` names them.
const NAMES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// The class names in the order of their numbers.
pub(super) fn names() -> Vec<String> {
    NAMES.map(str::to_string).to_vec()
}

/// The images of a file, by this project's reader.
pub(super) fn own(path: &Path) -> Result<Container, DataError> {
    let file = read_capped(path, MAX_CONTAINER).map_err(|e| DataError::io(path, e))?;
    if file.len() % RECORD != 0 {
        let cause = format!("{} bytes are no whole number of images of {RECORD} bytes: cut short, or another format", file.len());
        return Err(DataError::format(path, cause));
    }
    let mut labels = Vec::with_capacity(file.len() / RECORD);
    let mut bytes = Vec::with_capacity(labels.capacity() * 3 * PLANE);
    for (i, record) in file.chunks_exact(RECORD).enumerate() {
        if usize::from(record[0]) >= NAMES.len() {
            return Err(DataError::format(path, format!("image {i} is of class {}; there are 10", record[0])));
        }
        labels.push(usize::from(record[0]));
        let planes = &record[1..];
        bytes.extend((0..PLANE).flat_map(|p| [planes[p], planes[PLANE + p], planes[2 * PLANE + p]]));
    }
    Ok(Container { labels, names: Some(names()), images: Images::Raw { width: SIDE, height: SIDE, channels: 3, bytes } })
}

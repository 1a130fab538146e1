//! Reads files of CIFAR's binary versions: an image is its class (CIFAR-100: its coarse class, then its fine one), then 32 × 32 bytes of
//! red, of green and of blue.

use super::super::container::{Container, Images, MAX_CONTAINER, Truths};
use super::super::error::DataError;
use super::super::files::read_capped;
use super::super::text;
use std::path::Path;

/// Pixels of a side.
pub(super) const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
/// Bytes of an image with its class, of CIFAR-10.
#[cfg(feature = "hub")]
pub(super) const RECORD: usize = 1 + 3 * PLANE;
/// As `batches.meta.txt` names them.
const NAMES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// The class names in the order of their numbers.
pub(super) fn names() -> Vec<String> {
    NAMES.map(str::to_string).to_vec()
}

/// The class names of CIFAR-100, a line each.
pub(super) fn fine_names(path: &Path) -> Result<Vec<String>, DataError> {
    let bytes = read_capped(path, 1 << 16).map_err(|e| DataError::io(path, e))?;
    let text = text::plain(&bytes).map_err(|e| DataError::format(path, e))?;
    let names: Vec<String> = text.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_string).collect();
    if names.len() != 100 {
        return Err(DataError::format(path, format!("it names {} classes; CIFAR-100 has 100", names.len())));
    }
    Ok(names)
}

/// The images of a file of CIFAR-10, by this project's reader.
pub(super) fn own(path: &Path) -> Result<Container, DataError> {
    let (labels, bytes) = records(path, 1, NAMES.len())?;
    Ok(container(labels, Some(names()), bytes))
}

/// The images of a file of CIFAR-100, with their fine classes.
pub(super) fn hundred(path: &Path) -> Result<Container, DataError> {
    let (labels, bytes) = records(path, 2, 100)?;
    Ok(container(labels, None, bytes))
}

fn container(labels: Vec<usize>, names: Option<Vec<String>>, bytes: Vec<u8>) -> Container {
    Container { truths: Truths::Classes(labels), names, images: Images::Raw { width: SIDE, height: SIDE, channels: 3, bytes } }
}

/// Classes and pixels. Of so many bytes before the pixels the last one is the class.
fn records(path: &Path, before: usize, classes: usize) -> Result<(Vec<usize>, Vec<u8>), DataError> {
    let file = read_capped(path, MAX_CONTAINER).map_err(|e| DataError::io(path, e))?;
    let length = before + 3 * PLANE;
    if file.len() % length != 0 {
        let cause = format!("{} bytes are no whole number of images of {length} bytes: cut short, or another format", file.len());
        return Err(DataError::format(path, cause));
    }
    let mut labels = Vec::with_capacity(file.len() / length);
    let mut bytes = Vec::with_capacity(labels.capacity() * 3 * PLANE);
    for (i, record) in file.chunks_exact(length).enumerate() {
        let class = usize::from(record[before - 1]);
        if class >= classes {
            return Err(DataError::format(path, format!("image {i} is of class {class}; there are {classes}")));
        }
        labels.push(class);
        let planes = &record[before..];
        bytes.extend((0..PLANE).flat_map(|p| [planes[p], planes[PLANE + p], planes[2 * PLANE + p]]));
    }
    Ok((labels, bytes))
}

//! CIFAR-10's binary version: `data_batch_1.bin` to `_5`, `test_batch.bin`; an image is its class, then 32 × 32 bytes of red,
//! of green and of blue.

use super::super::error::DataError;
use super::super::layout::read_capped;
use super::container::{Container, Images};
use super::{Files, MAX_CONTAINER};
use std::path::{Path, PathBuf};

const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
const RECORD: usize = 1 + 3 * PLANE;
/// As `batches.meta.txt` names them.
const NAMES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

pub(super) fn listing(base: &Path, root: &Path) -> Result<Files, DataError> {
    let inner = root.join("cifar-10-batches-bin");
    let root = if base.join(&inner).is_dir() { inner } else { root.to_path_buf() };
    let at = |name: String| Some(root.join(name)).filter(|p: &PathBuf| base.join(p).is_file());
    let mut files = Files::default();
    files.containers.extend((1..=5).filter_map(|i| Some(("train".to_string(), at(format!("data_batch_{i}.bin"))?))));
    if files.containers.is_empty() {
        return Err(DataError::format(&base.join(&root), "not CIFAR-10's binary version: there is no data_batch_1.bin"));
    }
    files.containers.extend(at("test_batch.bin".into()).map(|p| ("test".to_string(), p)));
    Ok(files)
}

/// The class names in the order of their numbers.
pub(super) fn names() -> Vec<String> {
    NAMES.map(str::to_string).to_vec()
}

pub(super) fn read(path: &Path) -> Result<Container, DataError> {
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

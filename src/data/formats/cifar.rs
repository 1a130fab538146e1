//! CIFAR-10's binary version: `data_batch_1.bin` to `_5`, `test_batch.bin`; an image is its class, then 32 × 32 bytes of red,
//! of green and of blue.

use super::super::container::{Container, Images, MAX_CONTAINER};
use super::super::error::DataError;
use super::super::files::read_capped;
use super::super::layout::{Layout, OwnSplit};
use super::{About, Format, Source};
use crate::document::{FormatShape, Task, Word};
use std::path::{Path, PathBuf};

/// Pixels of a side.
pub(super) const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
/// Bytes of an image with its class.
pub(super) const RECORD: usize = 1 + 3 * PLANE;
/// As `batches.meta.txt` names them.
const NAMES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// `format=cifar`
pub struct Cifar;

static ABOUT: About = About {
    word: Word::new("cifar", "CIFAR-10's binary files, one class an image; `image-size` is 32."),
    shape: FormatShape { task: Task::Classify, image_size: 32, splits: &["train", "test"], lists: false, folders: false },
    by_name: false,
    annotated: false,
};

impl Format for Cifar {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn layout(&self, source: &Source) -> Result<Layout, DataError> {
        source.folder()?;
        let inner = source.root.join("cifar-10-batches-bin");
        let root = if source.base.join(&inner).is_dir() { inner } else { source.root.to_path_buf() };
        let at = |name: String| Some(root.join(name)).filter(|p: &PathBuf| source.base.join(p).is_file());
        let train: Vec<PathBuf> = (1..=5).filter_map(|i| at(format!("data_batch_{i}.bin"))).collect();
        if train.is_empty() {
            let cause = "not CIFAR-10's binary version: there is no data_batch_1.bin";
            return Err(DataError::format(&source.base.join(&root), cause));
        }
        let mut layout = Layout { names: Some(names()), ..Layout::default() };
        let test: Vec<PathBuf> = at("test_batch.bin".into()).into_iter().collect();
        for (split, files) in [("train", train), ("test", test)] {
            if !files.is_empty() {
                let start = layout.containers.len();
                layout.containers.extend(files);
                let containers = (start..layout.containers.len()).collect();
                layout.splits.push(OwnSplit { name: split.to_string(), containers, ..OwnSplit::default() });
            }
        }
        Ok(layout)
    }

    fn container(&self, path: &Path) -> Result<Container, DataError> {
        #[cfg(feature = "hub")]
        if let Some(read) = super::candle::cifar(path) {
            return Ok(read);
        }
        own(path)
    }
}

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

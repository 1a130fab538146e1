//! The binary versions of CIFAR-10 (`data_batch_1.bin` to `_5`, `test_batch.bin`) and CIFAR-100 (`train.bin`, `test.bin`), whose hundred
//! fine classes count.

use super::super::container::Container;
use super::super::error::DataError;
use super::super::format::{About, Format, Lies, Source};
use super::super::layout::{Layout, OwnSplit};
use super::cifar_file::{fine_names, hundred, names, own};
use crate::document::{FormatShape, Task, Word};
use std::path::{Path, PathBuf};

/// The folders in the archives.
const TEN: &str = "cifar-10-batches-bin";
const HUNDRED: &str = "cifar-100-binary";
/// The names of CIFAR-100's classes, a line each.
const FINE: &str = "fine_label_names.txt";

/// `format=cifar`
pub struct Cifar;

static ABOUT: About = About {
    word: Word::new("cifar", "CIFAR-10's and CIFAR-100's binary files, one class an image (of 100 the fine ones); `image-size` is 32."),
    shape: FormatShape { task: Task::Classify, image_size: 32, splits: &["train", "test"], lists: false, folders: false },
    by_name: false,
    annotated: false,
};

impl Format for Cifar {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn recognise(&self, place: &Path) -> Result<Option<Lies>, DataError> {
        let ten = ["", TEN].iter().any(|inner| place.join(inner).join("data_batch_1.bin").is_file());
        // `train.bin` alone may be anything.
        let hundred = ["", HUNDRED].iter().any(|inner| ["train.bin", FINE].iter().all(|name| place.join(inner).join(name).is_file()));
        Ok(if ten || hundred { Lies::here() } else { None })
    }

    fn layout(&self, source: &Source) -> Result<Layout, DataError> {
        source.folder()?;
        let inner = [TEN, HUNDRED].map(|name| source.root.join(name)).into_iter().find(|p| source.base.join(p).is_dir());
        let root = inner.unwrap_or_else(|| source.root.to_path_buf());
        let at = |name: String| Some(root.join(name)).filter(|p: &PathBuf| source.base.join(p).is_file());
        let train: Vec<PathBuf> = (1..=5).filter_map(|i| at(format!("data_batch_{i}.bin"))).collect();
        let of_hundred: Vec<PathBuf> = at("train.bin".into()).into_iter().collect();
        let mut layout = Layout { names: Some(names()), ..Layout::default() };
        let (train, test) = match (train.is_empty(), of_hundred.is_empty()) {
            (true, true) => {
                let cause = "not CIFAR's binary version: there is no data_batch_1.bin (CIFAR-10) nor train.bin (CIFAR-100)";
                return Err(DataError::format(&source.base.join(&root), cause));
            }
            (true, false) => {
                let list = at(FINE.into());
                layout.names = list.as_ref().map(|path| fine_names(&source.base.join(path))).transpose()?;
                layout.others.extend(list);
                (of_hundred, at("test.bin".into()))
            }
            (false, _) => (train, at("test_batch.bin".into())),
        };
        let test: Vec<PathBuf> = test.into_iter().collect();
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
        if path.file_name().is_some_and(|name| name == "train.bin" || name == "test.bin") {
            return hundred(path);
        }
        #[cfg(feature = "hub")]
        if let Some(read) = super::candle::cifar(path) {
            return Ok(read);
        }
        own(path)
    }
}

//! CIFAR-10's binary version: `data_batch_1.bin` to `_5`, `test_batch.bin`.

use super::super::container::Container;
use super::super::error::DataError;
use super::super::format::{About, Format, Lies, Source};
use super::super::layout::{Layout, OwnSplit};
use super::cifar_file::{names, own};
use crate::document::{FormatShape, Task, Word};
use std::path::{Path, PathBuf};

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

    fn recognise(&self, place: &Path) -> Result<Option<Lies>, DataError> {
        let there = ["", "cifar-10-batches-bin"].iter().any(|inner| place.join(inner).join("data_batch_1.bin").is_file());
        Ok(if there { Lies::here() } else { None })
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

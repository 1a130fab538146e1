//! MNIST's format: `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, `t10k-…` for the test, as they are or gzipped.

use super::super::container::Container;
use super::super::error::DataError;
use super::super::format::{About, Format, Lies, Source};
use super::super::layout::{Layout, OwnSplit};
use super::idx_file::{find, own};
use crate::document::{FormatShape, Task, Word};
use std::path::Path;

/// `format=idx`
pub struct Idx;

static ABOUT: About = About {
    word: Word::new("idx", "MNIST's files, one class an image, grey; `image-size` is 28."),
    shape: FormatShape { task: Task::Classify, image_size: 28, splits: &["train", "test"], lists: false, folders: false },
    by_name: false,
    annotated: false,
};

impl Format for Idx {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn recognise(&self, place: &Path) -> Result<Option<Lies>, DataError> {
        let there = |what: &str, dimensions| find(Path::new(""), place, &format!("train-{what}"), dimensions).is_some();
        Ok(if there("images", 3) && there("labels", 1) { Lies::here() } else { None })
    }

    fn layout(&self, source: &Source) -> Result<Layout, DataError> {
        source.folder()?;
        let (base, root) = (source.base, source.root);
        let mut layout = Layout::default();
        for (split, stem) in [("train", "train"), ("test", "t10k")] {
            let images = find(base, root, &format!("{stem}-images"), 3);
            let labels = find(base, root, &format!("{stem}-labels"), 1);
            let mut own = OwnSplit { name: split.to_string(), ..OwnSplit::default() };
            match (images, labels) {
                (Some(images), Some(labels)) => {
                    own.containers.push(layout.containers.len());
                    layout.containers.push(images);
                    layout.others.push(labels);
                }
                (None, None) if split == "test" => continue,
                (images, _) => {
                    let (what, d) = if images.is_none() { ("images", 3) } else { ("labels", 1) };
                    let cause = format!("not MNIST's format: there is no {stem}-{what}-idx{d}-ubyte, nor with .gz");
                    own.failed = Some(DataError::format(&base.join(root), cause));
                }
            }
            layout.splits.push(own);
        }
        Ok(layout)
    }

    fn container(&self, path: &Path) -> Result<Container, DataError> {
        #[cfg(feature = "hub")]
        if let Some(read) = super::candle::idx(path) {
            return Ok(read);
        }
        own(path)
    }
}

//! `root="hub:mnist"`: sets that candle-datasets downloads from Hugging Face's hub (into its own cache), with the cargo feature
//! `hub`. The feature is off by default, because it builds a client for the network with 166 more crates (217 → 383); every
//! format on disk is read without it. With it candle also reads unpacked files of MNIST and CIFAR-10 (`candle.rs`).

use super::super::container::{Container, HUB, hub_name};
use super::super::error::DataError;
use super::super::format::{About, Format, Source};
use super::super::layout::{Layout, OwnSplit};
use crate::document::{FormatShape, Task, Word};
use std::path::{Path, PathBuf};

/// Names of the sets.
#[cfg(feature = "hub")]
const NAMES: [&str; 3] = ["mnist", "fashion-mnist", "cifar10"];

/// Sets of the hub.
pub struct Hub;

static ABOUT: About = About {
    word: Word::new("hub", "Sets of Hugging Face's hub."),
    shape: FormatShape { task: Task::Classify, image_size: 32, splits: &["train", "test"], lists: false, folders: false },
    by_name: false,
    annotated: false,
};

impl Format for Hub {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    /// Its two splits, as if they were files: `hub:mnist/train`.
    fn layout(&self, source: &Source) -> Result<Layout, DataError> {
        let set = hub_name(source.root).unwrap_or_default();
        available(set)?;
        let mut layout = Layout::default();
        for (i, split) in ["train", "test"].into_iter().enumerate() {
            layout.containers.push(PathBuf::from(format!("{HUB}{set}/{split}")));
            layout.splits.push(OwnSplit { name: split.to_string(), containers: vec![i], ..OwnSplit::default() });
        }
        Ok(layout)
    }

    fn container(&self, path: &Path) -> Result<Container, DataError> {
        read(hub_name(path).unwrap_or_default())
    }
}

#[cfg(not(feature = "hub"))]
fn available(name: &str) -> Result<(), DataError> {
    Err(DataError::Invalid(format!(
        "`{HUB}{name}`: this nasflow downloads nothing; build it with `--features hub`, or give a folder as `root`"
    )))
}

#[cfg(feature = "hub")]
fn available(name: &str) -> Result<(), DataError> {
    let known = NAMES.contains(&name);
    known.then_some(()).ok_or_else(|| DataError::Invalid(format!("the hub has no set `{name}` for this; it has {}", NAMES.join(", "))))
}

/// The images of one of them: `mnist/train`.
fn read(name: &str) -> Result<Container, DataError> {
    let (set, split) = name.split_once('/').unwrap_or((name, ""));
    available(set)?;
    download(set, split)
}

#[cfg(not(feature = "hub"))]
fn download(set: &str, _split: &str) -> Result<Container, DataError> {
    Err(DataError::Invalid(format!("no set `{set}`")))
}

#[cfg(feature = "hub")]
fn download(set: &str, split: &str) -> Result<Container, DataError> {
    super::candle::hub(set, split).map_err(|e| DataError::Invalid(format!("`{HUB}{set}` cannot be had: {e}")))
}

#[cfg(all(test, feature = "hub"))]
mod tests {
    use super::*;

    #[test]
    fn unknown_sets_are_errors() {
        let error = available("imagenet").unwrap_err().to_string();
        assert!(error.contains("no set `imagenet`"), "{error}");
    }
}

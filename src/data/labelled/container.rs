//! A file with many images, in memory.

use super::super::decode;
use super::super::error::DataError;
use super::{cifar, hub, idx, parquet};
use crate::base::Digest;
use crate::document::LabelledFormat;
use std::path::Path;

/// The images of one file with their classes.
#[derive(Debug)]
pub(crate) struct Container {
    /// The class of each image, counted from 0.
    pub labels: Vec<usize>,
    /// Class names where the format has them.
    pub names: Option<Vec<String>>,
    pub images: Images,
}

/// How the images are kept.
#[derive(Debug)]
pub(crate) enum Images {
    /// All of one size: height × width × channels bytes each, one after the other.
    Raw { width: usize, height: usize, channels: usize, bytes: Vec<u8> },
    /// JPEG or PNG files.
    Encoded(Vec<Vec<u8>>),
}

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Image {
    pub digest: Digest,
    pub width: usize,
    pub height: usize,
    pub channels: usize,
    /// height × width × channels.
    pub pixels: Vec<u8>,
}

impl Container {
    /// Reads a file whole. `path` is relative to `base`.
    ///
    /// # Errors
    /// A file that cannot be read or is not of the format; parts that do not agree.
    pub fn open(format: LabelledFormat, base: &Path, path: &Path) -> Result<Container, DataError> {
        let full = base.join(path);
        if let Some(name) = hub::name(path) {
            return hub::read(name);
        }
        let container = match format {
            LabelledFormat::Idx => idx::read(&full)?,
            LabelledFormat::Cifar => cifar::read(&full)?,
            LabelledFormat::Parquet => parquet::read(&full)?,
            LabelledFormat::Folder => return Err(DataError::format(&full, "a folder of classes has no file with many images")),
        };
        if container.labels.is_empty() {
            return Err(DataError::format(&full, "it holds no images"));
        }
        Ok(container)
    }

    /// How many images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// 3 (RGB) or 1.
    pub fn channels(&self) -> usize {
        match &self.images {
            Images::Raw { channels, .. } => *channels,
            Images::Encoded(_) => 3,
        }
    }

    /// One image, decoded.
    ///
    /// # Errors
    /// What is wrong with it; an index past the end.
    pub fn image(&self, index: usize) -> Result<Image, String> {
        let none = || format!("there is no image {index}");
        match &self.images {
            Images::Raw { width, height, channels, bytes } => {
                let pixels = bytes.chunks_exact(width * height * channels).nth(index).ok_or_else(none)?.to_vec();
                Ok(Image { digest: Digest::of(&pixels), width: *width, height: *height, channels: *channels, pixels })
            }
            Images::Encoded(files) => {
                let file = files.get(index).ok_or_else(none)?;
                let rgb = decode::decode(file)?;
                Ok(Image { digest: Digest::of(file), width: rgb.width, height: rgb.height, channels: 3, pixels: rgb.pixels })
            }
        }
    }
}

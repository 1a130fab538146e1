//! A file with many images, in memory.

use super::decode;
use crate::base::Digest;
use std::path::Path;

/// Most bytes that the images of one file may take in memory.
pub(crate) const MAX_CONTAINER: u64 = 4 << 30;
/// What stands before the name of a set that the hub has.
pub(crate) const HUB: &str = "hub:";

/// The set of the hub that a path names; none where it names a file or folder.
pub(crate) fn hub_name(path: &Path) -> Option<&str> {
    path.to_str()?.strip_prefix(HUB)
}

/// The images of one file with their classes.
#[derive(Debug)]
pub struct Container {
    /// The class of each image, counted from 0.
    pub labels: Vec<usize>,
    /// Class names where the format has them.
    pub names: Option<Vec<String>>,
    pub images: Images,
}

/// How the images are kept.
#[derive(Debug)]
pub enum Images {
    /// All of one size: height × width × channels bytes each, one after the other.
    Raw { width: usize, height: usize, channels: usize, bytes: Vec<u8> },
    /// Image files.
    Encoded(Vec<Vec<u8>>),
}

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    pub digest: Digest,
    pub width: usize,
    pub height: usize,
    pub channels: usize,
    /// height × width × channels.
    pub pixels: Vec<u8>,
}

impl Container {
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

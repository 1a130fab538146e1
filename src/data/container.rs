//! A file with many images, in memory.

use super::decode::{self, Turn};
use super::truth::{Annotation, ClassRef};
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

/// The images of one file with what is true of them.
#[derive(Debug)]
pub struct Container {
    pub truths: Truths,
    /// Class names where the format has them.
    pub names: Option<Vec<String>>,
    pub images: Images,
}

/// What is true of the images, one entry each.
#[derive(Clone, Debug, PartialEq)]
pub enum Truths {
    /// Their classes, counted from 0.
    Classes(Vec<usize>),
    /// Their boxes, and the (width, height) that these were written for, where the file says it.
    Boxes(Vec<(Annotation, Option<(f64, f64)>)>),
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
    /// How EXIF turned it to be upright.
    pub turn: Option<Turn>,
}

impl Truths {
    /// How many images.
    pub fn len(&self) -> usize {
        match self {
            Truths::Classes(classes) => classes.len(),
            Truths::Boxes(boxes) => boxes.len(),
        }
    }

    /// The classes that say how many there are: of numbers the greatest, of names every one.
    pub fn classes(&self) -> Vec<ClassRef> {
        match self {
            Truths::Classes(classes) => classes.iter().max().map(|&l| ClassRef::Index(l)).into_iter().collect(),
            Truths::Boxes(boxes) => {
                let mut all: Vec<ClassRef> = boxes.iter().flat_map(|(a, _)| &a.boxes).map(|b| b.class.clone()).collect();
                all.sort();
                all.dedup();
                all
            }
        }
    }
}

impl Container {
    /// How many images.
    pub fn len(&self) -> usize {
        self.truths.len()
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
                Ok(Image { digest: Digest::of(&pixels), width: *width, height: *height, channels: *channels, pixels, turn: None })
            }
            Images::Encoded(files) => {
                let file = files.get(index).ok_or_else(none)?;
                let decode::Decoded { rgb, turn, .. } = decode::open(file)?;
                Ok(Image { digest: Digest::of(file), width: rgb.width, height: rgb.height, channels: 3, pixels: rgb.pixels, turn })
            }
        }
    }
}

//! A data set as read: classes, splits, digests, boxes. It is kept between runs.

use super::finding::Finding;
use super::pack::Object;
use super::shapes::Shapes;
use crate::base::{Canon, Digest};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where an image's pixels come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// A file: the root as the document writes it, joined with the rest.
    File(PathBuf),
    /// Picture number … of the generator.
    Generated(u64),
    /// Of a file with many images ([`Scan::containers`]): which file, and which image of it.
    Entry(usize, u64),
}

/// One image of a split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScanImage {
    /// blake3 of the file's bytes, or of the generated pixels.
    pub digest: Digest,
    /// Where it is; not part of any key.
    pub place: Place,
    /// Width in pixels, upright.
    pub width: usize,
    /// Height in pixels, upright.
    pub height: usize,
    /// Boxes in sixteenths of a pixel, sorted, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<Object>,
    /// Its class, where images are of one class each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<u16>,
}

/// A split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScanSplit {
    /// Its name.
    pub name: String,
    /// The digest of its content: classes, and images with their sizes and boxes. Neither names nor paths are in it.
    pub digest: Digest,
    /// In the order of their digests, each once.
    pub images: Vec<ScanImage>,
}

/// A data set as read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scan {
    /// Class names: as the document declares them, else in the order of the data set (VOC: sorted).
    pub classes: Vec<String>,
    /// Splits: in the document's order, else the format's own.
    pub splits: Vec<ScanSplit>,
    /// Where the images are generated: from what.
    pub generator: Option<Shapes>,
    /// Channels of an image: 3 (RGB) or 1.
    #[serde(default = "three")]
    pub channels: usize,
    /// Files with many images, which [`Place::Entry`] names, with their format's word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<(String, PathBuf)>,
    /// Splits that are there and were not read, because the pipeline does not use them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
    /// Warnings.
    pub findings: Vec<Finding>,
}

fn three() -> usize {
    3
}

impl Scan {
    /// A split by name.
    pub fn split(&self, name: &str) -> Option<&ScanSplit> {
        self.splits.iter().find(|s| s.name == name)
    }
}

impl ScanSplit {
    /// Number of boxes.
    pub fn boxes(&self) -> usize {
        self.images.iter().map(|i| i.objects.len()).sum()
    }

    pub(crate) fn new(name: &str, classes: &[String], channels: usize, images: Vec<ScanImage>) -> Self {
        let digest = content_digest(classes, channels, &images);
        ScanSplit { name: name.to_string(), digest, images }
    }
}

/// The digest of a split's content: classes, and images with their sizes and boxes, or, of images of one class each, with
/// their sizes, channels and class.
pub fn content_digest(classes: &[String], channels: usize, images: &[ScanImage]) -> Digest {
    if images.first().is_some_and(|i| i.label.is_some()) {
        let image = |i: &ScanImage| {
            let (width, height) = (i.width.into(), i.height.into());
            Canon::map([("digest", i.digest.into()), ("width", width), ("height", height), ("class", i.label.map(usize::from).into())])
        };
        let images = Canon::List(images.iter().map(image).collect());
        return Canon::map([("classes", classes.to_vec().into()), ("channels", channels.into()), ("labelled", images)]).digest();
    }
    let object =
        |o: &Object| Canon::List([i64::from(o.class), o.x1.into(), o.y1.into(), o.x2.into(), o.y2.into()].map(Canon::Int).to_vec());
    let image = |i: &ScanImage| {
        Canon::map([
            ("digest", i.digest.into()),
            ("width", i.width.into()),
            ("height", i.height.into()),
            ("objects", Canon::List(i.objects.iter().map(object).collect())),
        ])
    };
    Canon::map([("classes", classes.to_vec().into()), ("images", Canon::List(images.iter().map(image).collect()))]).digest()
}

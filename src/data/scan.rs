//! Reads a data set once: classes, splits, digests, boxes. What it returns is all that keys are made of (invariant 4).

use super::error::{DataError, Finding, Findings};
use super::layout::{FileStamp, Layout, stamps};
use super::pack::Object;
use super::shapes::Shapes;
use super::source::{Picture, read_items};
use super::split;
use super::{labelled, voc, yolo};
use crate::base::{Canon, Digest};
use crate::document::{Data, DataSource, LabelledFormat, SplitBy};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Raise this where a scan of the same files would come out otherwise: cached scans are keyed by it through
/// [`Listing::fingerprint`].
const SCAN_VERSION: usize = 1;

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
    /// Files with many images, which [`Place::Entry`] names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<(LabelledFormat, PathBuf)>,
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

/// The files that a scan would read, as the file system knows them.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// Changes when a file that the scan reads does (size, times, inode, path), or what the document says about the
    /// scan (format, root, classes, splits). A scan may be kept under it between runs.
    pub fingerprint: Digest,
    /// The files; none where the images are generated.
    pub files: Vec<FileStamp>,
}

/// Which files a scan reads. Reads the descriptions and lists, of everything else only names, sizes and times.
///
/// # Errors
/// Folders and lists that are missing or unreadable. Missing images are for [`scan`] to report.
pub fn listing(data: &Data, base: &Path) -> Result<Listing, DataError> {
    let (files, content) = match layout(data, base)? {
        Some(layout) => stamps(base, &layout)?,
        None => (Vec::new(), Digest::of(b"generated")),
    };
    let splits = data.splits.iter().map(|(name, by)| {
        let by = match by {
            SplitBy::Share(share) => Canon::Float(*share),
            SplitBy::File(file) => Canon::text(&file.value),
        };
        Canon::List(vec![Canon::text(&name.value), by])
    });
    let source = match &data.source {
        DataSource::Voc { root } => Canon::List(vec!["voc".into(), Canon::text(&root.value)]),
        DataSource::Yolo { root } => Canon::List(vec!["yolo".into(), Canon::text(&root.value)]),
        DataSource::Labelled { format, root } => Canon::List(vec![format.word().into(), Canon::text(&root.value)]),
        DataSource::Shapes { .. } | DataSource::Figures { .. } => Shapes::of(data).map_or(Canon::None, |s| s.canon()),
    };
    let fingerprint = Canon::map([
        ("version", SCAN_VERSION.into()),
        ("decoder", super::decode::DECODER.into()),
        ("source", source),
        ("classes", Canon::List(data.classes.iter().map(|c| Canon::text(&c.value)).collect())),
        ("splits", Canon::List(splits.collect())),
        ("split-seed", data.split_seed.into()),
        ("files", content.into()),
    ])
    .digest();
    Ok(Listing { fingerprint, files })
}

fn layout(data: &Data, base: &Path) -> Result<Option<Layout>, DataError> {
    match &data.source {
        DataSource::Voc { root } => voc::listing(base, Path::new(&root.value), &data.splits).map(Some),
        DataSource::Yolo { root } => yolo::listing(base, Path::new(&root.value), &data.splits).map(Some),
        DataSource::Labelled { format, root } => labelled::listing(*format, base, Path::new(&root.value)).map(|f| Some(f.layout())),
        DataSource::Shapes { .. } | DataSource::Figures { .. } => Ok(None),
    }
}

/// Reads every image (whole: a truncated file is found here) and annotation, on all threads of rayon's pool.
///
/// # Errors
/// What [`listing`] fails with; files that are missing, unreadable or truncated, all of them in one
/// [`DataError::Findings`]; splits that cannot be made.
pub fn scan(data: &Data, base: &Path) -> Result<Scan, DataError> {
    if let DataSource::Labelled { format, root } = &data.source {
        return labelled::scan(data, *format, base, Path::new(&root.value));
    }
    let Some(layout) = layout(data, base)? else { return generated(data) };
    let Layout { items, splits, names, mut findings, .. } = layout;
    let is_voc = matches!(data.source, DataSource::Voc { .. });
    let (classes, pictures) = read_items(base, &items, is_voc, names, &data.classes, &mut findings)?;
    let splits = split::make(data, &classes, &pictures, &splits, &mut findings)?;
    finish(classes, splits, None, findings)
}

fn generated(data: &Data) -> Result<Scan, DataError> {
    let shapes = Shapes::of(data).ok_or_else(|| DataError::Invalid("not a generated data set".into()))?;
    let own = shapes.names();
    if let Some(unknown) = data.classes.iter().find(|c| !own.contains(&c.value.as_str())) {
        return Err(DataError::Invalid(format!("`{}` is no class of the generated set; it has {}", unknown.value, own.join(", "))));
    }
    let classes: Vec<String> = match data.classes.as_slice() {
        [] => own.iter().map(ToString::to_string).collect(),
        declared => declared.iter().map(|c| c.value.clone()).collect(),
    };
    let pictures: Vec<Option<Picture>> = (0..shapes.images as u64)
        .into_par_iter()
        .map(|index| {
            let drawn = shapes.draw(index);
            let renamed = |o: Object| Some(Object { class: classes.iter().position(|c| c == own[o.class as usize])? as u16, ..o });
            let mut objects: Vec<Object> = drawn.objects.into_iter().filter_map(renamed).collect();
            objects.sort();
            objects.dedup();
            let label = if shapes.single { Some(objects.drain(..).next()?.class) } else { None };
            let size = shapes.image_size;
            Some(Picture { digest: Digest::of(&drawn.pixels), place: Place::Generated(index), width: size, height: size, objects, label })
        })
        .collect();
    let mut findings = Findings::default();
    let splits = split::make(data, &classes, &pictures, &[], &mut findings)?;
    finish(classes, splits, Some(shapes), findings)
}

fn finish(classes: Vec<String>, splits: Vec<ScanSplit>, generator: Option<Shapes>, findings: Findings) -> Result<Scan, DataError> {
    if findings.has_errors() {
        return Err(DataError::Findings(findings.list()));
    }
    Ok(Scan { classes, splits, generator, channels: 3, containers: Vec::new(), findings: findings.list() })
}

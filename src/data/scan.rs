//! Reads a data set once: classes, splits, digests, boxes. What it returns is all that keys are made of.
//!
//! One way for every format: its layout ([`formats`]), what is wanted of it ([`Need`]), reading, classes, splits.

use super::error::{DataError, Finding, Findings};
use super::files::FileStamp;
use super::formats::{self, Format};
use super::layout::{Need, Wanted};
use super::pack::Object;
use super::shapes::Shapes;
use super::split::Dealt;
use super::{classes, reading};
use crate::base::{Canon, Digest};
use crate::document::{Data, SplitBy, Task};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Raise this where a scan of the same files would come out otherwise: cached scans are keyed by it through
/// [`Listing::fingerprint`].
const SCAN_VERSION: usize = 3;

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

/// The files that a scan would read, as the file system knows them.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// Changes when a file that the scan reads does (size, times, inode, path), or what the document says about the
    /// scan (format, root, classes, splits). A scan may be kept under it between runs.
    pub fingerprint: Digest,
    /// The files; none where the images are generated.
    pub files: Vec<FileStamp>,
}

/// What is read of a data set, and by whom; none where its images are generated.
fn wanted(data: &Data, base: &Path, need: &Need) -> Result<Option<(&'static dyn Format, Wanted)>, DataError> {
    let Some((format, source)) = formats::of(data, base) else { return Ok(None) };
    let share = |(name, by): &'_ (crate::document::Spanned<String>, SplitBy)| matches!(by, SplitBy::Share(_)).then(|| name.value.clone());
    let shares: Vec<String> = data.splits.iter().filter_map(share).collect();
    let shares: Vec<&str> = shares.iter().map(String::as_str).collect();
    let mut wanted = format.layout(&source)?.wanted(need, &shares, format.about().shape.task == Task::Classify)?;
    if data.skip_broken {
        wanted.layout.findings.skip_broken();
    }
    Ok(Some((format, wanted)))
}

/// Which files a scan reads. Reads the descriptions and lists, of everything else only names, sizes and times.
///
/// # Errors
/// Folders and lists that are missing or unreadable. Missing images are for [`scan`] to report.
pub fn listing(data: &Data, base: &Path, need: &Need) -> Result<Listing, DataError> {
    let names = |names: Vec<&String>| Canon::List(names.into_iter().map(Canon::text).collect());
    let (files, content, read) = match wanted(data, base, need)? {
        Some((_, wanted)) => {
            let (files, content) = wanted.stamps(base)?;
            let layout = &wanted.layout;
            let read = names(layout.splits.iter().map(|s| &s.name).collect());
            // Names may be those of folders, and findings about files that are not read: neither is in a stamp.
            let declared = layout.names.as_ref().map_or(Canon::None, |declared| names(declared.iter().collect()));
            let found = layout.findings.clone().list().iter().map(|f| Canon::text(f.all())).collect();
            (files, content, Canon::List(vec![read, names(wanted.unread.iter().collect()), declared, Canon::List(found)]))
        }
        None => (Vec::new(), Digest::of(b"generated"), Canon::None),
    };
    let splits = data.splits.iter().map(|(name, by)| {
        let by = match by {
            SplitBy::Share(share) => Canon::Float(*share),
            SplitBy::File(file) => Canon::text(&file.value),
        };
        Canon::List(vec![Canon::text(&name.value), by])
    });
    let source = match formats::of(data, base) {
        Some((format, source)) => {
            let other = [source.images, source.annotations].map(|f| f.map_or(Canon::None, Canon::text));
            let root = Canon::text(source.root.to_string_lossy());
            Canon::List([vec![format.about().word.name.into(), root], other.to_vec()].concat())
        }
        None => Shapes::of(data).map_or(Canon::None, |s| s.canon()),
    };
    let fingerprint = Canon::map([
        ("version", SCAN_VERSION.into()),
        ("decoder", super::decode::DECODER.into()),
        ("source", source),
        ("classes", Canon::List(data.classes.iter().map(|c| Canon::text(&c.value)).collect())),
        ("splits", Canon::List(splits.collect())),
        ("split-seed", data.split_seed.into()),
        ("skip-broken", usize::from(data.skip_broken).into()),
        ("read", read),
        ("files", content.into()),
    ])
    .digest();
    Ok(Listing { fingerprint, files })
}

/// Reads every image that is wanted (whole: a truncated file is found here) and its annotation, on all threads of rayon's
/// pool.
///
/// # Errors
/// What [`listing`] fails with; files that are missing, unreadable or truncated, all of them in one
/// [`DataError::Findings`]; splits that cannot be made.
pub fn scan(data: &Data, base: &Path, need: &Need) -> Result<Scan, DataError> {
    let Some((format, wanted)) = wanted(data, base, need)? else { return generated(data) };
    let mut findings = wanted.layout.findings.clone();
    let mut reads = reading::read(format, base, &wanted, &mut findings)?;
    if data.skip_broken {
        findings.skip_broken();
    }
    let (classes, images) = classes::resolve(format.about(), &mut reads, &data.classes, &mut findings)?;
    if findings.has_errors() {
        return Err(DataError::Findings(findings.list()));
    }
    let dealt = Dealt { data, need, classes: &classes, channels: reads.channels, images: &images };
    let splits = match format.about().shape.task {
        Task::Detect => dealt.of_all(&reads.splits, &mut findings)?,
        Task::Classify => dealt.of_own(&reads.splits, &mut findings)?,
    };
    let word = format.about().word.name;
    let containers = wanted.layout.containers.into_iter().map(|path| (word.to_string(), path)).collect();
    let findings = findings.list();
    Ok(Scan { classes, splits, generator: None, channels: reads.channels, containers, unread: wanted.unread, findings })
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
    let images: Vec<Option<ScanImage>> = (0..shapes.images as u64)
        .into_par_iter()
        .map(|index| {
            let drawn = shapes.draw(index);
            let renamed = |o: Object| Some(Object { class: classes.iter().position(|c| c == own[o.class as usize])? as u16, ..o });
            let mut objects: Vec<Object> = drawn.objects.into_iter().filter_map(renamed).collect();
            objects.sort();
            objects.dedup();
            let label = if shapes.single { Some(objects.drain(..).next()?.class) } else { None };
            let size = shapes.image_size;
            Some(ScanImage { digest: Digest::of(&drawn.pixels), place: Place::Generated(index), width: size, height: size, objects, label })
        })
        .collect();
    let mut findings = Findings::default();
    let dealt = Dealt { data, need: &Need::all(), classes: &classes, channels: 3, images: &images };
    let splits = dealt.of_all(&[], &mut findings)?;
    let findings = findings.list();
    Ok(Scan { classes, splits, generator: Some(shapes), channels: 3, containers: Vec::new(), unread: Vec::new(), findings })
}

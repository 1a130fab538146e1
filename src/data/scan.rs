//! Reads a data set once: classes, splits, digests, boxes. What it returns is all that keys are made of.
//!
//! One way for every format: its layout ([`formats`]), what is wanted of it ([`Need`]), reading, classes, splits.

use super::error::{DataError, Findings};
use super::files::FileStamp;
use super::format::Format;
use super::layout::{Need, Wanted};
use super::pack::Object;
use super::scanned::{Place, Scan, ScanImage};
use super::shapes::Shapes;
use super::split::Dealt;
use super::{classes, formats, reading};
use crate::base::{Canon, Digest};
use crate::document::{Data, Spanned, SplitBy, Task};
use rayon::prelude::*;
use std::path::Path;

/// Raise this where a scan of the same files would come out otherwise: cached scans are keyed by it through
/// [`Listing::fingerprint`].
const SCAN_VERSION: usize = 4;

/// The files that a scan would read, as the file system knows them.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// Changes when a file that the scan reads does (size, times, inode, path), or what the document says about the
    /// scan (format, root, classes, splits). A scan may be kept under it between runs.
    pub fingerprint: Digest,
    /// The files; none where the images are generated.
    pub files: Vec<FileStamp>,
}

/// A data set whose files were looked at: descriptions and lists are read once, for the listing and for the scan.
pub struct Survey<'a> {
    data: &'a Data,
    base: &'a Path,
    need: &'a Need,
    /// The splits that the document makes.
    made: Vec<(Spanned<String>, SplitBy)>,
    /// What is read, and by whom; none where the images are generated.
    wanted: Option<(&'static dyn Format, Wanted)>,
}

/// Which files a scan reads.
///
/// # Errors
/// As [`Survey::of`] and [`Survey::listing`].
pub fn listing(data: &Data, base: &Path, need: &Need) -> Result<Listing, DataError> {
    Survey::of(data, base, need)?.listing()
}

/// Reads a data set.
///
/// # Errors
/// As [`Survey::of`] and [`Survey::scan`].
pub fn scan(data: &Data, base: &Path, need: &Need) -> Result<Scan, DataError> {
    Survey::of(data, base, need)?.scan()
}

impl<'a> Survey<'a> {
    /// Reads the descriptions and lists, of everything else only names.
    ///
    /// # Errors
    /// Folders and lists that are missing or unreadable, unless they are of splits that nobody reads.
    pub fn of(data: &'a Data, base: &'a Path, need: &'a Need) -> Result<Self, DataError> {
        let made = data.splits.clone();
        let Some((format, source)) = formats::of(data, base) else { return Ok(Survey { data, base, need, made, wanted: None }) };
        let mut layout = format.layout(&source)?;
        let made = if data.only_missing { layout.missing(made) } else { made };
        let mut wanted = layout.wanted(need, &made, cut_from_own(data, format))?;
        if data.skip_broken {
            wanted.layout.findings.skip_broken();
        }
        Ok(Survey { data, base, need, made, wanted: Some((format, wanted)) })
    }

    /// The splits that the format's own lists, folders or files make: their names, how many images each names, and how many files with
    /// many images.
    pub fn splits(&self) -> Vec<(String, usize, usize)> {
        let own = self.wanted.iter().flat_map(|(_, wanted)| &wanted.layout.splits);
        own.map(|split| (split.name.clone(), split.items.len(), split.containers.len())).collect()
    }

    /// Which files a scan reads, with their sizes and times.
    ///
    /// # Errors
    /// A file that is gone. Missing images are for [`scan`](Self::scan) to report.
    pub fn listing(&self) -> Result<Listing, DataError> {
        let Survey { data, base, .. } = self;
        let names = |names: Vec<&String>| Canon::List(names.into_iter().map(Canon::text).collect());
        let (files, content, read) = match &self.wanted {
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
            ("stratify", usize::from(data.stratify).into()),
            ("only-missing", usize::from(data.only_missing).into()),
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
    /// Files that are missing, unreadable or truncated, all of them in one [`DataError::Findings`]; splits that cannot be made.
    pub fn scan(self) -> Result<Scan, DataError> {
        let Survey { data, base, need, made, wanted } = self;
        let Some((format, wanted)) = wanted else { return generated(data) };
        let mut findings = wanted.layout.findings.clone();
        let mut reads = reading::read(format, base, &wanted, &mut findings)?;
        if data.skip_broken {
            findings.skip_broken();
        }
        let (classes, images) = classes::resolve(format.about(), &mut reads, &data.classes, &mut findings)?;
        if findings.has_errors() {
            return Err(DataError::Findings(findings.list()));
        }
        let dealt = Dealt { data, splits: &made, need, classes: &classes, channels: reads.channels, images: &images };
        let splits = match cut_from_own(data, format) {
            true => dealt.of_own(&reads.splits, &mut findings)?,
            false => dealt.of_all(&reads.splits, &mut findings)?,
        };
        let word = format.about().word.name;
        let containers = wanted.layout.containers.into_iter().map(|path| (word.to_string(), path)).collect();
        let findings = findings.list();
        Ok(Scan { classes, splits, generator: None, channels: reads.channels, containers, unread: wanted.unread, findings })
    }
}

/// Whether shares are cut from the format's own splits, and not from all images.
fn cut_from_own(data: &Data, format: &dyn Format) -> bool {
    data.only_missing || format.about().shape.task == Task::Classify
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
    let dealt = Dealt { data, splits: &data.splits, need: &Need::all(), classes: &classes, channels: 3, images: &images };
    let splits = dealt.of_all(&[], &mut findings)?;
    let findings = findings.list();
    Ok(Scan { classes, splits, generator: Some(shapes), channels: 3, containers: Vec::new(), unread: Vec::new(), findings })
}

//! Images of one class each: MNIST's idx files, CIFAR-10's binary files, Hugging Face's parquet files, folders of classes.
//!
//! A format says which files there are ([`Files`]); a file with many images is a [`Container`], read whole. The digest of an
//! image is that of its file where it is a JPEG or PNG (also inside parquet), else of its pixels, rows first.

mod cifar;
mod container;
mod folder;
mod hub;
mod idx;
mod parquet;

pub(crate) use container::Container;

use super::decode::{self, MAX_FILE};
use super::error::{DataError, FindingKind, Findings};
use super::layout::{Item, Layout, read_capped};
use super::scan::{Place, Scan};
use super::source::Picture;
use super::split;
use crate::base::Digest;
use crate::document::{Data, LabelledFormat, Spanned};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Most bytes that the images of one file may take in memory.
pub(crate) const MAX_CONTAINER: u64 = 4 << 30;

/// An image file under the folder of its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Labelled {
    pub split: String,
    pub class: String,
    pub path: PathBuf,
}

/// What a data set consists of on disk. Paths are its root, as the document writes it, joined with the rest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    /// Files with many images: (split, path).
    pub containers: Vec<(String, PathBuf)>,
    /// Files that are read beside them: labels, names.
    pub beside: Vec<PathBuf>,
    /// Files with one image each.
    pub single: Vec<Labelled>,
    /// What was found on the way.
    pub findings: Findings,
}

impl Files {
    /// As the listing of any other format.
    pub fn layout(self) -> Layout {
        let items = self.single.into_iter().map(|l| Item { image: l.path, annotation: None }).collect();
        // What the hub gives is no file of the data set.
        let files = self.containers.into_iter().map(|(_, path)| path).filter(|p| hub::name(p).is_none());
        let others = files.chain(self.beside).collect();
        Layout { items, others, findings: self.findings, ..Layout::default() }
    }
}

/// Which files there are.
///
/// # Errors
/// A folder that is missing or holds nothing of the format.
pub(crate) fn listing(format: LabelledFormat, base: &Path, root: &Path) -> Result<Files, DataError> {
    if let Some(name) = hub::name(root) {
        return hub::listing(name);
    }
    if !base.join(root).is_dir() {
        return Err(DataError::format(&base.join(root), "no such folder"));
    }
    match format {
        LabelledFormat::Idx => idx::listing(base, root),
        LabelledFormat::Cifar => cifar::listing(base, root),
        LabelledFormat::Parquet => parquet::listing(base, root),
        LabelledFormat::Folder => folder::listing(base, root),
    }
}

/// An image as read, with its class by the format's own count.
struct Read {
    digest: Digest,
    place: Place,
    width: usize,
    height: usize,
    class: usize,
}

/// Reads every image whole, on all threads of rayon's pool.
///
/// # Errors
/// As [`listing`]; files that are not what their format says; classes that do not fit; splits that cannot be made.
pub(crate) fn scan(data: &Data, format: LabelledFormat, base: &Path, root: &Path) -> Result<Scan, DataError> {
    let files = listing(format, base, root)?;
    let mut findings = files.findings.clone();
    let mut own: Vec<(String, Vec<usize>)> = Vec::new();
    let mut reads: Vec<Option<Read>> = Vec::new();
    let mut names: Option<Vec<String>> = None;
    let mut channels = 3;
    let mut member = |split: &str, range: std::ops::Range<usize>| match own.iter_mut().find(|(name, _)| name == split) {
        Some((_, indices)) => indices.extend(range),
        None => own.push((split.to_string(), range.collect())),
    };
    for (number, (split, path)) in files.containers.iter().enumerate() {
        let container = Container::open(format, base, path)?;
        if number > 0 && (container.names != names || container.channels() != channels) {
            return Err(DataError::format(&base.join(path), "its classes or channels are not those of the files before it"));
        }
        (names, channels) = (container.names.clone(), container.channels());
        let found: Vec<Result<Read, String>> = (0..container.len()).into_par_iter().map(|i| entry(&container, number, i)).collect();
        let start = reads.len();
        for (i, read) in found.into_iter().enumerate() {
            if let Err(e) = &read {
                findings.add(FindingKind::UnreadableImage, format!("image {i} of {} ({e})", path.display()));
            }
            reads.push(read.ok());
        }
        member(split, start..reads.len());
    }
    if !files.single.is_empty() {
        let classes: BTreeSet<&str> = files.single.iter().map(|l| l.class.as_str()).collect();
        let classes: Vec<String> = classes.into_iter().map(str::to_string).collect();
        let found: Vec<Result<Read, String>> = files.single.par_iter().map(|l| single(base, l, &classes)).collect();
        for (l, read) in files.single.iter().zip(found) {
            if let Err(e) = &read {
                findings.add(FindingKind::UnreadableImage, format!("{} ({e})", l.path.display()));
            }
            member(&l.split, reads.len()..reads.len() + 1);
            reads.push(read.ok());
        }
        names = Some(classes);
    }
    if findings.has_errors() {
        return Err(DataError::Findings(findings.list()));
    }
    let (classes, pictures) = classify(reads, names, &data.classes, &mut findings)?;
    let splits = split::make_labelled(data, &classes, channels, &pictures, &own, &mut findings)?;
    let containers = files.containers.into_iter().map(|(_, path)| (format, path)).collect();
    Ok(Scan { classes, splits, generator: None, channels, containers, findings: findings.list() })
}

fn entry(container: &Container, number: usize, index: usize) -> Result<Read, String> {
    let image = container.image(index)?;
    let place = Place::Entry(number, index as u64);
    Ok(Read { digest: image.digest, place, width: image.width, height: image.height, class: container.labels[index] })
}

fn single(base: &Path, labelled: &Labelled, classes: &[String]) -> Result<Read, String> {
    let bytes = read_capped(&base.join(&labelled.path), MAX_FILE)?;
    let rgb = decode::decode(&bytes)?;
    let class = classes.binary_search(&labelled.class).map_err(|_| "its class is not known".to_string())?;
    Ok(Read { digest: Digest::of(&bytes), place: Place::File(labelled.path.clone()), width: rgb.width, height: rgb.height, class })
}

/// Class names and pictures. Where the format has names, the document's choose among them and order them; images of others
/// are left out. Where it has only numbers, the document's names stand for them in order.
fn classify(
    reads: Vec<Option<Read>>,
    names: Option<Vec<String>>,
    declared: &[Spanned<String>],
    findings: &mut Findings,
) -> Result<(Vec<String>, Vec<Option<Picture>>), DataError> {
    let most = reads.iter().flatten().map(|r| r.class + 1).max().unwrap_or(0);
    let declared: Vec<String> = declared.iter().map(|d| d.value.clone()).collect();
    let names = match names {
        Some(names) => names,
        None if declared.is_empty() => (0..most).map(|i| i.to_string()).collect(),
        None => declared.clone(),
    };
    if most > names.len() {
        return Err(DataError::Invalid(format!(
            "an image is of class number {}, but there are {} classes (they count from 0)",
            most - 1,
            names.len()
        )));
    }
    if let Some(bad) = declared.iter().find(|d| !names.contains(d)) {
        return Err(DataError::Invalid(format!("`{bad}` is no class of the data set; it has {}", names.join(", "))));
    }
    let classes = if declared.is_empty() { names.clone() } else { declared };
    if classes.is_empty() || classes.len() > usize::from(u16::MAX) {
        return Err(DataError::Invalid(format!("the data set has {} classes; 1 to 65,535 are possible", classes.len())));
    }
    let numbers: BTreeMap<&str, u16> = classes.iter().enumerate().map(|(i, c)| (c.as_str(), i as u16)).collect();
    if numbers.len() != classes.len() {
        return Err(DataError::Invalid("a class name stands twice".into()));
    }
    let mut seen = BTreeSet::new();
    let picture = |read: Option<Read>| {
        let Read { digest, place, width, height, class } = read?;
        let label = *numbers.get(names[class].as_str())?;
        seen.insert(label);
        Some(Picture { digest, place, width, height, objects: Vec::new(), label: Some(label) })
    };
    let pictures: Vec<Option<Picture>> = reads.into_iter().map(picture).collect();
    let empty = classes.iter().enumerate().filter(|(i, _)| !seen.contains(&(*i as u16)));
    empty.for_each(|(_, name)| findings.add(FindingKind::EmptyClass, name));
    Ok((classes, pictures))
}

#[cfg(test)]
mod tests;

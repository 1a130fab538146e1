//! Reads what is wanted of a layout, on all threads of rayon's pool: every image whole (a truncated file is found here),
//! every annotation. What cannot be read is among the findings.

use super::container::{Container, Truths};
use super::decode::{self, MAX_FILE};
use super::error::{DataError, FindingKind, Findings};
use super::files::read_capped;
use super::format::Format;
use super::formats;
use super::layout::{Item, Truth, Wanted};
use super::scanned::Place;
use super::truth::{Annotation, ClassRef, Frame};
use crate::base::Digest;
use rayon::prelude::*;
use std::path::Path;

/// What is true of an image.
#[derive(Debug)]
pub(crate) enum Found {
    /// Boxes.
    Boxes(Annotation),
    /// Its class, by the format's own count.
    Class(usize),
}

/// An image that was read.
#[derive(Debug)]
pub(crate) struct Read {
    pub digest: Digest,
    pub place: Place,
    pub width: usize,
    pub height: usize,
    pub found: Found,
    /// Its name in messages.
    pub name: String,
}

/// All that was read.
#[derive(Debug)]
pub(crate) struct Reads {
    /// Images; none stands for one that is not wanted or could not be read.
    pub images: Vec<Option<Read>>,
    /// The format's splits and the document's lists: name, indices into `images`.
    pub splits: Vec<(String, Vec<usize>)>,
    /// Class names where the format has them.
    pub names: Option<Vec<String>>,
    /// Classes that occur in splits that are not read.
    pub elsewhere: Vec<ClassRef>,
    /// 3 (RGB) or 1.
    pub channels: usize,
}

/// Why an image is not among those that were read.
type Broken = (FindingKind, String);

/// Reads what is wanted.
///
/// # Errors
/// A file with many images that cannot be read or does not fit those before it.
pub(crate) fn read(format: &dyn Format, base: &Path, wanted: &Wanted, findings: &mut Findings) -> Result<Reads, DataError> {
    let layout = &wanted.layout;
    let mut reads = Reads { images: Vec::new(), splits: Vec::new(), names: layout.names.clone(), elsewhere: Vec::new(), channels: 3 };
    let found: Vec<Option<Result<(Read, bool), Broken>>> =
        layout.items.par_iter().zip(&wanted.items).map(|(item, wanted)| wanted.then(|| single(format, base, item))).collect();
    for read in found {
        reads.images.push(read.and_then(|r| match r {
            Ok((read, no_end)) => {
                if no_end {
                    findings.add(FindingKind::NoEndMarker, &read.name);
                }
                Some(read)
            }
            Err((kind, text)) => {
                findings.add(kind, text);
                None
            }
        }));
    }
    let mut ranges = Vec::with_capacity(layout.containers.len());
    let mut opened = false;
    for (number, (path, wanted)) in layout.containers.iter().zip(&wanted.containers).enumerate() {
        let start = reads.images.len();
        if *wanted {
            let container = formats::open(format, base, path)?;
            let names = container.names.clone().or_else(|| layout.names.clone());
            if opened && (names != reads.names || container.channels() != reads.channels) {
                return Err(DataError::format(&base.join(path), "its classes or channels are not those of the files before it"));
            }
            (reads.names, reads.channels, opened) = (names, container.channels(), true);
            let found: Vec<Result<Read, String>> = (0..container.len()).into_par_iter().map(|i| entry(&container, number, i)).collect();
            for (i, read) in found.into_iter().enumerate() {
                if let Err(e) = &read {
                    findings.add(FindingKind::UnreadableImage, format!("image {i} of {} ({e})", path.display()));
                }
                reads.images.push(read.ok());
            }
        }
        ranges.push(start..reads.images.len());
    }
    reads.elsewhere = elsewhere(format, base, wanted, reads.names.is_some());
    let members = |split: &super::layout::OwnSplit| {
        let of_containers = split.containers.iter().filter_map(|&c| ranges.get(c).cloned()).flatten();
        split.items.iter().copied().chain(of_containers).collect()
    };
    reads.splits = layout.splits.iter().map(|split| (split.name.clone(), members(split))).collect();
    Ok(reads)
}

/// Which classes occur in what is not read, where nothing but the data says which there are. What cannot be read there is
/// no fault: nobody asked for it.
fn elsewhere(format: &dyn Format, base: &Path, wanted: &Wanted, named: bool) -> Vec<ClassRef> {
    if named {
        return Vec::new();
    }
    let frame = Frame { width: 1, height: 1, turn: None };
    let annotations: Vec<_> = wanted.for_names().collect();
    let mut classes: Vec<ClassRef> = annotations
        .into_par_iter()
        .filter_map(|path| format.annotation(&read_capped(&base.join(path), format.longest_annotation()).ok()?, frame).ok())
        .flat_map_iter(|annotation| annotation.boxes.into_iter().map(|b| b.class))
        .collect();
    let unread = wanted.layout.containers.iter().zip(&wanted.containers).filter(|(_, wanted)| !**wanted);
    for container in unread.filter_map(|(path, _)| formats::open(format, base, path).ok()) {
        classes.extend(container.truths.classes());
    }
    classes.sort();
    classes.dedup();
    classes
}

fn entry(container: &Container, number: usize, index: usize) -> Result<Read, String> {
    let image = container.image(index)?;
    let found = match &container.truths {
        Truths::Classes(classes) => Found::Class(*classes.get(index).ok_or("it has no class")?),
        Truths::Boxes(boxes) => {
            let (annotation, stated) = boxes.get(index).cloned().unwrap_or_default();
            let mut annotation = annotation.placed(stated, Frame { width: image.width, height: image.height, turn: image.turn });
            no_boxes(&mut annotation);
            Found::Boxes(annotation)
        }
    };
    let name = format!("image {index} of file {number}");
    Ok(Read { digest: image.digest, place: Place::Entry(number, index as u64), width: image.width, height: image.height, found, name })
}

/// An image in a file of its own, and whether it lacked its end marker.
fn single(format: &dyn Format, base: &Path, item: &Item) -> Result<(Read, bool), Broken> {
    let unreadable = |e: String| (FindingKind::UnreadableImage, format!("{} ({e})", item.image.display()));
    let bytes = read_capped(&base.join(&item.image), MAX_FILE).map_err(unreadable)?;
    let digest = Digest::of(&bytes);
    let image = decode::open(&bytes).map_err(unreadable)?;
    let frame = Frame { width: image.rgb.width, height: image.rgb.height, turn: image.turn };
    let name = item.image.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let found = match &item.truth {
        Truth::Class(class) => Found::Class(*class),
        Truth::Background => {
            let notes = if format.about().annotated { vec![FindingKind::NoLabelFile] } else { Vec::new() };
            Found::Boxes(Annotation { notes, ..Annotation::default() })
        }
        Truth::Boxes(annotation, stated) => {
            let mut annotation = annotation.clone().placed(*stated, frame);
            no_boxes(&mut annotation);
            Found::Boxes(annotation)
        }
        Truth::File(path) => {
            let read = read_capped(&base.join(path), format.longest_annotation()).and_then(|bytes| format.annotation(&bytes, frame));
            let mut annotation = read.map_err(|e| (FindingKind::UnreadableAnnotation, format!("{} ({e})", path.display())))?;
            no_boxes(&mut annotation);
            Found::Boxes(annotation)
        }
    };
    let place = Place::File(item.image.clone());
    Ok((Read { digest, place, width: frame.width, height: frame.height, found, name }, image.no_end))
}

/// Notes an annotation without boxes, unless it says why it has none.
fn no_boxes(annotation: &mut Annotation) {
    if annotation.boxes.is_empty() && annotation.notes.is_empty() {
        annotation.notes.push(FindingKind::NoBoxes);
    }
}

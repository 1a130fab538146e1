//! Reads the images and annotations of a layout, and gives boxes their class numbers.

use super::decode::{self, MAX_FILE};
use super::error::{DataError, FindingKind, Findings};
use super::layout::{Item, read_capped};
use super::pack::Object;
use super::scan::Place;
use super::truth::{Annotation, ClassRef, canonical};
use super::{labels, voc};
use crate::base::Digest;
use crate::document::Spanned;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// An image that was read. `None` in a list of them stands for one that could not be.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    pub digest: Digest,
    pub place: Place,
    pub width: usize,
    pub height: usize,
    pub objects: Vec<Object>,
    pub label: Option<u16>,
}

type Read = Result<(Digest, usize, usize, Annotation), (FindingKind, String)>;

/// Reads everything; what cannot be read is among the findings. Pictures stand in the order of `items`.
///
/// # Errors
/// A declared class that the data set's description does not have; more classes than 65,535.
pub(crate) fn read_items(
    base: &Path,
    items: &[Item],
    is_voc: bool,
    names: Option<Vec<String>>,
    declared: &[Spanned<String>],
    findings: &mut Findings,
) -> Result<(Vec<String>, Vec<Option<Picture>>), DataError> {
    let reads: Vec<Read> = items.par_iter().map(|item| read_item(base, item, is_voc)).collect();
    let names = names.unwrap_or_else(|| names_of(&reads, declared));
    if let Some(bad) = declared.iter().find(|d| !is_voc && !names.contains(&d.value)) {
        return Err(DataError::Invalid(format!("`{}` is no class of the data set; it has {}", bad.value, names.join(", "))));
    }
    let classes: Vec<String> = if declared.is_empty() { names.clone() } else { declared.iter().map(|d| d.value.clone()).collect() };
    let failed = findings.has_errors() || reads.iter().any(Result::is_err);
    if classes.len() > usize::from(u16::MAX) || (classes.is_empty() && !failed) {
        return Err(DataError::Invalid(format!("the data set has {} classes; 1 to 65,535 are possible", classes.len())));
    }
    let numbers: BTreeMap<&str, u16> = classes.iter().enumerate().map(|(i, c)| (c.as_str(), i as u16)).collect();
    if numbers.len() != classes.len() {
        return Err(DataError::Invalid("a class name stands twice".into()));
    }
    let mut seen = BTreeSet::new();
    let mut pictures = Vec::with_capacity(items.len());
    for (item, read) in items.iter().zip(reads) {
        let name = item.image.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let (digest, width, height, annotation) = match read {
            Ok(read) => read,
            Err((kind, text)) => {
                findings.add(kind, text);
                pictures.push(None);
                continue;
            }
        };
        annotation.notes.iter().for_each(|&note| findings.add(note, &name));
        let mut objects = Vec::with_capacity(annotation.boxes.len());
        for raw in &annotation.boxes {
            let class_name = match &raw.class {
                ClassRef::Name(name) => Some(name.as_str()),
                ClassRef::Index(i) => names.get(*i).map(String::as_str),
            };
            let Some(&class) = class_name.and_then(|n| numbers.get(n)) else {
                // A class that the description has and the document leaves out is a choice, not a fault.
                if is_voc || class_name.is_none() {
                    let shown = class_name.map_or_else(|| format!("{:?}", raw.class), |n| n.chars().take(40).collect());
                    findings.add(FindingKind::UnknownClass, format!("{shown} ({name})"));
                }
                continue;
            };
            match canonical(raw, class, width, height) {
                Ok((object, clipped)) => {
                    if clipped {
                        findings.add(FindingKind::Clipped, &name);
                    }
                    seen.insert(class);
                    objects.push(object);
                }
                Err(kind) => findings.add(kind, format!("{name} {},{},{},{}", raw.x1, raw.y1, raw.x2, raw.y2)),
            }
        }
        objects.sort();
        let before = objects.len();
        objects.dedup();
        (objects.len()..before).for_each(|_| findings.add(FindingKind::DuplicateBox, &name));
        pictures.push(Some(Picture { digest, place: Place::File(item.image.clone()), width, height, objects, label: None }));
    }
    if pictures.iter().any(Option::is_some) {
        let empty = classes.iter().enumerate().filter(|(i, _)| !seen.contains(&(*i as u16)));
        empty.for_each(|(_, name)| findings.add(FindingKind::EmptyClass, name));
    }
    Ok((classes, pictures))
}

/// Names where nothing declares them: VOC's own, sorted; for indices the document's names, else the numbers.
fn names_of(reads: &[Read], declared: &[Spanned<String>]) -> Vec<String> {
    let mut named = BTreeSet::new();
    let mut count = 0;
    for b in reads.iter().flatten().flat_map(|(_, _, _, a)| &a.boxes) {
        match &b.class {
            ClassRef::Name(name) => drop(named.insert(name.clone())),
            ClassRef::Index(i) => count = count.max(i + 1),
        }
    }
    if !named.is_empty() {
        return named.into_iter().collect();
    }
    if !declared.is_empty() {
        return declared.iter().map(|d| d.value.clone()).collect();
    }
    (0..count).map(|i| i.to_string()).collect()
}

fn read_item(base: &Path, item: &Item, is_voc: bool) -> Read {
    let full = base.join(&item.image);
    let bytes = read_capped(&full, MAX_FILE).map_err(|e| (FindingKind::UnreadableImage, format!("{} ({e})", item.image.display())))?;
    let digest = Digest::of(&bytes);
    let image = decode::decode(&bytes).map_err(|e| (FindingKind::UnreadableImage, format!("{} ({e})", item.image.display())))?;
    let (width, height) = (image.width, image.height);
    let Some(path) = &item.annotation else { return Ok((digest, width, height, Annotation::default())) };
    let cap = if is_voc { voc::MAX_XML } else { labels::MAX_LABELS };
    let annotation = read_capped(&base.join(path), cap)
        .and_then(|bytes| if is_voc { voc::read(&bytes, width, height) } else { labels::read(&bytes, width, height) })
        .map_err(|e| (FindingKind::UnreadableAnnotation, format!("{} ({e})", path.display())))?;
    Ok((digest, width, height, annotation))
}

//! Names of classes: the document's, the format's or those that occur; and every image with its classes by number.

use super::error::{DataError, FindingKind, Findings};
use super::format::About;
use super::reading::{Found, Read, Reads};
use super::scanned::ScanImage;
use super::truth::{Annotation, ClassRef, canonical};
use crate::document::Spanned;
use std::collections::{BTreeMap, BTreeSet};

/// How many classes a message lists.
const LISTED: usize = 20;

/// Classes in their order, and the images with boxes or labels that count them. An image is none where it could not be
/// read, or is of a class that the document does not choose.
///
/// # Errors
/// A class of the document that the format does not have; a class that stands twice; too many classes, or none.
pub(crate) fn resolve(
    about: &About,
    reads: &mut Reads,
    declared: &[Spanned<String>],
    findings: &mut Findings,
) -> Result<(Vec<String>, Vec<Option<ScanImage>>), DataError> {
    let declared: Vec<String> = declared.iter().map(|c| c.value.clone()).collect();
    let names = names(about, reads, &declared)?;
    let classes = if declared.is_empty() { names.clone() } else { declared.clone() };
    let failed = findings.has_errors() || reads.images.iter().all(Option::is_none);
    if classes.len() > usize::from(u16::MAX) || (classes.is_empty() && !failed) {
        return Err(DataError::Invalid(match classes.len() {
            0 => "no class is declared, and no box or label is there that could name one".to_string(),
            n => format!("the data set has {n} classes; 65,535 are possible"),
        }));
    }
    let mut numbers: BTreeMap<&str, u16> = BTreeMap::new();
    for (i, name) in classes.iter().enumerate() {
        if let Some(first) = numbers.insert(name, i as u16) {
            return Err(DataError::Invalid(format!("the class `{name}` stands twice: as class {first} and as class {i}")));
        }
    }
    // Names that the document alone declares are those that the boxes count: there is nothing to choose from.
    let chosen = !declared.is_empty() && (about.by_name || reads.names.is_some());
    if !chosen && !about.by_name {
        undeclared(reads, &names, findings);
    }
    let mut resolver = Resolver { about, names: &names, numbers, chosen, seen: BTreeSet::new(), findings };
    let images: Vec<Option<ScanImage>> = std::mem::take(&mut reads.images).into_iter().map(|r| resolver.image(r?)).collect();
    if images.iter().any(Option::is_some) {
        let occurs = |class: &ClassRef| resolver.number(class);
        let elsewhere: BTreeSet<u16> = reads.elsewhere.iter().filter_map(occurs).collect();
        let seen: BTreeSet<u16> = resolver.seen.union(&elsewhere).copied().collect();
        let empty = classes.iter().enumerate().filter(|(i, _)| !seen.contains(&(*i as u16)));
        empty.for_each(|(_, name)| findings.add(FindingKind::EmptyClass, name));
    }
    Ok((classes, images))
}

/// The names that annotations and labels count or use.
fn names(about: &About, reads: &Reads, declared: &[String]) -> Result<Vec<String>, DataError> {
    let (mut named, mut count, mut most_label) = (BTreeSet::new(), 0, None);
    let mut occurs = |class: &ClassRef| match class {
        ClassRef::Name(name) => drop(named.insert(name.clone())),
        ClassRef::Index(i) => count = count.max(i + 1),
    };
    reads.elsewhere.iter().for_each(&mut occurs);
    for read in reads.images.iter().flatten() {
        match &read.found {
            Found::Boxes(annotation) => annotation.boxes.iter().for_each(|b| occurs(&b.class)),
            Found::Class(label) => {
                occurs(&ClassRef::Index(*label));
                most_label = most_label.max(Some(*label));
            }
        }
    }
    if about.by_name {
        return Ok(named.into_iter().collect());
    }
    let names = match &reads.names {
        Some(names) => names.clone(),
        // Where annotations name classes though their format has numbers.
        None if !named.is_empty() => named.into_iter().collect(),
        None if declared.is_empty() => (0..count).map(|i| i.to_string()).collect(),
        None => declared.to_vec(),
    };
    if let Some(most) = most_label.filter(|&most| most >= names.len()) {
        let known = names.len();
        let cause = format!("an image is of class number {most}, but there are {known} classes (they count from 0)");
        return Err(DataError::Invalid(cause));
    }
    match declared.iter().find(|d| !names.contains(d)) {
        Some(bad) => Err(DataError::Invalid(format!("`{bad}` is no class of the data set; it has {}", names.join(", ")))),
        None => Ok(names),
    }
}

/// Boxes of classes beyond those that are declared: an error that says which numbers there are, as upstream's.
fn undeclared(reads: &Reads, names: &[String], findings: &mut Findings) {
    let (mut used, mut beyond, mut first) = (BTreeSet::new(), 0, None);
    for read in reads.images.iter().flatten() {
        let Found::Boxes(annotation) = &read.found else { continue };
        for b in &annotation.boxes {
            let ClassRef::Index(index) = b.class else { continue };
            used.insert(index);
            if index >= names.len() {
                beyond += 1;
                first.get_or_insert_with(|| read.name.clone());
            }
        }
    }
    let Some(first) = first else { return };
    let list = |items: Vec<String>| {
        let more = if items.len() > LISTED { ", …" } else { "" };
        items.into_iter().take(LISTED).collect::<Vec<_>>().join(", ") + more
    };
    let numbers = list(used.iter().map(usize::to_string).collect());
    let known = list(names.iter().enumerate().map(|(i, n)| format!("{i} ({n})")).collect());
    let from_one = used.first() == Some(&1) && used.last() == Some(&names.len());
    let help = if from_one { "; the labels count from 1, class numbers count from 0" } else { "" };
    let text = format!("labels use the classes {numbers}; declared are {known}{help}; first in {first}");
    findings.add_many(FindingKind::UndeclaredClass, beyond, text);
}

struct Resolver<'a> {
    about: &'a About,
    names: &'a [String],
    numbers: BTreeMap<&'a str, u16>,
    /// Whether the document chooses classes.
    chosen: bool,
    seen: BTreeSet<u16>,
    findings: &'a mut Findings,
}

impl Resolver<'_> {
    fn name<'c>(&'c self, class: &'c ClassRef) -> Option<&'c str> {
        match class {
            ClassRef::Name(name) => Some(name),
            ClassRef::Index(i) => self.names.get(*i).map(String::as_str),
        }
    }

    fn number(&self, class: &ClassRef) -> Option<u16> {
        self.name(class).and_then(|name| self.numbers.get(name).copied())
    }

    fn image(&mut self, read: Read) -> Option<ScanImage> {
        let Read { digest, place, width, height, found, name } = read;
        let mut image = ScanImage { digest, place, width, height, objects: Vec::new(), label: None };
        match found {
            Found::Class(class) => {
                let label = self.number(&ClassRef::Index(class))?;
                self.seen.insert(label);
                image.label = Some(label);
            }
            Found::Boxes(annotation) => self.boxes(annotation, &name, &mut image),
        }
        Some(image)
    }

    fn boxes(&mut self, annotation: Annotation, name: &str, image: &mut ScanImage) {
        annotation.notes.iter().for_each(|&note| self.findings.add(note, name));
        let mut objects = Vec::with_capacity(annotation.boxes.len());
        for raw in &annotation.boxes {
            let Some(class) = self.number(&raw.class) else {
                // A class that the description has and the document leaves out is a choice, not a fault. What nothing
                // declares was reported as a whole.
                if self.about.by_name || (self.chosen && self.name(&raw.class).is_none()) {
                    let shown = match &raw.class {
                        ClassRef::Name(class) => class.chars().take(40).collect(),
                        ClassRef::Index(class) => format!("class {class}"),
                    };
                    self.findings.add(FindingKind::UnknownClass, format!("{shown} ({name})"));
                }
                continue;
            };
            match canonical(raw, class, image.width, image.height) {
                Ok((object, clipped)) => {
                    if clipped {
                        self.findings.add(FindingKind::Clipped, name);
                    }
                    self.seen.insert(class);
                    objects.push(object);
                }
                Err(kind) => self.findings.add(kind, format!("{name} {},{},{},{}", raw.x1, raw.y1, raw.x2, raw.y2)),
            }
        }
        objects.sort();
        let before = objects.len();
        objects.dedup();
        (objects.len()..before).for_each(|_| self.findings.add(FindingKind::DuplicateBox, name));
        image.objects = objects;
    }
}

//! What a data set consists of on disk, as a format finds it: images and where their truth is written, splits, names of
//! classes. Then what of it is read: the splits that are asked for, and no others.

use super::container::hub_name;
use super::error::{DataError, FindingKind, Findings};
use super::files::FileStamp;
use super::truth::Annotation;
use crate::base::{Canon, Digest};
use crate::document::{Spanned, SplitBy};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What shares are cut from where they are of a data set's own splits: the first of these that it has.
pub(super) const POOLS: [&str; 3] = ["train", "trainval", "all"];

/// Where the truth about an image is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Truth {
    /// Nowhere: an image without boxes.
    Background,
    /// In a file of its own.
    File(PathBuf),
    /// In a description of many images: its boxes, and the (width, height) that the description states.
    Boxes(Annotation, Option<(f64, f64)>),
    /// In the name of its folder: the place of its class among the layout's names.
    Class(usize),
}

/// An image. Paths are the data set's root, as the document writes it, joined with the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The image.
    pub image: PathBuf,
    /// What is true of it.
    pub truth: Truth,
}

/// A split that the data set itself or a list of the document makes.
#[derive(Clone, Debug, Default)]
pub struct OwnSplit {
    /// Its name.
    pub name: String,
    /// Its images: indices into [`Layout::items`].
    pub items: Vec<usize>,
    /// Its files with many images: indices into [`Layout::containers`].
    pub containers: Vec<usize>,
    /// What is wrong with it. No fault as long as nobody reads it.
    pub findings: Findings,
    /// Why it cannot be read at all.
    pub failed: Option<DataError>,
}

impl OwnSplit {
    /// A split of images.
    pub fn of_items(name: &str, items: Vec<usize>) -> Self {
        OwnSplit { name: name.to_string(), items, ..OwnSplit::default() }
    }
}

/// The files of a data set.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// Images in the order of their paths, each once.
    pub items: Vec<Item>,
    /// Files with many images each.
    pub containers: Vec<PathBuf>,
    /// Splits that lists, folders or files make.
    pub splits: Vec<OwnSplit>,
    /// Class names where the format declares them.
    pub names: Option<Vec<String>>,
    /// Other files that are read: lists, descriptions, labels beside a container.
    pub others: Vec<PathBuf>,
    /// What was found that is no matter of one split.
    pub findings: Findings,
}

/// Which splits a pipeline reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// The names; none: all that there are.
    pub splits: Option<BTreeSet<String>>,
    /// Whether anchors are found from the images: then `train` is read (else the first split).
    pub anchors: bool,
}

impl Need {
    /// Everything.
    pub fn all() -> Need {
        Need::default()
    }

    /// Whether a split is asked for by its name.
    pub fn has(&self, name: &str) -> bool {
        self.splits.as_ref().is_none_or(|s| s.contains(name))
    }
}

/// A layout of which only some splits are read.
pub struct Wanted {
    /// As found.
    pub layout: Layout,
    /// Which items are read, by index.
    pub items: Vec<bool>,
    /// Which containers are read, by index.
    pub containers: Vec<bool>,
    /// Names of splits that are not read.
    pub unread: Vec<String>,
}

impl Layout {
    /// Which of these splits it lacks. One that is named but whose folder or list is not there, or that holds nothing, is
    /// lacking; what is not there is noted. `train` is then what the others leave, unless all are
    /// lacking.
    pub fn missing(&mut self, asked: Vec<(Spanned<String>, SplitBy)>) -> Vec<(Spanned<String>, SplitBy)> {
        let (mut missing, all) = (Vec::new(), asked.len());
        for (name, by) in asked {
            let Some(place) = self.splits.iter().position(|own| own.name == name.value) else {
                missing.push((name, by));
                continue;
            };
            let own = &self.splits[place];
            if own.failed.is_some() || (own.items.is_empty() && own.containers.is_empty()) {
                let own = self.splits.remove(place);
                if let Some(why) = own.failed {
                    self.findings.add(FindingKind::MissingPlace, why.to_string());
                }
                missing.push((name, by));
            }
        }
        match missing.as_mut_slice() {
            [(name, by)] if name.value == "train" && all > 1 => *by = SplitBy::Share(1.0),
            some if some.len() < all => missing.retain(|(name, _)| name.value != "train"),
            _ => {}
        }
        missing
    }

    /// What is read of it where the document makes these splits. Where it makes some by share, images are dealt out, so all
    /// count; `of_own`: shares are cut from the format's own splits.
    ///
    /// # Errors
    /// A split that is read and cannot be.
    pub fn wanted(mut self, need: &Need, made: &[(Spanned<String>, SplitBy)], of_own: bool) -> Result<Wanted, DataError> {
        let shares: Vec<&str> =
            made.iter().filter(|(_, by)| matches!(by, SplitBy::Share(_))).map(|(name, _)| name.value.as_str()).collect();
        let listed = |name: &str| made.iter().any(|(n, by)| n.value == name && matches!(by, SplitBy::File(_)));
        let own: Vec<String> = self.splits.iter().map(|s| s.name.clone()).collect();
        let has = |name: &str| own.iter().any(|o| o == name);
        // What shares are cut from is read whole.
        let from = POOLS.into_iter().find(|name| has(name));
        let pool = |name: &str| from == Some(name);
        let first = if has("train") { Some("train") } else { own.first().map(String::as_str) };
        let reads = |name: &str| match (shares.is_empty(), of_own) {
            (false, false) => true,
            // What is left of the pool is `train`.
            (false, true) => need.has(name) || (pool(name) && (need.anchors || need.has("train") || shares.iter().any(|s| need.has(s)))),
            (true, _) => need.has(name) || (need.anchors && first == Some(name)),
        };
        let dealt = !shares.is_empty() && !of_own;
        let (mut items, mut containers) = (vec![dealt; self.items.len()], vec![dealt; self.containers.len()]);
        let (mut kept, mut unread) = (Vec::new(), Vec::new());
        for split in std::mem::take(&mut self.splits) {
            if !reads(&split.name) {
                unread.push(split.name);
                continue;
            }
            match split.failed {
                // Of images that are dealt out, those that are there are enough; but what a list holds is not dealt out.
                Some(e) if dealt && !listed(&split.name) && !self.items.is_empty() => {
                    self.findings.add(FindingKind::MissingPlace, e.to_string())
                }
                Some(e) => return Err(e),
                None => {}
            }
            self.findings.extend(split.findings);
            split.items.iter().for_each(|&i| items[i] = true);
            split.containers.iter().for_each(|&i| containers[i] = true);
            kept.push(OwnSplit { name: split.name, items: split.items, containers: split.containers, ..OwnSplit::default() });
        }
        self.splits = kept;
        Ok(Wanted { layout: self, items, containers, unread })
    }
}

impl Wanted {
    /// Annotations that are read for the names of classes alone, because nothing else declares them: which classes there
    /// are must not depend on which splits a pipeline reads.
    pub fn for_names(&self) -> impl Iterator<Item = &PathBuf> {
        let unread = self.layout.items.iter().zip(&self.items).filter(|(_, read)| !**read && self.layout.names.is_none());
        unread.filter_map(|(item, _)| if let Truth::File(path) = &item.truth { Some(path) } else { None })
    }

    /// Stamps of all files that are read, and one digest over them.
    ///
    /// # Errors
    /// A file that is not there.
    pub fn stamps(&self, base: &Path) -> Result<(Vec<FileStamp>, Digest), DataError> {
        let layout = &self.layout;
        let read = layout.items.iter().zip(&self.items).filter(|(_, read)| **read).map(|(item, _)| item);
        let of = |item: &'_ Item| match &item.truth {
            Truth::File(path) => [Some(item.image.clone()), Some(path.clone())],
            _ => [Some(item.image.clone()), None],
        };
        let mut paths: Vec<PathBuf> = layout.others.clone();
        // A container that is not read may still say which classes there are; what the hub gives is no file.
        paths.extend(layout.containers.iter().filter(|p| hub_name(p).is_none()).cloned());
        paths.extend(read.flat_map(of).flatten());
        paths.extend(self.for_names().cloned());
        let files = paths.iter().map(|p| FileStamp::of(base, p)).collect::<Result<Vec<_>, _>>()?;
        let digest = Canon::List(files.iter().map(FileStamp::canon).collect()).digest();
        Ok((files, digest))
    }
}

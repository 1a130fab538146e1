//! A folder for each class, with image files in it; perhaps within folders `train`, `val`, `test`.

use super::super::error::{DataError, FindingKind, Findings};
use super::super::files::{Suffix, names_in, suffix};
use super::super::format::{About, Format, Lies, Source};
use super::super::layout::{Item, Layout, OwnSplit, Truth};
use crate::document::{FormatShape, Task, Word};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Folders that are splits: (name on disk, name of the split).
const SPLITS: [(&str, &str); 5] = [("train", "train"), ("val", "val"), ("valid", "val"), ("validation", "val"), ("test", "test")];
/// Other names for them, which hold where the folder has folders and no image of its own.
const LIKELY: [(&str, &str); 2] = [("training", "train"), ("testing", "test")];
/// Folders are counted this deep.
const MAX_DEPTH: usize = 16;

/// `format=folder`
pub struct Folder;

static ABOUT: About = About {
    word: Word::new("folder", "A folder of images for every class; `image-size` is 224."),
    shape: FormatShape { task: Task::Classify, image_size: 224, splits: &["train", "val", "test", "all"], lists: false, folders: false },
    by_name: false,
    annotated: false,
};

impl Format for Folder {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn recognise(&self, place: &Path) -> Result<Option<Lies>, DataError> {
        if !place.is_dir() {
            return Ok(None);
        }
        let source = Source { base: Path::new(""), root: place, images: None, annotations: None, splits: &[] };
        let Ok(layout) = self.layout(&source) else { return Ok(None) };
        // One folder of images is no classification, unless it is of a split.
        let classes = layout.names.as_ref().map_or(0, Vec::len);
        let split = layout.splits.iter().any(|s| s.name != "all");
        Ok(if classes > 1 || split { Lies::here().map(|lies| Lies { sure: false, ..lies }) } else { None })
    }

    fn layout(&self, source: &Source) -> Result<Layout, DataError> {
        source.folder()?;
        let walk = Walk { base: source.base };
        let mut layout = Layout::default();
        let mut found: BTreeMap<&str, Found> = BTreeMap::new();
        let (mut beside, mut loose) = (Vec::new(), Findings::default());
        for name in names_in(&source.base.join(source.root))? {
            let path = source.root.join(&name);
            if !walk.is_dir(&path) {
                if suffix(&name) != Suffix::Other {
                    loose.add(FindingKind::NoClass, name);
                }
                continue;
            }
            match walk.split_of(&name, &path)? {
                Some(split) => {
                    if !SPLITS.contains(&(name.as_str(), split)) {
                        layout.findings.add(FindingKind::SplitFolder, format!("{name} as {split}"));
                    }
                    walk.classes(&path, found.entry(split).or_default());
                }
                None => beside.push(path),
            }
        }
        if found.is_empty() {
            walk.classes(source.root, found.entry("all").or_default());
        } else {
            layout.findings.extend(loose);
            for folder in beside {
                walk.count(FindingKind::BesideSplits, &folder, &mut layout.findings)?;
            }
        }
        if found.values().all(|f| f.images.is_empty() && f.own.failed.is_none()) {
            let cause = "it holds no folder with images: one folder a class is expected";
            return Err(DataError::format(&source.base.join(source.root), cause));
        }
        let names: BTreeSet<String> = found.values().flat_map(|f| &f.images).map(|(class, _)| class.clone()).collect();
        let names: Vec<String> = names.into_iter().collect();
        for split in ["all", "train", "val", "test"] {
            let Some(Found { images, own }) = found.remove(split) else { continue };
            let start = layout.items.len();
            let class = |name: &String| names.binary_search(name).map_or(Truth::Background, Truth::Class);
            layout.items.extend(images.into_iter().map(|(name, image)| Item { image, truth: class(&name) }));
            layout.splits.push(OwnSplit { name: split.to_string(), items: (start..layout.items.len()).collect(), ..own });
        }
        layout.names = Some(names);
        Ok(layout)
    }
}

/// What the folders of a split hold.
#[derive(Default)]
struct Found {
    /// (class, path).
    images: Vec<(String, PathBuf)>,
    /// What is wrong with it.
    own: OwnSplit,
}

struct Walk<'a> {
    base: &'a Path,
}

impl Walk<'_> {
    fn is_dir(&self, path: &Path) -> bool {
        self.base.join(path).is_dir()
    }

    /// The split that a folder is, by its name.
    fn split_of(&self, name: &str, folder: &Path) -> Result<Option<&'static str>, DataError> {
        if let Some((_, split)) = SPLITS.iter().find(|(n, _)| *n == name) {
            return Ok(Some(split));
        }
        let lower = name.to_ascii_lowercase();
        let Some((_, split)) = SPLITS.iter().chain(&LIKELY).find(|(n, _)| *n == lower) else { return Ok(None) };
        let inner = names_in(&self.base.join(folder))?;
        let holds_classes = inner.iter().any(|n| self.is_dir(&folder.join(n))) && !inner.iter().any(|n| suffix(n) == Suffix::Image);
        Ok(Some(*split).filter(|_| holds_classes))
    }

    /// The images in the folders of classes. What else lies there is told.
    fn classes(&self, root: &Path, found: &mut Found) {
        let Found { images, own } = found;
        let walked = self.each_class(root, images, &mut own.findings);
        own.failed = own.failed.take().or(walked.err());
    }

    fn each_class(&self, root: &Path, images: &mut Vec<(String, PathBuf)>, findings: &mut Findings) -> Result<(), DataError> {
        for class in names_in(&self.base.join(root))? {
            let folder = root.join(&class);
            if !self.is_dir(&folder) {
                if suffix(&class) != Suffix::Other {
                    findings.add(FindingKind::NoClass, class);
                }
                continue;
            }
            let before = images.len();
            for name in names_in(&self.base.join(&folder))? {
                let path = folder.join(&name);
                match suffix(&name) {
                    _ if self.is_dir(&path) => self.count(FindingKind::Nested, &path, findings)?,
                    Suffix::Image => images.push((class.clone(), path)),
                    Suffix::Unsupported => findings.add(FindingKind::UnsupportedImage, format!("{class}/{name}")),
                    Suffix::Other => findings.add(FindingKind::NoImage, format!("{class}/{name}")),
                }
            }
            if images.len() == before {
                findings.add(FindingKind::EmptyFolder, folder.display().to_string());
            }
        }
        Ok(())
    }

    /// Tells how many images a folder holds that is not read.
    fn count(&self, kind: FindingKind, folder: &Path, findings: &mut Findings) -> Result<(), DataError> {
        let images = self.images_in(folder, 0)?;
        if images > 0 {
            findings.add_many(kind, images, format!("{} ({images})", folder.display()));
        }
        Ok(())
    }

    fn images_in(&self, folder: &Path, depth: usize) -> Result<usize, DataError> {
        let mut images = 0;
        for name in names_in(&self.base.join(folder))? {
            let path = folder.join(&name);
            if !self.is_dir(&path) {
                images += usize::from(suffix(&name) != Suffix::Other);
            } else if depth < MAX_DEPTH {
                images += self.images_in(&path, depth + 1)?;
            }
        }
        Ok(images)
    }
}

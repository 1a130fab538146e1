//! The files of a VOC set under one root: a folder of images, one of annotations, and lists that make splits.

use super::super::error::{DataError, FindingKind, Findings};
use super::super::files::{Suffix, is_system, names_in, read_capped, suffix};
use super::super::format::Source;
use super::super::layout::{Item, Layout, OwnSplit, Truth};
use super::super::text;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Longest list.
const MAX_LIST: u64 = 64 << 20;
/// The lists that make the format's own splits.
const OWN: [&str; 4] = ["train", "val", "trainval", "test"];

/// What lies in the folders.
pub(super) struct Found<'a> {
    source: &'a Source<'a>,
    /// Folder of the images, folder of the annotations, under the root.
    folders: [&'a str; 2],
    /// stem → file name
    images: BTreeMap<String, String>,
    /// Stems of images in other formats.
    unsupported: BTreeSet<String>,
    /// stem → file name of the annotation.
    annotated: BTreeMap<String, String>,
}

impl<'a> Found<'a> {
    pub(super) fn of(source: &'a Source<'a>) -> Result<Self, DataError> {
        let folder = source.base.join(source.root);
        let folders = [source.images.unwrap_or("JPEGImages"), source.annotations.unwrap_or("Annotations")];
        if let Some(missing) = folders.iter().find(|f| !folder.join(f).is_dir()) {
            let cause = format!(
                "not a VOC data set: there is no folder `{missing}`, nor `train` with images and XML files side by side; name the folders by `images=` and `annotations=` \
                 where they are called otherwise"
            );
            return Err(DataError::format(&folder, cause));
        }
        let (mut images, mut unsupported) = (BTreeMap::new(), BTreeSet::new());
        for name in names_in(&folder.join(folders[0]))? {
            let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem).to_string();
            match suffix(&name) {
                Suffix::Image => drop(images.entry(stem).or_insert(name)),
                Suffix::Unsupported => drop(unsupported.insert(stem)),
                Suffix::Other => {}
            }
        }
        let mut annotated = BTreeMap::new();
        for name in names_in(&folder.join(folders[1]))? {
            // In the order of names `.XML` comes before `.xml`, which so wins where both are there.
            if let Some((stem, _)) = name.rsplit_once('.').filter(|(_, suffix)| suffix.eq_ignore_ascii_case("xml")) {
                annotated.insert(stem.to_string(), name);
            }
        }
        Ok(Found { source, folders, images, unsupported, annotated })
    }

    pub(super) fn layout(&self) -> Result<Layout, DataError> {
        let mut layout = Layout::default();
        let mut named: Vec<(OwnSplit, BTreeSet<String>)> = Vec::new();
        for (split, path) in self.lists() {
            let mut split = OwnSplit::of_items(&split, Vec::new());
            let stems = self.read_list(&path, &mut split).unwrap_or_else(|e| {
                split.failed = Some(e);
                Vec::new()
            });
            let stems = stems.into_iter().filter(|s| self.check(s, &mut split.findings)).collect();
            named.push((split, stems));
            if self.source.base.join(&path).is_file() {
                layout.others.push(path);
            }
        }
        let mut wanted: BTreeSet<String> = named.iter().flat_map(|(_, stems)| stems.iter().cloned()).collect();
        let by_share = self.source.by_share();
        if by_share || named.is_empty() {
            for stem in self.images.keys().filter(|s| !self.annotated.contains_key(*s) && !wanted.contains(*s)) {
                layout.findings.add(FindingKind::NotAnnotated, stem);
            }
            wanted.extend(self.annotated.keys().filter(|s| self.check(s, &mut layout.findings)).cloned());
        }
        let mut index = BTreeMap::new();
        let [images, annotations] = self.folders;
        for stem in wanted {
            let (Some(name), Some(annotation)) = (self.images.get(&stem), self.annotated.get(&stem)) else { continue };
            let annotation = self.source.root.join(annotations).join(annotation);
            layout.items.push(Item { image: self.source.root.join(images).join(name), truth: Truth::File(annotation) });
            index.insert(stem, layout.items.len() - 1);
        }
        if named.is_empty() && !by_share {
            layout.splits.push(OwnSplit::of_items("all", (0..layout.items.len()).collect()));
        }
        let items = |stems: BTreeSet<String>| stems.iter().filter_map(|s| index.get(s).copied()).collect();
        layout.splits.extend(named.into_iter().map(|(split, stems)| OwnSplit { items: items(stems), ..split }));
        Ok(layout)
    }

    /// Whether an image and its annotation are there; what is missing is told.
    fn check(&self, stem: &str, findings: &mut Findings) -> bool {
        let shown = |folder: &str, end: &str| Path::new(folder).join(format!("{stem}.{end}")).display().to_string();
        let [images, annotations] = self.folders;
        match self.images.contains_key(stem) {
            false if self.unsupported.contains(stem) => findings.add(FindingKind::UnsupportedImage, stem),
            false => findings.add(FindingKind::MissingImage, shown(images, "jpg")),
            true if !self.annotated.contains_key(stem) => findings.add(FindingKind::MissingAnnotation, shown(annotations, "xml")),
            true => return true,
        }
        false
    }

    /// (split, list file): those that the document names, else those of `ImageSets/Main` that have a usual name.
    fn lists(&self) -> Vec<(String, PathBuf)> {
        let (folder, root) = (self.source.base.join(self.source.root), self.source.root);
        let main = Path::new("ImageSets").join("Main");
        if self.source.splits.is_empty() {
            let own = OWN.iter().map(|name| (name.to_string(), main.join(format!("{name}.txt"))));
            return own.filter(|(_, p)| folder.join(p).is_file()).map(|(n, p)| (n, root.join(p))).collect();
        }
        self.source.lists().map(|(name, file)| (name.to_string(), root.join(&main).join(file))).collect()
    }

    /// One image a line, with or without suffix; a class list's second column (−1, 0, 1) is not read.
    fn read_list(&self, path: &Path, split: &mut OwnSplit) -> Result<Vec<String>, DataError> {
        let path = self.source.base.join(path);
        if !path.is_file() {
            return Err(DataError::format(&path, format!("no such list, named by split {}", split.name)));
        }
        let bytes = read_capped(&path, MAX_LIST).map_err(|e| DataError::io(&path, e))?;
        let text = text::plain(&bytes).map_err(|e| DataError::format(&path, e))?;
        let mut stems = Vec::new();
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
            let entry = match line.rsplit_once(char::is_whitespace) {
                Some((stem, "-1" | "0" | "1")) => stem.trim_end(),
                _ => line,
            };
            let entry = entry.replace('\\', "/");
            let inside = entry.strip_prefix("./").unwrap_or(&entry);
            let name = inside.strip_prefix(self.folders[0]).and_then(|n| n.strip_prefix('/')).unwrap_or(inside);
            if name.contains(['/', '\0']) || name == "." || name == ".." {
                split.findings.add(FindingKind::BadListEntry, name.chars().take(80).collect::<String>());
            } else if !is_system(name) {
                stems.push(self.stem(name).to_string());
            }
        }
        Ok(stems)
    }

    /// A name without the suffix of an image, unless it is a stem as it is.
    fn stem<'n>(&self, name: &'n str) -> &'n str {
        let known = |stem: &str| self.images.contains_key(stem) || self.unsupported.contains(stem) || self.annotated.contains_key(stem);
        match name.rsplit_once('.') {
            Some((stem, _)) if !known(name) && suffix(name) != Suffix::Other => stem,
            _ => name,
        }
    }
}

//! YOLO's form: images beside labels (`images/…/x.jpg` ↔ `labels/…/x.txt`), with or without a `data.yaml`.
//!
//! Without a `data.yaml` the splits are the folders `images/train`, `images/val`, `images/test` (or `train/images` and
//! so on; `valid` and `validation` are `val`), else all of `images` under the name `all`. Paths of a `data.yaml` are
//! relative to its `path`, which is relative to the file's own folder; where that names no folder, the file's folder
//! stands in, and a leading `../` is dropped where that helps (the exports that write it mean the folder itself), as
//! upstream does.

use super::super::error::{DataError, FindingKind, Findings};
use super::super::files::{Suffix, is_system, names_in, read_capped, suffix};
use super::super::format::{About, Format, Lies, Source};
use super::super::layout::{Item, Layout, OwnSplit, Truth};
use super::super::text;
use super::super::truth::{Annotation, Frame};
use super::{data_yaml, yolo_labels};
use crate::document::{FormatShape, Task, Word};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// Longest list of images.
const MAX_LIST: u64 = 256 << 20;
/// Folders are read this deep.
const MAX_DEPTH: usize = 16;
/// Folders that are splits, under whatever name.
const OWN: [(&str, &[&str]); 3] = [("train", &["train"]), ("val", &["val", "valid", "validation"]), ("test", &["test"])];
/// What a description in the root is called.
const DESCRIPTIONS: [&str; 2] = ["data.yaml", "data.yml"];
/// Folders that people keep labels in; named where labels are missing.
const LABEL_FOLDERS: [&str; 6] = ["labels", "label", "annotations", "labels_txt", "txt", "yolo"];

/// `format=yolo`
pub struct Yolo;

static ABOUT: About = About {
    word: Word::new(
        "yolo",
        "Boxes or polygons in YOLO's text files, `labels/…/x.txt` beside `images/…/x.jpg`, with or without a `data.yaml`.",
    ),
    shape: FormatShape { task: Task::Detect, image_size: 640, splits: &["train", "val", "test", "all"], lists: true, folders: true },
    by_name: false,
    annotated: true,
};

/// Splits and their places: folders, lists or images.
type Places = Vec<(String, Vec<PathBuf>)>;

struct Walk<'a> {
    source: &'a Source<'a>,
    /// The folder of the data set: the root, or what a description says.
    home: PathBuf,
    layout: Layout,
    /// image → label file
    found: BTreeMap<PathBuf, Option<PathBuf>>,
}

impl Format for Yolo {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn recognise(&self, place: &Path) -> Result<Option<Lies>, DataError> {
        let is_description = |path: &Path| {
            let text = read_capped(path, data_yaml::MAX_YAML).ok().and_then(|bytes| text::plain(&bytes).ok().map(|t| t.into_owned()));
            text.and_then(|text| data_yaml::parse(&text).ok()).is_some_and(|yaml| !yaml.splits.is_empty())
        };
        let is_yaml = |name: &str| name.ends_with(".yaml") || name.ends_with(".yml");
        if place.is_file() {
            let named = place.file_name().and_then(|n| n.to_str()).is_some_and(is_yaml);
            return Ok(if named && is_description(place) { Lies::here() } else { None });
        }
        if DESCRIPTIONS.iter().any(|name| is_description(&place.join(name))) {
            return Ok(Lies::here());
        }
        let names = names_in(place)?;
        if let Some(name) = names.iter().find(|name| is_yaml(name) && is_description(&place.join(name))) {
            return Ok(Lies::here().map(|lies| Lies { root: name.into(), ..lies }));
        }
        let both = |folder: &Path| folder.join("images").is_dir() && folder.join("labels").is_dir();
        let in_splits = OWN.iter().flat_map(|(_, names)| names.iter()).any(|name| both(&place.join(name)));
        Ok(if both(place) || in_splits { Lies::here() } else { None })
    }

    fn layout(&self, source: &Source) -> Result<Layout, DataError> {
        let (base, root) = (source.base, source.root);
        let is_description = root.extension().is_some_and(|e| e == "yaml" || e == "yml") && !base.join(root).is_dir();
        let description = if is_description {
            Some(root.to_path_buf())
        } else {
            source.folder()?;
            DESCRIPTIONS.iter().map(|name| root.join(name)).find(|p| base.join(p).is_file())
        };
        let mut walk = Walk { source, home: root.to_path_buf(), layout: Layout::default(), found: BTreeMap::new() };
        let needs_own = source.splits.is_empty() || source.by_share();
        let (own, count) = match description {
            Some(path) => walk.described(&path)?,
            None => (if needs_own { walk.folders()? } else { Vec::new() }, None),
        };
        walk.class_list(count)?;
        let mut named: Vec<(OwnSplit, BTreeSet<PathBuf>)> = Vec::new();
        if needs_own {
            named.extend(own.into_iter().map(|(split, places)| walk.split(&split, places)));
        }
        if !source.splits.is_empty() {
            // Images of the format's own splits stay: they are what shares are dealt from.
            for (own, _) in std::mem::take(&mut named) {
                match own.failed {
                    Some(e) if walk.found.is_empty() => return Err(e),
                    Some(e) => walk.layout.findings.add(FindingKind::MissingPlace, e.to_string()),
                    None => walk.layout.findings.extend(own.findings),
                }
            }
            named.extend(source.lists().map(|(name, file)| walk.split(name, vec![walk.home.join(file)])));
        }
        if walk.found.values().any(Option::is_none) {
            walk.other_labels()?;
        }
        let mut layout = walk.layout;
        let index: BTreeMap<&PathBuf, usize> = walk.found.keys().enumerate().map(|(i, p)| (p, i)).collect();
        let places = |members: BTreeSet<PathBuf>| members.iter().filter_map(|p| index.get(p).copied()).collect();
        layout.splits = named.into_iter().map(|(split, members)| OwnSplit { items: places(members), ..split }).collect();
        let item = |(image, label): (PathBuf, Option<PathBuf>)| Item { image, truth: label.map_or(Truth::Background, Truth::File) };
        layout.items = walk.found.into_iter().map(item).collect();
        Ok(layout)
    }

    fn longest_annotation(&self) -> u64 {
        yolo_labels::MAX_LABELS
    }

    fn annotation(&self, bytes: &[u8], frame: Frame) -> Result<Annotation, String> {
        yolo_labels::read(bytes, frame.width, frame.height)
    }
}

impl Walk<'_> {
    fn text(&mut self, path: &Path, cap: u64) -> Result<String, DataError> {
        let full = self.source.base.join(path);
        let bytes = read_capped(&full, cap).map_err(|e| DataError::io(&full, e))?;
        self.layout.others.push(path.to_path_buf());
        text::plain(&bytes).map(|t| t.into_owned()).map_err(|e| DataError::format(&full, e))
    }

    fn exists(&self, path: &Path) -> bool {
        self.source.base.join(path).exists()
    }

    /// As it is written, else with `\` as `/`, for files that were made on Windows.
    fn written(&self, folder: &Path, path: &str) -> PathBuf {
        let direct = folder.join(path);
        if path.contains('\\') && !self.exists(&direct) { folder.join(path.replace('\\', "/")) } else { direct }
    }

    /// What a `data.yaml` says: its splits, and how many classes there are.
    fn described(&mut self, path: &Path) -> Result<(Places, Option<usize>), DataError> {
        let text = self.text(path, data_yaml::MAX_YAML)?;
        let full = self.source.base.join(path);
        let yaml = data_yaml::parse(&text).map_err(|e| DataError::format(&full, e))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let named = yaml.path.map(|p| self.written(&folder, &p)).filter(|p| self.source.base.join(p).is_dir());
        let home = named.unwrap_or_else(|| folder.clone());
        let resolve = |place: &String| {
            let direct = self.written(&home, place);
            match place.replace('\\', "/").strip_prefix("../") {
                Some(rest) if !self.exists(&direct) => home.join(rest),
                _ => direct,
            }
        };
        let splits: Places = yaml.splits.iter().map(|(name, places)| (name.clone(), places.iter().map(resolve).collect())).collect();
        if splits.is_empty() {
            return Err(DataError::format(&full, "no `train`, `val` or `test`"));
        }
        self.layout.names = Some(yaml.names).filter(|n| !n.is_empty());
        self.home = home;
        Ok((splits, yaml.count))
    }

    /// The splits that folders make.
    fn folders(&self) -> Result<Places, DataError> {
        let (base, root) = (self.source.base, self.source.root);
        let images = self.source.images.unwrap_or("images");
        let existing = |place: &dyn Fn(&str) -> PathBuf| -> Places {
            let of = |names: &[&str]| names.iter().map(|n| place(n)).filter(|p| base.join(p).is_dir()).collect::<Vec<_>>();
            OWN.iter().map(|(split, names)| (split.to_string(), of(names))).filter(|(_, places)| !places.is_empty()).collect()
        };
        let inside = existing(&|name| root.join(images).join(name));
        let beside = existing(&|name| root.join(name).join(images));
        let found = if inside.is_empty() { beside } else { inside };
        let whole = root.join(images);
        match (found.is_empty(), base.join(&whole).is_dir()) {
            (false, _) => Ok(found),
            (true, true) => Ok(vec![("all".into(), vec![whole])]),
            (true, false) => {
                let cause = format!(
                    "not a YOLO data set: it needs a folder `{images}` (beside `labels`), or `train/{images}` and `valid/{images}`, \
                     or a data.yaml; name other folders by `images=` and `annotations=`"
                );
                Err(DataError::format(&base.join(root), cause))
            }
        }
    }

    /// Names of classes from `classes.txt`, where nothing else has them; their numbers, where a description counts them and
    /// nothing names them.
    fn class_list(&mut self, count: Option<usize>) -> Result<(), DataError> {
        if self.layout.names.is_some() {
            return Ok(());
        }
        let path = self.home.join("classes.txt");
        if self.source.base.join(&path).is_file() {
            let text = self.text(&path, data_yaml::MAX_YAML)?;
            let names: Vec<String> = text.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_string).collect();
            if let Some(count) = count.filter(|&count| count != names.len()) {
                let cause = format!("it names {} classes, but `nc` of data.yaml is {count}; correct the wrong one", names.len());
                return Err(DataError::format(&self.source.base.join(&path), cause));
            }
            self.layout.names = Some(names);
        } else {
            self.layout.names = count.filter(|&count| count > 0).map(|count| (0..count).map(|i| i.to_string()).collect());
        }
        Ok(())
    }

    fn split(&mut self, name: &str, places: Vec<PathBuf>) -> (OwnSplit, BTreeSet<PathBuf>) {
        let (mut members, mut split) = (BTreeSet::new(), OwnSplit::of_items(name, Vec::new()));
        let collected = places.iter().try_for_each(|place| self.collect(place, &mut members, &mut split.findings));
        split.failed = collected.err().map(|e| match e {
            DataError::Format { path, cause } => DataError::Format { path, cause: format!("{cause} (split {name})") },
            other => other,
        });
        (split, members)
    }

    /// A folder, a list of images, or one image.
    fn collect(&mut self, place: &Path, members: &mut BTreeSet<PathBuf>, findings: &mut Findings) -> Result<(), DataError> {
        let full = self.source.base.join(place);
        if full.is_dir() {
            return self.folder(place, members, findings, 0);
        }
        if !full.exists() {
            return Err(DataError::format(&full, "no such file or folder"));
        }
        if place.extension().is_none_or(|e| e != "txt") {
            return Err(DataError::format(&full, "neither a folder nor a .txt list"));
        }
        let text = self.text(place, MAX_LIST)?;
        let beside = place.parent().unwrap_or(Path::new("")).to_path_buf();
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
            let image = match line.strip_prefix("./").or_else(|| line.strip_prefix(".\\")) {
                Some(rest) => self.written(&beside, rest),
                None => self.written(&self.home, line),
            };
            match suffix(line) {
                _ if line.contains('\0') => findings.add(FindingKind::BadListEntry, "a line with a zero byte"),
                _ if image.file_name().is_some_and(|n| is_system(&n.to_string_lossy())) => {}
                Suffix::Other => findings.add(FindingKind::BadListEntry, line.chars().take(80).collect::<String>()),
                _ if !self.source.base.join(&image).is_file() => findings.add(FindingKind::MissingImage, image.to_string_lossy()),
                Suffix::Unsupported => findings.add(FindingKind::UnsupportedImage, line),
                Suffix::Image => self.image(image, members),
            }
        }
        Ok(())
    }

    fn folder(&mut self, folder: &Path, members: &mut BTreeSet<PathBuf>, findings: &mut Findings, depth: usize) -> Result<(), DataError> {
        if depth > MAX_DEPTH {
            return Err(DataError::format(&self.source.base.join(folder), format!("folders nested deeper than {MAX_DEPTH}")));
        }
        for name in names_in(&self.source.base.join(folder))? {
            let path = folder.join(&name);
            match suffix(&name) {
                _ if self.source.base.join(&path).is_dir() => self.folder(&path, members, findings, depth + 1)?,
                Suffix::Image => self.image(path, members),
                Suffix::Unsupported => findings.add(FindingKind::UnsupportedImage, path.to_string_lossy()),
                Suffix::Other => {}
            }
        }
        Ok(())
    }

    fn image(&mut self, image: PathBuf, members: &mut BTreeSet<PathBuf>) {
        let label = label_path(&image, &self.home, self.source);
        let label = Some(label).filter(|p| self.source.base.join(p).is_file());
        self.found.insert(image.clone(), label);
        members.insert(image);
    }

    /// Folders that may be meant where label files are missing.
    fn other_labels(&mut self) -> Result<(), DataError> {
        let read = self.source.annotations.unwrap_or("labels");
        for name in names_in(&self.source.base.join(&self.home))? {
            let meant = LABEL_FOLDERS.contains(&name.to_ascii_lowercase().as_str()) && name != read;
            if meant && self.source.base.join(&self.home).join(&name).is_dir() {
                let help = format!("{} (rename it to `{read}`, or write `annotations={name:?}`)", self.home.join(&name).display());
                self.layout.findings.add(FindingKind::OtherLabels, help);
            }
        }
        Ok(())
    }
}

/// Where the labels of an image are: its path with the last folder `images` replaced by `labels`, and `.txt`; with the
/// names that the document gives, of folders of the data set's own.
fn label_path(image: &Path, home: &Path, source: &Source) -> PathBuf {
    let (images, labels) = (source.images.unwrap_or("images"), source.annotations.unwrap_or("labels"));
    let inside = home.join(images);
    // A folder of several parts (`data/pictures`) can only be one of the data set's.
    if let (true, Ok(rest)) = (images.contains('/') || labels.contains('/'), image.strip_prefix(&inside)) {
        return home.join(labels).join(rest).with_extension("txt");
    }
    let parts: Vec<Component> = image.components().collect();
    let folders = parts.len().saturating_sub(1);
    let last = parts[..folders].iter().rposition(|c| c.as_os_str() == images);
    let path: PathBuf = parts.iter().enumerate().map(|(i, c)| if Some(i) == last { labels.as_ref() } else { c.as_os_str() }).collect();
    path.with_extension("txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_lie_beside_images() {
        let source = |images, annotations| Source { base: Path::new(""), root: Path::new("x"), images, annotations, splits: &[] };
        let usual = source(None, None);
        for (image, label) in [
            ("images/a.jpg", "labels/a.txt"),
            ("/x/images/images/train/a.b.png", "/x/images/labels/train/a.b.txt"),
            ("x/a.jpg", "x/a.txt"),
            ("images", "images.txt"),
        ] {
            assert_eq!(label_path(Path::new(image), Path::new("x"), &usual), Path::new(label));
        }
        for (images, annotations, image, label) in [
            (None, Some("Labels"), "x/images/train/a.jpg", "x/Labels/train/a.txt"),
            (Some("pictures"), None, "x/train/pictures/a.jpg", "x/train/labels/a.txt"),
            (Some("a/b"), Some("c"), "x/a/b/train/a.jpg", "x/c/train/a.txt"),
            (Some("jpg"), Some("txt/yolo"), "x/jpg/a.jpg", "x/txt/yolo/a.txt"),
        ] {
            assert_eq!(label_path(Path::new(image), Path::new("x"), &source(images, annotations)), Path::new(label));
        }
    }
}

//! YOLO's form: images beside labels (`images/…/x.jpg` ↔ `labels/…/x.txt`), with or without a `data.yaml`.
//!
//! Without a `data.yaml` the splits are the folders `images/train`, `images/val`, `images/test` (or `train/images` and
//! so on), else all of `images` under the name `all`. Paths of a `data.yaml` are relative to its `path`, which is
//! relative to the file's own folder; where that names no folder, the file's folder stands in, and a leading `../` is
//! dropped where that helps (the exports that write it mean the folder itself), as upstream does.

use super::error::{DataError, FindingKind};
use super::layout::{Item, Layout, Suffix, names_in, read_capped, suffix};
use super::yaml;
use crate::document::{Spanned, SplitBy};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// Longest list of images.
const MAX_LIST: u64 = 256 << 20;
/// Folders are read this deep.
const MAX_DEPTH: usize = 16;
const OWN: [&str; 3] = ["train", "val", "test"];

struct Walk<'a> {
    base: &'a Path,
    layout: Layout,
    /// image → annotation
    found: BTreeMap<PathBuf, Option<PathBuf>>,
}

/// Which files the data set consists of. `root` is as the document writes it: a folder, or a description (`.yaml`).
///
/// # Errors
/// A folder, list or description that is missing or unreadable.
pub fn listing(base: &Path, root: &Path, splits: &[(Spanned<String>, SplitBy)]) -> Result<Layout, DataError> {
    let full = base.join(root);
    let is_description = root.extension().is_some_and(|e| e == "yaml" || e == "yml");
    let description =
        if is_description { Some(root.to_path_buf()) } else { Some(root.join("data.yaml")).filter(|p| base.join(p).is_file()) };
    if !is_description && !full.is_dir() {
        return Err(DataError::format(&full, "no such folder"));
    }
    let mut walk = Walk { base, layout: Layout::default(), found: BTreeMap::new() };
    let needs_own = splits.is_empty() || splits.iter().any(|(_, by)| matches!(by, SplitBy::Share(_)));
    let (home, own) = match description {
        Some(path) => walk.described(&path)?,
        None => (root.to_path_buf(), if needs_own { walk.folders(root)? } else { Vec::new() }),
    };
    if walk.layout.names.is_none() {
        let path = home.join("classes.txt");
        if base.join(&path).is_file() {
            let text = walk.text(&path, yaml::MAX_YAML)?;
            walk.layout.names = Some(text.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_string).collect());
        }
    }
    let mut named: Vec<(String, BTreeSet<PathBuf>)> = Vec::new();
    if needs_own {
        for (split, places) in own {
            let mut members = BTreeSet::new();
            for place in places {
                walk.collect(&place, &home, &mut members)?;
            }
            named.push((split, members));
        }
    }
    if !splits.is_empty() {
        named.clear();
        for (name, by) in splits {
            if let SplitBy::File(file) = by {
                let path = home.join(&file.value);
                if !base.join(&path).exists() {
                    return Err(DataError::format(&base.join(&path), format!("no such list, named by split {}", name.value)));
                }
                let mut members = BTreeSet::new();
                walk.collect(&path, &home, &mut members)?;
                named.push((name.value.clone(), members));
            }
        }
    }
    let mut layout = walk.layout;
    let index: BTreeMap<&PathBuf, usize> = walk.found.keys().enumerate().map(|(i, p)| (p, i)).collect();
    layout.splits = named.into_iter().map(|(n, m)| (n, m.iter().filter_map(|p| index.get(p).copied()).collect())).collect();
    layout.items = walk.found.into_iter().map(|(image, annotation)| Item { image, annotation }).collect();
    Ok(layout)
}

impl Walk<'_> {
    fn text(&mut self, path: &Path, cap: u64) -> Result<String, DataError> {
        let full = self.base.join(path);
        let bytes = read_capped(&full, cap).map_err(|e| DataError::io(&full, e))?;
        self.layout.others.push(path.to_path_buf());
        String::from_utf8(bytes).map_err(|_| DataError::format(&full, "not UTF-8 text"))
    }

    fn described(&mut self, path: &Path) -> Result<(PathBuf, Vec<(String, Vec<PathBuf>)>), DataError> {
        let text = self.text(path, yaml::MAX_YAML)?;
        let yaml = yaml::parse(&text).map_err(|e| DataError::format(&self.base.join(path), e))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let named = yaml.path.map(|p| folder.join(p)).filter(|p| self.base.join(p).is_dir());
        let home = named.unwrap_or_else(|| folder.clone());
        let mut splits = Vec::new();
        for (name, places) in yaml.splits {
            let resolve = |place: &String| {
                let direct = home.join(place);
                match place.strip_prefix("../") {
                    Some(rest) if !self.base.join(&direct).exists() => home.join(rest),
                    _ => direct,
                }
            };
            splits.push((name, places.iter().map(resolve).collect()));
        }
        if splits.is_empty() {
            return Err(DataError::format(&self.base.join(path), "no `train`, `val` or `test`"));
        }
        self.layout.names = Some(yaml.names).filter(|n| !n.is_empty());
        Ok((home, splits))
    }

    fn folders(&self, root: &Path) -> Result<Vec<(String, Vec<PathBuf>)>, DataError> {
        let is_dir = |p: &PathBuf| self.base.join(p).is_dir();
        let inside: Vec<_> = OWN.iter().map(|s| (s.to_string(), root.join("images").join(s))).filter(|(_, p)| is_dir(p)).collect();
        let beside: Vec<_> = OWN.iter().map(|s| (s.to_string(), root.join(s).join("images"))).filter(|(_, p)| is_dir(p)).collect();
        let found = if inside.is_empty() { beside } else { inside };
        if !found.is_empty() {
            return Ok(found.into_iter().map(|(s, p)| (s, vec![p])).collect());
        }
        let images = root.join("images");
        if is_dir(&images) {
            return Ok(vec![("all".into(), vec![images])]);
        }
        Err(DataError::format(&self.base.join(root), "not a YOLO data set: it needs a folder `images` (beside `labels`) or a data.yaml"))
    }

    /// A folder, a list of images, or one image.
    fn collect(&mut self, place: &Path, home: &Path, members: &mut BTreeSet<PathBuf>) -> Result<(), DataError> {
        let full = self.base.join(place);
        if full.is_dir() {
            return self.folder(place, members, 0);
        }
        if place.extension().is_none_or(|e| e != "txt") {
            return Err(DataError::format(
                &full,
                if full.exists() { "neither a folder nor a .txt list" } else { "no such file or folder" },
            ));
        }
        let text = self.text(place, MAX_LIST)?;
        let beside = place.parent().unwrap_or(Path::new("")).to_path_buf();
        for line in text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|l| !l.is_empty()) {
            let image = match line.strip_prefix("./") {
                Some(rest) => beside.join(rest),
                None => home.join(line),
            };
            match suffix(line) {
                _ if line.contains('\0') => self.layout.findings.add(FindingKind::BadListEntry, "a line with a zero byte"),
                Suffix::Other => self.layout.findings.add(FindingKind::BadListEntry, line.chars().take(80).collect::<String>()),
                _ if !self.base.join(&image).is_file() => self.layout.findings.add(FindingKind::MissingImage, image.to_string_lossy()),
                Suffix::Unsupported => self.layout.findings.add(FindingKind::UnsupportedImage, line),
                Suffix::Image => self.image(image, members),
            }
        }
        Ok(())
    }

    fn folder(&mut self, folder: &Path, members: &mut BTreeSet<PathBuf>, depth: usize) -> Result<(), DataError> {
        if depth > MAX_DEPTH {
            return Err(DataError::format(&self.base.join(folder), format!("folders nested deeper than {MAX_DEPTH}")));
        }
        for name in names_in(&self.base.join(folder))? {
            let path = folder.join(&name);
            match suffix(&name) {
                _ if self.base.join(&path).is_dir() => self.folder(&path, members, depth + 1)?,
                Suffix::Image => self.image(path, members),
                Suffix::Unsupported => self.layout.findings.add(FindingKind::UnsupportedImage, path.to_string_lossy()),
                Suffix::Other => {}
            }
        }
        Ok(())
    }

    fn image(&mut self, image: PathBuf, members: &mut BTreeSet<PathBuf>) {
        let label = label_path(&image);
        let label = Some(label).filter(|p| self.base.join(p).is_file());
        self.found.insert(image.clone(), label);
        members.insert(image);
    }
}

/// The image's path with its last folder `images` replaced by `labels`, and `.txt`.
pub fn label_path(image: &Path) -> PathBuf {
    let parts: Vec<Component> = image.components().collect();
    let folders = parts.len().saturating_sub(1);
    let last = parts[..folders].iter().rposition(|c| c.as_os_str() == "images");
    let path: PathBuf = parts.iter().enumerate().map(|(i, c)| if Some(i) == last { "labels".as_ref() } else { c.as_os_str() }).collect();
    path.with_extension("txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_lie_beside_images() {
        for (image, label) in [
            ("images/a.jpg", "labels/a.txt"),
            ("/x/images/images/train/a.b.png", "/x/images/labels/train/a.b.txt"),
            ("x/a.jpg", "x/a.txt"),
            ("images", "images.txt"),
        ] {
            assert_eq!(label_path(Path::new(image)), Path::new(label));
        }
    }
}

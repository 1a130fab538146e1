//! VOC's files in a folder for each split, images and XML side by side, as Roboflow exports them: `train/x.jpg` and `train/x.xml`,
//! likewise `valid` and `test`; no lists. (Or `train/JPEGImages` and `train/Annotations`.)

use super::super::error::DataError;
use super::super::files::{Suffix, names_in, suffix};
use super::super::format::Source;
use super::super::layout::{Layout, OwnSplit};
use super::voc_files::Found;
use std::path::Path;

/// Folders that are splits, under whatever name.
const SPLITS: [(&str, &[&str]); 3] = [("train", &["train"]), ("val", &["val", "valid", "validation"]), ("test", &["test"])];

/// A folder that is a split.
pub(super) struct Folder {
    split: &'static str,
    name: &'static str,
    /// Folders of images and of annotations in it; `""` is the folder itself.
    inner: [&'static str; 2],
}

/// The folders of a place that hold images with XML files of the same names.
pub(super) fn splits(base: &Path, root: &Path) -> Result<Vec<Folder>, DataError> {
    let mut found = Vec::new();
    for (split, names) in SPLITS {
        for &name in names {
            let place = base.join(root).join(name);
            if ["JPEGImages", "Annotations"].iter().all(|inner| place.join(inner).is_dir()) {
                found.push(Folder { split, name, inner: ["JPEGImages", "Annotations"] });
            } else if side_by_side(&names_in(&place)?) {
                found.push(Folder { split, name, inner: ["", ""] });
            }
        }
    }
    Ok(found)
}

/// Whether an XML file lies beside an image of its name.
fn side_by_side(names: &[String]) -> bool {
    let stem = |name: &String| name.rsplit_once('.').map(|(stem, _)| stem.to_string());
    let xml = names.iter().filter(|name| name.to_ascii_lowercase().ends_with(".xml"));
    let images: std::collections::BTreeSet<String> = names.iter().filter(|n| suffix(n) == Suffix::Image).filter_map(stem).collect();
    xml.filter_map(stem).any(|stem| images.contains(&stem))
}

/// All images with their annotations; each folder a split, unless the document deals them out itself.
pub(super) fn layout(source: &Source, mut folders: Vec<Folder>) -> Result<Layout, DataError> {
    if let Some((split, file)) = source.lists().next() {
        let cause = format!("split {split} names the list `{file}`, but here folders are the splits; write shares, or no `split`");
        return Err(DataError::format(&source.base.join(source.root), cause));
    }
    // In the order of paths.
    folders.sort_by_key(|folder| folder.name);
    let mut layout = Layout::default();
    for folder in folders {
        let root = source.root.join(folder.name);
        let [images, annotations] = folder.inner.map(Some);
        let inner = Source { base: source.base, root: &root, images, annotations, splits: &[] };
        let found = Found::of(&inner)?.layout()?;
        let start = layout.items.len();
        layout.items.extend(found.items);
        let items = start..layout.items.len();
        match layout.splits.iter_mut().find(|own| own.name == folder.split) {
            Some(own) => {
                own.items.extend(items);
                own.findings.extend(found.findings);
            }
            None => {
                let own = OwnSplit::of_items(folder.split, items.collect());
                layout.splits.push(OwnSplit { findings: found.findings, ..own });
            }
        }
    }
    layout.splits.sort_by_key(|own| SPLITS.iter().position(|(split, _)| own.name == *split));
    if source.by_share() {
        let findings = std::mem::take(&mut layout.splits).into_iter().map(|own| own.findings);
        findings.for_each(|found| layout.findings.extend(found));
    }
    Ok(layout)
}

#[cfg(test)]
mod tests {
    use super::super::super::recognise;
    use super::super::super::tests::coco::put;
    use super::super::super::tests::{object, png, scan, scan_of, shares, sixteenths, voc};
    use super::super::super::{DataError, FindingKind, Scan};

    fn counts(scan: &Scan) -> Vec<(&str, usize)> {
        scan.splits.iter().map(|s| (s.name.as_str(), s.images.len())).collect()
    }

    fn set(folders: [&str; 3], inner: [&str; 2]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (i, (folder, name)) in [(0, "a"), (0, "b"), (0, "c"), (1, "d"), (2, "e")].into_iter().enumerate() {
            let at = |inner: &str, end: &str| format!("{}/{inner}{name}.{end}", folders[folder]);
            put(dir.path(), &at(inner[0], "png"), png(40, 30, i as u8));
            let class = if i == 4 { "cat" } else { "dog" };
            put(dir.path(), &at(inner[1], "xml"), format!("<annotation>{}</annotation>", object(class, [3, 3, 20, 20])));
        }
        dir
    }

    /// Roboflow's export.
    #[test]
    fn folders_are_splits() {
        let dir = set(["train", "valid", "test"], ["", ""]);
        put(dir.path(), "README.roboflow.txt", "x");
        let found = recognise(dir.path()).unwrap();
        assert_eq!((found.len(), found[0].format, found[0].images.clone()), (1, "voc", None));
        let got = scan(&voc(dir.path())).unwrap();
        assert_eq!(
            (counts(&got), got.classes.clone()),
            (vec![("train", 3), ("val", 1), ("test", 1)], vec!["cat".to_string(), "dog".into()])
        );
        assert_eq!(got.splits[0].images[0].objects, [sixteenths(1, [2, 2, 19, 19])]);
        // Which classes there are does not depend on which splits are read.
        assert_eq!(scan_of(&voc(dir.path()), &["train"]).unwrap().classes, got.classes);
        // The same in folders of the folders, and under other names.
        let other = set(["train", "val", "test"], ["JPEGImages/", "Annotations/"]);
        let other = scan(&voc(other.path())).unwrap();
        assert!(got.splits.iter().zip(&other.splits).all(|(a, b)| (&a.name, a.digest) == (&b.name, b.digest)));
        // Dealt out by shares; an image without XML is left out and told.
        put(dir.path(), "train/bare.png", png(9, 9, 7));
        let mut dealt = voc(dir.path());
        shares(&mut dealt, &[("train", 0.6), ("val", 0.4)]);
        let got = scan(&dealt).unwrap();
        assert_eq!(counts(&got), [("train", 3), ("val", 2)]);
        assert!(got.findings.iter().any(|f| f.kind == FindingKind::NotAnnotated && f.count == 1), "{:?}", got.findings);
        super::super::super::tests::files(&mut dealt, &[("train", "mine.txt")]);
        assert!(matches!(scan(&dealt), Err(DataError::Format { cause, .. }) if cause.contains("`mine.txt`")));
    }
}

//! A folder for each class, with JPEG and PNG files in it; perhaps within folders `train`, `val`, `test`.

use super::super::error::{DataError, FindingKind};
use super::super::layout::{Suffix, names_in, suffix};
use super::{Files, Labelled};
use std::path::Path;

/// Folders that are splits: (name on disk, name of the split).
const SPLITS: [(&str, &str); 5] = [("train", "train"), ("val", "val"), ("valid", "val"), ("validation", "val"), ("test", "test")];

pub(super) fn listing(base: &Path, root: &Path) -> Result<Files, DataError> {
    let mut files = Files::default();
    let inner = names_in(&base.join(root))?;
    let splits: Vec<_> = SPLITS.iter().filter(|(name, _)| inner.iter().any(|n| n == name) && base.join(root).join(name).is_dir()).collect();
    match splits.as_slice() {
        [] => classes(base, root, "all", &mut files)?,
        several => several.iter().try_for_each(|(name, split)| classes(base, &root.join(name), split, &mut files))?,
    }
    if files.single.is_empty() {
        return Err(DataError::format(&base.join(root), "it holds no folder with JPEG or PNG files: one folder a class is expected"));
    }
    Ok(files)
}

fn classes(base: &Path, root: &Path, split: &str, files: &mut Files) -> Result<(), DataError> {
    for class in names_in(&base.join(root))? {
        let folder = root.join(&class);
        if !base.join(&folder).is_dir() {
            if suffix(&class) != Suffix::Other {
                files.findings.add(FindingKind::NoClass, class);
            }
            continue;
        }
        for name in names_in(&base.join(&folder))? {
            match suffix(&name) {
                Suffix::Image => files.single.push(Labelled { split: split.into(), class: class.clone(), path: folder.join(name) }),
                Suffix::Unsupported => files.findings.add(FindingKind::UnsupportedImage, format!("{class}/{name}")),
                Suffix::Other => {}
            }
        }
    }
    Ok(())
}

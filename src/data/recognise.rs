//! Which data sets a folder holds, by the names in it: every format is asked.

use super::error::DataError;
use super::files::{Suffix, names_in, suffix};
use super::format::Lies;
use super::formats;
use std::path::{Path, PathBuf};

/// Folders inside folders are looked into this deep, where each holds nothing else.
const MAX_DEPTH: usize = 3;
/// How many names of images a look at a folder counts at most, over all folders in it.
const COUNTED: usize = 100_000;

/// A data set that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// The word of its format.
    pub format: &'static str,
    /// Its root, as `format` wants it: the folder that was looked at, joined with the rest.
    pub root: PathBuf,
    /// The folder of the images where it has another name than the format's.
    pub images: Option<String>,
    /// Likewise of the annotations.
    pub annotations: Option<String>,
}

/// The data sets of a folder (or of a description such as a `data.yaml`), one a format at most. Where it holds nothing but one
/// folder, as archives often do, that one is looked at. Of formats that fit almost any folder, one is given only where no other fits.
///
/// # Errors
/// A folder that cannot be read.
pub fn recognise(place: &Path) -> Result<Vec<Recognised>, DataError> {
    let mut here = place.to_path_buf();
    for _ in 0..MAX_DEPTH {
        let found = formats_of(&here)?;
        if !found.is_empty() || !here.is_dir() {
            return Ok(found);
        }
        let names = names_in(&here)?;
        let folders: Vec<&String> = names.iter().filter(|n| here.join(n).is_dir()).collect();
        let ([only], false) = (&folders[..], names.iter().any(|n| suffix(n) == Suffix::Image)) else { return Ok(found) };
        here = here.join(only);
    }
    Ok(Vec::new())
}

fn formats_of(place: &Path) -> Result<Vec<Recognised>, DataError> {
    let (mut sure, mut likely) = (Vec::new(), Vec::new());
    for format in formats::all() {
        let Some(Lies { root, images, annotations, sure: certain }) = format.recognise(place)? else { continue };
        let root = if root.as_os_str().is_empty() { place.to_path_buf() } else { place.join(root) };
        let found = Recognised { format: format.about().word.name, root, images, annotations };
        if certain { &mut sure } else { &mut likely }.push(found);
    }
    Ok(if sure.is_empty() { likely } else { sure })
}

/// What is in a folder where no data set was found: images here and below, and files of other kinds that may be annotations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Files and folders right in it.
    pub entries: usize,
    /// Images that can be read, in it and in its folders.
    pub images: usize,
    /// Images in formats that are not read.
    pub unsupported: usize,
    /// Files ending in .txt, .xml, .json, .csv, .yaml.
    pub texts: usize,
}

impl Contents {
    /// Counts them.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn of(folder: &Path) -> Result<Contents, DataError> {
        let mut contents = Contents::default();
        let mut folders = vec![(folder.to_path_buf(), 0)];
        let mut seen = 0;
        while let Some((folder, depth)) = folders.pop() {
            for name in names_in(&folder)? {
                seen += 1;
                contents.entries += usize::from(depth == 0);
                let lower = name.to_ascii_lowercase();
                match suffix(&name) {
                    Suffix::Image => contents.images += 1,
                    Suffix::Unsupported => contents.unsupported += 1,
                    Suffix::Other if [".txt", ".xml", ".json", ".csv", ".yaml", ".yml"].iter().any(|e| lower.ends_with(e)) => {
                        contents.texts += 1;
                    }
                    Suffix::Other if depth < 8 && folder.join(&name).is_dir() => folders.push((folder.join(&name), depth + 1)),
                    Suffix::Other => {}
                }
                if seen >= COUNTED {
                    return Ok(contents);
                }
            }
        }
        Ok(contents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn place(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let text = match file.rsplit('.').next() {
                Some("yaml") => "train: ../train/images\nval: ../valid/images\nnames: [a]\n",
                Some("json") => "{\"images\": [], \"categories\": [], \"annotations\": []}",
                _ => "",
            };
            fs::write(path, text).unwrap();
        }
        dir
    }

    fn found(files: &[&str]) -> Vec<(&'static str, String, Option<String>, Option<String>)> {
        let dir = place(files);
        let all = recognise(dir.path()).unwrap();
        let inside = |p: &Path| p.strip_prefix(dir.path()).unwrap().to_string_lossy().into_owned();
        all.into_iter().map(|r| (r.format, inside(&r.root), r.images, r.annotations)).collect()
    }

    #[test]
    fn formats_are_known_by_their_names() {
        let of = |format: &'static str, root: &str| vec![(format, root.to_string(), None, None)];
        assert_eq!(found(&["JPEGImages/a.jpg", "Annotations/a.xml"]), of("voc", ""));
        assert_eq!(found(&["BCCD/JPEGImages/a.jpg", "BCCD/Annotations/a.xml"]), of("voc", "BCCD"));
        assert_eq!(found(&["data.yaml", "train/images/a.jpg", "train/labels/a.txt"]), of("yolo", ""));
        assert_eq!(found(&["mine.yaml", "train/images/a.jpg", "train/labels/a.txt"]), of("yolo", "mine.yaml"));
        assert_eq!(found(&["images/train/a.jpg", "labels/train/a.txt"]), of("yolo", ""));
        assert_eq!(found(&["images/a.jpg", "labels/a.txt"]), of("yolo", ""));
        assert_eq!(found(&["train/_annotations.coco.json", "train/a.jpg", "valid/_annotations.coco.json", "valid/b.jpg"]), of("coco", ""));
        assert_eq!(found(&["annotations/instances_train2017.json", "train2017/a.jpg"]), of("coco", ""));
        assert_eq!(found(&["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]), of("idx", ""));
        assert_eq!(found(&["cifar-10-batches-bin/data_batch_1.bin"]), of("cifar", ""));
        assert_eq!(found(&["data/train-00000-of-00001.parquet"]), of("parquet", ""));
        assert_eq!(found(&["cat/a.jpg", "dog/b.jpg"]), of("folder", ""));
        assert_eq!(found(&["flowers/train/cat/a.jpg", "flowers/val/cat/b.jpg"]), of("folder", "flowers"));
    }

    #[test]
    fn other_names_of_folders_are_given() {
        let named = |images: &str, annotations: &str| vec![("voc", String::new(), Some(images.into()), Some(annotations.into()))];
        assert_eq!(found(&["pictures/a.jpg", "xml/a.xml"]), named("pictures", "xml"));
        assert_eq!(found(&["a.jpg", "a.xml"]), named(".", "."));
    }

    #[test]
    fn several_formats_are_all_told_and_nothing_is_nothing() {
        let two = found(&["images/a.jpg", "labels/a.txt", "annotations/all.json"]);
        assert_eq!(two.iter().map(|f| f.0).collect::<Vec<_>>(), ["yolo", "coco"]);
        assert!(found(&["a.jpg", "b.jpg"]).is_empty() && found(&[]).is_empty() && found(&["pictures/a.jpg"]).is_empty());
        let dir = place(&["x/a.jpg", "x/b.webp", "x/c.heic", "labels.csv"]);
        assert_eq!(Contents::of(dir.path()).unwrap(), Contents { entries: 2, images: 2, unsupported: 1, texts: 1 });
    }
}

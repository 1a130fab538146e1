//! What can be wrong with the files of a data set: one finding a kind, with a count and names.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// How many names a note shows.
pub const EXAMPLES: usize = 5;
/// How many names an error shows; [`Finding::all`] shows every one.
pub const NAMED: usize = 20;
/// How many names are kept of an error.
const KEPT: usize = 100_000;

/// What was found. Errors stop the scan; the others say what was left out or corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// Error: an image that a list or an annotation names is not there.
    MissingImage,
    /// Error: a listed image has no annotation file (VOC; in YOLO's form that is a background image).
    MissingAnnotation,
    /// Error: an image cannot be read, is truncated, or is over the limits.
    UnreadableImage,
    /// Error: an image in a format that is not read.
    UnsupportedImage,
    /// Error: an annotation file that is not what its format says.
    UnreadableAnnotation,
    /// Error: a line of a list that names nothing inside the data set.
    BadListEntry,
    /// Error: boxes of a class that the data set's description does not declare.
    UndeclaredClass,
    /// Images or annotation files that cannot be read, skipped because the document says so.
    SkippedBroken,
    /// Folders or lists that the description names and that are not there.
    MissingPlace,
    /// Images without a label file.
    NoLabelFile,
    /// Folders that look like labels and are not read.
    OtherLabels,
    /// Images whose annotation has no box.
    NoBoxes,
    /// Boxes without area; dropped.
    ZeroArea,
    /// Boxes wholly outside the image; dropped.
    Outside,
    /// Boxes more than a pixel over the edge; clipped.
    Clipped,
    /// Boxes of a class that the document does not choose; dropped.
    UnknownClass,
    /// Boxes that stand twice in one image; kept once, as upstream does.
    DuplicateBox,
    /// Objects marked as difficult (VOC) or as a crowd; skipped, as upstream's conversions do.
    Difficult,
    /// An annotation states another image size than the image has; boxes are scaled, as upstream's conversion does.
    SizeMismatch,
    /// An annotation states the size that the image has before EXIF turns it upright; boxes are turned with it.
    Turned,
    /// JPEGs that lack their end marker and nothing else.
    NoEndMarker,
    /// The same image bytes stand twice in one split; kept once.
    DuplicateImage,
    /// The same image bytes stand in two splits.
    SharedImage,
    /// Images without an annotation file, left out of splits by share (VOC).
    NotAnnotated,
    /// Declared classes of which nothing was found.
    EmptyClass,
    /// The same image bytes stand under two classes; the first is kept.
    TwoClasses,
    /// Files beside the folders of classes; not read.
    NoClass,
    /// Images in folders inside the folder of a class; not read.
    Nested,
    /// Files in folders of classes that are no images; not read.
    NoImage,
    /// Folders of classes that hold no image of their own.
    EmptyFolder,
    /// Folders that are read as splits under the usual name.
    SplitFolder,
    /// Images in folders beside those of the splits; not read.
    BesideSplits,
}

impl FindingKind {
    /// Whether the scan fails because of it.
    pub fn is_error(self) -> bool {
        self <= FindingKind::UndeclaredClass
    }

    /// Whether `broken=skip` makes a note of it.
    pub fn is_broken(self) -> bool {
        matches!(self, FindingKind::UnreadableImage | FindingKind::UnsupportedImage | FindingKind::UnreadableAnnotation)
    }

    /// What it means and what became of it: of one, of several.
    fn texts(self) -> [&'static str; 2] {
        match self {
            FindingKind::MissingImage => ["image that is named but not there", "images that are named but not there"],
            FindingKind::MissingAnnotation => ["listed image without an annotation file", "listed images without an annotation file"],
            FindingKind::UnreadableImage => [
                "image that cannot be read or is truncated (`broken=skip` on `data` leaves such images out)",
                "images that cannot be read or are truncated (`broken=skip` on `data` leaves them out)",
            ],
            FindingKind::UnsupportedImage => [
                "image in a format that is not read; convert it (`broken=skip` on `data` leaves such images out)",
                "images in formats that are not read; convert them (`broken=skip` on `data` leaves them out)",
            ],
            FindingKind::UnreadableAnnotation => [
                "annotation file that cannot be read (`broken=skip` on `data` leaves such images out)",
                "annotation files that cannot be read (`broken=skip` on `data` leaves their images out)",
            ],
            FindingKind::BadListEntry => {
                ["line of a list that names no image of the data set", "lines of a list that name no image of the data set"]
            }
            FindingKind::UndeclaredClass => ["box of a class that is not declared", "boxes of classes that are not declared"],
            FindingKind::SkippedBroken => ["image that cannot be used, skipped", "images that cannot be used, skipped"],
            FindingKind::MissingPlace => [
                "folder or list that is named but cannot be read, left out",
                "folders or lists that are named but cannot be read, left out",
            ],
            FindingKind::NoLabelFile => {
                ["image without a label file, taken as background", "images without a label file, taken as background"]
            }
            FindingKind::OtherLabels => ["folder that may hold labels, not read", "folders that may hold labels, not read"],
            FindingKind::NoBoxes => {
                ["image whose annotation has no box, taken as background", "images whose annotations have no box, taken as background"]
            }
            FindingKind::ZeroArea => ["box without area, dropped", "boxes without area, dropped"],
            FindingKind::Outside => ["box outside its image, dropped", "boxes outside their image, dropped"],
            FindingKind::Clipped => ["box over the edge of its image, clipped", "boxes over the edge of their image, clipped"],
            FindingKind::UnknownClass => {
                ["box of a class that `classes` does not name, dropped", "boxes of classes that `classes` does not name, dropped"]
            }
            FindingKind::DuplicateBox => {
                ["box that stands twice in its image, kept once", "boxes that stand twice in their image, kept once"]
            }
            FindingKind::Difficult => {
                ["object marked as difficult or as a crowd, skipped", "objects marked as difficult or as crowds, skipped"]
            }
            FindingKind::SizeMismatch => [
                "annotation that states another image size; boxes scaled to the image",
                "annotations that state another image size; boxes scaled to the image",
            ],
            FindingKind::Turned => [
                "annotation that states width and height as they are before EXIF turns the image; boxes turned with it",
                "annotations that state width and height as they are before EXIF turns the image; boxes turned with it",
            ],
            FindingKind::NoEndMarker => ["JPEG without its end marker, read", "JPEGs without their end marker, read"],
            FindingKind::DuplicateImage => {
                ["image whose bytes stand twice in a split, kept once", "images whose bytes stand twice in a split, kept once"]
            }
            FindingKind::SharedImage => ["image that stands in two splits", "images that stand in two splits"],
            FindingKind::NotAnnotated => ["image without an annotation file, left out", "images without an annotation file, left out"],
            FindingKind::EmptyClass => ["declared class that does not occur", "declared classes that do not occur"],
            FindingKind::TwoClasses => [
                "image whose bytes stand under two classes, kept under the first",
                "images whose bytes stand under two classes, kept under the first",
            ],
            FindingKind::NoClass => ["image outside the folders of classes, not read", "images outside the folders of classes, not read"],
            FindingKind::Nested => {
                ["image in a folder inside its class's folder, not read", "images in folders inside their class's folder, not read"]
            }
            FindingKind::NoImage => {
                ["file in a class's folder that is no image, not read", "files in classes' folders that are no images, not read"]
            }
            FindingKind::EmptyFolder => {
                ["folder without an image of its own, so no class", "folders without an image of their own, so no classes"]
            }
            FindingKind::SplitFolder => ["folder read as a split of another name", "folders read as splits of other names"],
            FindingKind::BesideSplits => ["image in a folder beside the splits, not read", "images in folders beside the splits, not read"],
        }
    }
}

/// All that was found of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// How often.
    pub count: usize,
    /// Names in the order of the images' paths: of a note the first few, of an error all.
    pub examples: Vec<String>,
}

impl Finding {
    /// With every name that is kept.
    pub fn all(&self) -> String {
        self.named(usize::MAX)
    }

    fn named(&self, most: usize) -> String {
        let [one, several] = self.kind.texts();
        let mut text = format!("{} {}", self.count, if self.count == 1 { one } else { several });
        let shown = &self.examples[..self.examples.len().min(most)];
        if !shown.is_empty() {
            text += &format!(": {}", shown.join(", "));
        }
        if self.kind.is_error() && shown.len() < self.examples.len() {
            text += &format!(" and {} more (`nasflow check --all` names them)", self.examples.len() - shown.len());
        } else if self.count > shown.len() && self.kind != FindingKind::UndeclaredClass {
            text += ", …";
        }
        text
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.named(NAMED))
    }
}

/// Collects findings: one a kind, whatever their number.
#[derive(Clone, Debug, Default)]
pub struct Findings(BTreeMap<FindingKind, (usize, Vec<String>)>);

impl Findings {
    /// Counts one; keeps its name if it is among those that are shown.
    pub fn add(&mut self, kind: FindingKind, example: impl Into<String>) {
        self.add_many(kind, 1, example);
    }

    /// Counts several that have one name.
    pub fn add_many(&mut self, kind: FindingKind, number: usize, example: impl Into<String>) {
        let (count, examples) = self.0.entry(kind).or_default();
        *count += number;
        keep(kind, examples, example.into());
    }

    /// Takes over what others found.
    pub fn extend(&mut self, other: Findings) {
        for (kind, (number, names)) in other.0 {
            let (count, examples) = self.0.entry(kind).or_default();
            *count += number;
            names.into_iter().for_each(|name| keep(kind, examples, name));
        }
    }

    /// Makes a note of what `broken=skip` leaves out.
    pub fn skip_broken(&mut self) {
        let broken: Vec<FindingKind> = self.0.keys().copied().filter(|k| k.is_broken()).collect();
        for kind in broken {
            let Some((count, examples)) = self.0.remove(&kind) else { continue };
            self.extend(Findings(BTreeMap::from([(FindingKind::SkippedBroken, (count, examples))])));
        }
    }

    /// Whether the scan must fail.
    pub fn has_errors(&self) -> bool {
        self.0.keys().any(|k| k.is_error())
    }

    /// In the order of [`FindingKind`].
    pub fn list(self) -> Vec<Finding> {
        self.0.into_iter().map(|(kind, (count, examples))| Finding { kind, count, examples }).collect()
    }
}

fn keep(kind: FindingKind, examples: &mut Vec<String>, name: String) {
    let most = if kind.is_error() { KEPT } else { EXAMPLES };
    // Of the few that a note shows each stands once; an error's are names of files, which differ.
    if examples.len() < most && (kind.is_error() || !examples.contains(&name)) {
        examples.push(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_an_error_can_be_had() {
        let mut findings = Findings::default();
        (0..30).for_each(|i| findings.add(FindingKind::UnreadableImage, format!("p{i}.jpg (cut)")));
        (0..30).for_each(|i| findings.add(FindingKind::Clipped, format!("q{i}.jpg")));
        assert!(findings.has_errors());
        let list = findings.clone().list();
        let shown = list[0].to_string();
        assert!(shown.contains("p19.jpg") && !shown.contains("p20.jpg") && shown.contains("10 more"), "{shown}");
        assert!(list[0].all().contains("p29.jpg (cut)"));
        assert!(list[1].to_string().ends_with("q4.jpg, …"), "{}", list[1]);
        findings.skip_broken();
        assert!(!findings.has_errors());
        let list = findings.list();
        assert_eq!((list[0].kind, list[0].count, list[0].examples.len()), (FindingKind::SkippedBroken, 30, EXAMPLES));
    }
}

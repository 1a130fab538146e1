//! What can be wrong with a data set: findings (one a kind, with a count and a few names) and errors.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};

/// How many names a finding shows.
pub const EXAMPLES: usize = 5;

/// What was found. Errors stop the scan; warnings say what was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// Error: an image that a list or an annotation names is not there.
    MissingImage,
    /// Error: a listed image has no annotation file (VOC; in YOLO's form that is a background image).
    MissingAnnotation,
    /// Error: an image cannot be read, is truncated, or is over the limits.
    UnreadableImage,
    /// Error: an image in a format other than JPEG and PNG.
    UnsupportedImage,
    /// Error: an annotation file that is not what its format says.
    UnreadableAnnotation,
    /// Error: a line of a list that names nothing inside the data set.
    BadListEntry,
    /// Boxes without area; dropped.
    ZeroArea,
    /// Boxes wholly outside the image; dropped.
    Outside,
    /// Boxes more than a pixel over the edge; clipped.
    Clipped,
    /// Boxes of a class that is not declared; dropped.
    UnknownClass,
    /// Boxes that stand twice in one image; kept once, as upstream does.
    DuplicateBox,
    /// VOC's objects marked difficult; skipped, as upstream's conversion does.
    Difficult,
    /// An annotation states another image size than the image has; boxes are scaled, as upstream's conversion does.
    SizeMismatch,
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
}

impl FindingKind {
    /// Whether the scan fails because of it.
    pub fn is_error(self) -> bool {
        self <= FindingKind::BadListEntry
    }

    /// What it means and what became of it.
    pub fn text(self) -> &'static str {
        match self {
            FindingKind::MissingImage => "images that are named but not there",
            FindingKind::MissingAnnotation => "listed images without an annotation file",
            FindingKind::UnreadableImage => "images that cannot be read or are truncated",
            FindingKind::UnsupportedImage => "images that are neither JPEG nor PNG; convert them",
            FindingKind::UnreadableAnnotation => "annotation files that cannot be read",
            FindingKind::BadListEntry => "lines of a list that name no image of the data set",
            FindingKind::ZeroArea => "boxes without area, dropped",
            FindingKind::Outside => "boxes outside their image, dropped",
            FindingKind::Clipped => "boxes over the edge of their image, clipped",
            FindingKind::UnknownClass => "boxes of classes that are not declared, dropped",
            FindingKind::DuplicateBox => "boxes that stand twice in their image, kept once",
            FindingKind::Difficult => "objects marked difficult, skipped",
            FindingKind::SizeMismatch => "annotations that state another image size; boxes scaled to the image",
            FindingKind::DuplicateImage => "images whose bytes stand twice in a split, kept once",
            FindingKind::SharedImage => "images that stand in two splits",
            FindingKind::NotAnnotated => "images without an annotation file, left out",
            FindingKind::EmptyClass => "declared classes that do not occur",
            FindingKind::TwoClasses => "images whose bytes stand under two classes, kept under the first",
            FindingKind::NoClass => "images outside the folders of classes, not read",
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
    /// The first few names, in the order of the images' paths.
    pub examples: Vec<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.count, self.kind.text())?;
        if !self.examples.is_empty() {
            write!(f, ": {}", self.examples.join(", "))?;
        }
        if self.count > self.examples.len() {
            f.write_str(", …")?;
        }
        Ok(())
    }
}

/// Collects findings: one a kind, whatever their number.
#[derive(Clone, Debug, Default)]
pub struct Findings(std::collections::BTreeMap<FindingKind, (usize, Vec<String>)>);

impl Findings {
    /// Counts one; keeps its name if it is among the first few.
    pub fn add(&mut self, kind: FindingKind, example: impl Into<String>) {
        let (count, examples) = self.0.entry(kind).or_default();
        *count += 1;
        if examples.len() < EXAMPLES {
            let example = example.into();
            if !examples.contains(&example) {
                examples.push(example);
            }
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

/// Why a data set cannot be used.
#[derive(Clone, Debug, PartialEq)]
pub enum DataError {
    /// A file or folder could not be read.
    Io {
        /// Which.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
    /// A file is not what its format says, or the description asks for what is not there.
    Format {
        /// Which file or folder.
        path: PathBuf,
        /// What is wrong and what to do.
        cause: String,
    },
    /// A file's bytes are not those that were scanned.
    Changed {
        /// Which.
        path: PathBuf,
    },
    /// The description of the data set cannot be followed.
    Invalid(String),
    /// Errors among the findings (warnings stand beside them).
    Findings(Vec<Finding>),
}

impl DataError {
    pub(crate) fn io(path: &Path, cause: impl fmt::Display) -> Self {
        DataError::Io { path: path.to_path_buf(), cause: cause.to_string() }
    }
    pub(crate) fn format(path: &Path, cause: impl fmt::Display) -> Self {
        DataError::Format { path: path.to_path_buf(), cause: cause.to_string() }
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataError::Io { path, cause } => write!(f, "cannot read {}: {cause}", path.display()),
            DataError::Format { path, cause } => write!(f, "{}: {cause}", path.display()),
            DataError::Changed { path } => {
                write!(
                    f,
                    "{} has changed since the data set was scanned; run again (with --rehash where its times did not change)",
                    path.display()
                )
            }
            DataError::Invalid(text) => f.write_str(text),
            DataError::Findings(findings) => {
                let lines: Vec<String> = findings.iter().filter(|f| f.kind.is_error()).map(ToString::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

impl std::error::Error for DataError {}

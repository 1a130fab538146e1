//! What a format of data sets is: its name and what it can do ([`About`]), where a data set lies ([`Source`]), which files it
//! consists of and how one of them is read ([`Format`]). The formats themselves are in [`formats`](super::formats).

use super::container::Container;
use super::error::DataError;
use super::layout::Layout;
use super::truth::{Annotation, Frame};
use crate::document::{Described, FormatShape, FormatWord, Spanned, SplitBy, Word};
use std::path::{Path, PathBuf};

/// What a format is called and what it can do. Everybody who names formats reads it: decoding, suggestions, the reference.
#[derive(Debug)]
pub struct About {
    /// Its word in the language, with what the reference says of it.
    pub word: Word,
    /// What a file may say of it.
    pub shape: FormatShape,
    /// Whether annotations name classes; else they give numbers.
    pub by_name: bool,
    /// Whether every image should have an annotation file of its own.
    pub annotated: bool,
}

impl Described for About {
    fn word(&self) -> &Word {
        &self.word
    }
}

impl FormatWord for About {
    fn shape(&self) -> &FormatShape {
        &self.shape
    }
}

/// Where a data set lies and what the document says about it.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// What paths are relative to.
    pub base: &'a Path,
    /// The folder (or description), as the document writes it.
    pub root: &'a Path,
    /// `images=`: the folder of the images where it has another name than usual.
    pub images: Option<&'a str>,
    /// `annotations=`: likewise of the annotations.
    pub annotations: Option<&'a str>,
    /// The splits that the document makes.
    pub splits: &'a [(Spanned<String>, SplitBy)],
}

/// Where a data set of a format lies in a folder that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lies {
    /// Its root under the folder; empty where it is the folder itself.
    pub root: PathBuf,
    /// The folder of the images where it has another name than usual.
    pub images: Option<String>,
    /// Likewise of the annotations.
    pub annotations: Option<String>,
    /// Whether its names are this format's own. Else they fit almost any folder, and another format that is sure comes first.
    pub sure: bool,
}

impl Lies {
    /// Right here, under the usual names.
    pub fn here() -> Option<Lies> {
        Some(Lies { root: PathBuf::new(), images: None, annotations: None, sure: true })
    }
}

/// A format.
pub trait Format: Sync {
    /// What it is called and what it can do.
    fn about(&self) -> &'static About;

    /// Whether a folder (or a description, such as a `data.yaml`) looks like a data set of this format; by names, and the first
    /// bytes of a description.
    ///
    /// # Errors
    /// A folder that cannot be read.
    fn recognise(&self, _place: &Path) -> Result<Option<Lies>, DataError> {
        Ok(None)
    }

    /// Which files there are. Looks at names, descriptions and lists, of everything else at nothing.
    ///
    /// # Errors
    /// What makes the data set useless whatever is read of it; what is wrong with one split is told in that split.
    fn layout(&self, source: &Source) -> Result<Layout, DataError>;

    /// Longest annotation file in bytes.
    fn longest_annotation(&self) -> u64 {
        0
    }

    /// What an annotation file says about its image.
    ///
    /// # Errors
    /// What is wrong with the file, without its name.
    fn annotation(&self, _bytes: &[u8], _frame: Frame) -> Result<Annotation, String> {
        Err(format!("format `{}` has no annotation files", self.about().word.name))
    }

    /// A file with many images.
    ///
    /// # Errors
    /// A file that cannot be read or is not of the format; parts that do not agree.
    fn container(&self, path: &Path) -> Result<Container, DataError> {
        Err(DataError::format(path, format!("format `{}` has no files with many images", self.about().word.name)))
    }
}

impl Source<'_> {
    /// Whether the document deals images out by shares.
    pub fn by_share(&self) -> bool {
        self.splits.iter().any(|(_, by)| matches!(by, SplitBy::Share(_)))
    }

    /// Lists that the document names, by split.
    pub fn lists(&self) -> impl Iterator<Item = (&str, &str)> {
        self.splits.iter().filter_map(|(name, by)| match by {
            SplitBy::File(file) => Some((name.value.as_str(), file.value.as_str())),
            SplitBy::Share(_) => None,
        })
    }

    /// Fails where the root is no folder.
    pub fn folder(&self) -> Result<(), DataError> {
        let full = self.base.join(self.root);
        if full.is_dir() { Ok(()) } else { Err(DataError::format(&full, "no such folder")) }
    }
}

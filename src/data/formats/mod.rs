//! The formats of data sets. Each is one value in one file: what it is called and what it can do ([`About`]), which files
//! it consists of, and how one of them is read. [`FORMATS`] has one line for each; everybody else asks it.

#[cfg(feature = "hub")]
mod candle;
mod cifar;
mod coco;
mod coco_numbers;
pub mod data_yaml;
mod folder;
mod hub;
mod idx;
mod parquet;
mod voc;
mod yolo;
mod yolo_labels;

pub(crate) use hub::name as hub_name;

use super::container::Container;
use super::error::DataError;
use super::layout::Layout;
use super::truth::{Annotation, Frame};
use crate::document::{Data, DataSource, Described, FormatShape, FormatWord, Spanned, SplitBy, Word, Words};
use std::path::Path;

/// Every format, one line each.
static FORMATS: &[&dyn Format] = &[
    // Images with boxes.
    &voc::Voc,
    &yolo::Yolo,
    &coco::Coco,
    // Images of one class each.
    &idx::Idx,
    &cifar::Cifar,
    &parquet::Parquet,
    &folder::Folder,
];

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

/// The words of the formats, for the language.
pub fn words() -> Words<dyn FormatWord> {
    Words { known: FORMATS.iter().map(|f| f.about() as &dyn FormatWord).collect(), later: &[] }
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

/// A format.
pub trait Format: Sync {
    /// What it is called and what it can do.
    fn about(&self) -> &'static About;

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

/// A format by its word.
pub fn by_word(word: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().chain([&hub::Hub as &dyn Format]).find(|f| f.about().word.name == word)
}

/// The format of a data set and where it lies; none where its images are generated.
pub fn of<'a>(data: &'a Data, base: &'a Path) -> Option<(&'static dyn Format, Source<'a>)> {
    let DataSource::Files { format, root } = &data.source else { return None };
    let text = |t: &'a Option<Spanned<String>>| t.as_ref().map(|t| t.value.as_str());
    let source = Source {
        base,
        root: Path::new(&root.value),
        images: text(&data.images),
        annotations: text(&data.annotations),
        splits: &data.splits,
    };
    let format = if hub::name(source.root).is_some() { &hub::Hub } else { by_word(format.name())? };
    Some((format, source))
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

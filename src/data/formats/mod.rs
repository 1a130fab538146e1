//! The formats of data sets. Each is one value in one file: what it is called and what it can do ([`About`](super::format::About)), which
//! files it consists of, and how one of them is read. [`FORMATS`] has one line for each; everybody else asks it.

mod box_form;
#[cfg(feature = "hub")]
mod candle;
mod cifar;
mod cifar_file;
mod coco;
mod coco_numbers;
pub mod data_yaml;
mod folder;
mod hub;
mod hub_names;
mod hub_table;
mod idx;
mod idx_file;
mod parquet;
mod parquet_boxes;
mod voc;
mod voc_files;
mod voc_folders;
mod yolo;
mod yolo_labels;

use super::container::{Container, hub_name};
use super::error::DataError;
use super::format::{Format, Source};
use crate::document::{Data, DataSource, FormatWord, Spanned, Words};
use std::path::Path;

/// Every format, one line each.
static FORMATS: &[&dyn Format] = &[
    // Images with boxes.
    &voc::Voc,
    &yolo::Yolo,
    &coco::Coco,
    &parquet_boxes::ParquetBoxes,
    // Images of one class each.
    &idx::Idx,
    &cifar::Cifar,
    &parquet::Parquet,
    &folder::Folder,
];

/// The words of the formats, for the language.
pub fn words() -> Words<dyn FormatWord> {
    Words { known: FORMATS.iter().map(|f| f.about() as &dyn FormatWord).collect(), later: &[] }
}

/// All that a folder may be of.
pub(super) fn all() -> impl Iterator<Item = &'static dyn Format> {
    FORMATS.iter().copied()
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
        // Those that are missing are known once its own are.
        splits: if data.only_missing { &[] } else { &data.splits },
    };
    let format = if hub_name(source.root).is_some() { &hub::Hub } else { by_word(format.name())? };
    Some((format, source))
}

/// Reads a file with many images whole. `path` is relative to `base`.
///
/// # Errors
/// A file that cannot be read or is not of the format; parts that do not agree; a file without images.
pub(crate) fn open(format: &dyn Format, base: &Path, path: &Path) -> Result<Container, DataError> {
    // What the hub gives is no file.
    let full = if hub_name(path).is_some() { path.to_path_buf() } else { base.join(path) };
    let container = format.container(&full)?;
    if container.len() == 0 {
        return Err(DataError::format(&full, "it holds no images"));
    }
    Ok(container)
}

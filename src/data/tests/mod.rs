//! The room as a whole: formats to packs to batches.

mod batches;
mod bccd;
pub(super) mod coco;
mod dirty;
mod folders;
mod formats;
pub(crate) mod labelled;
mod missing;
mod sizes;
mod tables;

use super::error::DataError;
use super::layout::Need;
use super::pack::Object;
use super::scanned::Scan;
use crate::document::{Augment, Data, DataFormat, DataSource, Span, Spanned, SplitBy};
use std::path::Path;

pub(crate) const PLAIN: Augment = Augment::NONE;

pub(crate) fn spanned<T>(value: T) -> Spanned<T> {
    Spanned { value, span: Span::default() }
}

pub(crate) fn data(source: DataSource, image_size: usize) -> Data {
    let (images, annotations, skip_broken) = (None, None, false);
    Data {
        name: spanned("d".into()),
        source,
        fetch: None,
        image_size,
        classes: vec![],
        splits: vec![],
        split_seed: 0,
        stratify: false,
        only_missing: false,
        folds: vec![],
        images,
        annotations,
        skip_broken,
    }
}

/// Everything of a data set is read.
pub(crate) fn scan(data: &Data) -> Result<Scan, DataError> {
    super::scan(data, Path::new(""), &Need::all())
}

/// Only these splits are.
pub(crate) fn scan_of(data: &Data, splits: &[&str]) -> Result<Scan, DataError> {
    let splits = Some(splits.iter().map(ToString::to_string).collect());
    super::scan(data, Path::new(""), &Need { splits, anchors: false })
}

/// A data set of a format, by its word.
pub(crate) fn files_of(format: &str, root: &Path, image_size: usize) -> Data {
    let format = DataFormat(super::words().find(format).expect("a format"));
    data(DataSource::Files { format, root: spanned(root.to_string_lossy().into_owned()) }, image_size)
}

pub(crate) fn voc(root: &Path) -> Data {
    files_of("voc", root, 160)
}

pub(crate) fn yolo(root: &Path) -> Data {
    files_of("yolo", root, 160)
}

pub(crate) fn shapes(images: usize, classes: usize, image_size: usize) -> Data {
    data(DataSource::Shapes { images, classes, seed: 0 }, image_size)
}

pub(crate) fn shares(data: &mut Data, shares: &[(&str, f64)]) {
    data.splits = shares.iter().map(|(n, s)| (spanned(n.to_string()), SplitBy::Share(*s))).collect();
}

pub(crate) fn files(data: &mut Data, files: &[(&str, &str)]) {
    data.splits = files.iter().map(|(n, f)| (spanned(n.to_string()), SplitBy::File(spanned(f.to_string())))).collect();
}

/// A PNG of one colour with a few marks, so that images differ.
pub(crate) fn png(width: usize, height: usize, mark: u8) -> Vec<u8> {
    let pixels: Vec<u8> = (0..width * height * 3).map(|i| if i % 97 == 0 { mark } else { 90 }).collect();
    let mut out = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut out);
    image::ImageEncoder::write_image(encoder, &pixels, width as u32, height as u32, image::ExtendedColorType::Rgb8).unwrap();
    out
}

/// A VOC set: (stem, bytes of the image, suffix, objects as XML).
pub(crate) fn write_voc(root: &Path, images: &[(&str, Vec<u8>, String)], lists: &[(&str, &str)]) {
    for folder in ["JPEGImages", "Annotations", "ImageSets/Main"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    for (stem, bytes, objects) in images {
        std::fs::write(root.join("JPEGImages").join(format!("{stem}.png")), bytes).unwrap();
        std::fs::write(root.join("Annotations").join(format!("{stem}.xml")), format!("<annotation>{objects}</annotation>")).unwrap();
    }
    for (name, text) in lists {
        std::fs::write(root.join("ImageSets/Main").join(name), text).unwrap();
    }
}

pub(crate) fn object(class: &str, b: [i32; 4]) -> String {
    let [x1, y1, x2, y2] = b;
    format!("<object><name>{class}</name><bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>")
}

pub(crate) fn sixteenths(class: u16, b: [i32; 4]) -> Object {
    let [x1, y1, x2, y2] = b.map(|v| v * 16);
    Object { class, x1, y1, x2, y2 }
}

//! The formats of data sets, as far as a file is concerned.

use crate::document::{Described, Word, Words};

static FORMATS: [Word; 6] = [
    Word::new("voc", "Boxes in Pascal VOC's XML files."),
    Word::new("yolo", "Boxes in YOLO's text files, one beside each image."),
    Word::new("idx", "MNIST's files: images of one class each."),
    Word::new("cifar", "CIFAR's binary batches: images of one class each."),
    Word::new("parquet", "Hugging Face's tables of images of one class each."),
    Word::new("folder", "A folder of images for every class."),
];

/// The formats, and those of later versions.
pub fn words() -> Words<dyn Described> {
    Words { known: FORMATS.iter().map(|w| w as &dyn Described).collect(), later: &["coco"] }
}

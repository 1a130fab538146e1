//! Hugging Face's layout: `train-00000-of-00001.parquet` and so on, or `train/0000.parquet`; a row has an image (a JPEG or PNG
//! file, alone or as `bytes` of a group) and a class number. Class names are in the file's own description, where it has one.

use super::super::container::{Container, Images, MAX_CONTAINER, Truths};
use super::super::error::DataError;
use super::super::format::{About, Format, Lies, Source};
use super::super::layout::Layout;
use super::hub_table::{class, described, first_file, image_column, image_file, layout, listed, pick, read, readme_names, schema};
use super::parquet_boxes;
use crate::document::{FormatShape, Task, Word};
use parquet::basic::Type as Physical;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Row;
use parquet::schema::types::Type;
use std::fs::File;
use std::path::Path;

/// `format=parquet`
pub struct Parquet;

static ABOUT: About = About {
    word: Word::new("parquet", "Hugging Face's tables of images with one class each; `image-size` is 32."),
    shape: FormatShape { task: Task::Classify, image_size: 32, splits: &["train", "val", "test"], lists: false, folders: false },
    by_name: false,
    annotated: false,
};

impl Format for Parquet {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn recognise(&self, place: &Path) -> Result<Option<Lies>, DataError> {
        // What cannot be read is of this format, whose reader then says why.
        Ok(if first_file(place).is_some_and(|file| !parquet_boxes::holds_boxes(&file)) { Lies::here() } else { None })
    }

    fn layout(&self, source: &Source) -> Result<Layout, DataError> {
        let mut layout = layout(source)?;
        let first = layout.containers.first().map(|path| source.base.join(path));
        let column = first.and_then(|path| schema(&path, |schema| Ok(Columns::of(schema)?.label)).ok());
        readme_names(source, &mut layout, column.map(|label| vec![label]));
        Ok(layout)
    }

    fn container(&self, path: &Path) -> Result<Container, DataError> {
        read(path, rows)
    }
}

fn rows(reader: &SerializedFileReader<File>) -> Result<Container, String> {
    let metadata = reader.metadata().file_metadata();
    let columns = Columns::of(metadata.schema_descr().root_schema())?;
    let count = metadata.num_rows();
    let names = described(reader, std::slice::from_ref(&columns.label));
    let (mut labels, mut files, mut total) = (Vec::new(), Vec::new(), 0u64);
    for (i, row) in reader.get_row_iter(None).map_err(|e| e.to_string())?.enumerate() {
        let row = row.map_err(|e| format!("row {i}: {e}"))?;
        let (label, file) = columns.read(&row).map_err(|e| format!("row {i}: {e}"))?;
        if names.as_ref().is_some_and(|n: &Vec<String>| label >= n.len()) {
            return Err(format!("row {i} is of class {label}; its description names {}", names.map_or(0, |n| n.len())));
        }
        total += file.len() as u64;
        if total > MAX_CONTAINER {
            return Err(format!("its images take more than {} GiB", MAX_CONTAINER >> 30));
        }
        labels.push(label);
        files.push(file);
    }
    if labels.len() as i64 != count {
        return Err(format!("{} rows where its head says {count}", labels.len()));
    }
    Ok(Container { truths: Truths::Classes(labels), names, images: Images::Encoded(files) })
}

/// Which columns are read.
struct Columns {
    image: String,
    label: String,
}

impl Columns {
    fn of(schema: &Type) -> Result<Columns, String> {
        let whole = |t: &Type| t.is_primitive() && matches!(t.get_physical_type(), Physical::INT64 | Physical::INT32);
        let liked = ["label", "labels", "fine_label"];
        let label = pick(schema.get_fields(), &whole, &liked);
        // The only number of such a table is that of the image.
        if !label.as_deref().is_some_and(|l| liked.contains(&l)) && parquet_boxes::has_boxes(schema) {
            return Err("its images have boxes: `format=parquet-boxes` reads them".into());
        }
        Ok(Columns {
            image: image_column(schema)?,
            label: label.ok_or_else(|| format!("no column `label` with class numbers among {}", listed(schema)))?,
        })
    }

    fn read(&self, row: &Row) -> Result<(usize, Vec<u8>), String> {
        let (mut label, mut file) = (None, None);
        for (name, field) in row.get_column_iter() {
            if *name == self.label {
                label = class(field);
            } else if *name == self.image {
                file = image_file(field);
            }
        }
        Ok((label.ok_or("its class is no number from 0 to 65,534")?, file.ok_or("its image is missing")?))
    }
}

//! Hugging Face's layout: `train-00000-of-00001.parquet` and so on, or `train/0000.parquet`; a row has an image (a JPEG or PNG
//! file, alone or as `bytes` of a group) and a class number. Class names are in the file's own description, where it has one.

use super::super::container::{Container, Images, MAX_CONTAINER};
use super::super::error::DataError;
use super::super::files::names_in;
use super::super::format::{About, Format, Lies, Source};
use super::super::layout::{Layout, OwnSplit};
use crate::document::{FormatShape, Task, Word};
use parquet::basic::Type as Physical;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

const SPLITS: [(&str, &str); 5] = [("train", "train"), ("validation", "val"), ("valid", "val"), ("val", "val"), ("test", "test")];

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
        if !place.is_dir() {
            return Ok(None);
        }
        let source = Source { base: Path::new(""), root: place, images: None, annotations: None, splits: &[] };
        Ok(if self.layout(&source).is_ok() { Lies::here() } else { None })
    }

    fn layout(&self, source: &Source) -> Result<Layout, DataError> {
        source.folder()?;
        let (base, root) = (source.base, source.root);
        let mut found = parquets(base, root)?;
        if found.is_empty() {
            // One folder of a configuration, as `plain_text` or `data`.
            let inner = names_in(&base.join(root))?;
            let inner: Vec<PathBuf> = inner.into_iter().map(|n| root.join(n)).filter(|p| base.join(p).is_dir()).collect();
            for folder in inner {
                let here = parquets(base, &folder)?;
                if !here.is_empty() && !found.is_empty() {
                    return Err(DataError::format(&base.join(root), "several of its folders hold parquet files; name one as `root`"));
                }
                found.extend(here);
            }
        }
        if found.is_empty() {
            return Err(DataError::format(&base.join(root), "it holds no train-….parquet, nor train/….parquet"));
        }
        let mut layout = Layout::default();
        for (number, (split, path)) in found.into_iter().enumerate() {
            layout.containers.push(path);
            match layout.splits.iter_mut().find(|own| own.name == split) {
                Some(own) => own.containers.push(number),
                None => layout.splits.push(OwnSplit { name: split, containers: vec![number], ..OwnSplit::default() }),
            }
        }
        Ok(layout)
    }

    fn container(&self, path: &Path) -> Result<Container, DataError> {
        read(path)
    }
}

/// (split, file) in a folder and in those of its folders that are splits.
fn parquets(base: &Path, folder: &Path) -> Result<Vec<(String, PathBuf)>, DataError> {
    let mut found = Vec::new();
    for name in names_in(&base.join(folder))? {
        let path = folder.join(&name);
        let Some((_, split)) =
            SPLITS.iter().find(|(s, _)| name.strip_prefix(s).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
        else {
            continue;
        };
        if base.join(&path).is_dir() {
            let inner = names_in(&base.join(&path))?.into_iter().filter(|n| n.ends_with(".parquet"));
            found.extend(inner.map(|n| (split.to_string(), path.join(n))));
        } else if name.ends_with(".parquet") {
            found.push((split.to_string(), path));
        }
    }
    // Training first, whatever the names: class names are checked against the first file's.
    found.sort_by_key(|(split, path)| (SPLITS.iter().position(|(_, s)| s == split), path.clone()));
    Ok(found)
}

fn read(path: &Path) -> Result<Container, DataError> {
    let file = File::open(path).map_err(|e| DataError::io(path, e))?;
    if file.metadata().map_err(|e| DataError::io(path, e))?.len() > MAX_CONTAINER {
        return Err(DataError::format(path, format!("longer than {} GiB", MAX_CONTAINER >> 30)));
    }
    // The parquet crate has panicked on damaged files; one of them is no reason for this program to end.
    let read = catch_unwind(AssertUnwindSafe(|| rows(file)));
    let read = read.unwrap_or_else(|_| Err("damaged: its reader gave up".into()));
    read.map_err(|e| DataError::format(path, e))
}

fn rows(file: File) -> Result<Container, String> {
    let reader = SerializedFileReader::new(file).map_err(|e| e.to_string())?;
    let metadata = reader.metadata().file_metadata();
    let columns = Columns::of(metadata.schema_descr().root_schema())?;
    let count = metadata.num_rows();
    let texts = metadata.key_value_metadata().into_iter().flatten();
    let names = texts.filter(|kv| kv.key == "huggingface").find_map(|kv| names(kv.value.as_deref()?, &columns.label));
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
    Ok(Container { labels, names, images: Images::Encoded(files) })
}

/// Which columns are read.
struct Columns {
    image: String,
    label: String,
}

impl Columns {
    fn of(schema: &Type) -> Result<Columns, String> {
        let bytes = |t: &Type| t.is_primitive() && t.get_physical_type() == Physical::BYTE_ARRAY;
        let image = |t: &Type| if t.is_group() { t.get_fields().iter().any(|f| f.name() == "bytes" && bytes(f)) } else { bytes(t) };
        let whole = |t: &Type| t.is_primitive() && matches!(t.get_physical_type(), Physical::INT64 | Physical::INT32);
        let fields = schema.get_fields();
        let pick = |fits: &dyn Fn(&Type) -> bool, liked: &[&str]| {
            let all: Vec<&str> = fields.iter().filter(|f| fits(f)).map(|f| f.name()).collect();
            liked.iter().find(|l| all.contains(l)).copied().or(if all.len() == 1 { Some(all[0]) } else { None }).map(str::to_string)
        };
        let all = || fields.iter().map(|f| f.name()).collect::<Vec<_>>().join(", ");
        Ok(Columns {
            image: pick(&image, &["img", "image"]).ok_or_else(|| format!("no column `img` or `image` with image files among {}", all()))?,
            label: pick(&whole, &["label", "labels", "fine_label"])
                .ok_or_else(|| format!("no column `label` with class numbers among {}", all()))?,
        })
    }

    fn read(&self, row: &Row) -> Result<(usize, Vec<u8>), String> {
        let (mut label, mut file) = (None, None);
        for (name, field) in row.get_column_iter() {
            if *name == self.label {
                let number = match field {
                    Field::Long(v) => Some(*v),
                    Field::Int(v) => Some(i64::from(*v)),
                    _ => None,
                };
                label = number.and_then(|v| usize::try_from(v).ok()).filter(|&v| v < usize::from(u16::MAX));
            } else if *name == self.image {
                file = match field {
                    Field::Bytes(bytes) => Some(bytes.data().to_vec()),
                    Field::Group(inner) => inner.get_column_iter().find_map(|(n, f)| match f {
                        Field::Bytes(bytes) if n == "bytes" => Some(bytes.data().to_vec()),
                        _ => None,
                    }),
                    _ => None,
                };
            }
        }
        Ok((label.ok_or("its class is no number from 0 to 65,534")?, file.ok_or("its image is missing")?))
    }
}

/// The class names in Hugging Face's description of the columns.
fn names(text: &str, column: &str) -> Option<Vec<String>> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let names = value["info"]["features"][column]["names"].as_array()?;
    names.iter().map(|n| n.as_str().map(str::to_string)).collect()
}

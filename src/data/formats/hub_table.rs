//! Files of Hugging Face's tables: where they lie, how one is opened, and what the columns of images are. Both formats of such tables
//! read by it.

use super::super::container::MAX_CONTAINER;
use super::super::error::DataError;
use super::super::files::{names_in, read_capped};
use super::super::format::Source;
use super::super::layout::{Layout, OwnSplit};
use super::super::text;
use super::hub_names;
use parquet::basic::Type as Physical;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::Type;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SPLITS: [(&str, &str); 5] = [("train", "train"), ("validation", "val"), ("valid", "val"), ("val", "val"), ("test", "test")];

/// The first of the files in a folder that was looked at; none where it has no files of this layout.
pub(super) fn first_file(place: &Path) -> Option<PathBuf> {
    let source = Source { base: Path::new(""), root: place, images: None, annotations: None, splits: &[] };
    if place.is_dir() { layout(&source).ok()?.containers.into_iter().next() } else { None }
}

/// The files and the splits that they make.
pub(super) fn layout(source: &Source) -> Result<Layout, DataError> {
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

/// Class names from a README.md in the root, or beside it where it is the folder `data`. What a file says of itself comes before them.
pub(super) fn readme_names(source: &Source, layout: &mut Layout, column: Option<Vec<String>>) {
    let Some(column) = column else { return };
    let above = source.root.parent().filter(|_| source.root.file_name().is_some_and(|n| n == "data"));
    for folder in [Some(source.root), above].into_iter().flatten() {
        let path = folder.join("README.md");
        let Ok(bytes) = read_capped(&source.base.join(&path), hub_names::MAX_README) else { continue };
        layout.names = text::plain(&bytes).ok().and_then(|text| hub_names::of_readme(&text, &column));
        layout.others.push(path);
        return;
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

/// What one file gives.
pub(super) fn read<T>(path: &Path, of: impl FnOnce(&SerializedFileReader<File>) -> Result<T, String>) -> Result<T, DataError> {
    let file = File::open(path).map_err(|e| DataError::io(path, e))?;
    if file.metadata().map_err(|e| DataError::io(path, e))?.len() > MAX_CONTAINER {
        return Err(DataError::format(path, format!("longer than {} GiB", MAX_CONTAINER >> 30)));
    }
    // The parquet crate has panicked on damaged files; one of them is no reason for this program to end.
    let read = catch_unwind(AssertUnwindSafe(|| of(&SerializedFileReader::new(file).map_err(|e| e.to_string())?)));
    let read = read.unwrap_or_else(|_| Err("damaged: its reader gave up".into()));
    read.map_err(|e| DataError::format(path, e))
}

/// What the columns of a file say.
pub(super) fn schema<T>(path: &Path, of: impl FnOnce(&Type) -> Result<T, String>) -> Result<T, DataError> {
    read(path, |reader| of(reader.metadata().file_metadata().schema_descr().root_schema()))
}

/// The names of a column's classes, as the file itself describes them.
pub(super) fn described(reader: &SerializedFileReader<File>, column: &[String]) -> Option<Vec<String>> {
    let texts = reader.metadata().file_metadata().key_value_metadata().into_iter().flatten();
    texts.filter(|kv| kv.key == "huggingface").find_map(|kv| hub_names::described(kv.value.as_deref()?, column))
}

/// The only column that fits, or the first of those that are called so.
pub(super) fn pick(fields: &[Arc<Type>], fits: &dyn Fn(&Type) -> bool, liked: &[&str]) -> Option<String> {
    let all: Vec<&str> = fields.iter().filter(|f| fits(f)).map(|f| f.name()).collect();
    liked.iter().find(|l| all.contains(l)).copied().or(if all.len() == 1 { Some(all[0]) } else { None }).map(str::to_string)
}

/// The column of image files.
pub(super) fn image_column(schema: &Type) -> Result<String, String> {
    let bytes = |t: &Type| t.is_primitive() && t.get_physical_type() == Physical::BYTE_ARRAY;
    let image = |t: &Type| if t.is_group() { t.get_fields().iter().any(|f| f.name() == "bytes" && bytes(f)) } else { bytes(t) };
    pick(schema.get_fields(), &image, &["img", "image"])
        .ok_or_else(|| format!("no column `img` or `image` with image files among {}", listed(schema)))
}

/// The names of all columns.
pub(super) fn listed(schema: &Type) -> String {
    schema.get_fields().iter().map(|f| f.name()).collect::<Vec<_>>().join(", ")
}

/// The bytes of an image file: alone, or as `bytes` of a group.
pub(super) fn image_file(field: &Field) -> Option<Vec<u8>> {
    match field {
        Field::Bytes(bytes) => Some(bytes.data().to_vec()),
        Field::Group(inner) => inner.get_column_iter().find_map(|(n, f)| match f {
            Field::Bytes(bytes) if n == "bytes" => Some(bytes.data().to_vec()),
            _ => None,
        }),
        _ => None,
    }
}

/// A whole number.
pub(super) fn whole(field: &Field) -> Option<i64> {
    match field {
        Field::Long(v) => Some(*v),
        Field::Int(v) => Some(i64::from(*v)),
        Field::Short(v) => Some(i64::from(*v)),
        Field::Byte(v) => Some(i64::from(*v)),
        Field::UByte(v) => Some(i64::from(*v)),
        Field::UShort(v) => Some(i64::from(*v)),
        Field::UInt(v) => Some(i64::from(*v)),
        Field::ULong(v) => i64::try_from(*v).ok(),
        _ => None,
    }
}

/// The number of a class.
pub(super) fn class(field: &Field) -> Option<usize> {
    whole(field).and_then(|v| usize::try_from(v).ok()).filter(|&v| v < usize::from(u16::MAX))
}

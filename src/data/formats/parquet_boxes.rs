//! Hugging Face's tables of images with boxes, in the layout of `parquet`. A row has an image and its objects, either as a group of
//! lists (`objects: {bbox: [...], category: [...]}`, as `Sequence` writes it), as a list of groups (`objects: [{bbox, category}]`), or as
//! lists of the row itself. A box is COCO's: left, top, width, height in pixels. Class names are in the file's own description,
//! else in the README.md.

use super::super::container::{Container, Images, MAX_CONTAINER, Truths};
use super::super::error::{DataError, FindingKind};
use super::super::format::{About, Format, Lies, Source};
use super::super::layout::Layout;
use super::super::truth::{Annotation, ClassRef, RawBox};
use super::box_form::Form;
use super::hub_table;
use crate::document::{FormatShape, Task, Word};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use std::fs::File;
use std::path::Path;

/// What boxes, their classes and the mark of a crowd are called; the group that holds them.
const BOXES: [&str; 5] = ["bbox", "bboxes", "box", "boxes", "bounding_box"];
const CLASSES: [&str; 9] = ["category", "categories", "category_id", "label", "labels", "class", "classes", "class_id", "category_ids"];
const CROWDS: [&str; 2] = ["iscrowd", "is_crowd"];
const GROUPS: [&str; 4] = ["objects", "annotations", "object", "annotation"];

/// `format=parquet-boxes`
pub struct ParquetBoxes;

static ABOUT: About = About {
    word: Word::new("parquet-boxes", "Hugging Face's tables of images with boxes: `objects` with `bbox` and `category`."),
    shape: FormatShape { task: Task::Detect, image_size: 640, splits: &["train", "val", "test"], lists: false, folders: false },
    by_name: false,
    annotated: false,
};

impl Format for ParquetBoxes {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn recognise(&self, place: &Path) -> Result<Option<Lies>, DataError> {
        Ok(if hub_table::first_file(place).is_some_and(|file| holds_boxes(&file)) { Lies::here() } else { None })
    }

    fn layout(&self, source: &Source) -> Result<Layout, DataError> {
        let mut layout = hub_table::layout(source)?;
        let first = layout.containers.first().map(|path| source.base.join(path));
        let column = first.and_then(|path| hub_table::schema(&path, Columns::of).ok()).map(|columns| columns.path());
        hub_table::readme_names(source, &mut layout, column);
        // Shares are of all images, whichever file they are in.
        if source.by_share() {
            layout.splits.clear();
        }
        Ok(layout)
    }

    fn container(&self, path: &Path) -> Result<Container, DataError> {
        hub_table::read(path, rows)
    }
}

/// Whether a file has columns of images and of boxes.
pub(super) fn holds_boxes(path: &Path) -> bool {
    hub_table::schema(path, Columns::of).is_ok()
}

/// Whether these are such columns.
pub(super) fn has_boxes(schema: &Type) -> bool {
    Columns::of(schema).is_ok()
}

/// Which columns are read.
#[derive(Debug)]
struct Columns {
    image: String,
    /// The column with the objects; none where boxes and classes are columns of their own.
    group: Option<String>,
    boxes: String,
    class: String,
    crowd: Option<String>,
}

/// The fields of a group, through what stands for a list of groups.
fn inside(t: &Type) -> &[std::sync::Arc<Type>] {
    if !t.is_group() {
        return &[];
    }
    match t.get_fields() {
        [only] if only.is_group() && matches!(only.name(), "list" | "array" | "bag" | "element" | "item") => inside(only),
        fields => fields,
    }
}

impl Columns {
    fn of(schema: &Type) -> Result<Columns, String> {
        let image = hub_table::image_column(schema)?;
        let named = |fields: &[std::sync::Arc<Type>], names: &[&str]| {
            names.iter().find(|name| fields.iter().any(|f| f.name() == **name)).map(ToString::to_string)
        };
        let of = |fields: &[std::sync::Arc<Type>], group: Option<String>| {
            let (boxes, class) = (named(fields, &BOXES)?, named(fields, &CLASSES)?);
            Some(Columns { image: image.clone(), group, boxes, class, crowd: named(fields, &CROWDS) })
        };
        let fields = schema.get_fields();
        let mut groups: Vec<&std::sync::Arc<Type>> = fields.iter().filter(|f| !inside(f).is_empty() && f.name() != image).collect();
        groups.sort_by_key(|f| GROUPS.iter().position(|name| f.name() == *name).unwrap_or(GROUPS.len()));
        let grouped = groups.into_iter().find_map(|f| of(inside(f), Some(f.name().to_string())));
        grouped.or_else(|| of(fields, None)).ok_or_else(|| {
            let columns = hub_table::listed(schema);
            format!("no column `objects` with `bbox` and `category` among {columns}")
        })
    }

    /// Where the classes are.
    fn path(&self) -> Vec<String> {
        self.group.iter().chain([&self.class]).cloned().collect()
    }

    /// The image file of a row, its boxes, and the size of the image that the row states.
    fn read(&self, row: &Row) -> Result<(Vec<u8>, Annotation, Option<(f64, f64)>), String> {
        let field = |wanted: &str| row.get_column_iter().find(|(name, _)| name.as_str() == wanted).map(|(_, field)| field);
        let file = field(&self.image).and_then(hub_table::image_file).ok_or("its image is missing")?;
        let annotation = match self.group.as_deref().map(field) {
            None => self.lists(row)?,
            Some(None | Some(Field::Null)) => Annotation::default(),
            Some(Some(Field::Group(group))) => self.lists(group)?,
            Some(Some(Field::ListInternal(list))) => self.groups(list.elements())?,
            Some(Some(_)) => return Err("its objects are neither a group nor a list of groups".into()),
        };
        let side = |name: &str| field(name).and_then(number);
        Ok((file, annotation, side("width").zip(side("height"))))
    }

    /// Boxes and classes each in a list.
    fn lists(&self, row: &Row) -> Result<Annotation, String> {
        let list = |wanted: &str| match row.get_column_iter().find(|(name, _)| name.as_str() == wanted).map(|(_, field)| field) {
            Some(Field::ListInternal(list)) => Ok(list.elements()),
            None | Some(Field::Null) => Ok(&[][..]),
            Some(_) => Err(format!("`{wanted}` is no list")),
        };
        let (boxes, classes) = (list(&self.boxes)?, list(&self.class)?);
        if boxes.len() != classes.len() {
            return Err(format!("it has {} boxes and {} classes", boxes.len(), classes.len()));
        }
        let crowds = self.crowd.as_deref().map(list).transpose()?.unwrap_or_default();
        let mut annotation = Annotation::default();
        for (i, (corners, class)) in boxes.iter().zip(classes).enumerate() {
            add(&mut annotation, corners, class, crowds.get(i)).map_err(|e| format!("its box {i}: {e}"))?;
        }
        Ok(annotation)
    }

    /// A list of groups of a box and its class.
    fn groups(&self, objects: &[Field]) -> Result<Annotation, String> {
        let mut annotation = Annotation::default();
        for (i, object) in objects.iter().enumerate() {
            let Field::Group(object) = object else { return Err(format!("its object {i} is no group")) };
            let field = |wanted: &str| object.get_column_iter().find(|(name, _)| name.as_str() == wanted).map(|(_, field)| field);
            let crowd = self.crowd.as_deref().and_then(field);
            let (corners, class) = (field(&self.boxes).unwrap_or(&Field::Null), field(&self.class).unwrap_or(&Field::Null));
            add(&mut annotation, corners, class, crowd).map_err(|e| format!("its box {i}: {e}"))?;
        }
        Ok(annotation)
    }
}

/// Adds a box as COCO writes it; crowds are left out.
fn add(annotation: &mut Annotation, corners: &Field, class: &Field, crowd: Option<&Field>) -> Result<(), String> {
    let class = match class {
        Field::Str(name) if !name.trim().is_empty() => ClassRef::Name(name.trim().to_string()),
        class => ClassRef::Index(hub_table::class(class).ok_or("its class is neither a number from 0 to 65,534 nor a name")?),
    };
    let Field::ListInternal(list) = corners else { return Err("four numbers are expected".into()) };
    let values: Vec<f64> = list.elements().iter().map_while(number).collect();
    let &[x, y, w, h] = &values[..] else { return Err(format!("four numbers are expected, not {}", list.elements().len())) };
    if values.iter().any(|v| !v.is_finite()) || w < 0.0 || h < 0.0 {
        return Err(format!("{x}, {y}, {w}, {h} is not left, top, width, height in pixels, as COCO writes boxes"));
    }
    let is_crowd = crowd.is_some_and(|c| matches!(c, Field::Bool(true)) || hub_table::whole(c).is_some_and(|v| v != 0));
    if is_crowd {
        annotation.notes.push(FindingKind::Difficult);
    } else {
        annotation.boxes.push(RawBox { class, x1: x, y1: y, x2: x + w, y2: y + h });
    }
    Ok(())
}

fn number(field: &Field) -> Option<f64> {
    match field {
        Field::Double(v) => Some(*v),
        Field::Float(v) => Some(f64::from(*v)),
        other => hub_table::whole(other).map(|v| v as f64),
    }
}

fn rows(reader: &SerializedFileReader<File>) -> Result<Container, String> {
    let metadata = reader.metadata().file_metadata();
    let columns = Columns::of(metadata.schema_descr().root_schema())?;
    let (count, names) = (metadata.num_rows(), hub_table::described(reader, &columns.path()));
    let (mut files, mut boxes, mut total, mut form) = (Vec::new(), Vec::new(), 0u64, Form::default());
    for (i, row) in reader.get_row_iter(None).map_err(|e| e.to_string())?.enumerate() {
        let row = row.map_err(|e| format!("row {i}: {e}"))?;
        let (file, annotation, stated) = columns.read(&row).map_err(|e| format!("row {i}: {e}"))?;
        let beyond =
            |b: &&RawBox| matches!(b.class, ClassRef::Index(class) if names.as_ref().is_some_and(|n: &Vec<String>| class >= n.len()));
        if let Some(RawBox { class: ClassRef::Index(class), .. }) = annotation.boxes.iter().find(beyond) {
            return Err(format!("row {i} has a box of class {class}; its description names {}", names.map_or(0, |n| n.len())));
        }
        total += file.len() as u64;
        if total > MAX_CONTAINER {
            return Err(format!("its images take more than {} GiB", MAX_CONTAINER >> 30));
        }
        form.look(&annotation.boxes, stated, &file);
        files.push(file);
        boxes.push((annotation, stated));
    }
    if boxes.len() as i64 != count {
        return Err(format!("{} rows where its head says {count}", boxes.len()));
    }
    form.check()?;
    Ok(Container { truths: Truths::Boxes(boxes), names, images: Images::Encoded(files) })
}

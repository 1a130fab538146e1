//! COCO's form: images in folders, boxes of a whole split in one JSON file (`images`, `categories`, `annotations`).
//!
//! The files are those of the folder `annotations` (`instances_train2017.json`), or one beside the images of each split
//! (`train/_annotations.coco.json`). Classes are the categories in the order of their ids. A box is `[left, top, width,
//! height]` in pixels; crowds are left out, as upstream's conversion does.

use super::super::error::{DataError, FindingKind};
use super::super::files::{Suffix, names_in, read_capped, suffix};
use super::super::format::{About, Format, Lies, Source};
use super::super::layout::{Item, Layout, OwnSplit, Truth};
use super::super::truth::{Annotation, ClassRef, RawBox};
use super::coco_numbers;
use crate::document::{FormatShape, Task, Word};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// Longest description.
const MAX_JSON: u64 = 1 << 30;
/// Words in the names of files and folders, and the splits that they mean.
const SPLITS: [(&str, &str); 3] = [("train", "train"), ("val", "val"), ("test", "test")];

/// `format=coco`
pub struct Coco;

static ABOUT: About = About {
    word: Word::new(
        "coco",
        "Boxes of a whole split in one JSON file: `annotations/instances_train.json`, or `train/_annotations.coco.json` beside the images.",
    ),
    shape: FormatShape { task: Task::Detect, image_size: 640, splits: &["train", "val", "test", "all"], lists: true, folders: true },
    by_name: false,
    annotated: false,
};

#[derive(Deserialize)]
struct Description {
    images: Vec<Image>,
    categories: Vec<Category>,
    #[serde(default)]
    annotations: Vec<Object>,
}

#[derive(Deserialize)]
struct Image {
    #[serde(deserialize_with = "coco_numbers::id")]
    id: u64,
    file_name: String,
    width: Option<f64>,
    height: Option<f64>,
}

#[derive(Deserialize)]
struct Category {
    #[serde(deserialize_with = "coco_numbers::id")]
    id: u64,
    name: String,
}

#[derive(Deserialize)]
struct Object {
    #[serde(deserialize_with = "coco_numbers::id")]
    image_id: u64,
    #[serde(deserialize_with = "coco_numbers::id")]
    category_id: u64,
    bbox: [f64; 4],
    #[serde(default, deserialize_with = "coco_numbers::flag")]
    iscrowd: bool,
}

impl Format for Coco {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn recognise(&self, place: &Path) -> Result<Option<Lies>, DataError> {
        if !place.is_dir() {
            return Ok(None);
        }
        let source = Source { base: Path::new(""), root: place, images: None, annotations: None, splits: &[] };
        // No description is no fault here, nor is one of something else.
        let found = files(&source).unwrap_or_default();
        Ok(if found.iter().any(|(_, path)| is_description(path)) { Lies::here() } else { None })
    }

    fn layout(&self, source: &Source) -> Result<Layout, DataError> {
        source.folder()?;
        let mut layout = Layout::default();
        let mut first: Option<(PathBuf, Vec<(u64, String)>)> = None;
        for (split, path) in files(source)? {
            let full = source.base.join(&path);
            let mut own = OwnSplit::of_items(&split, Vec::new());
            let known = first.as_ref().map(|(of, categories)| (of.as_path(), &categories[..]));
            match described(source, &path, known, &mut layout, &mut own) {
                Ok(categories) => first = first.or_else(|| Some((path.clone(), categories))),
                // What nobody reads may be broken.
                Err(e) => own.failed = Some(DataError::format(&full, e)),
            }
            if full.is_file() {
                layout.others.push(path);
            }
            match layout.splits.iter_mut().find(|s| s.name == split) {
                Some(known) => {
                    known.items.extend(own.items);
                    known.findings.extend(own.findings);
                    known.failed = known.failed.take().or(own.failed);
                }
                None => layout.splits.push(own),
            }
        }
        layout.names = first.map(|(_, categories)| categories.into_iter().map(|(_, name)| name).collect());
        Ok(layout)
    }
}

/// (split, description): those that the document names, else those of the folder `annotations`, else those beside images.
fn files(source: &Source) -> Result<Vec<(String, PathBuf)>, DataError> {
    let (base, root) = (source.base, source.root);
    let named: Vec<(String, PathBuf)> = source.lists().map(|(split, file)| (split.to_string(), root.join(file))).collect();
    if !named.is_empty() {
        return Ok(named);
    }
    let place = root.join(source.annotations.unwrap_or("annotations"));
    let json = |name: &String| name.to_ascii_lowercase().ends_with(".json");
    let mut found = Vec::new();
    if base.join(&place).is_file() {
        found.push(("all".to_string(), place.clone()));
    } else {
        let names: Vec<String> = names_in(&base.join(&place))?.into_iter().filter(json).collect();
        // COCO's own folder also holds captions and key points of the same images.
        let boxes = |name: &&String| name.starts_with("instances");
        let names: Vec<&String> =
            if names.iter().any(|n| boxes(&n)) { names.iter().filter(boxes).collect() } else { names.iter().collect() };
        let several = names.len() > 1;
        for name in names {
            match split_of(name) {
                Some(split) => found.push((split.to_string(), place.join(name))),
                None if several => {}
                None => found.push(("all".to_string(), place.join(name))),
            }
        }
        if found.is_empty() {
            for folder in names_in(&base.join(root))?.into_iter().filter(|n| base.join(root.join(n)).is_dir()) {
                let Some(split) = split_of(&folder) else { continue };
                let inside = names_in(&base.join(root.join(&folder)))?.into_iter().filter(json);
                found.extend(inside.map(|name| (split.to_string(), root.join(&folder).join(name))));
            }
        }
    }
    if found.is_empty() {
        let cause = "not COCO's form: there is no `annotations/*.json`, nor a .json file in `train`; name it by `annotations=`";
        return Err(DataError::format(&base.join(root), cause));
    }
    found.sort_by_key(|(split, path)| (SPLITS.iter().position(|(_, s)| s == split), path.clone()));
    Ok(found)
}

/// Whether a file begins as descriptions do: with an object that has one of their keys.
fn is_description(path: &Path) -> bool {
    use std::io::Read;
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(4096).read_to_end(&mut head));
    let text = String::from_utf8_lossy(&head);
    let begins = text.trim_start_matches('\u{FEFF}').trim_start().starts_with('{');
    read.is_ok() && begins && ["images", "annotations", "categories", "info", "licenses"].iter().any(|k| text.contains(&format!("\"{k}\"")))
}

fn split_of(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    SPLITS.iter().find(|(word, _)| name.contains(word)).map(|(_, split)| *split)
}

fn read(full: &Path) -> Result<Description, String> {
    let bytes = read_capped(full, MAX_JSON)?;
    serde_json::from_slice(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes)).map_err(|e| e.to_string())
}

/// The images of a description go into the layout, its categories are returned. They must be those of the descriptions before
/// it: (one of them, its categories).
fn described(
    source: &Source,
    path: &Path,
    known: Option<(&Path, &[(u64, String)])>,
    layout: &mut Layout,
    own: &mut OwnSplit,
) -> Result<Vec<(u64, String)>, String> {
    let description = read(&source.base.join(path))?;
    let categories = categories(&description.categories)?;
    if let Some((of, _)) = known.filter(|(_, known)| *known != categories) {
        return Err(format!("its categories are not those of {}", of.display()));
    }
    items(source, path, description, &categories, layout, own)?;
    Ok(categories)
}

/// Categories in the order of their ids.
fn categories(list: &[Category]) -> Result<Vec<(u64, String)>, String> {
    let mut by_id = BTreeMap::new();
    for c in list {
        if by_id.insert(c.id, c.name.clone()).is_some() {
            return Err(format!("the category id {} stands twice", c.id));
        }
    }
    Ok(by_id.into_iter().collect())
}

/// The images of a description with their boxes.
fn items(
    source: &Source,
    path: &Path,
    description: Description,
    categories: &[(u64, String)],
    layout: &mut Layout,
    own: &mut OwnSplit,
) -> Result<(), String> {
    let classes: BTreeMap<u64, usize> = categories.iter().enumerate().map(|(i, (id, _))| (*id, i)).collect();
    let mut boxes: BTreeMap<u64, Annotation> = BTreeMap::new();
    for image in &description.images {
        if boxes.insert(image.id, Annotation::default()).is_some() {
            return Err(format!("the image id {} stands twice", image.id));
        }
    }
    for (number, object) in description.annotations.iter().enumerate() {
        let (id, category) = (object.image_id, object.category_id);
        let of = boxes.get_mut(&id).ok_or_else(|| format!("annotation {number} is of image {id}, which is not in `images`"))?;
        let class = *classes
            .get(&category)
            .ok_or_else(|| format!("annotation {number} is of category {category}, which is not in `categories`"))?;
        if object.iscrowd {
            of.notes.push(FindingKind::Difficult);
            continue;
        }
        let [x, y, w, h] = object.bbox;
        of.boxes.push(RawBox { class: ClassRef::Index(class), x1: x, y1: y, x2: x + w, y2: y + h });
    }
    let folders = folders(source, path, &own.name);
    let mut names: BTreeMap<PathBuf, Item> = BTreeMap::new();
    for image in description.images {
        let name = image.file_name.replace('\\', "/");
        let inside = !name.is_empty()
            && !name.contains('\0')
            && Path::new(&name).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
        if !inside {
            own.findings.add(FindingKind::BadListEntry, name.chars().take(80).collect::<String>());
            continue;
        }
        let found = folders.iter().map(|f| f.join(&name)).find(|p| source.base.join(p).is_file());
        match (found, suffix(&name)) {
            (None, _) => own.findings.add(FindingKind::MissingImage, name),
            (Some(_), Suffix::Unsupported | Suffix::Other) => own.findings.add(FindingKind::UnsupportedImage, name),
            (Some(file), Suffix::Image) => {
                let stated = image.width.zip(image.height);
                let truth = Truth::Boxes(boxes.remove(&image.id).unwrap_or_default(), stated);
                if names.insert(file.clone(), Item { image: file, truth }).is_some() {
                    return Err(format!("the image `{name}` stands twice, under several ids"));
                }
            }
        }
    }
    let start = layout.items.len();
    layout.items.extend(names.into_values());
    own.items.extend(start..layout.items.len());
    Ok(())
}

/// Where the images of a description may lie, the likeliest first.
fn folders(source: &Source, path: &Path, split: &str) -> Vec<PathBuf> {
    let images = source.root.join(source.images.unwrap_or("images"));
    let stem = path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    // `instances_train2017.json` is of `train2017`.
    let set = stem.rsplit('_').next().unwrap_or_default().to_string();
    let beside = path.parent().unwrap_or(Path::new("")).to_path_buf();
    vec![images.join(&set), images.join(split), images, source.root.join(&set), source.root.join(split), beside, source.root.to_path_buf()]
}

#[cfg(test)]
mod tests {
    use super::super::super::Scan;
    use super::super::super::pack::Object;
    use super::super::super::tests::coco::{coco, put};
    use super::super::super::tests::{png, scan, scan_of, sixteenths, yolo};
    use super::*;

    /// Two images, ids in another order than names, categories with a gap, one crowd.
    fn description(folder: &str) -> String {
        format!(
            r#"{{"info": {{"year": 2017}}, "licenses": [], "images": [
                {{"id": 7, "file_name": "{folder}b.png", "width": 40, "height": 30}},
                {{"id": 3, "file_name": "{folder}a.png", "width": 80, "height": 60}}],
              "categories": [{{"id": 18, "name": "dog", "supercategory": "animal"}}, {{"id": 2, "name": "car"}}],
              "annotations": [
                {{"id": 1, "image_id": 7, "category_id": 18, "bbox": [10, 5, 20, 15.5], "area": 310, "iscrowd": 0, "segmentation": [[1, 2]]}},
                {{"id": 2, "image_id": 7, "category_id": 2, "bbox": [0, 0, 8, 8]}},
                {{"id": 3, "image_id": 7, "category_id": 2, "bbox": [1, 1, 30, 20], "iscrowd": 1}},
                {{"id": 4, "image_id": 3, "category_id": 2, "bbox": [20, 20, 40, 20], "iscrowd": 0}}]}}"#
        )
    }

    fn count(scan: &Scan, kind: FindingKind) -> usize {
        scan.findings.iter().find(|f| f.kind == kind).map_or(0, |f| f.count)
    }

    #[test]
    fn categories_count_by_their_ids_and_crowds_are_left_out() {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "annotations/instances_train2017.json", description(""));
        put(dir.path(), "annotations/captions_train2017.json", "{}");
        put(dir.path(), "annotations/instances_val2017.json", "what");
        put(dir.path(), "train2017/a.png", png(40, 30, 1));
        put(dir.path(), "train2017/b.png", png(40, 30, 2));
        let got = scan_of(&coco(dir.path()), &["train"]).unwrap();
        assert_eq!((got.classes.clone(), got.unread.clone()), (vec!["car".to_string(), "dog".into()], vec!["val".to_string()]));
        let boxes: Vec<_> = got.splits[0].images.iter().map(|i| i.objects.clone()).collect();
        let b = vec![sixteenths(0, [0, 0, 8, 8]), Object { y2: 328, ..sixteenths(1, [10, 5, 30, 20]) }];
        // The stated size of `a` is twice the real one.
        let a = vec![sixteenths(0, [10, 10, 30, 20])];
        assert!(boxes.contains(&a) && boxes.contains(&b), "{boxes:?}");
        assert_eq!((count(&got, FindingKind::Difficult), count(&got, FindingKind::SizeMismatch)), (1, 1));
        assert!(scan(&coco(dir.path())).is_err(), "val is no JSON");
    }

    /// The same content in another form is the same data.
    #[test]
    fn as_the_same_set_in_yolos_form() {
        let dir = tempfile::tempdir().unwrap();
        let text = description("").replace("80", "40").replace("60", "30");
        put(dir.path(), "coco/train/_annotations.coco.json", &text);
        put(dir.path(), "coco/valid/_annotations.coco.json", text.replace("a.png", "c.png").replace("b.png", "d.png"));
        for (i, path) in ["train/a", "train/b", "valid/c", "valid/d"].iter().enumerate() {
            put(dir.path(), &format!("coco/{path}.png"), png(40, 30, i as u8));
            put(dir.path(), &format!("yolo/{}.png", path.replace('/', "/images/")), png(40, 30, i as u8));
            let a = "0 1.0 1.0 1.0 0.66666666\n";
            let b = "1 0.5 0.425 0.5 0.51666666\n0 0.1 0.13333333 0.2 0.26666666\n";
            put(dir.path(), &format!("yolo/{}.txt", path.replace('/', "/labels/")), if i % 2 == 0 { a } else { b });
        }
        put(dir.path(), "yolo/classes.txt", "car\ndog\n");
        let (one, two) = (scan(&coco(&dir.path().join("coco"))).unwrap(), scan(&yolo(&dir.path().join("yolo"))).unwrap());
        let digests = |s: &Scan| s.splits.iter().map(|s| (s.name.clone(), s.digest)).collect::<Vec<_>>();
        assert_eq!(digests(&one), digests(&two));
    }

    #[test]
    fn hostile_descriptions_are_errors() {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "images/a.png", png(40, 30, 1));
        put(dir.path(), "images/b.png", png(40, 30, 2));
        put(dir.path(), "secret.png", png(9, 9, 3));
        let good = description("");
        let read = |text: &str| {
            put(dir.path(), "annotations/all.json", text);
            scan(&coco(dir.path()))
        };
        assert_eq!(read(&format!("\u{feff}{good}")).unwrap().splits[0].name, "all");
        for (from, to, why) in [
            (r#""id": 3, "file"#, r#""id": 7, "file"#, "image id 7 stands twice"),
            (r#""id": 2, "name"#, r#""id": 18, "name"#, "category id 18 stands twice"),
            (r#""image_id": 3"#, r#""image_id": 4"#, "image 4, which is not in `images`"),
            (r#""category_id": 18"#, r#""category_id": 19"#, "category 19, which is not in `categories`"),
            ("[0, 0, 8, 8]", "[0, 0, 8]", "invalid length 3"),
            ("[0, 0, 8, 8]", "[0, 0, 8, 1e999]", "number out of range"),
            (r#""file_name": "a.png""#, r#""file_name": "b.png""#, "`b.png` stands twice"),
            (r#""file_name": "a.png""#, r#""file_name": "../secret.png""#, "names no image"),
            (r#""file_name": "a.png""#, r#""file_name": "/etc/passwd""#, "names no image"),
            (r#""file_name": "a.png""#, r#""file_name": "gone.png""#, "not there"),
        ] {
            assert!(good.contains(from), "{from}");
            let error = read(&good.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(why), "{why}: {error}");
        }
        for cut in (0..good.len()).step_by(7) {
            assert!(read(&good[..cut]).is_err(), "cut at {cut}");
        }
        assert!(read(&"[".repeat(100_000)).is_err());
        assert!(read(&format!("{{\"images\": {}", "[".repeat(100_000))).is_err());
        assert!(matches!(scan(&coco(&dir.path().join("images"))), Err(DataError::Format { .. })));
    }
}

//! Pascal VOC: `JPEGImages`, `Annotations/*.xml`, `ImageSets/Main/*.txt`; or images and XML files side by side in a folder for
//! each split (`voc_folders.rs`).
//!
//! Boxes follow upstream's conversion, cx = ((xmin + xmax)/2 − 1)/W and w = (xmax − xmin)/W: both edges move by one
//! pixel, so that the set converted by upstream's script to YOLO's form has the same digest. Objects marked
//! `difficult` are skipped, as that script does.

use super::super::error::{DataError, FindingKind};
use super::super::files::{Suffix, names_in, suffix};
use super::super::format::{About, Format, Lies, Source};
use super::super::layout::Layout;
use super::super::text;
use super::super::truth::{Annotation, ClassRef, Frame, RawBox};
use super::voc_files::Found;
use super::voc_folders;
use crate::document::{FormatShape, Task, Word};
use roxmltree::{Document, Node, ParsingOptions};
use std::path::{Path, PathBuf};

/// Longest annotation file.
const MAX_XML: u64 = 4 << 20;

/// `format=voc`
pub struct Voc;

static ABOUT: About = About {
    word: Word::new(
        "voc",
        "Boxes in Pascal VOC's XML files: `JPEGImages`, `Annotations`, lists in `ImageSets/Main`; or `train/x.xml` beside `train/x.jpg`.",
    ),
    shape: FormatShape {
        task: Task::Detect,
        image_size: 640,
        splits: &["train", "val", "test", "trainval", "all"],
        lists: true,
        folders: true,
    },
    by_name: true,
    annotated: true,
};

impl Format for Voc {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn recognise(&self, place: &Path) -> Result<Option<Lies>, DataError> {
        if ["JPEGImages", "Annotations"].iter().all(|name| place.join(name).is_dir()) {
            return Ok(Lies::here());
        }
        if !place.is_dir() {
            return Ok(None);
        }
        if !voc_folders::splits(Path::new(""), place)?.is_empty() {
            return Ok(Lies::here());
        }
        // Two folders, whatever they are called: one of XML files, one with an image of the same name. They may be one.
        let mut folders = vec![".".to_string()];
        folders.extend(names_in(place)?.into_iter().filter(|name| place.join(name).is_dir()));
        for annotations in &folders {
            let names = names_in(&place.join(annotations))?;
            let xml = |name: &&String| name.to_ascii_lowercase().ends_with(".xml");
            let Some(stem) = names.iter().find(xml).and_then(|name| name.rsplit_once('.')).map(|(stem, _)| stem) else { continue };
            for images in &folders {
                let of = |name: &String| suffix(name) == Suffix::Image && name.rsplit_once('.').is_some_and(|(s, _)| s == stem);
                if names_in(&place.join(images))?.iter().any(of) {
                    let (images, annotations) = (Some(images.clone()), Some(annotations.clone()));
                    return Ok(Some(Lies { root: PathBuf::new(), images, annotations, sure: true }));
                }
            }
        }
        Ok(None)
    }

    fn layout(&self, source: &Source) -> Result<Layout, DataError> {
        let folders = voc_folders::splits(source.base, source.root)?;
        // Folders that have the usual names, or that the document names, come first; then those that are found by what is in them.
        let usual = source.images.is_some() || source.annotations.is_some() || source.base.join(source.root).join("JPEGImages").is_dir();
        if usual {
            return Found::of(source)?.layout();
        }
        if !folders.is_empty() {
            return voc_folders::layout(source, folders);
        }
        match self.recognise(&source.base.join(source.root))? {
            Some(Lies { images: Some(images), annotations: Some(annotations), .. }) => {
                Found::of(&Source { images: Some(&images), annotations: Some(&annotations), ..*source })?.layout()
            }
            _ => Found::of(source)?.layout(),
        }
    }

    fn longest_annotation(&self) -> u64 {
        MAX_XML
    }

    fn annotation(&self, bytes: &[u8], frame: Frame) -> Result<Annotation, String> {
        read(bytes, frame)
    }
}

/// The boxes of one annotation file.
fn read(bytes: &[u8], frame: Frame) -> Result<Annotation, String> {
    let text = text::xml(bytes)?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: 200_000, ..ParsingOptions::default() };
    let xml = Document::parse_with_options(&text, options).map_err(|e| e.to_string())?;
    let root = xml.root_element();
    if root.tag_name().name() != "annotation" {
        return Err(format!("the root is <{}>, not <annotation>", root.tag_name().name()));
    }
    let mut out = Annotation::default();
    let stated = child(root, "size").and_then(|s| Some((number(s, "width").ok()?, number(s, "height").ok()?)));
    for object in root.children().filter(|n| n.has_tag_name("object")) {
        let name = child(object, "name").and_then(|n| n.text()).map(str::trim).filter(|n| !n.is_empty());
        let name = name.ok_or("an object without a name")?;
        if child(object, "difficult").and_then(|d| d.text()).is_some_and(|d| d.trim() == "1") {
            out.notes.push(FindingKind::Difficult);
            continue;
        }
        let b = child(object, "bndbox").ok_or_else(|| format!("an object `{name}` without a bndbox"))?;
        let edge = |name: &str| number(b, name).map(|v| v - 1.0);
        let class = ClassRef::Name(name.to_string());
        out.boxes.push(RawBox { class, x1: edge("xmin")?, y1: edge("ymin")?, x2: edge("xmax")?, y2: edge("ymax")? });
    }
    Ok(out.placed(stated, frame))
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|n| n.has_tag_name(name))
}

fn number(node: Node, name: &str) -> Result<f64, String> {
    let text = child(node, name).and_then(|n| n.text()).ok_or_else(|| format!("<{}> without {name}", node.tag_name().name()))?;
    text.trim().parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(|| format!("{name} is not a number"))
}

#[cfg(test)]
mod tests {
    use super::super::super::decode::Turn;
    use super::*;

    fn read(bytes: &[u8], width: usize, height: usize) -> Result<Annotation, String> {
        super::read(bytes, Frame { width, height, turn: None })
    }

    fn annotation(objects: &str) -> String {
        format!("<annotation><size><width>100</width><height>50</height></size>{objects}</annotation>")
    }

    #[test]
    fn both_edges_move_by_one_and_difficult_is_skipped() {
        let b = "<bndbox><xmin>11</xmin><ymin>6</ymin><xmax>31</xmax><ymax>26.5</ymax></bndbox>";
        let text = annotation(&format!("<object><name> a </name>{b}</object><object><name>b</name><difficult>1</difficult>{b}</object>"));
        let got = read(text.as_bytes(), 100, 50).unwrap();
        let a = RawBox { class: ClassRef::Name("a".into()), x1: 10.0, y1: 5.0, x2: 30.0, y2: 25.5 };
        assert_eq!(got, Annotation { boxes: vec![a], notes: vec![FindingKind::Difficult] });
        let twice = read(text.as_bytes(), 200, 100).unwrap();
        assert_eq!((twice.boxes[0].x1, twice.boxes[0].y2), (20.0, 51.0));
        assert_eq!(twice.notes[0], FindingKind::SizeMismatch);
    }

    /// A camera held upright writes the picture lying down and says so in EXIF; annotations may be of either.
    #[test]
    fn boxes_in_the_sensors_frame_turn_with_the_image() {
        let b = "<bndbox><xmin>11</xmin><ymin>6</ymin><xmax>31</xmax><ymax>26</ymax></bndbox>";
        let text = annotation(&format!("<object><name>a</name>{b}</object>"));
        let upright = Frame { width: 50, height: 100, turn: Some(Turn::Right) };
        let got = super::read(text.as_bytes(), upright).unwrap();
        let edges = |a: &Annotation| [a.boxes[0].x1, a.boxes[0].y1, a.boxes[0].x2, a.boxes[0].y2];
        assert_eq!((edges(&got), got.notes.clone()), ([25.0, 10.0, 45.0, 30.0], vec![FindingKind::Turned]));
        // What states the upright size is meant for the upright picture.
        let got = super::read(text.as_bytes(), Frame { width: 100, height: 50, turn: Some(Turn::Right) }).unwrap();
        assert_eq!((edges(&got), got.notes.clone()), ([10.0, 5.0, 30.0, 25.0], Vec::new()));
    }

    #[test]
    fn names_in_other_encodings() {
        let b = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>";
        let head = "<?xml version=\"1.0\" encoding=\"gb2312\"?><annotation><object><name>";
        let bytes = [head.as_bytes(), b"\xBA\xEC", format!("</name>{b}</object></annotation>").as_bytes()].concat();
        assert_eq!(read(&bytes, 10, 10).unwrap().boxes[0].class, ClassRef::Name("红".into()));
    }

    #[test]
    fn hostile_files_are_errors() {
        let deep = "<annotation>".to_string() + &"<a>".repeat(100_000);
        let bomb = r#"<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><annotation>&b;</annotation>"#;
        let nan = annotation("<object><name>a</name><bndbox><xmin>NaN</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></object>");
        let no_box = annotation("<object><name>a</name></object>");
        for text in ["", "<x/>", "<annotation>", &deep, bomb, &nan, &no_box, "\u{0}"] {
            assert!(read(text.as_bytes(), 100, 50).is_err(), "{}", &text[..text.len().min(60)]);
        }
        assert!(read(&[0xff, 0xfe, 0x3c], 100, 50).is_err());
    }
}

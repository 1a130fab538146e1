//! Pascal VOC: `JPEGImages`, `Annotations/*.xml`, `ImageSets/Main/*.txt`.
//!
//! Boxes follow upstream's conversion, cx = ((xmin + xmax)/2 − 1)/W and w = (xmax − xmin)/W: both edges move by one
//! pixel, so that the set converted by upstream's script to YOLO's form has the same digest. Objects marked
//! `difficult` are skipped, as that script does.

use super::error::{DataError, FindingKind};
use super::layout::{Item, Layout, Suffix, names_in, read_capped, suffix};
use super::truth::{Annotation, ClassRef, RawBox};
use crate::document::{Spanned, SplitBy};
use roxmltree::{Document, Node, ParsingOptions};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Longest annotation file.
pub const MAX_XML: u64 = 4 << 20;
/// Longest list.
const MAX_LIST: u64 = 64 << 20;
/// The lists that make the format's own splits.
const OWN: [&str; 4] = ["train", "val", "trainval", "test"];

/// Which files the data set consists of. `root` is as the document writes it.
///
/// # Errors
/// A folder that is missing or unreadable; a list that is missing.
pub fn listing(base: &Path, root: &Path, splits: &[(Spanned<String>, SplitBy)]) -> Result<Layout, DataError> {
    let mut layout = Layout::default();
    let folder = base.join(root);
    if !folder.join("JPEGImages").is_dir() || !folder.join("Annotations").is_dir() {
        return Err(DataError::format(&folder, "not a VOC data set: it needs the folders JPEGImages and Annotations"));
    }
    let mut images: BTreeMap<String, String> = BTreeMap::new();
    let mut unsupported = BTreeSet::new();
    for name in names_in(&folder.join("JPEGImages"))? {
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem).to_string();
        match suffix(&name) {
            Suffix::Image => drop(images.entry(stem).or_insert(name)),
            Suffix::Unsupported => drop(unsupported.insert(stem)),
            Suffix::Other => {}
        }
    }
    let annotated: BTreeSet<String> =
        names_in(&folder.join("Annotations"))?.iter().filter_map(|n| n.strip_suffix(".xml").map(str::to_string)).collect();

    let lists = lists(&folder, root, splits)?;
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    let mut named: Vec<(String, Vec<String>)> = Vec::new();
    for (split, path) in lists {
        let stems = read_list(&base.join(&path), &mut layout)?;
        wanted.extend(stems.iter().cloned());
        named.push((split, stems));
        layout.others.push(path);
    }
    let by_share = splits.iter().any(|(_, by)| matches!(by, SplitBy::Share(_)));
    if by_share || named.is_empty() {
        for stem in images.keys().filter(|s| !annotated.contains(*s) && !wanted.contains(*s)) {
            layout.findings.add(FindingKind::NotAnnotated, stem);
        }
        wanted.extend(annotated.iter().cloned());
    }
    let mut index = BTreeMap::new();
    for stem in wanted {
        match images.get(&stem) {
            None if unsupported.contains(&stem) => layout.findings.add(FindingKind::UnsupportedImage, stem),
            None => layout.findings.add(FindingKind::MissingImage, format!("JPEGImages/{stem}.jpg")),
            Some(_) if !annotated.contains(&stem) => {
                layout.findings.add(FindingKind::MissingAnnotation, format!("Annotations/{stem}.xml"));
            }
            Some(name) => {
                let annotation = root.join("Annotations").join(format!("{stem}.xml"));
                layout.items.push(Item { image: root.join("JPEGImages").join(name), annotation: Some(annotation) });
                index.insert(stem, layout.items.len() - 1);
            }
        }
    }
    if named.is_empty() && !by_share {
        layout.splits.push(("all".into(), (0..layout.items.len()).collect()));
    }
    for (split, stems) in named {
        let members: BTreeSet<usize> = stems.iter().filter_map(|s| index.get(s).copied()).collect();
        layout.splits.push((split, members.into_iter().collect()));
    }
    Ok(layout)
}

/// (split, list file): those that the document names, else those of `ImageSets/Main` that have a usual name.
fn lists(folder: &Path, root: &Path, splits: &[(Spanned<String>, SplitBy)]) -> Result<Vec<(String, PathBuf)>, DataError> {
    let main = Path::new("ImageSets").join("Main");
    if splits.is_empty() {
        let own = OWN.iter().map(|name| (name.to_string(), main.join(format!("{name}.txt"))));
        return Ok(own.filter(|(_, p)| folder.join(p).is_file()).map(|(n, p)| (n, root.join(p))).collect());
    }
    let mut lists = Vec::new();
    for (name, by) in splits {
        if let SplitBy::File(file) = by {
            let path = main.join(&file.value);
            if !folder.join(&path).is_file() {
                return Err(DataError::format(&folder.join(&path), format!("no such list, named by split {}", name.value)));
            }
            lists.push((name.value.clone(), root.join(path)));
        }
    }
    Ok(lists)
}

/// One image a line; a class list's second column (−1, 0, 1) is not read.
fn read_list(path: &Path, layout: &mut Layout) -> Result<Vec<String>, DataError> {
    let bytes = read_capped(path, MAX_LIST).map_err(|e| DataError::io(path, e))?;
    let text = String::from_utf8(bytes).map_err(|_| DataError::format(path, "not UTF-8 text"))?;
    let mut stems = Vec::new();
    for line in text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|l| !l.is_empty()) {
        let stem = match line.rsplit_once(char::is_whitespace) {
            Some((stem, "-1" | "0" | "1")) => stem.trim_end(),
            _ => line,
        };
        if stem.contains(['/', '\\', '\0']) || stem == "." || stem == ".." {
            layout.findings.add(FindingKind::BadListEntry, stem.chars().take(80).collect::<String>());
        } else {
            stems.push(stem.to_string());
        }
    }
    Ok(stems)
}

/// The boxes of one annotation file, for an image of `width` × `height` pixels.
///
/// # Errors
/// What is wrong with the file, without its name.
pub fn read(bytes: &[u8], width: usize, height: usize) -> Result<Annotation, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8 text".to_string())?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: 200_000, ..ParsingOptions::default() };
    let xml = Document::parse_with_options(text.trim_start_matches('\u{feff}'), options).map_err(|e| e.to_string())?;
    let root = xml.root_element();
    if root.tag_name().name() != "annotation" {
        return Err(format!("the root is <{}>, not <annotation>", root.tag_name().name()));
    }
    let mut out = Annotation::default();
    let stated = child(root, "size").and_then(|s| Some((number(s, "width").ok()?, number(s, "height").ok()?)));
    let (mut sx, mut sy) = (1.0, 1.0);
    if let Some((w, h)) = stated.filter(|&(w, h)| w >= 1.0 && h >= 1.0 && (w != width as f64 || h != height as f64)) {
        out.notes.push(FindingKind::SizeMismatch);
        (sx, sy) = (width as f64 / w, height as f64 / h);
    }
    for object in root.children().filter(|n| n.has_tag_name("object")) {
        let name = child(object, "name").and_then(|n| n.text()).map(str::trim).filter(|n| !n.is_empty());
        let name = name.ok_or("an object without a name")?;
        if child(object, "difficult").and_then(|d| d.text()).is_some_and(|d| d.trim() == "1") {
            out.notes.push(FindingKind::Difficult);
            continue;
        }
        let b = child(object, "bndbox").ok_or_else(|| format!("an object `{name}` without a bndbox"))?;
        out.boxes.push(RawBox {
            class: ClassRef::Name(name.to_string()),
            x1: (number(b, "xmin")? - 1.0) * sx,
            y1: (number(b, "ymin")? - 1.0) * sy,
            x2: (number(b, "xmax")? - 1.0) * sx,
            y2: (number(b, "ymax")? - 1.0) * sy,
        });
    }
    Ok(out)
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
    use super::*;

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

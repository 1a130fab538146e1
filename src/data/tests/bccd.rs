//! Real data: BCCD (VOC), beside the project or where `NASFLOW_TEST_DATA` says.

use super::*;
use crate::data::{FindingKind, Pack, auto_anchors};
use std::fs;
use std::path::PathBuf;

fn bccd() -> Option<PathBuf> {
    let folder = std::env::var_os("NASFLOW_TEST_DATA").map(PathBuf::from);
    let root = folder.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data")).join("BCCD");
    if !root.join("Annotations").is_dir() {
        eprintln!("skipped: no BCCD at {} (set NASFLOW_TEST_DATA)", root.display());
        return None;
    }
    Some(root)
}

#[test]
fn counts() {
    let Some(root) = bccd() else { return };
    let got = scan(&voc(&root)).unwrap();
    assert_eq!(got.classes, ["Platelets", "RBC", "WBC"]);
    let images: Vec<(&str, usize)> = got.splits.iter().map(|s| (s.name.as_str(), s.images.len())).collect();
    assert_eq!(images, [("train", 205), ("val", 87), ("trainval", 292), ("test", 72)]);
    let boxes: usize = ["train", "val", "test"].iter().map(|n| got.split(n).unwrap().boxes()).sum();
    assert_eq!(boxes, 4888 - 2);
    let mut per_class = [0; 3];
    for n in ["trainval", "test"] {
        got.split(n).unwrap().images.iter().flat_map(|i| &i.objects).for_each(|o| per_class[o.class as usize] += 1);
    }
    assert_eq!(per_class.iter().sum::<usize>(), 4886);
    assert_eq!(per_class[2], 372);
    let kinds: Vec<(FindingKind, usize)> = got.findings.iter().map(|f| (f.kind, f.count)).collect();
    assert_eq!(kinds, [(FindingKind::ZeroArea, 2)]);
    assert!(got.findings[0].examples[0].starts_with("BloodImage_00338"));
}

/// Upstream's conversion, done here from the XML's text: the YOLO form of the set has the same digests.
#[test]
fn the_yolo_form_has_the_same_digests() {
    let Some(root) = bccd() else { return };
    let dir = tempfile::tempdir().unwrap();
    let names = ["Platelets", "RBC", "WBC"];
    for split in ["train", "val", "test"] {
        let (images, labels) = (dir.path().join("images").join(split), dir.path().join("labels").join(split));
        fs::create_dir_all(&images).unwrap();
        fs::create_dir_all(&labels).unwrap();
        for stem in fs::read_to_string(root.join("ImageSets/Main").join(format!("{split}.txt"))).unwrap().split_whitespace() {
            fs::copy(root.join("JPEGImages").join(format!("{stem}.jpg")), images.join(format!("{stem}.jpg"))).unwrap();
            let xml = fs::read_to_string(root.join("Annotations").join(format!("{stem}.xml"))).unwrap();
            let mut text = String::new();
            for object in xml.split("<object>").skip(1) {
                let field = |name: &str| object.split(&format!("<{name}>")).nth(1).unwrap().split('<').next().unwrap();
                let v = ["xmin", "ymin", "xmax", "ymax"].map(|n| field(n).parse::<f64>().unwrap());
                let class = names.iter().position(|n| *n == field("name")).unwrap();
                let (cx, cy) = (((v[0] + v[2]) / 2.0 - 1.0) / 640.0, ((v[1] + v[3]) / 2.0 - 1.0) / 480.0);
                text += &format!("{class} {cx:.6} {cy:.6} {:.6} {:.6}\n", (v[2] - v[0]) / 640.0, (v[3] - v[1]) / 480.0);
            }
            fs::write(labels.join(format!("{stem}.txt")), text).unwrap();
        }
    }
    let yaml = "train: images/train\nval: images/val\ntest: images/test\nnames:\n  0: Platelets\n  1: RBC\n  2: WBC\n";
    fs::write(dir.path().join("data.yaml"), yaml).unwrap();
    let (a, b) = (scan(&voc(&root)).unwrap(), scan(&yolo(dir.path())).unwrap());
    for split in ["train", "val", "test"] {
        assert_eq!(a.split(split).unwrap().digest, b.split(split).unwrap().digest, "{split}");
    }
}

/// Decoded and resized pixels of real photographs: one digest on all machines, or the decoder has another name.
#[test]
fn pack_pixels_are_golden() {
    let Some(root) = bccd() else { return };
    let full = scan(&voc(&root)).unwrap();
    let pack = Pack::build(&full, "val", 160, Path::new("")).unwrap();
    assert_eq!((pack.images[0].w, pack.images[0].h), (160, 120));
    assert_eq!(crate::base::Digest::of(&pack.pixels.get(0..pack.pixels.len() as usize).unwrap()).hex(), GOLDEN_PIXELS);
    let train = Pack::build(&full, "train", 160, Path::new("")).unwrap();
    let anchors = auto_anchors(&train, &[8, 16, 32]);
    assert!(anchors.bpr > 0.98 && anchors.fitness > 0.7, "{anchors:?}");
    println!("{anchors:?}");
}
const GOLDEN_PIXELS: &str = "301f4de4fac58f49340868c34afc0092f649ca1618dd73e3a2bab62b1174676f";

#[test]
fn a_truncated_photograph_is_an_error_that_names_it() {
    let Some(root) = bccd() else { return };
    let dir = tempfile::tempdir().unwrap();
    for folder in ["JPEGImages", "Annotations", "ImageSets/Main"] {
        fs::create_dir_all(dir.path().join(folder)).unwrap();
    }
    let bytes = fs::read(root.join("JPEGImages/BloodImage_00000.jpg")).unwrap();
    fs::write(dir.path().join("JPEGImages/BloodImage_00000.jpg"), &bytes[..bytes.len() * 9 / 10]).unwrap();
    fs::copy(root.join("Annotations/BloodImage_00000.xml"), dir.path().join("Annotations/BloodImage_00000.xml")).unwrap();
    let text = scan(&voc(dir.path())).unwrap_err().to_string();
    assert!(text.contains("BloodImage_00000.jpg (truncated"), "{text}");
}

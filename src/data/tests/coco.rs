//! COCO's form as tools write it: faults stay in their split, numbers come in several forms.

use super::*;
use std::fs;

pub(in crate::data) fn put(root: &Path, path: &str, bytes: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

pub(in crate::data) fn coco(root: &Path) -> Data {
    files_of("coco", root, 160)
}

/// One image with one box.
fn description(name: &str) -> String {
    format!(
        r#"{{"images": [{{"id": 7, "file_name": "{name}", "width": 40, "height": 30}}],
            "categories": [{{"id": 2, "name": "car"}}, {{"id": 18, "name": "dog"}}],
            "annotations": [{{"image_id": 7, "category_id": 18, "bbox": [10, 5, 20, 15], "iscrowd": 0}}]}}"#
    )
}

fn set() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (i, split) in ["train", "val"].iter().enumerate() {
        put(dir.path(), &format!("annotations/{split}.json"), description(&format!("{i}.png")));
        put(dir.path(), &format!("images/{i}.png"), png(40, 30, i as u8));
    }
    dir
}

#[test]
fn a_description_that_nobody_reads_may_be_wrong() {
    let dir = set();
    let whole = scan(&coco(dir.path())).unwrap();
    let good = description("1.png");
    for (from, to, why) in [
        (r#""id": 18"#, r#""id": 2"#, "category id 2 stands twice"),
        (r#""name": "dog""#, r#""name": "cat""#, "its categories are not those of"),
        (r#""category_id": 18"#, r#""category_id": 3"#, "not in `categories`"),
        (r#""image_id": 7"#, r#""image_id": 8"#, "not in `images`"),
        (r#""images""#, r#""pictures""#, "images"),
    ] {
        assert!(good.contains(from), "{from}");
        put(dir.path(), "annotations/val.json", good.replace(from, to));
        let got = scan_of(&coco(dir.path()), &["train"]).unwrap();
        assert_eq!((got.split("train"), &got.classes), (whole.split("train"), &whole.classes), "{why}");
        let error = scan(&coco(dir.path())).unwrap_err().to_string();
        assert!(error.contains("val.json") && error.contains(why), "{why}: {error}");
    }
    // Where the first is wrong, those behind it say which categories there are.
    put(dir.path(), "annotations/val.json", &good);
    put(dir.path(), "annotations/train.json", description("0.png").replace(r#""id": 18"#, r#""id": 2"#));
    let got = scan_of(&coco(dir.path()), &["val"]).unwrap();
    assert_eq!((got.split("val"), &got.classes), (whole.split("val"), &whole.classes));
    // A description that the document names and nobody reads need not be there.
    let mut listed = coco(dir.path());
    files(&mut listed, &[("val", "annotations/val.json"), ("test", "annotations/gone.json")]);
    let need = Need { splits: Some(["val".to_string()].into()), anchors: false };
    assert!(crate::data::listing(&listed, Path::new(""), &need).is_ok());
    assert_eq!(scan_of(&listed, &["val"]).unwrap().unread, ["test"]);
}

#[test]
fn numbers_in_other_forms_are_the_same_data() {
    let dir = set();
    let whole = scan(&coco(dir.path())).unwrap();
    let good = description("1.png");
    for (from, to) in [
        (r#""iscrowd": 0"#, r#""iscrowd": false"#),
        (r#""iscrowd": 0"#, r#""iscrowd": null"#),
        (r#""category_id": 18"#, r#""category_id": 18.0"#),
        (r#""image_id": 7"#, r#""image_id": 7.0"#),
        (r#""id": 18"#, r#""id": 18.0"#),
        (r#""width": 40"#, r#""width": null"#),
    ] {
        assert!(good.contains(from), "{from}");
        put(dir.path(), "annotations/val.json", good.replacen(from, to, 1));
        assert_eq!(scan(&coco(dir.path())).unwrap().splits, whole.splits, "{to}");
    }
    put(dir.path(), "annotations/val.json", good.replace(r#""iscrowd": 0"#, r#""iscrowd": true"#));
    assert_eq!(scan(&coco(dir.path())).unwrap().split("val").unwrap().boxes(), 0);
    put(dir.path(), "annotations/val.json", good.replace(r#""category_id": 18"#, r#""category_id": 18.5"#));
    let error = scan(&coco(dir.path())).unwrap_err().to_string();
    assert!(error.contains("val.json") && error.contains("a whole number"), "{error}");
}

/// A description may have a gigabyte: it is read once for the listing and the scan.
#[test]
fn a_survey_gives_the_listing_and_the_scan() {
    let dir = set();
    let (data, need) = (coco(dir.path()), Need::all());
    let survey = crate::data::Survey::of(&data, Path::new(""), &need).unwrap();
    assert_eq!(survey.listing().unwrap(), crate::data::listing(&data, Path::new(""), &need).unwrap());
    let whole = scan(&data).unwrap();
    put(dir.path(), "annotations/val.json", "what");
    assert_eq!(survey.scan().unwrap(), whole);
}

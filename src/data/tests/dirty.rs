//! Data sets as people have them: labels elsewhere, files of systems, splits that are not there, numbers that do not fit.

use super::*;
use crate::data::FindingKind::*;
use crate::data::{DataError, Finding, FindingKind};
use std::fs;

fn found(scan: &Scan, kind: FindingKind) -> Option<&Finding> {
    scan.findings.iter().find(|f| f.kind == kind)
}

fn errors(result: Result<Scan, DataError>) -> Vec<Finding> {
    match result {
        Err(DataError::Findings(list)) => list.into_iter().filter(|f| f.kind.is_error()).collect(),
        other => panic!("{other:?}"),
    }
}

fn put(root: &Path, path: &str, bytes: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Two images a split, one box of class 0 each.
fn write_yolo(root: &Path, images: &str, labels: &str, splits: &[&str]) {
    for (s, split) in splits.iter().enumerate() {
        for i in 0..2 {
            put(root, &format!("{}/p{i}.png", images.replace('*', split)), png(32, 32, (10 * s + i) as u8));
            put(root, &format!("{}/p{i}.txt", labels.replace('*', split)), "0 0.5 0.5 0.5 0.5\n");
        }
    }
}

fn plain(splits: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write_yolo(dir.path(), "images/*", "labels/*", splits);
    dir
}

fn names(scan: &Scan) -> Vec<&str> {
    scan.splits.iter().map(|s| s.name.as_str()).collect()
}

#[test]
fn labels_elsewhere_are_named() {
    let dir = tempfile::tempdir().unwrap();
    write_yolo(dir.path(), "images/*", "Labels/*", &["train", "val"]);
    put(dir.path(), "data.yaml", "train: images/train\nval: images/val\nnames: [red]\n");
    let got = scan(&yolo(dir.path())).unwrap();
    assert_eq!((got.splits[0].boxes(), found(&got, NoLabelFile).unwrap().count), (0, 4));
    let other = found(&got, OtherLabels).unwrap();
    assert!(other.examples[0].contains("Labels") && other.examples[0].contains("annotations=\"Labels\""), "{other}");
    // What the note advises helps.
    let mut named = yolo(dir.path());
    named.annotations = Some(spanned("Labels".into()));
    let got = scan(&named).unwrap();
    assert_eq!((got.splits[0].boxes(), found(&got, NoLabelFile)), (2, None));
}

#[test]
fn images_without_boxes_are_counted() {
    let dir = plain(&["train"]);
    put(dir.path(), "labels/train/p0.txt", "\n");
    put(dir.path(), "images/train/bare.png", png(32, 32, 99));
    let got = scan(&yolo(dir.path())).unwrap();
    assert_eq!(
        (found(&got, NoBoxes).unwrap().count, found(&got, NoLabelFile).unwrap().examples.clone()),
        (1, vec!["bare.png".to_string()])
    );
    let dir = tempfile::tempdir().unwrap();
    write_voc(dir.path(), &[("a", png(40, 30, 1), String::new()), ("b", png(40, 30, 2), object("x", [5, 5, 9, 9]))], &[]);
    assert_eq!(found(&scan(&voc(dir.path())).unwrap(), NoBoxes).unwrap().examples, ["a.png"]);
}

#[test]
fn hidden_and_system_files_are_no_images() {
    let dir = plain(&["train", "val"]);
    let clean = scan(&yolo(dir.path())).unwrap();
    for path in ["images/train/._p0.png", "images/train/.ipynb_checkpoints/p0.png", "images/val/__MACOSX/p0.png", "labels/train/._p0.txt"] {
        put(dir.path(), path, "\0\x05\x16\x07");
    }
    let got = scan(&yolo(dir.path())).unwrap();
    assert!(got == clean, "{:?}", got.findings);
    put(dir.path(), "mine.txt", "./images/train/p0.png\n./images/train/._p0.png\n");
    let mut listed = yolo(dir.path());
    files(&mut listed, &[("train", "mine.txt")]);
    assert_eq!(scan(&listed).unwrap().splits[0].images.len(), 1);
    let dir = tempfile::tempdir().unwrap();
    write_voc(dir.path(), &[("a", png(40, 30, 1), object("x", [5, 5, 9, 9]))], &[]);
    put(dir.path(), "Annotations/._a.xml", "\0");
    put(dir.path(), "JPEGImages/._a.jpg", "\0");
    let got = scan(&voc(dir.path())).unwrap();
    assert_eq!((got.splits[0].images.len(), got.findings.len()), (1, 0), "{:?}", got.findings);
}

/// Which splits a pipeline uses changes neither the others' digests nor the classes.
#[test]
fn what_is_not_used_is_not_read() {
    let dir = plain(&["train", "val"]);
    put(dir.path(), "labels/val/p0.txt", "3 0.5 0.5 0.5 0.5\n");
    let whole = scan(&yolo(dir.path())).unwrap();
    let part = scan_of(&yolo(dir.path()), &["train"]).unwrap();
    assert_eq!((part.classes.len(), names(&part), part.unread.clone()), (4, vec!["train"], vec!["val".to_string()]));
    assert_eq!(part.split("train"), whole.split("train"));
    put(dir.path(), "images/val/p0.png", "no image");
    assert!(scan_of(&yolo(dir.path()), &["train"]).unwrap().split("train") == whole.split("train"));
    assert_eq!(errors(scan_of(&yolo(dir.path()), &["train", "val"]))[0].kind, UnreadableImage);
    // A description with a split that is not there, as Roboflow writes it.
    put(dir.path(), "data.yaml", "train: ../images/train\nval: ../images/val\ntest: ../test/images\nnames: [a, b, c, d]\n");
    let got = scan_of(&yolo(dir.path()), &["train"]).unwrap();
    assert_eq!((names(&got), got.unread.clone()), (vec!["train"], vec!["val".to_string(), "test".into()]));
    let error = scan_of(&yolo(dir.path()), &["train", "test"]).unwrap_err().to_string();
    assert!(error.contains("test/images") && error.contains("no such file or folder (split test)"), "{error}");
    // Images that are dealt out are those that are there.
    put(dir.path(), "images/val/p0.png", png(32, 32, 77));
    let mut dealt = yolo(dir.path());
    shares(&mut dealt, &[("train", 0.5), ("val", 0.5)]);
    let got = scan_of(&dealt, &["train", "val"]).unwrap();
    assert_eq!((got.splits[0].images.len(), found(&got, MissingPlace).unwrap().count), (2, 1));
}

#[test]
fn voc_lists_that_nobody_reads() {
    let dir = tempfile::tempdir().unwrap();
    let images = [("a", png(40, 30, 1), object("x", [5, 5, 9, 9])), ("b", png(40, 30, 2), object("y", [5, 5, 9, 9]))];
    write_voc(dir.path(), &images, &[("train.txt", "a\n"), ("val.txt", "b\n"), ("test.txt", "gone\n")]);
    let got = scan_of(&voc(dir.path()), &["train"]).unwrap();
    assert_eq!((got.classes.clone(), names(&got)), (vec!["x".to_string(), "y".into()], vec!["train"]));
    assert_eq!(found(&got, EmptyClass), None);
    assert_eq!(errors(scan(&voc(dir.path())))[0].kind, MissingImage);
    // Anchors come from `train`, whether or not a stage reads it.
    let need = Need { splits: Some(["val".to_string()].into()), anchors: true };
    assert_eq!(names(&crate::data::scan(&voc(dir.path()), Path::new(""), &need).unwrap()), ["train", "val"]);
}

#[test]
fn folders_that_are_splits_by_other_names() {
    let dir = tempfile::tempdir().unwrap();
    write_yolo(dir.path(), "*/images", "*/labels", &["train", "valid"]);
    assert_eq!(names(&scan(&yolo(dir.path())).unwrap()), ["train", "val"]);
    assert_eq!(names(&scan(&yolo(plain(&["train", "validation"]).path())).unwrap()), ["train", "val"]);
    let error = scan(&yolo(&dir.path().join("train/labels"))).unwrap_err().to_string();
    assert!(error.contains("`images=`") && error.contains("data.yaml"), "{error}");
}

#[test]
fn windows_paths_and_byte_order_marks() {
    let dir = plain(&["train", "val"]);
    put(dir.path(), "classes.txt", "\u{feff}red\r\nblue\r\n");
    assert_eq!(scan(&yolo(dir.path())).unwrap().classes, ["red", "blue"]);
    put(dir.path(), "train.txt", "\u{feff}images\\train\\p0.png\r\n.\\images\\train\\p1.png\r\n");
    put(dir.path(), "data.yaml", "path: .\\\ntrain: train.txt\nval: images\\val\nnames: [red, blue]\n");
    let got = scan(&yolo(dir.path())).unwrap();
    assert_eq!(got.splits.iter().map(|s| (s.images.len(), s.boxes())).collect::<Vec<_>>(), [(2, 2), (2, 2)]);
}

#[test]
fn classes_that_do_not_fit_are_errors() {
    let dir = plain(&["train"]);
    put(dir.path(), "data.yaml", "train: images/train\nnames: [red, red]\n");
    let error = scan(&yolo(dir.path())).unwrap_err().to_string();
    assert!(error.contains("the class `red` stands twice: as class 0 and as class 1"), "{error}");
    put(dir.path(), "data.yaml", "train: images/train\nnames: [red, blue]\n");
    put(dir.path(), "labels/train/p0.txt", "1 0.5 0.5 0.5 0.5\n2 0.4 0.5 0.5 0.5\n");
    put(dir.path(), "labels/train/p1.txt", "2 0.5 0.5 0.5 0.5\n");
    let text = errors(scan(&yolo(dir.path())))[0].to_string();
    for part in ["2 boxes of classes that are not declared", "use the classes 1, 2", "0 (red), 1 (blue)", "count from 1", "p0.png"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Where the document chooses classes, others are left out with a note.
    let mut chosen = yolo(dir.path());
    chosen.classes = vec![spanned("blue".into())];
    let got = scan(&chosen).unwrap();
    assert_eq!((got.splits[0].boxes(), found(&got, UnknownClass).unwrap().examples[0].as_str()), (1, "class 2 (p0.png)"));
}

#[test]
fn broken_images_are_named_or_skipped() {
    let dir = plain(&["train"]);
    let clean = scan(&yolo(dir.path())).unwrap();
    for i in 0..25 {
        put(dir.path(), &format!("images/train/x{i}.jpg"), "RIFF\x10\0\0\0WEBPVP8 ");
    }
    put(dir.path(), "images/train/y.jp2", "BM");
    put(dir.path(), "images/train/z.png", png(32, 32, 50));
    put(dir.path(), "labels/train/z.txt", "what\n");
    let list = errors(scan(&yolo(dir.path())));
    assert_eq!(
        list.iter().map(|f| (f.kind, f.count)).collect::<Vec<_>>(),
        [(UnreadableImage, 25), (UnsupportedImage, 1), (UnreadableAnnotation, 1)]
    );
    assert!(list[0].to_string().contains("the WebP is shorter than it says") && list[0].to_string().contains("5 more"), "{}", list[0]);
    assert!(list[0].all().contains("x9.jpg"));
    let mut skipping = yolo(dir.path());
    skipping.skip_broken = true;
    let got = scan(&skipping).unwrap();
    assert_eq!((got.splits[0].digest, found(&got, SkippedBroken).unwrap().count), (clean.splits[0].digest, 27));
    // The choice is part of what a kept scan is found by.
    let print = |data: &Data| crate::data::listing(data, Path::new(""), &Need::all()).unwrap().fingerprint;
    assert_ne!(print(&yolo(dir.path())), print(&skipping));
}

#[test]
fn jpegs_without_their_end_marker_are_read() {
    let tiny = include_bytes!("../testdata/tiny.jpg");
    let dir = plain(&["train"]);
    put(dir.path(), "images/train/cut.jpg", &tiny[..tiny.len() - 2]);
    let got = scan(&yolo(dir.path())).unwrap();
    assert_eq!((got.splits[0].images.len(), found(&got, NoEndMarker).unwrap().examples.clone()), (3, vec!["cut.jpg".to_string()]));
    put(dir.path(), "images/train/cut.jpg", &tiny[..tiny.len() - 40]);
    assert!(errors(scan(&yolo(dir.path())))[0].to_string().contains("cut.jpg (truncated"));
}

#[test]
fn voc_lists_with_suffixes_and_folders_of_other_names() {
    let dir = tempfile::tempdir().unwrap();
    let images = [("a.b", png(40, 30, 1), object("x", [5, 5, 9, 9])), ("c", png(40, 30, 2), object("x", [5, 5, 9, 9]))];
    write_voc(dir.path(), &images, &[("train.txt", "a.b.png\nJPEGImages/c.jpg\n"), ("val.txt", "a.b\n./c 1\n")]);
    let got = scan(&voc(dir.path())).unwrap();
    assert_eq!(got.splits.iter().map(|s| s.images.len()).collect::<Vec<_>>(), [2, 2]);
    fs::rename(dir.path().join("JPEGImages"), dir.path().join("pictures")).unwrap();
    fs::rename(dir.path().join("Annotations"), dir.path().join("boxes")).unwrap();
    let found = scan_of(&voc(dir.path()), &["val"]).unwrap();
    assert_eq!(found.split("val").unwrap().digest, got.split("val").unwrap().digest);
    let mut wrong = voc(dir.path());
    wrong.images = Some(spanned("photos".into()));
    let error = scan(&wrong).unwrap_err().to_string();
    assert!(error.contains("`photos`") && error.contains("`images=`"), "{error}");
    let mut named = voc(dir.path());
    (named.images, named.annotations) = (Some(spanned("pictures".into())), Some(spanned("boxes".into())));
    let renamed = scan_of(&named, &["val"]).unwrap();
    assert_eq!(renamed.split("val").unwrap().digest, got.split("val").unwrap().digest);
}

/// `classes` alone says which classes the boxes count: what lies beyond is no choice but a fault.
#[test]
fn classes_of_the_document_alone_choose_nothing() {
    let dir = plain(&["train"]);
    put(dir.path(), "labels/train/p0.txt", "1 0.5 0.5 0.5 0.5\n");
    put(dir.path(), "labels/train/p1.txt", "2 0.5 0.5 0.5 0.5\n");
    let mut named = yolo(dir.path());
    named.classes = vec![spanned("red".into()), spanned("blue".into())];
    let text = errors(scan(&named))[0].to_string();
    for part in ["1 box of a class that is not declared", "use the classes 1, 2", "0 (red), 1 (blue)", "count from 1"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    put(dir.path(), "classes.txt", "none\nred\nblue\n");
    let got = scan(&named).unwrap();
    assert_eq!((got.classes, got.splits[0].boxes()), (vec!["red".to_string(), "blue".into()], 2));
}

#[test]
fn a_count_of_classes_is_a_declaration() {
    let dir = plain(&["train"]);
    put(dir.path(), "data.yml", "train: images/train\nnc: 3\n");
    let got = scan(&yolo(dir.path())).unwrap();
    assert_eq!((got.classes, got.splits[0].boxes()), (vec!["0".to_string(), "1".into(), "2".into()], 2));
    put(dir.path(), "labels/train/p0.txt", "3 0.5 0.5 0.5 0.5\n");
    assert_eq!(errors(scan(&yolo(dir.path())))[0].kind, UndeclaredClass);
    // Names win where there are some, and must be as many.
    put(dir.path(), "classes.txt", "a\nb\n");
    let error = scan(&yolo(dir.path())).unwrap_err().to_string();
    assert!(error.contains("classes.txt") && error.contains("names 2 classes") && error.contains("is 3"), "{error}");
    put(dir.path(), "classes.txt", "a\nb\nc\nd\n");
    put(dir.path(), "data.yml", "train: images/train\nnc: 4\n");
    assert_eq!(scan(&yolo(dir.path())).unwrap().classes, ["a", "b", "c", "d"]);
}

/// Folders of several parts are those of the data set, also where its description is the root.
#[test]
fn folders_beside_a_description() {
    let dir = tempfile::tempdir().unwrap();
    write_yolo(dir.path(), "raw/pictures/*", "raw/txt/*", &["train"]);
    put(dir.path(), "data.yaml", "train: raw/pictures/train\nnames: [red]\n");
    for root in ["", "data.yaml"] {
        let mut data = yolo(&dir.path().join(root));
        (data.images, data.annotations) = (Some(spanned("raw/pictures".into())), Some(spanned("raw/txt".into())));
        let got = scan(&data).unwrap();
        assert_eq!((got.splits[0].boxes(), found(&got, NoLabelFile)), (2, None), "{root}");
    }
    // Labels that nobody reads are looked for there too.
    put(dir.path(), "Labels/p0.txt", "");
    let got = scan(&yolo(&dir.path().join("data.yaml"))).unwrap();
    assert!(found(&got, OtherLabels).unwrap().examples[0].contains("annotations=\"Labels\""));
}

#[test]
fn voc_lists_that_are_not_there_and_suffixes_in_capitals() {
    let dir = tempfile::tempdir().unwrap();
    let images = [("a", png(40, 30, 1), object("x", [5, 5, 9, 9])), ("b", png(40, 30, 2), object("x", [5, 5, 9, 9]))];
    write_voc(dir.path(), &images, &[("mine.txt", "a\nb\n")]);
    fs::rename(dir.path().join("Annotations/b.xml"), dir.path().join("Annotations/b.XML")).unwrap();
    let mut listed = voc(dir.path());
    files(&mut listed, &[("train", "mine.txt"), ("test", "gone.txt")]);
    let got = scan_of(&listed, &["train"]).unwrap();
    assert_eq!((got.splits[0].boxes(), got.unread.clone(), got.findings.len()), (2, vec!["test".to_string()], 0), "{:?}", got.findings);
    let print = |data: &Data| {
        let need = Need { splits: Some(["train".to_string()].into()), anchors: false };
        crate::data::listing(data, Path::new(""), &need).unwrap().fingerprint
    };
    let before = print(&listed);
    put(dir.path(), "ImageSets/Main/gone.txt", "a\n");
    assert_ne!(print(&listed), before, "a list that comes back is seen");
    fs::remove_file(dir.path().join("ImageSets/Main/gone.txt")).unwrap();
    let error = scan_of(&listed, &["train", "test"]).unwrap_err().to_string();
    assert!(error.contains("gone.txt") && error.contains("no such list, named by split test"), "{error}");
    // What a list keeps away from shares must be known before they are dealt.
    listed.splits[0].1 = SplitBy::Share(0.5);
    let error = scan_of(&listed, &["train"]).unwrap_err().to_string();
    assert!(error.contains("named by split test"), "{error}");
}

#[test]
fn an_empty_split_says_why() {
    let dir = plain(&["train", "val"]);
    for i in 0..2 {
        put(dir.path(), &format!("images/val/p{i}.png"), "no image");
    }
    let mut skipping = yolo(dir.path());
    skipping.skip_broken = true;
    let error = scan(&skipping).unwrap_err().to_string();
    for part in ["split val of data set d has no images", "2 images that cannot be used, skipped", "p0.png"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn pictures_of_phones_are_named_not_passed_over() {
    let dir = plain(&["train"]);
    for name in ["a.heic", "b.HEIF", "c.avif", "d.gif", "e.jp2", "f.jxl"] {
        put(dir.path(), &format!("images/train/{name}"), "?");
    }
    let list = errors(scan(&yolo(dir.path())));
    assert_eq!((list[0].kind, list[0].count), (UnsupportedImage, 6));
    assert!(list[0].to_string().contains("a.heic"), "{}", list[0]);
}

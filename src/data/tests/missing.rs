//! `split … only-missing=#true`: what a data set has stays, what it lacks is cut from its training images.

use super::{files, object, png, scan, scan_of, shares, voc, write_voc, yolo};
use crate::data::{FindingKind, Scan};
use crate::document::Data;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const THREE: [(&str, f64); 3] = [("train", 0.7), ("val", 0.15), ("test", 0.15)];

fn only_missing(mut data: Data) -> Data {
    shares(&mut data, &THREE);
    data.only_missing = true;
    data
}

/// Twenty images, and these lists of them.
fn set(root: &Path, lists: &[(&str, &str)]) -> Data {
    let images: Vec<(String, Vec<u8>)> = (0..20).map(|i| (format!("i{i:02}"), png(16, 16, i))).collect();
    let images: Vec<(&str, Vec<u8>, String)> = images.iter().map(|(n, b)| (n.as_str(), b.clone(), object("a", [2, 2, 9, 9]))).collect();
    write_voc(root, &images, lists);
    voc(root)
}

fn list(from: usize, to: usize) -> String {
    (from..to).map(|i| format!("i{i:02}\n")).collect()
}

fn counts(scan: &Scan) -> Vec<(&str, usize)> {
    scan.splits.iter().map(|s| (s.name.as_str(), s.images.len())).collect()
}

fn disjoint(scan: &Scan) -> bool {
    let all: Vec<_> = scan.splits.iter().flat_map(|s| s.images.iter().map(|i| i.digest)).collect();
    all.iter().collect::<BTreeSet<_>>().len() == all.len()
}

#[test]
fn a_set_with_all_splits_is_as_without_the_line() {
    let dir = tempfile::tempdir().unwrap();
    let plain = set(dir.path(), &[("train.txt", &list(0, 12)), ("val.txt", &list(12, 16)), ("test.txt", &list(16, 20))]);
    let (own, cut) = (scan(&plain).unwrap(), scan(&only_missing(plain)).unwrap());
    assert_eq!((own.splits, counts(&cut)), (cut.splits.clone(), vec![("train", 12), ("val", 4), ("test", 4)]));
}

#[test]
fn a_set_without_splits_is_dealt_out() {
    let dir = tempfile::tempdir().unwrap();
    let plain = set(dir.path(), &[]);
    let mut dealt = plain.clone();
    shares(&mut dealt, &THREE);
    let (dealt, cut) = (scan(&dealt).unwrap(), scan(&only_missing(plain)).unwrap());
    assert_eq!((dealt.splits, counts(&cut)), (cut.splits.clone(), vec![("train", 14), ("val", 3), ("test", 3)]));
    // A share is a share where nothing but `train` is asked for.
    let mut half = set(&dir.path().join("half"), &[]);
    shares(&mut half, &[("train", 0.5)]);
    half.only_missing = true;
    assert_eq!(counts(&scan(&half).unwrap()), [("train", 10)]);
}

#[test]
fn what_is_missing_is_cut_from_train_which_keeps_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let data = only_missing(set(dir.path(), &[("train.txt", &list(0, 12)), ("val.txt", &list(12, 20))]));
    let cut = scan(&data).unwrap();
    assert_eq!(counts(&cut), [("train", 10), ("val", 8), ("test", 2)]);
    assert!(disjoint(&cut));
    // Whichever splits are read, they are the same.
    for name in ["train", "val", "test"] {
        assert_eq!(scan_of(&data, &[name]).unwrap().split(name), cut.split(name), "{name}");
    }
    // As in VOC 2007: images to train with are a list of their own, of which one part may be the validation's.
    fs::remove_file(dir.path().join("ImageSets/Main/train.txt")).unwrap();
    fs::write(dir.path().join("ImageSets/Main/trainval.txt"), list(0, 20)).unwrap();
    let cut = scan(&data).unwrap();
    assert_eq!(counts(&cut), [("train", 10), ("val", 8), ("test", 2)]);
    assert!(disjoint(&cut));
    // Only `train` is missing: it is all that is left.
    fs::write(dir.path().join("ImageSets/Main/test.txt"), list(0, 5)).unwrap();
    assert_eq!(counts(&scan(&data).unwrap()), [("train", 7), ("val", 8), ("test", 5)]);
}

#[test]
fn a_split_that_is_named_but_not_there_is_missing_and_noted() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    for (folder, from) in [("train", 0u8), ("valid", 20)] {
        for i in from..from + 20 {
            fs::create_dir_all(root.join(folder).join("images")).unwrap();
            fs::create_dir_all(root.join(folder).join("labels")).unwrap();
            fs::write(root.join(folder).join(format!("images/{i}.png")), png(16, 16, i)).unwrap();
            fs::write(root.join(folder).join(format!("labels/{i}.txt")), "0 0.5 0.5 0.5 0.5\n").unwrap();
        }
    }
    fs::write(root.join("data.yaml"), "train: ../train/images\nval: ../valid/images\ntest: ../test/images\nnc: 1\nnames: ['a']\n").unwrap();
    let cut = scan(&only_missing(yolo(&root.join("data.yaml")))).unwrap();
    assert_eq!(counts(&cut), [("train", 17), ("val", 20), ("test", 3)]);
    assert!(cut.findings.iter().any(|f| f.kind == FindingKind::MissingPlace), "{:?}", cut.findings);
}

#[test]
fn without_training_images_nothing_can_be_cut() {
    let dir = tempfile::tempdir().unwrap();
    let data = only_missing(set(dir.path(), &[("val.txt", &list(12, 20))]));
    let said = scan(&data).unwrap_err().to_string();
    assert!(said.contains("there is no `train` that shares could be cut from"), "{said}");
    // Lists say for themselves what they hold: the document refuses them here, and the scan would not read them.
    let mut lists = set(dir.path(), &[("val.txt", &list(12, 20))]);
    files(&mut lists, &[("val", "val.txt")]);
    assert_eq!(counts(&scan(&lists).unwrap()), [("val", 8)]);
}

/// As many sets come: `images` and `annotations`, without lists.
#[test]
fn folders_of_other_names_are_found_by_what_they_hold() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let usual = scan(&only_missing(set(&root.join("usual"), &[]))).unwrap();
    let named = set(&root.join("named"), &[]);
    for (from, to) in [("JPEGImages", "images"), ("Annotations", "annotations")] {
        fs::rename(root.join("named").join(from), root.join("named").join(to)).unwrap();
    }
    let found = scan(&only_missing(named)).unwrap();
    let digests = |scan: &Scan| scan.splits.iter().map(|s| (s.name.clone(), s.digest)).collect::<Vec<_>>();
    assert_eq!(digests(&found), digests(&usual));
    fs::remove_dir_all(root.join("named/annotations")).unwrap();
    let said = scan(&voc(&root.join("named"))).unwrap_err().to_string();
    assert!(said.contains("there is no folder `JPEGImages`"), "{said}");
}

//! Folders of classes: what is left out is told, with counts.

use super::*;
use crate::data::FindingKind::{self, *};
use std::fs;

fn folder(root: &Path) -> Data {
    files_of("folder", root, 16)
}

fn put(root: &Path, path: &str, mark: u8) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, png(16, 16, mark)).unwrap();
}

fn count(scan: &Scan, kind: FindingKind) -> (usize, String) {
    scan.findings.iter().find(|f| f.kind == kind).map_or((0, String::new()), |f| (f.count, f.examples.join("; ")))
}

#[test]
fn nested_folders_and_other_files_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    for (i, path) in ["cat/a.png", "dog/b.jfif", "cat/sub/c.png", "cat/sub/deep/d.png", "bird/wings/e.png"].iter().enumerate() {
        put(dir.path(), path, i as u8);
    }
    fs::write(dir.path().join("dog/notes.txt"), "x").unwrap();
    fs::create_dir(dir.path().join(".ipynb_checkpoints")).unwrap();
    let got = scan(&folder(dir.path())).unwrap();
    assert_eq!((got.classes.clone(), got.splits[0].images.len()), (vec!["cat".to_string(), "dog".into()], 2));
    let (nested, examples) = count(&got, Nested);
    assert!(nested == 3 && examples.contains("sub (2)") && examples.contains("wings (1)"), "{nested} {examples}");
    let (empty, examples) = count(&got, EmptyFolder);
    assert!(empty == 1 && examples.ends_with("bird"), "{examples}");
    assert_eq!(count(&got, NoImage), (1, "dog/notes.txt".into()));
}

#[test]
fn stratified_shares_have_as_much_of_every_class() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..60u8 {
        let class = ["common", "some", "rare"][if i < 36 { 0 } else { 1 + usize::from(i >= 54) }];
        put(dir.path(), &format!("{class}/{i}.png"), i);
    }
    let mut data = folder(dir.path());
    shares(&mut data, &[("val", 0.25), ("test", 0.25)]);
    let of = |data: &Data| {
        let got = scan(data).unwrap();
        let counts = |name: &str| -> Vec<usize> {
            let split = got.split(name).unwrap();
            (0..3).map(|c| split.images.iter().filter(|i| i.label == Some(c)).count()).collect()
        };
        (["train", "val", "test"].map(counts), got.split("val").unwrap().digest)
    };
    let plain = of(&data);
    data.stratify = true;
    let even = of(&data);
    // Classes are sorted by name: common, rare, some. 36, 6 and 18 images; a quarter is 9, 1 or 2, 4 or 5.
    assert_eq!(even.0.iter().map(|c| c.iter().sum::<usize>()).collect::<Vec<_>>(), [30, 15, 15]);
    for (split, quarters) in even.0.iter().zip([2, 1, 1]) {
        for (n, all) in split.iter().zip([36.0, 6.0, 18.0]) {
            assert!((*n as f64 - all * f64::from(quarters) / 4.0).abs() <= 1.0, "{even:?}");
        }
    }
    assert_ne!(plain.1, even.1);
    data.split_seed = 1;
    assert_ne!(of(&data).1, even.1);
    data.split_seed = 0;
    assert_eq!(of(&data), even);
}

#[test]
fn splits_by_other_names_are_read_and_what_stands_beside_them_is_told() {
    let dir = tempfile::tempdir().unwrap();
    for (i, path) in ["train/cat/a.png", "train/dog/b.png", "Test/cat/c.png", "testing/dog/d.png", "extra/cat/e.png"].iter().enumerate() {
        put(dir.path(), path, i as u8);
    }
    let got = scan(&folder(dir.path())).unwrap();
    assert_eq!(got.splits.iter().map(|s| (s.name.as_str(), s.images.len())).collect::<Vec<_>>(), [("train", 2), ("test", 2)]);
    assert_eq!(count(&got, SplitFolder), (2, "Test as test; testing as test".into()));
    assert_eq!(count(&got, BesideSplits).0, 1);
    // A class of such a name stays a class.
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "Testing/a.png", 1);
    put(dir.path(), "Walking/b.png", 2);
    assert_eq!(scan(&folder(dir.path())).unwrap().classes, ["Testing", "Walking"]);
}

#[test]
fn a_test_set_that_nobody_reads_may_be_broken() {
    let dir = tempfile::tempdir().unwrap();
    for (i, path) in ["train/cat/a.png", "train/dog/b.png", "val/cat/c.png", "test/dog/d.png"].iter().enumerate() {
        put(dir.path(), path, i as u8);
    }
    let whole = scan(&folder(dir.path())).unwrap();
    fs::write(dir.path().join("test/dog/d.png"), "no image").unwrap();
    let got = scan_of(&folder(dir.path()), &["train", "val"]).unwrap();
    assert!(got.split("train") == whole.split("train") && got.split("val") == whole.split("val"));
    assert!(scan_of(&folder(dir.path()), &["test"]).is_err());
    // Shares of `train` read it whole.
    let mut cut = folder(dir.path());
    shares(&mut cut, &[("train", 0.5)]);
    assert_eq!(scan_of(&cut, &["train"]).unwrap().split("train").unwrap().images.len(), 1);
}

#[test]
fn a_share_that_nobody_reads_is_still_cut_from_train() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..8 {
        put(dir.path(), &format!("{}/p{i}.png", ["cat", "dog"][i % 2]), i as u8);
    }
    let mut all = folder(dir.path());
    shares(&mut all, &[("val", 0.25)]);
    let whole = scan(&all).unwrap();
    assert_eq!(whole.splits.iter().map(|s| (s.name.as_str(), s.images.len())).collect::<Vec<_>>(), [("train", 6), ("val", 2)]);
    let part = scan_of(&all, &["train"]).unwrap();
    assert_eq!(part.split("train"), whole.split("train"));
    // Where only a split of its own is read, nothing is cut, and `train` is not opened.
    let own = tempfile::tempdir().unwrap();
    fs::create_dir_all(own.path().join("train/cat")).unwrap();
    fs::write(own.path().join("train/cat/p0.png"), "no image").unwrap();
    for i in 0..2 {
        put(own.path(), &format!("test/{}/p{i}.png", ["cat", "dog"][i]), 40 + i as u8);
    }
    let mut own = folder(own.path());
    shares(&mut own, &[("val", 0.25)]);
    let got = scan_of(&own, &["test"]).unwrap();
    assert_eq!(got.splits.iter().map(|s| (s.name.as_str(), s.images.len())).collect::<Vec<_>>(), [("test", 2)]);
}

fn fingerprint(data: &Data, splits: &[&str]) -> crate::base::Digest {
    let splits = Some(splits.iter().map(ToString::to_string).collect());
    crate::data::listing(data, Path::new(""), &Need { splits, anchors: false }).unwrap().fingerprint
}

/// A scan that is kept is not taken where it would come out otherwise, though none of the files that it reads has changed.
#[test]
fn classes_and_findings_are_part_of_what_a_scan_is_kept_by() {
    let dir = tempfile::tempdir().unwrap();
    for (i, path) in ["train/cat/a.png", "train/dog/b.png", "test/cat/c.png"].iter().enumerate() {
        put(dir.path(), path, i as u8);
    }
    let data = folder(dir.path());
    let before = (fingerprint(&data, &["train"]), scan_of(&data, &["train"]).unwrap());
    // A class that only the unread split has shifts the numbers of those behind it.
    put(dir.path(), "test/bird/d.png", 9);
    let after = (fingerprint(&data, &["train"]), scan_of(&data, &["train"]).unwrap());
    assert_ne!(before.1.classes, after.1.classes);
    assert_ne!(before.0, after.0);
    // A note about what is not read is as new.
    put(dir.path(), "train/dog/more/e.png", 10);
    assert_eq!(count(&scan_of(&data, &["train"]).unwrap(), Nested).0, 1);
    assert_ne!(after.0, fingerprint(&data, &["train"]));
    assert_eq!(fingerprint(&data, &["train"]), fingerprint(&data, &["train"]));
}

#[test]
fn findings_of_a_split_that_nobody_reads_stop_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for (i, path) in ["train/cat/a.png", "train/dog/b.png", "test/dog/c.png"].iter().enumerate() {
        put(dir.path(), path, i as u8);
    }
    fs::write(dir.path().join("test/dog/d.webp"), "?").unwrap();
    let got = scan_of(&folder(dir.path()), &["train"]).unwrap();
    assert_eq!((got.unread.clone(), got.findings.len()), (vec!["test".to_string()], 0), "{:?}", got.findings);
    let error = scan(&folder(dir.path())).unwrap_err().to_string();
    assert!(error.contains("d.webp") && error.contains("not an image in a format that is read"), "{error}");
}

#[test]
fn images_beside_the_folders_of_splits_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    for (i, path) in ["train/cat/a.png", "test/cat/b.png", "loose.png", "other.jpg"].iter().enumerate() {
        put(dir.path(), path, i as u8);
    }
    fs::write(dir.path().join("README.txt"), "x").unwrap();
    assert_eq!(count(&scan(&folder(dir.path())).unwrap(), NoClass), (2, "loose.png; other.jpg".into()));
}

//! VOC and YOLO's form on disk: what is read, what is reported, and that both forms of one set agree.

use super::*;
use crate::data::{DataError, FindingKind, Pack, Scan, listing};
use std::fs;

fn count(scan: &Scan, kind: FindingKind) -> usize {
    scan.findings.iter().find(|f| f.kind == kind).map_or(0, |f| f.count)
}

fn errors(result: Result<Scan, DataError>) -> Vec<(FindingKind, usize, Vec<String>)> {
    match result {
        Err(DataError::Findings(list)) => list.into_iter().filter(|f| f.kind.is_error()).map(|f| (f.kind, f.count, f.examples)).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn voc_boxes_and_findings() {
    let dir = tempfile::tempdir().unwrap();
    let objects = [
        object("dog", [1, 1, 11, 21]),
        object("cat", [10, 10, 41, 31]),
        object("cat", [10, 10, 41, 31]),
        object("cat", [5, 5, 5, 9]),
        object("cat", [90, 5, 99, 9]),
        object("dog", [30, 20, 60, 28]),
        "<object><name>dog</name><difficult>1</difficult></object>".into(),
    ];
    write_voc(dir.path(), &[("a", png(40, 30, 1), objects.concat()), ("b", png(40, 30, 2), String::new())], &[("train.txt", "a\nb\n")]);
    let got = scan(&voc(dir.path())).unwrap();
    assert_eq!(got.classes, ["cat", "dog"]);
    assert_eq!((got.splits.len(), got.splits[0].name.as_str(), got.splits[0].images.len()), (1, "train", 2));
    let a = got.splits[0].images.iter().find(|i| !i.objects.is_empty()).unwrap();
    assert_eq!(a.objects, [sixteenths(0, [9, 9, 40, 30]), sixteenths(1, [0, 0, 10, 20]), sixteenths(1, [29, 19, 40, 27])]);
    for (kind, n) in [
        (FindingKind::ZeroArea, 1),
        (FindingKind::Outside, 1),
        (FindingKind::DuplicateBox, 1),
        (FindingKind::Difficult, 1),
        (FindingKind::Clipped, 1),
        (FindingKind::UnknownClass, 0),
    ] {
        assert_eq!(count(&got, kind), n, "{kind:?}");
    }
    let mut subset = voc(dir.path());
    subset.classes = vec![spanned("dog".into()), spanned("bird".into())];
    let got = scan(&subset).unwrap();
    assert_eq!((got.splits[0].boxes(), count(&got, FindingKind::UnknownClass), count(&got, FindingKind::EmptyClass)), (2, 4, 1));
}

#[test]
fn missing_and_truncated_files_are_named_together() {
    let dir = tempfile::tempdir().unwrap();
    let whole = png(40, 30, 1);
    write_voc(
        dir.path(),
        &[
            ("a", whole.clone(), String::new()),
            ("cut", whole[..whole.len() / 2].to_vec(), String::new()),
            ("bad", png(40, 30, 3), "<object/>".into()),
        ],
        &[("train.txt", "a\ncut\nbad\ngone\nbare\n../../etc/passwd\n")],
    );
    fs::write(dir.path().join("JPEGImages/bare.png"), png(9, 9, 4)).unwrap();
    fs::write(dir.path().join("JPEGImages/jpeg.jpg"), &include_bytes!("../testdata/tiny.jpg")[..500]).unwrap();
    fs::write(dir.path().join("Annotations/jpeg.xml"), "<annotation/>").unwrap();
    fs::write(dir.path().join("ImageSets/Main/val.txt"), "jpeg\n").unwrap();
    let got = errors(scan(&voc(dir.path())));
    let kinds: Vec<(FindingKind, usize)> = got.iter().map(|g| (g.0, g.1)).collect();
    use FindingKind::*;
    assert_eq!(kinds, [(MissingImage, 1), (MissingAnnotation, 1), (UnreadableImage, 2), (UnreadableAnnotation, 1), (BadListEntry, 1)]);
    assert!(got[2].2[0].contains("cut.png") && got[2].2[1].contains("jpeg.jpg (truncated"), "{:?}", got[2]);
    assert!(matches!(scan(&voc(&dir.path().join("nowhere"))), Err(DataError::Format { .. })));
}

#[test]
fn yolo_with_and_without_a_description() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    for (split, n) in [("train", 3), ("val", 2)] {
        for i in 0..n {
            fs::create_dir_all(root.join("images").join(split)).unwrap();
            fs::create_dir_all(root.join("labels").join(split)).unwrap();
            fs::write(root.join("images").join(split).join(format!("{i}.png")), png(64, 32, 10 * n + i)).unwrap();
        }
    }
    fs::write(root.join("labels/train/0.txt"), "0 0.5 0.5 0.25 0.5\n2 0.5 0.5 0.25 0.5\n1 .1 .1 0 .1\n").unwrap();
    let plain = scan(&yolo(root)).unwrap();
    assert_eq!((plain.classes.as_slice(), plain.splits.len()), (&["0".to_string(), "1".into(), "2".into()][..], 2));
    assert_eq!(count(&plain, FindingKind::ZeroArea), 1);
    fs::write(root.join("data.yaml"), "path: ../elsewhere\ntrain: images/train\nval: ../images/val\nnames: [a, b]\n").unwrap();
    // A class beyond those that the description declares is an error.
    assert_eq!(errors(scan(&yolo(root)))[0].0, FindingKind::UndeclaredClass);
    fs::write(root.join("labels/train/0.txt"), "0 0.5 0.5 0.25 0.5\n1 .1 .1 0 .1\n").unwrap();
    let described = scan(&yolo(root)).unwrap();
    assert_eq!(described.classes, ["a", "b"]);
    let train = described.split("train").unwrap();
    assert_eq!((train.images.len(), described.split("val").unwrap().images.len()), (3, 2));
    assert_eq!(train.images.iter().flat_map(|i| &i.objects).collect::<Vec<_>>(), [&sixteenths(0, [24, 8, 40, 24])]);
    // The document orders and narrows the classes; a name that the description lacks is an error.
    let mut narrowed = yolo(root);
    narrowed.classes = vec![spanned("b".into())];
    assert_eq!(scan(&narrowed).unwrap().splits[0].boxes(), 0);
    narrowed.classes = vec![spanned("c".into())];
    assert!(matches!(scan(&narrowed), Err(DataError::Invalid(t)) if t.contains("it has a, b")));
    // Lists.
    fs::write(root.join("mine.txt"), "./images/train/1.png\nimages/val/0.png\n").unwrap();
    let mut listed = yolo(root);
    files(&mut listed, &[("train", "mine.txt")]);
    assert_eq!(scan(&listed).unwrap().splits[0].images.len(), 2);
    fs::write(root.join("mine.txt"), "images/val/9.png\n/etc/passwd\n").unwrap();
    assert_eq!(errors(scan(&listed)).len(), 2);
    fs::write(root.join("images/train/x.avif"), "").unwrap();
    assert_eq!(errors(scan(&yolo(root)))[0].0, FindingKind::UnsupportedImage);
}

#[test]
fn splits_are_exact_stable_and_by_content() {
    let dir = tempfile::tempdir().unwrap();
    let images: Vec<(String, Vec<u8>)> = (0..20).map(|i| (format!("i{i}"), png(16, 16, i))).collect();
    let set = |prefix: &str, skip: usize| {
        let root = dir.path().join(format!("{prefix}{skip}"));
        let list: Vec<(String, Vec<u8>, String)> =
            images.iter().skip(skip).map(|(n, b)| (format!("{prefix}{n}"), b.clone(), object("a", [2, 2, 9, 9]))).collect();
        let list: Vec<(&str, Vec<u8>, String)> = list.iter().map(|(n, b, o)| (n.as_str(), b.clone(), o.clone())).collect();
        write_voc(&root, &list, &[("train.txt", "")]);
        let mut data = voc(&root);
        shares(&mut data, &[("train", 0.7), ("val", 0.15), ("test", 0.15)]);
        data
    };
    let one = scan(&set("x", 0)).unwrap();
    let counts: Vec<usize> = one.splits.iter().map(|s| s.images.len()).collect();
    assert_eq!(counts, [14, 3, 3]);
    assert!(one.splits.iter().all(|s| s.images.is_sorted_by_key(|i| i.digest)));
    // Other file names and another folder, the same content: the same digests.
    let two = scan(&set("y", 0)).unwrap();
    let digests = |s: &Scan| s.splits.iter().map(|s| s.digest).collect::<Vec<_>>();
    assert_eq!(digests(&one), digests(&two));
    let mut seeded = set("x", 0);
    seeded.split_seed = 1;
    assert_ne!(digests(&scan(&seeded).unwrap()), digests(&one));
    // One image fewer moves one image at most over each border.
    let fewer = scan(&set("x", 1)).unwrap();
    let train = |s: &Scan| s.splits[0].images.iter().map(|i| i.digest).collect::<std::collections::BTreeSet<_>>();
    assert!(train(&one).symmetric_difference(&train(&fewer)).count() <= 2);
    for bad in [&[("train", 0.7), ("val", 0.5)][..], &[("train", 0.0)], &[("train", 0.001)], &[("train", f64::NAN)]] {
        let mut data = set("x", 0);
        shares(&mut data, bad);
        assert!(scan(&data).is_err(), "{bad:?}");
    }
}

#[test]
fn the_same_bytes_are_one_image() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (object("a", [2, 2, 9, 9]), object("a", [3, 3, 9, 9]));
    let same = png(16, 16, 1);
    write_voc(
        dir.path(),
        &[("p", same.clone(), a.clone()), ("q", same.clone(), a.clone() + &b), ("r", same, b), ("s", png(16, 16, 2), a)],
        &[("train.txt", "p\nq\nr\ns\n"), ("val.txt", "p\n"), ("trainval.txt", "p\nq\n")],
    );
    let got = scan(&voc(dir.path())).unwrap();
    let train = got.split("train").unwrap();
    assert_eq!((train.images.len(), train.boxes()), (2, 3));
    assert_eq!((count(&got, FindingKind::DuplicateImage), count(&got, FindingKind::SharedImage)), (2, 1));
}

#[test]
fn a_listing_tells_what_changed_and_a_pack_refuses_it() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write_voc(root, &[("a", png(40, 30, 1), object("x", [5, 5, 9, 9])), ("b", png(40, 30, 2), String::new())], &[("train.txt", "a\n")]);
    let data = voc(root);
    let first = listing(&data, Path::new(""), &Need::all()).unwrap();
    assert_eq!((first.files.len(), listing(&data, Path::new(""), &Need::all()).unwrap() == first), (3, true));
    let mut other = data.clone();
    other.split_seed = 1;
    assert_ne!(listing(&other, Path::new(""), &Need::all()).unwrap().fingerprint, first.fingerprint);
    let scanned = scan(&data).unwrap();
    let json = serde_json::to_string(&scanned).unwrap();
    assert_eq!(serde_json::from_str::<Scan>(&json).unwrap(), scanned);
    let pack = Pack::build(&scanned, "train", 20, Path::new("")).unwrap();
    assert_eq!((pack.images[0].w, pack.images[0].h, pack.pixels.len()), (20, 15, 900));
    assert_eq!(Pack::from_bytes(pack.to_bytes().unwrap()).unwrap(), pack);
    fs::write(root.join("JPEGImages/a.png"), png(40, 30, 9)).unwrap();
    assert_ne!(listing(&data, Path::new(""), &Need::all()).unwrap().fingerprint, first.fingerprint);
    let changed = Pack::build(&scanned, "train", 20, Path::new(""));
    assert!(matches!(changed, Err(DataError::Changed { ref path }) if path.ends_with("a.png")), "{changed:?}");
    fs::remove_file(root.join("JPEGImages/a.png")).unwrap();
    assert!(matches!(Pack::build(&scanned, "train", 20, Path::new("")), Err(DataError::Io { .. })));
    assert!(Pack::build(&scanned, "val", 20, Path::new("")).is_err());
}

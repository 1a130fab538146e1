//! Hugging Face's tables of images with boxes, in the forms that the hub has; what is refused; CIFAR-100 in both of its forms.

use super::coco::{coco, put};
use super::labelled::{NAMES, cifar_record, counts, parquet_bytes};
use super::*;
use crate::data::{FindingKind, Pack, recognise};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, FloatType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::fs;
use std::sync::Arc;

/// How boxes and classes lie in a row.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    /// `objects: {bbox: [...], category: [...]}`
    Lists,
    /// `objects: [{bbox, category}]`
    Groups,
    /// `bboxes: [...]`, `labels: [...]`
    Flat,
}

/// A box and its class, and whether it is a crowd.
type Thing = ([f32; 4], i64, bool);

const LISTED: &str = "(LIST) { repeated group list { optional";

/// A file of such rows: an image and its boxes.
fn table(form: Form, rows: &[(Vec<u8>, Vec<Thing>)], description: Option<&str>) -> Vec<u8> {
    let corners = format!("{LISTED} float element; }} }}");
    let of = |name: &str, inner: &str| format!("optional group {name} {LISTED} {inner} }} }}");
    let lists = |boxes: &str, class: &str| {
        let all = [of(boxes, &format!("group element {corners}")), of(class, "int64 element;"), of("iscrowd", "boolean element;")];
        all.concat()
    };
    let objects = match form {
        Form::Lists => format!("optional group objects {{ {} }}", lists("bbox", "category")),
        Form::Groups => {
            let inner = format!("group element {{ optional group bbox {corners} optional int64 category; optional boolean iscrowd; }}");
            of("objects", &inner)
        }
        Form::Flat => lists("bboxes", "labels"),
    };
    let schema = format!(
        "message schema {{ optional int64 image_id; optional group image {{ optional binary bytes; optional binary path (UTF8); }} {objects} }}"
    );
    let description = description.map(|n| vec![KeyValue { key: "huggingface".into(), value: Some(n.into()) }]);
    let properties = WriterProperties::builder().set_key_value_metadata(description).build();
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    // Definition level of an empty list; each value lies two levels deeper in a list of values, four in a list of lists.
    let empty = if form == Form::Lists { 2 } else { 1 };
    let class_level = if form == Form::Groups { empty + 3 } else { empty + 2 };
    let corner_level = if form == Form::Groups { empty + 5 } else { empty + 4 };
    let (mut classes, mut crowds, mut corners) = (Vec::new(), Vec::new(), Vec::new());
    let (mut one, mut four) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
    for (_, things) in rows {
        if things.is_empty() {
            [&mut one, &mut four].into_iter().for_each(|(definition, repetition)| {
                definition.push(empty);
                repetition.push(0);
            });
        }
        for (i, (b, class, crowd)) in things.iter().enumerate() {
            classes.push(*class);
            crowds.push(*crowd);
            corners.extend(b);
            one.0.push(class_level);
            one.1.push(i16::from(i > 0));
            four.0.extend([corner_level; 4]);
            four.1.extend([i16::from(i > 0), 2, 2, 2]);
        }
    }
    let count = rows.len();
    for column in 0..6 {
        let mut c = group.next_column().unwrap().unwrap();
        let bytes = |values: Vec<ByteArray>, c: &mut parquet::file::writer::SerializedColumnWriter| {
            c.typed::<ByteArrayType>().write_batch(&values, Some(&vec![2; values.len()]), None).unwrap();
        };
        match column {
            0 => drop(c.typed::<Int64Type>().write_batch(&(0..count as i64).collect::<Vec<_>>(), Some(&vec![1; count]), None).unwrap()),
            1 => bytes(rows.iter().map(|(image, _)| ByteArray::from(image.clone())).collect(), &mut c),
            2 => bytes((0..count).map(|i| ByteArray::from(format!("{i}.png").into_bytes())).collect(), &mut c),
            3 => drop(c.typed::<FloatType>().write_batch(&corners, Some(&four.0), Some(&four.1)).unwrap()),
            4 => drop(c.typed::<Int64Type>().write_batch(&classes, Some(&one.0), Some(&one.1)).unwrap()),
            _ => drop(c.typed::<BoolType>().write_batch(&crowds, Some(&one.0), Some(&one.1)).unwrap()),
        }
        c.close().unwrap();
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}

const GEAR: &str = r#"{"info":{"features":{"objects":{"feature":{"category":{"names":["mask","glove"],"_type":"ClassLabel"},"bbox":{}},"_type":"Sequence"}}}}"#;

fn rows(from: u8) -> Vec<(Vec<u8>, Vec<Thing>)> {
    vec![
        (png(40, 30, from), vec![([3.0, 4.0, 10.0, 12.5], 1, false), ([0.0, 0.0, 40.0, 30.0], 0, false)]),
        (png(40, 30, from + 1), vec![]),
        (png(60, 30, from + 2), vec![([20.0, 2.0, 39.0, 8.0], 0, false), ([1.0, 1.0, 5.0, 5.0], 1, true)]),
    ]
}

/// The same as a COCO set.
fn as_coco(root: &Path) {
    for (split, from) in [("train", 0), ("test", 100)] {
        let (mut images, mut objects) = (Vec::new(), Vec::new());
        for (i, (png, things)) in rows(from).into_iter().enumerate() {
            put(root, &format!("{split}/{i}.png"), png);
            images.push(serde_json::json!({ "id": i, "file_name": format!("{i}.png") }));
            for (bbox, class, crowd) in things {
                objects.push(serde_json::json!({ "image_id": i, "category_id": class, "bbox": bbox, "iscrowd": crowd }));
            }
        }
        let categories = serde_json::json!([{ "id": 0, "name": "mask" }, { "id": 1, "name": "glove" }]);
        let json = serde_json::json!({ "images": images, "categories": categories, "annotations": objects });
        put(root, &format!("{split}/_annotations.coco.json"), json.to_string());
    }
}

fn boxes(root: &Path) -> Data {
    files_of("parquet-boxes", root, 160)
}

#[test]
fn tables_with_boxes_are_the_same_data_as_cocos_form() {
    let dir = tempfile::tempdir().unwrap();
    as_coco(&dir.path().join("coco"));
    let expected = scan(&coco(&dir.path().join("coco"))).unwrap();
    let digests = |s: &Scan| s.splits.iter().map(|s| (s.name.clone(), s.digest)).collect::<Vec<_>>();
    for (form, description) in [(Form::Lists, Some(GEAR)), (Form::Groups, Some(GEAR)), (Form::Flat, None)] {
        let root = dir.path().join(format!("{form:?}"));
        for (split, from) in [("train", 0), ("test", 100)] {
            put(&root, &format!("data/{split}-00000-of-00001.parquet"), table(form, &rows(from), description));
        }
        let found = recognise(&root).unwrap();
        assert_eq!(found.iter().map(|f| f.format).collect::<Vec<_>>(), ["parquet-boxes"], "{form:?}");
        if description.is_none() {
            // Without names classes are numbers; the README names them.
            assert_eq!(scan(&boxes(&root)).unwrap().classes, ["0", "1"]);
            let head = "---\ndataset_info:\n  features:\n  - name: labels\n    sequence:\n      class_label:\n        names:\n          '0': mask\n          '1': glove\n---\n";
            put(&root, "README.md", head);
        }
        let got = scan(&boxes(&root)).unwrap();
        assert_eq!((digests(&got), &got.classes), (digests(&expected), &expected.classes), "{form:?}");
        let count = |kind: FindingKind| got.findings.iter().find(|f| f.kind == kind).map_or(0, |f| f.count);
        assert_eq!((count(FindingKind::Difficult), count(FindingKind::NoBoxes)), (2, 2), "{:?}", got.findings);
        let [ours, theirs] = [&got, &expected].map(|s| Pack::build(s, "test", 32, Path::new("")).unwrap());
        assert_eq!(ours, theirs);
        // Dealt out by shares, whichever file an image is in; a subset of the classes.
        let mut dealt = boxes(&root);
        shares(&mut dealt, &[("train", 0.5), ("val", 0.5)]);
        assert_eq!(counts(&scan(&dealt).unwrap()), [("train", 3), ("val", 3)]);
        let mut gloves = boxes(&root);
        gloves.classes = vec![spanned("glove".into())];
        assert_eq!(scan(&gloves).unwrap().splits.iter().map(|s| s.boxes()).sum::<usize>(), 2);
        // Only what is asked for is read.
        put(&root, "data/test-00000-of-00001.parquet", "what");
        assert_eq!(scan_of(&boxes(&root), &["train"]).unwrap().splits[0].digest, expected.splits[0].digest);
        assert!(scan(&boxes(&root)).is_err());
    }
}

/// Two files of pyarrow's, which the hub's are made by (`scripts/fixture_parquet.py`).
#[test]
fn files_as_the_hub_has_them() {
    let files = [&include_bytes!("../testdata/boxes-lists.parquet")[..], include_bytes!("../testdata/boxes-groups.parquet")];
    for bytes in files {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "data/train-00000-of-00001.parquet", bytes);
        let got = scan(&boxes(dir.path())).unwrap();
        assert_eq!((counts(&got), &got.classes[..]), (vec![("train", 2)], &["mask".to_string(), "glove".into()][..]));
        let found: Vec<Object> = got.splits[0].images.iter().flat_map(|i| i.objects.clone()).collect();
        let half = Object { class: 1, x1: 32, y1: 48, x2: 152, y2: 176 };
        assert_eq!(found, [sixteenths(0, [10, 0, 24, 16]), half]);
        assert!(got.findings.iter().all(|f| f.kind == FindingKind::NoBoxes), "{:?}", got.findings);
    }
}

#[test]
fn boxes_that_cannot_be_cocos_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let read = |rows: &[(Vec<u8>, Vec<Thing>)], description: Option<&str>| {
        put(dir.path(), "train.parquet", table(Form::Lists, rows, description));
        scan(&boxes(dir.path()))
    };
    let with = |all: &[[f32; 4]]| vec![(png(40, 30, 1), all.iter().map(|b| (*b, 0, false)).collect::<Vec<Thing>>())];
    assert!(read(&with(&[[30.0, 20.0, 9.0, 9.0]]), None).is_ok());
    for (all, why) in [
        (&[[0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.5, 0.5]][..], "shares of the image"),
        (&[[20.0, 10.0, 39.0, 28.0], [2.0, 3.0, 8.0, 9.0]], "1 of 2 boxes reach beyond their image, and all would fit as corners"),
        (&[[20.0, 10.0, 60.0, 5.0], [30.0, 10.0, 90.0, 9.0]], "2 of 2 boxes reach beyond"),
        (&[[20.0, 10.0, -3.0, 5.0]], "row 0: its box 0: 20, 10, -3, 5 is not left, top, width, height"),
        (&[[20.0, f32::NAN, 3.0, 5.0]], "is not left, top"),
        (&[[20.0, f32::INFINITY, 3.0, 5.0]], "is not left, top"),
    ] {
        let error = read(&with(all), None).unwrap_err().to_string();
        assert!(error.contains(why) && error.contains("train.parquet"), "{error:?} does not say {why:?}");
    }
    let mut wrong = rows(0);
    wrong[2].1[0].1 = 2;
    assert!(read(&wrong, Some(GEAR)).unwrap_err().to_string().contains("row 2 has a box of class 2; its description names 2"));
    wrong[2].1[0].1 = -1;
    assert!(read(&wrong, None).unwrap_err().to_string().contains("its class is neither a number"));
    wrong[2] = (b"GIF89a".to_vec(), vec![]);
    assert!(read(&wrong, None).unwrap_err().to_string().contains("image 2 of"));
    // A set of one class each is not of this format, nor the other way round.
    put(dir.path(), "train.parquet", parquet_bytes(&[png(8, 8, 1)], &[0], None));
    assert!(scan(&boxes(dir.path())).unwrap_err().to_string().contains("no column `objects`"));
    put(dir.path(), "train.parquet", table(Form::Lists, &rows(0), None));
    assert!(scan(&files_of("parquet", dir.path(), 32)).unwrap_err().to_string().contains("`format=parquet-boxes` reads them"));
    // Damage anywhere may be an error or another content, never the end of the program.
    let good = fs::read(dir.path().join("train.parquet")).unwrap();
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for at in (0..good.len()).step_by(3) {
        let mut damaged = good.clone();
        damaged[at] ^= 0xA5;
        put(dir.path(), "train.parquet", &damaged);
        let _ = scan(&boxes(dir.path()));
    }
    std::panic::set_hook(quiet);
}

/// A table of one class each whose names stand in the README alone.
#[test]
fn a_readme_names_the_classes_of_a_table() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "data/train-0.parquet", parquet_bytes(&[png(8, 8, 1), png(8, 8, 2)], &[0, 1], None));
    let head =
        "---\ndataset_info:\n  features:\n  - name: label\n    dtype:\n      class_label:\n        names: {'0': cat, '1': dog}\n---\n";
    put(dir.path(), "README.md", head);
    for root in [dir.path().to_path_buf(), dir.path().join("data")] {
        assert_eq!(scan(&files_of("parquet", &root, 8)).unwrap().classes, ["cat", "dog"]);
    }
    // What the file says itself comes first.
    put(dir.path(), "data/train-0.parquet", parquet_bytes(&[png(8, 8, 1), png(8, 8, 2)], &[0, 1], Some(&NAMES.replace("cat", "lynx"))));
    assert_eq!(scan(&files_of("parquet", dir.path(), 8)).unwrap().classes, ["lynx", "dog"]);
}

#[test]
fn cifar_100_in_its_binary_form_and_in_a_table() {
    let dir = tempfile::tempdir().unwrap();
    let record = |i: usize, coarse: u8, fine: u8| [&[coarse][..], &cifar_record(i, fine)].concat();
    let root = dir.path().join("set/cifar-100-binary");
    let names: Vec<String> = (0..100).map(|i| format!("fine {i}")).collect();
    put(&root, "fine_label_names.txt", names.join("\n") + "\n");
    put(&root, "train.bin", [record(1, 19, 99), record(2, 0, 7), record(3, 3, 42)].concat());
    put(&root, "test.bin", record(4, 5, 42));
    let data = files_of("cifar", &dir.path().join("set"), 32);
    assert_eq!(recognise(&dir.path().join("set")).unwrap()[0].format, "cifar");
    let got = scan(&data).unwrap();
    assert_eq!((counts(&got), &got.classes), (vec![("train", 3), ("test", 1)], &names));
    let mut labels: Vec<u16> = got.splits[0].images.iter().filter_map(|i| i.label).collect();
    labels.sort();
    assert_eq!((labels, got.splits[1].images[0].label), (vec![7, 42, 99], Some(42)));
    put(&root, "train.bin", record(1, 1, 100));
    assert!(scan(&data).unwrap_err().to_string().contains("is of class 100; there are 100"));
    put(&root, "train.bin", cifar_record(1, 1));
    assert!(scan(&data).unwrap_err().to_string().contains("no whole number of images of 3074 bytes"));
    put(&root, "fine_label_names.txt", "a\nb\n");
    assert!(scan(&data).unwrap_err().to_string().contains("it names 2 classes"));
    // As a table it has both kinds of classes; the fine ones count.
    let table = dir.path().join("table");
    let features = r#"{"info":{"features":{"fine_label":{"names":["apple","bear"],"_type":"ClassLabel"},"coarse_label":{"names":["fruit"],"_type":"ClassLabel"}}}}"#;
    let (images, labels) = ([png(32, 32, 1), png(32, 32, 2)], [1, 0]);
    put(&table, "cifar100/train-00000-of-00001.parquet", super::labelled::two_labels(&images, &labels, &[0, 0], features));
    let got = scan(&files_of("parquet", &table, 32)).unwrap();
    assert_eq!((counts(&got), got.classes.clone()), (vec![("train", 2)], vec!["apple".to_string(), "bear".into()]));
    assert_eq!(got.splits[0].images.iter().filter_map(|i| i.label).sum::<u16>(), 1);
}

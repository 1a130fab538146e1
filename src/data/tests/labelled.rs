//! The formats of images of one class each: what is read, and that hostile files are errors.

use super::super::{DataError, FindingKind, Loader, Pack, Scan, classify};
use super::{PLAIN, files_of, png, scan as read, shares, spanned};
use crate::document::Augment;
use flate2::{Compression, write::GzEncoder};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

pub(super) fn counts(scan: &Scan) -> Vec<(&str, usize)> {
    scan.splits.iter().map(|s| (s.name.as_str(), s.images.len())).collect()
}

/// Image `i` of a set of tiny pictures: its class is i % classes.
fn picture(i: usize, pixels: usize) -> Vec<u8> {
    (0..pixels).map(|p| (i * 31 + p * 7) as u8).collect()
}

fn idx(dims: &[u32], bytes: &[u8]) -> Vec<u8> {
    let head = [0, 0, 8, dims.len() as u8].into_iter().chain(dims.iter().flat_map(|d| d.to_be_bytes()));
    head.chain(bytes.iter().copied()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// MNIST's four files with `train` and `test` images of width × height pixels in three classes.
pub(crate) fn write_idx(root: &Path, train: usize, test: usize, gz: bool, (w, h): (usize, usize)) {
    for (stem, from, n) in [("train", 0, train), ("t10k", 1000, test)] {
        let images: Vec<u8> = (from..from + n).flat_map(|i| picture(i, w * h)).collect();
        let labels: Vec<u8> = (0..n).map(|i| (i % 3) as u8).collect();
        for (name, bytes) in [("images-idx3", idx(&[n as u32, h as u32, w as u32], &images)), ("labels-idx1", idx(&[n as u32], &labels))] {
            match gz {
                true => fs::write(root.join(format!("{stem}-{name}-ubyte.gz")), gzip(&bytes)).unwrap(),
                false => fs::write(root.join(format!("{stem}-{name}-ubyte")), bytes).unwrap(),
            }
        }
    }
}

#[test]
fn idx_files_are_read_as_they_are_or_gzipped() {
    let (plain, zipped) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_idx(plain.path(), 30, 9, false, (6, 4));
    write_idx(zipped.path(), 30, 9, true, (6, 4));
    let got = read(&files_of("idx", plain.path(), 4)).unwrap();
    assert_eq!((counts(&got), got.channels), (vec![("train", 30), ("test", 9)], 1));
    assert_eq!(got.classes, ["0", "1", "2"]);
    let other = read(&files_of("idx", zipped.path(), 4)).unwrap();
    assert_eq!(got.splits[0].digest, other.splits[0].digest);
    let pack = Pack::build(&got, "train", 4, Path::new("")).unwrap();
    assert_eq!(pack, Pack::from_bytes(pack.to_bytes().unwrap()).unwrap());
    assert_eq!((pack.channels, pack.images[0].w, pack.images[0].h), (1, 6, 4));
    for image in &pack.images {
        let of = (0..30).find(|&i| picture(i, 24)[..] == pack.pixels_of(image).unwrap()[..]).unwrap();
        assert_eq!(usize::from(image.label.unwrap()), of % 3);
    }
    // Names stand for numbers in their order; too few are an error.
    let mut named = files_of("idx", plain.path(), 4);
    named.classes = ["shirt", "shoe", "coat"].map(|n| spanned(n.to_string())).to_vec();
    let got = read(&named).unwrap();
    assert_eq!(got.classes, ["shirt", "shoe", "coat"]);
    assert_ne!(got.splits[0].digest, other.splits[0].digest);
    named.classes.pop();
    assert!(read(&named).unwrap_err().to_string().contains("class number 2"));
}

#[test]
fn shares_are_cut_from_the_formats_own_splits() {
    let dir = tempfile::tempdir().unwrap();
    write_idx(dir.path(), 40, 10, false, (6, 4));
    let with = |parts: &[(&str, f64)]| {
        let mut data = files_of("idx", dir.path(), 4);
        shares(&mut data, parts);
        read(&data).unwrap()
    };
    let val = with(&[("val", 0.1)]);
    assert_eq!(counts(&val), [("train", 36), ("test", 10), ("val", 4)]);
    assert_eq!(counts(&with(&[("train", 0.5), ("val", 0.25), ("test", 0.2)])), [("train", 20), ("test", 2), ("val", 10)]);
    // Membership is by content: the same images in another order are the same splits.
    let again = with(&[("val", 0.1)]);
    assert_eq!(val.splits[0].digest, again.splits[0].digest);
    let train: Vec<_> = val.splits[0].images.iter().map(|i| i.digest).collect();
    assert!(val.splits[2].images.iter().all(|i| !train.contains(&i.digest)));
}

#[test]
fn hostile_idx_files_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    write_idx(dir.path(), 6, 3, false, (6, 4));
    let images = dir.path().join("train-images-idx3-ubyte");
    let labels = dir.path().join("train-labels-idx1-ubyte");
    let (good, good_labels) = (fs::read(&images).unwrap(), fs::read(&labels).unwrap());
    let fails = |why: &str| {
        let error = read(&files_of("idx", dir.path(), 4)).unwrap_err().to_string();
        assert!(error.contains(why), "{error:?} does not say {why:?}");
    };
    for cut in [0, 3, 10, 16, good.len() - 1] {
        fs::write(&images, &good[..cut]).unwrap();
        fails(if cut < 16 { "its head cannot be read" } else { "cut short" });
    }
    fs::write(&images, [&good[..], &[1]].concat()).unwrap();
    fails("more bytes than");
    // A head that claims 2³² × 2³² × 2³² bytes, or 3 GiB: no memory is taken for them.
    for dims in [[u32::MAX; 3], [3 << 20, 32, 32]] {
        fs::write(&images, idx(&dims, &good[16..])).unwrap();
        fails(if dims[0] == u32::MAX { "more than 4 GiB" } else { "cut short" });
    }
    fs::write(&images, idx(&[6, 0, 4], &[])).unwrap();
    fails("4 × 0 pixels");
    let mut magic = good.clone();
    magic[2] = 9;
    fs::write(&images, &magic).unwrap();
    fails("not an idx file");
    fs::write(&images, &good).unwrap();
    fs::write(&labels, &good_labels[..good_labels.len() - 1]).unwrap();
    fails("cut short");
    fs::write(&labels, idx(&[5], &[0; 5])).unwrap();
    fails("5 labels for the 6 images");
    fs::remove_file(&labels).unwrap();
    fails("there is no train-labels-idx1-ubyte");
    // A bomb: a gigabyte of zeros behind a head that claims 24 bytes is read no further than those.
    fs::write(dir.path().join("train-labels-idx1-ubyte.gz"), gzip(&idx(&[6], &vec![0; 1 << 24]))).unwrap();
    fails("more bytes than the 6");
    fs::write(dir.path().join("train-labels-idx1-ubyte.gz"), &gzip(&good_labels)[..12]).unwrap();
    fails("train-labels");
}

pub(super) fn cifar_record(i: usize, class: u8) -> Vec<u8> {
    std::iter::once(class).chain(picture(i, 3072)).collect()
}

#[test]
fn cifar_planes_become_pixels_and_hostile_files_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    let train: Vec<u8> = (0..4).flat_map(|i| cifar_record(i, (i + 3) as u8)).collect();
    fs::write(dir.path().join("data_batch_1.bin"), &train).unwrap();
    fs::write(dir.path().join("test_batch.bin"), cifar_record(99, 9)).unwrap();
    let data = files_of("cifar", dir.path(), 32);
    let got = read(&data).unwrap();
    assert_eq!((counts(&got), got.channels, got.classes.len()), (vec![("train", 4), ("test", 1)], 3, 10));
    let pack = Pack::build(&got, "test", 32, Path::new("")).unwrap();
    let planes = picture(99, 3072);
    assert_eq!(pack.pixels.get(0..6).unwrap()[..], [planes[0], planes[1024], planes[2048], planes[1], planes[1025], planes[2049]]);
    assert_eq!(pack.images[0].label, Some(9));
    for (bytes, why) in
        [(train[..train.len() - 1].to_vec(), "no whole number"), (cifar_record(0, 10), "is of class 10"), (Vec::new(), "no images")]
    {
        fs::write(dir.path().join("data_batch_1.bin"), bytes).unwrap();
        let error = read(&data).unwrap_err().to_string();
        assert!(error.contains(why), "{error:?} does not say {why:?}");
    }
    fs::remove_file(dir.path().join("data_batch_1.bin")).unwrap();
    assert!(read(&data).unwrap_err().to_string().contains("no data_batch_1.bin"));
}

/// A file of Hugging Face's layout.
pub(crate) fn parquet_bytes(images: &[Vec<u8>], labels: &[i64], names: Option<&str>) -> Vec<u8> {
    columns(images, &[("label", labels)], names)
}

/// The same with the two kinds of classes that CIFAR-100 has.
pub(crate) fn two_labels(images: &[Vec<u8>], fine: &[i64], coarse: &[i64], names: &str) -> Vec<u8> {
    columns(images, &[("fine_label", fine), ("coarse_label", coarse)], Some(names))
}

fn columns(images: &[Vec<u8>], labels: &[(&str, &[i64])], names: Option<&str>) -> Vec<u8> {
    let numbers: String = labels.iter().map(|(name, _)| format!("optional int64 {name}; ")).collect();
    let schema = format!("message schema {{ optional group img {{ optional binary bytes; optional binary path (UTF8); }} {numbers} }}");
    let description = names.map(|n| KeyValue { key: "huggingface".into(), value: Some(n.into()) });
    let properties = WriterProperties::builder()
        .set_compression(parquet::basic::Compression::SNAPPY)
        .set_key_value_metadata(description.map(|d| vec![d]))
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(parse_message_type(&schema).unwrap()), Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let bytes: Vec<ByteArray> = images.iter().map(|i| ByteArray::from(i.clone())).collect();
    let paths: Vec<ByteArray> = (0..images.len()).map(|i| ByteArray::from(format!("{i}.png").into_bytes())).collect();
    for column in 0..2 + labels.len() {
        let mut c = group.next_column().unwrap().unwrap();
        match column {
            0 => drop(c.typed::<ByteArrayType>().write_batch(&bytes, Some(&vec![2; bytes.len()]), None).unwrap()),
            1 => drop(c.typed::<ByteArrayType>().write_batch(&paths, Some(&vec![2; paths.len()]), None).unwrap()),
            _ => {
                let (_, labels) = labels[column - 2];
                let _ = c.typed::<Int64Type>().write_batch(labels, Some(&vec![1; labels.len()]), None).unwrap();
            }
        }
        c.close().unwrap();
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}

pub(super) const NAMES: &str = r#"{"info":{"features":{"img":{"_type":"Image"},"label":{"names":["cat","dog"],"_type":"ClassLabel"}}}}"#;

#[test]
fn parquet_files_of_hugging_face() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("plain_text");
    fs::create_dir(&inner).unwrap();
    let images: Vec<Vec<u8>> = (0..6).map(|i| png(8, 8, i)).collect();
    fs::write(inner.join("train-00000-of-00001.parquet"), parquet_bytes(&images[..4], &[0, 1, 1, 0], Some(NAMES))).unwrap();
    fs::write(inner.join("test-00000-of-00001.parquet"), parquet_bytes(&images[4..], &[1, 0], Some(NAMES))).unwrap();
    let data = files_of("parquet", dir.path(), 8);
    let got = read(&data).unwrap();
    assert_eq!((counts(&got), got.classes.clone()), (vec![("train", 4), ("test", 2)], vec!["cat".to_string(), "dog".into()]));
    // The same files in folders are the same data.
    let folders = tempfile::tempdir().unwrap();
    for (split, images, classes) in
        [("train", &images[..4], &["cat", "dog", "dog", "cat"][..]), ("test", &images[4..], &["dog", "cat"][..])]
    {
        for (i, (image, class)) in images.iter().zip(classes).enumerate() {
            fs::create_dir_all(folders.path().join(split).join(class)).unwrap();
            fs::write(folders.path().join(split).join(class).join(format!("{i}.png")), image).unwrap();
        }
    }
    let as_folders = read(&files_of("folder", folders.path(), 8)).unwrap();
    assert_eq!(counts(&as_folders), counts(&got));
    assert!(as_folders.splits.iter().zip(&got.splits).all(|(a, b)| a.digest == b.digest));
    let packs = [&got, &as_folders].map(|s| Pack::build(s, "train", 8, Path::new("")).unwrap());
    assert_eq!(packs[0], packs[1]);
    // A subset of the classes.
    let mut dogs = data.clone();
    dogs.classes = vec![spanned("dog".into())];
    assert_eq!(counts(&read(&dogs).unwrap()), [("train", 2), ("test", 1)]);
    dogs.classes = vec![spanned("horse".into())];
    assert!(read(&dogs).unwrap_err().to_string().contains("`horse` is no class"));
}

#[test]
fn hostile_parquet_files_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("train-0.parquet");
    let data = files_of("parquet", dir.path(), 8);
    let fails = |bytes: &[u8], why: &str| {
        fs::write(&path, bytes).unwrap();
        let error = read(&data).unwrap_err().to_string();
        assert!(error.contains(why), "{error:?} does not say {why:?}");
    };
    let images: Vec<Vec<u8>> = (0..3).map(|i| png(8, 8, i)).collect();
    fails(&parquet_bytes(&images, &[0, 1, 2], Some(NAMES)), "row 2 is of class 2");
    fails(&parquet_bytes(&images, &[0, 1, -1], None), "row 2: its class is no number");
    fails(&parquet_bytes(&images, &[0, 1, 1 << 40], None), "row 2: its class is no number");
    fails(&parquet_bytes(&[images[0].clone(), b"GIF89a".to_vec()], &[0, 1], None), "image 1 of");
    fails(b"", "train-0.parquet");
    let good = parquet_bytes(&images, &[0, 1, 0], Some(NAMES));
    fs::write(&path, &good).unwrap();
    assert!(read(&data).is_ok());
    for cut in (0..good.len()).step_by(9) {
        fs::write(&path, &good[..cut]).unwrap();
        assert!(read(&data).is_err(), "cut at {cut}");
    }
    // Damage anywhere may be an error or another content, never the end of the program.
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for at in (0..good.len()).step_by(3) {
        let mut damaged = good.clone();
        damaged[at] ^= 0xA5;
        fs::write(&path, &damaged).unwrap();
        let _ = read(&data);
    }
    std::panic::set_hook(quiet);
    fs::remove_file(&path).unwrap();
    assert!(read(&data).unwrap_err().to_string().contains("no train-….parquet"));
    assert!(read(&files_of("parquet", &dir.path().join("none"), 8)).unwrap_err().to_string().contains("no such folder"));
}

#[test]
fn folders_and_their_findings() {
    let dir = tempfile::tempdir().unwrap();
    for (class, i) in [("a", 0), ("a", 1), ("b", 2), ("b", 3)] {
        fs::create_dir_all(dir.path().join(class)).unwrap();
        fs::write(dir.path().join(class).join(format!("{i}.png")), png(12, 6, i)).unwrap();
    }
    fs::write(dir.path().join("b/again.png"), png(12, 6, 0)).unwrap();
    fs::write(dir.path().join("lost.png"), png(12, 6, 9)).unwrap();
    let data = files_of("folder", dir.path(), 6);
    let got = read(&data).unwrap();
    assert_eq!((counts(&got), got.classes.clone()), (vec![("all", 4)], vec!["a".to_string(), "b".into()]));
    for kind in [FindingKind::TwoClasses, FindingKind::NoClass, FindingKind::DuplicateImage] {
        assert!(got.findings.iter().any(|f| f.kind == kind && f.count == 1), "{kind:?}: {:?}", got.findings);
    }
    let mut split = data.clone();
    shares(&mut split, &[("val", 0.25), ("test", 0.25)]);
    assert_eq!(counts(&read(&split).unwrap()), [("train", 2), ("val", 1), ("test", 1)]);
    fs::write(dir.path().join("a/broken.png"), b"\x89PNG").unwrap();
    assert!(matches!(read(&data), Err(DataError::Findings(_))));
    fs::remove_file(dir.path().join("a/broken.png")).unwrap();
    // A file that changes after the scan is noticed.
    fs::write(dir.path().join("a/0.png"), png(12, 6, 77)).unwrap();
    assert!(matches!(Pack::build(&got, "all", 6, Path::new("")), Err(DataError::Changed { .. })));
}

#[test]
fn training_pictures_and_evaluation_pictures() {
    let dir = tempfile::tempdir().unwrap();
    write_idx(dir.path(), 12, 3, false, (6, 4));
    let got = read(&files_of("idx", dir.path(), 4)).unwrap();
    let pack = Arc::new(Pack::build(&got, "train", 4, Path::new("")).unwrap());
    // Evaluation sees columns 1 to 4 of 6.
    let batch = classify::evaluation(&pack, 4, 2..5).unwrap();
    assert_eq!((batch.n, batch.images.len(), batch.labels.len(), batch.targets.len()), (3, 48, 3, 0));
    let row: Vec<f32> = pack.pixels_of(&pack.images[2]).unwrap()[1..5].iter().map(|&p| f32::from(p) / 255.0).collect();
    assert_eq!(batch.images[..4], row[..]);
    let all = Augment { crop: 2, flip_lr: 0.5, flip_ud: 0.5, cutout: 2, ..PLAIN };
    let resized = Augment { area: 0.3, ..PLAIN };
    for augment in [all, resized, PLAIN] {
        let loader = Loader::new(pack.clone(), 4, 5, augment, 3).unwrap();
        assert_eq!((0..4).map(|i| loader.batch(0, i).unwrap().n).collect::<Vec<_>>(), [5, 5, 2, 0]);
        let fresh = Loader::new(pack.clone(), 4, 5, augment, 3).unwrap();
        for (epoch, index) in [(2, 1), (0, 0), (2, 0)] {
            let batch = loader.batch(epoch, index).unwrap();
            assert_eq!(batch, fresh.batch(epoch, index).unwrap());
            assert!(batch.images.len() == 5 * 16 && batch.labels.len() == 5 && batch.targets.is_empty());
            for (k, &position) in loader.order(epoch)[index * 5..][..5].iter().enumerate() {
                assert_eq!(batch.labels[k], u32::from(pack.images[position].label.unwrap()));
            }
        }
        assert_ne!(loader.batch(0, 0).unwrap(), loader.batch(1, 0).unwrap());
    }
    // Without augmentation a picture is a square of the image; with a flip of it always, mirrored.
    let square =
        Pack { image_size: 4, channels: 1, classes: vec!["x".into()], images: vec![pack.images[0].clone()], pixels: (0..16).collect() };
    let mut square = square;
    (square.images[0].w, square.images[0].h, square.images[0].offset) = (4, 4, 0);
    let square = Arc::new(square);
    let of = |augment| Loader::new(square.clone(), 4, 1, augment, 0).unwrap().batch(0, 0).unwrap().images;
    let plain = of(PLAIN);
    assert_eq!(plain, (0..16).map(|p| p as f32 / 255.0).collect::<Vec<_>>());
    let turned = of(Augment { flip_lr: 1.0, flip_ud: 1.0, ..PLAIN });
    assert_eq!(turned, plain.iter().rev().copied().collect::<Vec<_>>());
}

/// Without the feature `hub` nothing is downloaded, and the message says so.
#[cfg(not(feature = "hub"))]
#[test]
fn the_hub_needs_its_feature() {
    let error = read(&files_of("idx", Path::new("hub:mnist"), 28)).unwrap_err().to_string();
    assert!(error.contains("--features hub"), "{error}");
}

/// The whole of CIFAR-10 and MNIST as they lie beside the project.
#[test]
fn real_sets() {
    let base = std::env::var_os("NASFLOW_TEST_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), std::path::PathBuf::from);
    let sets = [("mnist", "idx", 1, 28), ("cifar10-jpeg", "parquet", 3, 32)];
    for (name, format, channels, side) in sets {
        if !base.join(name).exists() {
            eprintln!("skipped: {} is absent", base.join(name).display());
            continue;
        }
        let got = read(&files_of(format, &base.join(name), side)).unwrap();
        assert_eq!((got.classes.len(), got.channels), (10, channels), "{name}");
        let test = got.split("test").unwrap();
        assert!((9_990..=10_000).contains(&test.images.len()), "{name}: {}", test.images.len());
        assert!(test.images.iter().all(|i| (i.width, i.height) == (side, side)));
        eprintln!("{name}: {:?}, {:?}", counts(&got), got.findings);
    }
}

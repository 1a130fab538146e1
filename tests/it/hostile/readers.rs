//! What reads files from outside, one function a kind of file: for the fuzz targets, and for the test that reads the corpus
//! (`tests/it/hostile/mod.rs`). Each ends with a value or a typed error, whatever the bytes are, and says how much came out (an
//! error: nothing); a panic, an abort or boundless memory is a fault.

#![allow(dead_code)]

use nasflow::data::archive::{self, Limits};
use nasflow::data::{self, Need};
use nasflow::document::{self, Files, Options, Params, configuration, render};
use nasflow::evaluate::{Logits, Predictions};
use nasflow::export::{Artefact, import};
use nasflow::plan::{Earlier, Table};
use nasflow::run::upkeep::archive::{Halt, import as take_in};
use nasflow::space::LatencyTable;
use nasflow::store::{Record, Store};
use std::io::Write;
use std::path::{Component, Path};

/// Every kind with its reader; the names are those of the targets and of the corpus's folders.
pub const KINDS: [(&str, fn(&[u8]) -> usize); 7] = [
    ("document", document),
    ("weights", weights),
    ("annotations", annotations),
    ("images", images),
    ("tables", tables),
    ("archives", archives),
    ("stores", stores),
];

/// Most bytes that a report about a document may have, or an error in words.
pub const REPORT: usize = 200_000;

/// The bytes of the top file; it includes nothing but itself.
struct One<'b>(&'b [u8]);

impl Files for One<'_> {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        if path == "fuzz.kdl" { Ok(self.0.into()) } else { Err("no such file".into()) }
    }
}

/// A pipeline: guard, parser, decoder, checks, report, the house style; and the same bytes as a user's configuration.
pub fn document(bytes: &[u8]) -> usize {
    let language = nasflow::language();
    let report = match document::load(&language, "fuzz.kdl", &mut One(bytes), &Params::default(), Options::default()) {
        Ok(pipeline) => render::report(&pipeline.sources, &pipeline.warnings, false).len(),
        Err(found) => render::diagnostics(&found, false).len() + render::on_terminal(&found, true, 80).len() / 2,
    };
    assert!(report < 2 * REPORT, "{report} bytes of report");
    let formatted = document::formatted(&language, "fuzz.kdl", bytes);
    if let Ok(text) = &formatted {
        // The house style is a fixed point.
        let again = document::formatted(&language, "fuzz.kdl", text.as_bytes());
        assert!(again.is_ok_and(|again| again == *text), "formatted twice differs from once");
    }
    let configured = configuration::configuration(&language, "config.kdl", bytes);
    report + configured.map_or_else(|found| render::diagnostics(&found, false).len(), |c| c.written.len())
}

fn said(error: &dyn std::fmt::Display) -> usize {
    let said = error.to_string();
    assert!(!said.is_empty() && said.len() < REPORT, "an error of {} bytes", said.len());
    0
}

/// Weights of every form, exported models, predictions, logits, a result's manifest.
pub fn weights(bytes: &[u8]) -> usize {
    let mut out = 0;
    out += nasflow::nn::load_tensors(bytes).map_or_else(|e| said(&e), |_| 1);
    out += nasflow::nn::load_weights(bytes).map_or_else(|e| said(&e), |_| 1);
    out += Artefact::from_bytes(bytes).map_or_else(|e| said(&e), |_| 1);
    out += Predictions::from_bytes(bytes).map_or_else(|e| said(&e), |_| 1);
    out += Logits::from_bytes(bytes).map_or_else(|e| said(&e), |_| 1);
    out + usize::from(Record::parse(bytes).is_some())
}

/// A white picture of 8 × 8 pixels, BMP.
fn picture() -> Vec<u8> {
    let mut bytes = b"BM\xf6\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x08\0\0\0\x08\0\0\0\x01\0\x18\0\0\0\0\0\xc0\0\0\0".to_vec();
    bytes.resize(54, 0);
    bytes.resize(54 + 8 * 8 * 3, 255);
    bytes
}

/// A data set in which one file is hostile: the first byte says of which format, the others are the file.
pub fn annotations(bytes: &[u8]) -> usize {
    let Some((kind, bytes)) = bytes.split_first() else { return 0 };
    let (format, file): (&str, &str) = match kind {
        b'v' => ("voc", "Annotations/a.xml"),
        b'y' => ("yolo", "labels/train/a.txt"),
        b'd' => ("yolo", "data.yaml"),
        b'c' => ("coco", "annotations/instances_train.json"),
        b'i' => ("idx", "train-labels-idx1-ubyte"),
        b'r' => ("cifar", "data_batch_1.bin"),
        b'p' => ("parquet", "data/train-00000-of-00001.parquet"),
        b'b' => ("parquet-boxes", "data/train-00000-of-00001.parquet"),
        b'l' => ("voc", "ImageSets/Main/train.txt"),
        _ => ("folder", "train/x/b.png"),
    };
    let Ok(dir) = tempfile::tempdir() else { return 0 };
    let put = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        let folder = path.parent().unwrap_or(dir.path());
        std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, bytes))
    };
    for image in ["JPEGImages/a.bmp", "images/train/a.bmp", "train/a.bmp", "train/x/a.bmp", "train/y/a.bmp"] {
        if put(image, &picture()).is_err() {
            return 0;
        }
    }
    if put(file, bytes).is_err() {
        return 0;
    }
    let text = format!("pipeline \"p\"\ndata \"d\" format={format} root=\"{}\" image-size=32\n", dir.path().display());
    let pipeline = document::load(&nasflow::language(), "fuzz.kdl", &mut One(text.as_bytes()), &Params::default(), Options::default());
    let Ok(pipeline) = pipeline else { panic!("the pipeline is right") };
    // All splits, whoever reads them.
    let need = Need { splits: None, anchors: false };
    let seen = match data::scan(&pipeline.data[0], Path::new("."), &need) {
        Err(e) => said(&e),
        Ok(scan) => scan.splits.iter().map(|s| s.images.len()).sum(),
    };
    seen + nasflow::data::recognise(dir.path()).map_or_else(|e| said(&e), |r| r.len())
}

/// An image of any form.
pub fn images(bytes: &[u8]) -> usize {
    nasflow::data::decode::open(bytes).map_or_else(
        |e| said(&e),
        |d| {
            assert_eq!(d.rgb.pixels.len(), d.rgb.width * d.rgb.height * 3);
            d.rgb.pixels.len()
        },
    )
}

/// Tables of benchmarks (CSV, JSON), results of other searches, latency tables, models and hyper-parameters as YAML.
pub fn tables(bytes: &[u8]) -> usize {
    let fault = |f: &dyn std::fmt::Debug| {
        let said = format!("{f:?}");
        assert!(said.len() < REPORT, "an error of {} bytes", said.len());
        0
    };
    let mut out = 0;
    for name in ["t.csv", "t.json"] {
        out += Table::parse(name, bytes, &["arch"], &["acc"]).map_or_else(|e| fault(&e), |t| t.len());
    }
    out += Earlier::parse("e.json", bytes).map_or_else(|e| said(&e), |_| 1);
    if let Ok(text) = std::str::from_utf8(bytes) {
        out += LatencyTable::parse(text).map_or_else(|e| said(&e), |t| t.len());
        out += import::model(text).map_or_else(|e| said(&e), |_| 1);
        out += import::hyp(text).map_or_else(|e| said(&e), |_| 1);
    }
    out
}

/// An archive, under limits that a fuzzer's memory stands. Nothing leads out of the folder.
pub fn archives(bytes: &[u8]) -> usize {
    let limits = Limits { entries: 10_000, total: 8 << 20, ratio: 200, free: 1 << 20 };
    let Ok(mut file) = tempfile::tempfile() else { return 0 };
    if file.write_all(bytes).and_then(|()| std::io::Seek::rewind(&mut file)).is_err() {
        return 0;
    }
    let mut taken = 0u64;
    let unpacked = archive::unpack(file, "file", limits, &mut |path: &Path, read: &mut dyn std::io::Read| {
        assert!(path.components().all(|c| matches!(c, Component::Normal(_))), "{}", path.display());
        taken += std::io::copy(read, &mut std::io::sink())?;
        Ok(())
    });
    assert!(taken <= limits.total + limits.free, "{taken} bytes");
    unpacked.map_or_else(|e| said(&e), |()| taken as usize)
}

/// An archive of a run that a store is to take in; or, after a `!`, what such an archive is made of, so that a fuzzer need not find
/// digests. Where it is refused, the store knows nothing more; where it is taken, the store is whole.
pub fn stores(bytes: &[u8]) -> usize {
    let forged = bytes.strip_prefix(b"!").map(forged);
    let bytes = match &forged {
        Some(None) => return 0,
        Some(Some(forged)) => forged,
        None => bytes,
    };
    let Ok(dir) = tempfile::tempdir() else { return 0 };
    let Ok(store) = Store::open(&dir.path().join("cache"), true) else { return 0 };
    let taken = match take_in(&store, bytes, &mut |_, _| {}) {
        Ok(imported) => imported.new,
        Err(Halt::Archive(why)) => said(&why),
        Err(Halt::Store(e)) => said(&e),
    };
    let keys = store.keys().expect("keys").len();
    assert!(keys == taken, "{taken} results were taken in, and {keys} are there");
    let verdict = store.verify().expect("a verdict");
    assert!(verdict.damaged.is_empty() && verdict.missing.is_empty(), "{verdict:?}");
    // Its record is read by whoever lists runs.
    for run in store.runs(None).expect("runs") {
        nasflow::run::record::read_run(&run.values);
    }
    assert_eq!(std::fs::read_dir(dir.path()).expect("a list").count(), 1, "something lies beside the store");
    taken
}

/// The archive of the parts between two bytes that no JSON has, 255 and 254: the list, then blobs. They get their true names and sizes;
/// those that begin as a result's manifest are listed as one.
fn forged(parts: &[u8]) -> Option<Vec<u8>> {
    let ends = parts.windows(2).enumerate().filter(|(_, pair)| *pair == b"\xff\xfe").map(|(at, _)| at);
    let (mut begins, mut all) = (0, Vec::new());
    for end in ends.chain([parts.len()]) {
        all.push(parts.get(begins..end)?);
        begins = end + 2;
    }
    let (list, blobs) = all.split_first()?;
    let mut list: serde_json::Value = serde_json::from_slice(list).ok()?;
    let named: Vec<(String, &[u8])> = blobs.iter().map(|blob| (nasflow::base::Digest::of(blob).hex(), *blob)).collect();
    let fields = list.as_object_mut()?;
    let manifests: Vec<&String> = named.iter().filter(|b| b.1.starts_with(b"nasflow result")).map(|b| &b.0).collect();
    fields.insert("manifests".into(), serde_json::json!(manifests));
    fields.insert("blobs".into(), named.iter().map(|(name, blob)| serde_json::json!([name, blob.len()])).collect());
    let mut out = tar::Builder::new(Vec::new());
    let mut put = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        out.append_data(&mut header, format!("nasflow-run/{name}"), bytes).ok()
    };
    put("run.json", list.to_string().as_bytes())?;
    let observations = list.get("observations").and_then(serde_json::Value::as_u64).unwrap_or(0).min(1 << 16);
    put("observations.jsonl", &vec![b'\n'; observations as usize])?;
    for (name, blob) in &named {
        put(&format!("blobs/{name}"), blob)?;
    }
    out.into_inner().ok()
}

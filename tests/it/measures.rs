//! What is measured here against what others measure of the same detections: pycocotools, upstream's own code, and an exported
//! network's detections made by onnxruntime. Skipped where Python lacks these; `.ci/run` installs them in `target/pytorch`.

use crate::support::{Place, python, real_data, root};
use nasflow::base::Digest;
use nasflow::data::{Need, Place as Lies, Scan, scan};
use nasflow::document::{self, Files, Options, Params};
use nasflow::evaluate::Predictions;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

struct One(String);

impl Files for One {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into_bytes())
    }
}

/// What nasflow measured of a network on a split, with all that it measured it from.
struct Measured {
    place: Place,
    /// Metric → value.
    metrics: Value,
}

const METRICS: &str = "map50 map50-95 coco-map50 coco-map50-95 precision recall";

/// Trains a network for some epochs and measures it on `test`; writes `truth.json` and `found.json` in COCO's forms.
fn measured(data: &str, space: &str, train: &str) -> Measured {
    let text = format!(
        "pipeline \"measures\" seed=3\n{data}\n{space}\n\
         sample   \"one\"   {{ from \"space\"; strategy random; trials 1 }}\n\
         train    \"short\" {{ from \"one\"; data \"set\" split=train; recipe yolov5-short; {train} }}\n\
         evaluate \"score\" {{ from \"short\"; data \"set\" split=val; metrics map50 }}\n\
         select   \"best\"  {{ from \"score\"; top 1 by=map50 }}\n\
         evaluate \"test\"  {{ from \"best\"; data \"set\" split=test; metrics {METRICS} }}\n"
    );
    let place = Place::new(&text);
    place.run();
    let shown: Value = serde_json::from_str(&place.nasflow(&["show", "pipeline.kdl", "--json"]).out).expect("JSON");
    let row = shown["rows"].as_array().into_iter().flatten().find(|r| r["stage"] == "test").expect("a row");
    let value = |name: &str| (name.to_string(), row["metrics"][name]["values"][0].clone());
    let metrics: Value = METRICS.split(' ').map(value).collect::<serde_json::Map<_, _>>().into();
    // The detections that it measured, and the boxes.
    let digests = place.digests();
    let line = digests.lines().find(|l| l.starts_with("test ") && l.contains(" predict ")).expect("predictions");
    let hex = line.split(" predictions=").nth(1).expect("a blob").split(' ').next().expect("a digest");
    let blob = std::fs::read(place.path().join("cache/blobs").join(&hex[..2]).join(&hex[2..])).expect("the blob");
    let found = Predictions::from_bytes(&blob).expect("predictions");
    let loaded = document::load(&nasflow::language(), "p.kdl", &mut One(text), &Params::default(), Options { allow_outside: true });
    let pipeline = loaded.unwrap_or_else(|d| panic!("{}", document::render::diagnostics(&d, false)));
    let scanned = scan(&pipeline.data[0], Path::new("."), &Need::all()).unwrap_or_else(|e| panic!("{e}"));
    write(&place, &scanned, &found);
    Measured { place, metrics }
}

/// Images count in the order in which they are measured, so that equal scores stand in one order on both sides.
fn write(place: &Place, scan: &Scan, found: &Predictions) {
    let (mut images, mut boxes, mut detections) = (Vec::new(), Vec::new(), Vec::new());
    let split = scan.split("test").expect("the split");
    assert_eq!(split.images.iter().map(|i| i.digest).collect::<Vec<Digest>>(), found.images.iter().map(|i| i.0).collect::<Vec<_>>());
    for (id, (image, (_, found))) in split.images.iter().zip(&found.images).enumerate() {
        let name = if let Lies::File(path) = &image.place { path.file_name().map(|n| n.to_string_lossy().into_owned()) } else { None };
        images.push(json!({ "id": id + 1, "file_name": name, "width": image.width, "height": image.height }));
        for o in &image.objects {
            let [x1, y1, x2, y2] = [o.x1, o.y1, o.x2, o.y2].map(|v| f64::from(v) / 16.0);
            let (w, h) = (x2 - x1, y2 - y1);
            let category = usize::from(o.class) + 1;
            boxes.push(json!({ "id": boxes.len() + 1, "image_id": id + 1, "category_id": category, "bbox": [x1, y1, w, h], "area": w * h, "iscrowd": 0 }));
        }
        for d in found {
            let [x1, y1, x2, y2] = [d.x1, d.y1, d.x2, d.y2].map(f64::from);
            detections.push(
                json!({ "image_id": id + 1, "category_id": d.class + 1, "bbox": [x1, y1, x2 - x1, y2 - y1], "score": f64::from(d.score) }),
            );
        }
    }
    let categories: Vec<Value> = scan.classes.iter().enumerate().map(|(i, name)| json!({ "id": i + 1, "name": name })).collect();
    let truth = json!({ "info": {}, "images": images, "categories": categories, "annotations": boxes });
    for (name, json) in [("truth.json", truth), ("found.json", json!(detections))] {
        std::fs::write(place.path().join(name), json.to_string()).expect("written");
    }
}

/// Runs a script of `tests/it/measures` or `scripts`; what it prints is JSON.
fn said(python: &Path, script: &str, arguments: &[&str], place: &Place) -> Value {
    let out =
        Command::new(python).current_dir(place.path()).arg("-B").arg(root().join(script)).args(arguments).output().expect("Python starts");
    assert!(out.status.success(), "{script}: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stdout)))
}

fn same(ours: &Value, theirs: &Value, names: &[&str], within: f64, who: &str) {
    for name in names {
        let [a, b] = [ours, theirs].map(|v| v[*name].as_f64().unwrap_or_else(|| panic!("no {name} in {v}")));
        eprintln!("{who}: {name} {a} and {b}");
        assert!((a - b).abs() <= within, "{who}: {name} is {b}, here {a}");
    }
}

/// What others say of the detections.
fn against_others(measured: &Measured) {
    if let Some(python) = python("numpy, pycocotools") {
        let theirs = said(&python, "tests/it/measures/by_pycocotools.py", &["truth.json", "found.json"], &measured.place);
        same(&measured.metrics, &theirs, &["coco-map50", "coco-map50-95"], 1e-6, "pycocotools");
    }
    if let Some(python) = python("yolov5.val, yolov5.utils.metrics") {
        let theirs = said(&python, "tests/it/measures/by_yolov5.py", &["truth.json", "found.json"], &measured.place);
        same(&measured.metrics, &theirs, &["map50", "map50-95", "precision", "recall"], 1e-6, "upstream");
    }
}

#[test]
fn detections_on_generated_images_are_measured_as_others_measure_them() {
    let measured = measured(
        "data \"set\" generate=shapes images=160 image-size=64 classes=3 { split train=0.6 val=0.1 test=0.3 }",
        "space \"space\" { network { input \"set\"; conv 16 kernel=3 stride=2; conv 24 kernel=3 stride=2; c3 24 repeats=1 as=\"a\"; conv 32 kernel=3 stride=2 as=\"b\"; detect \"a\" \"b\" } }",
        "epochs 12; batch 8",
    );
    assert!(measured.metrics["coco-map50"].as_f64().expect("a number") > 0.05, "nothing was found: {}", measured.metrics);
    against_others(&measured);
}

/// The first so many images of each list as PNG, which every decoder decodes alike: those of JPEG enlarge colours each in its own way.
fn as_png(from: &Path, to: &Path, lists: &[(&str, usize)]) {
    for folder in ["JPEGImages", "Annotations", "ImageSets/Main"] {
        std::fs::create_dir_all(to.join(folder)).expect("a folder");
    }
    for (list, most) in lists {
        let name = Path::new("ImageSets/Main").join(format!("{list}.txt"));
        let all = std::fs::read_to_string(from.join(&name)).expect("a list");
        let stems: Vec<&str> = all.split_whitespace().take(*most).collect();
        std::fs::write(to.join(name), stems.join("\n")).expect("written");
        for stem in stems {
            let annotation = Path::new("Annotations").join(format!("{stem}.xml"));
            std::fs::copy(from.join(&annotation), to.join(annotation)).expect("copied");
            let image = image::open(from.join("JPEGImages").join(format!("{stem}.jpg"))).expect("a photograph");
            image.save(to.join("JPEGImages").join(format!("{stem}.png"))).expect("written");
        }
    }
}

/// A network of the wide space on photographs; its ONNX file over the same images, from their files to the mAP without nasflow.
#[test]
fn detections_on_bccd_are_measured_as_others_measure_them_and_the_onnx_file_finds_the_same() {
    let Some(bccd) = real_data("BCCD") else { return };
    let cells = tempfile::tempdir().expect("a directory");
    as_png(&bccd, cells.path(), &[("train", 90), ("val", 20), ("test", 72)]);
    let cells = cells.path().display().to_string();
    let measured = measured(
        &format!("data \"set\" format=voc root=\"{cells}\" image-size=128"),
        "space \"space\" { choice \"w\" 0.125 0.1875; network like=yolov5n-wide width=(choice)\"w\" { input \"set\" }; require flops max=1.0 of=reference }",
        "epochs 10; batch 8",
    );
    assert!(measured.metrics["coco-map50"].as_f64().expect("a number") > 0.05, "nothing was found: {}", measured.metrics);
    against_others(&measured);
    let Some(python) = python("numpy, onnxruntime, PIL, pycocotools") else { return };
    let said_here = measured.place.nasflow(&["export", "pipeline.kdl", "-o", "model.onnx"]);
    assert!(said_here.ok(), "{said_here:?}");
    let theirs = said(&python, "scripts/onnx_map.py", &["model.onnx", "--voc", &cells, "--split", "test", "--json"], &measured.place);
    same(&measured.metrics, &theirs, &["map50", "map50-95", "coco-map50", "coco-map50-95"], 5e-4, "onnxruntime");
}

/// A classifier's ONNX file over the images of its test split.
#[test]
fn an_exported_classifier_is_as_accurate_elsewhere() {
    let Some(python) = python("numpy, onnxruntime, PIL") else { return };
    let place = Place::new(
        "pipeline \"classes\" seed=3\ndata \"set\" format=folder root=\"set\" image-size=24\n\
         space \"space\" { network activation=relu { input \"set\"; conv 8 kernel=3 stride=2; residual 16 stride=2; global-pool; linear } }\n\
         sample \"one\" { from \"space\"; strategy reference }\n\
         train \"short\" { from \"one\"; data \"set\" split=train; epochs 8; batch 16; augment crop=1 flip-lr=0.5 }\n\
         evaluate \"score\" { from \"short\"; data \"set\" split=val; metrics accuracy }\n\
         select \"best\" { from \"score\"; top 1 by=accuracy }\n\
         evaluate \"test\" { from \"best\"; data \"set\" split=test; metrics accuracy }\n",
    );
    // Stripes across, along and both, in noise that hides those of some images.
    for (split, from, to) in [("train", 0u32, 120), ("val", 500, 545), ("test", 900, 1020)] {
        for i in from..to {
            let class = i % 3;
            let image = image::RgbImage::from_fn(24, 24, |x, y| {
                let noise = (i.wrapping_mul(2_654_435_761).wrapping_add(x * 97 + y * 193).wrapping_mul(2_246_822_519) >> 24) as u8 / 2;
                let stripe = (class != 0 && x % 4 < 2) || (class != 1 && y % 4 < 2);
                image::Rgb([noise + if stripe { (i % 8) as u8 * 7 } else { 0 }, noise, 60])
            });
            let folder = place.path().join(format!("set/{split}/{}", ["across", "along", "both"][class as usize]));
            std::fs::create_dir_all(&folder).expect("a folder");
            image.save(folder.join(format!("{i}.png"))).expect("written");
        }
    }
    place.run();
    let said_here = place.nasflow(&["export", "pipeline.kdl", "-o", "model.onnx"]);
    assert!(said_here.ok(), "{said_here:?}");
    let shown: Value = serde_json::from_str(&place.nasflow(&["show", "pipeline.kdl", "--json"]).out).expect("JSON");
    let row = shown["rows"].as_array().into_iter().flatten().find(|r| r["stage"] == "test").expect("a row");
    let ours = json!({ "accuracy": row["metrics"]["accuracy"]["values"][0] });
    let theirs = said(&python, "tests/it/measures/by_onnxruntime.py", &["model.onnx", "set/test"], &place);
    assert!(ours["accuracy"].as_f64().is_some_and(|a| a > 0.4), "chance is a third: {ours}");
    same(&ours, &theirs, &["accuracy"], 5e-4, "onnxruntime");
}

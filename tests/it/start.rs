//! The first steps with data of one's own: `data show`, `init`, and what `init` writes.

use crate::support::{Place, Said, command, real_data, said};
use serde_json::Value;
use std::path::Path;

/// A place without a pipeline.
fn place() -> Place {
    let place = Place::new("");
    std::fs::remove_file(place.path().join("pipeline.kdl")).expect("removed");
    place
}

fn file(root: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, bytes).expect("written");
}

/// A box of a picture: (class, left, top, width, height).
type Box = (usize, u32, u32, u32, u32);
const CLASSES: [&str; 2] = ["red thing", "blue \"thing\""];

/// Picture number … of 64 × 48 pixels as PNG, and its boxes.
fn picture(number: u32) -> (Vec<u8>, Vec<Box>) {
    let at = |k: u32, n: u32| number.wrapping_mul(2_654_435_761).wrapping_add(k * 40_503) / 7 % n;
    let boxes: Vec<Box> =
        (0..2u32).map(|c| (c as usize, 2 + 30 * c + at(c, 8), 3 + at(c + 2, 14), 10 + at(c + 4, 12), 10 + at(c + 6, 16))).collect();
    let image = image::RgbImage::from_fn(64, 48, |x, y| {
        let noise = (number.wrapping_mul(97).wrapping_add(x * 31 + y * 17) % 50) as u8;
        let inside = |b: &&Box| (b.1..b.1 + b.3).contains(&x) && (b.2..b.2 + b.4).contains(&y);
        image::Rgb(match boxes.iter().find(inside).map(|b| b.0) {
            Some(0) => [230, noise, noise],
            Some(_) => [noise, noise, 230],
            None => [60 + noise, 80 + noise, 60],
        })
    });
    let mut png = std::io::Cursor::new(Vec::new());
    image.write_to(&mut png, image::ImageFormat::Png).expect("a picture");
    (png.into_inner(), boxes)
}

fn voc(root: &Path, images: u32) {
    for i in 0..images {
        let (png, boxes) = picture(i);
        file(root, &format!("JPEGImages/{i}.png"), png);
        let escaped = |c: usize| CLASSES[c].replace('"', "&quot;");
        let object = |b: &Box| {
            let (x1, y1, x2, y2) = (b.1 + 1, b.2 + 1, b.1 + b.3 + 1, b.2 + b.4 + 1);
            let corners = format!("<xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax>");
            format!("<object><name>{}</name><bndbox>{corners}</bndbox></object>", escaped(b.0))
        };
        let objects: String = boxes.iter().map(object).collect();
        file(root, &format!("Annotations/{i}.xml"), format!("<annotation>{objects}</annotation>"));
    }
}

/// As Roboflow exports it: `../train/images` in a `data.yaml` that lies beside `train`, and no `test`, though it names one.
fn roboflow(root: &Path, images: u32) {
    file(root, "data.yaml", "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n\nnc: 2\nnames: ['a: b', 'c']\n");
    for i in 0..images {
        let (png, boxes) = picture(i);
        let split = if i % 4 == 0 { "valid" } else { "train" };
        file(root, &format!("{split}/images/{i}.png"), png);
        let line = |b: &Box| {
            let (x, y) = (f64::from(2 * b.1 + b.3) / 128.0, f64::from(2 * b.2 + b.4) / 96.0);
            format!("{} {x} {y} {} {}\n", b.0, f64::from(b.3) / 64.0, f64::from(b.4) / 48.0)
        };
        file(root, &format!("{split}/labels/{i}.txt"), boxes.iter().map(line).collect::<String>());
    }
}

/// With a category of which no box is, as Roboflow exports it.
fn coco(root: &Path, images: u32) {
    for (split, rest) in [("train", 0), ("valid", 1), ("test", 2)] {
        let (mut listed, mut objects) = (Vec::new(), Vec::new());
        for i in (0..images).filter(|i| i % 3 == rest) {
            let (png, boxes) = picture(i);
            file(root, &format!("{split}/{i}.png"), png);
            listed.push(serde_json::json!({ "id": i, "file_name": format!("{i}.png"), "width": 64, "height": 48 }));
            for b in boxes {
                let number = objects.len();
                objects.push(serde_json::json!({ "id": number, "image_id": i, "category_id": b.0 + 1, "bbox": [b.1, b.2, b.3, b.4] }));
            }
        }
        let categories = serde_json::json!([{ "id": 0, "name": "things" }, { "id": 1, "name": "red" }, { "id": 2, "name": "blue" }]);
        let json = serde_json::json!({ "images": listed, "categories": categories, "annotations": objects });
        file(root, &format!("{split}/_annotations.coco.json"), json.to_string());
    }
}

fn classes(root: &Path, images: u32) {
    for i in 0..images {
        let red = i % 2 == 0;
        let image = image::RgbImage::from_fn(36, 36, |x, y| {
            let noise = (i.wrapping_mul(89) + x * 7 + y * 13) as u8 % 60;
            image::Rgb(if red { [200, noise, noise] } else { [noise, noise, 200] })
        });
        let mut png = std::io::Cursor::new(Vec::new());
        image.write_to(&mut png, image::ImageFormat::Png).expect("a picture");
        file(root, &format!("{}/{i}.png", if red { "red" } else { "blue" }), png.into_inner());
    }
}

/// A machine on which everything but the smallest search is too slow for a minute.
const SLOW: &str = "2e7";

fn init(place: &Place, folder: &str, more: &[&str]) -> Said {
    place.nasflow(&[&["init", folder, "--speed", SLOW, "--time", "1m"], more].concat())
}

fn written(place: &Place) -> String {
    std::fs::read_to_string(place.path().join("search.kdl")).expect("a pipeline")
}

fn checked(place: &Place) -> Said {
    let said = place.nasflow(&["check", "search.kdl"]);
    assert!(said.ok() && !said.err.contains("warning"), "{}\n{said:?}", written(place));
    said
}

#[test]
fn a_voc_folder_becomes_a_search_that_runs_to_its_answer() {
    let place = place();
    voc(&place.path().join("cells"), 24);
    let shown = init(&place, "cells", &[]);
    assert!(shown.ok() && shown.out.contains("24 images, 48 boxes of 2 classes") && shown.out.contains("first look"), "{shown:?}");
    let text = written(&place);
    for part in
        ["format=voc root=\"cells\"", "split train=0.7 val=0.15 test=0.15", "require flops max=1.0 of=reference", "param \"trials\" 4"]
    {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    checked(&place);
    // What is there is not written over.
    let again = init(&place, "cells", &[]);
    assert!(!again.ok() && again.err.contains("--force"), "{again:?}");
    assert!(init(&place, "cells", &["--force"]).ok() && written(&place) == text);
    let run = place.nasflow(&["run", "search.kdl"]);
    assert!(run.ok() && run.out.contains("answer: best"), "{run:?}");
    let export = place.nasflow(&["export", "search.kdl", "-o", "best.safetensors"]);
    assert!(export.ok(), "{export:?}");
    let found = place.nasflow(&["predict", "best.safetensors", "cells/JPEGImages/[12].png", "-o", "out", "--txt", "--confidence", "0.001"]);
    assert!(found.ok(), "{found:?}");
    for name in ["1.png", "1.txt", "2.png", "2.txt", "predictions.json"] {
        assert!(place.path().join("out").join(name).is_file(), "{name}");
    }
    let json: Value = serde_json::from_slice(&std::fs::read(place.path().join("out/predictions.json")).expect("read")).expect("JSON");
    let lines = std::fs::read_to_string(place.path().join("out/1.txt")).expect("read");
    assert_eq!(lines.lines().count(), json[0]["detections"].as_array().expect("a list").len());
    for (line, found) in lines.lines().zip(json[0]["detections"].as_array().expect("a list")) {
        let values: Vec<f64> = line.split(' ').map(|v| v.parse().expect("a number")).collect();
        let corners: Vec<f64> = found["box"].as_array().expect("a box").iter().map(|v| v.as_f64().expect("a number")).collect();
        let cx = (corners[0].clamp(0.0, 64.0) + corners[2].clamp(0.0, 64.0)) / 128.0;
        assert!(
            values.len() == 6 && (values[1] - cx).abs() < 1e-4 && values[0] == found["class"].as_f64().expect("a number"),
            "{line} {found}"
        );
    }
}

#[test]
fn a_folder_of_roboflow_and_one_of_coco_become_searches() {
    let place = place();
    roboflow(&place.path().join("robo"), 24);
    let said = init(&place, "robo", &[]);
    // `test` is named and not there; the images are dealt out, and that is said.
    assert!(said.ok() && said.out.contains("no `test`"), "{said:?}");
    let check = checked(&place);
    assert!(written(&place).contains("format=yolo root=\"robo\"") && check.out.contains("a: b"), "{check:?}");
    coco(&place.path().join("coco"), 36);
    let said = init(&place, "coco", &["--force"]);
    assert!(said.ok() && said.out.contains("no box is of it: things"), "{said:?}");
    let text = written(&place);
    assert!(text.contains("{ classes \"red\" \"blue\" }") && !text.contains("split train="), "{text}");
    checked(&place);
    let budget = init(&place, "coco", &["--force", "--flops", "20M"]);
    assert!(budget.ok() && written(&place).contains("require flops max=2e7"), "{budget:?}");
    checked(&place);
    let tight = init(&place, "coco", &["-o", "tight.kdl", "--flops", "10k"]);
    assert!(!tight.ok() && tight.err.contains("--flops"), "{tight:?}");
}

/// Images and XML files side by side in a folder for each split, as Roboflow exports VOC.
#[test]
fn voc_in_folders_of_splits_becomes_a_search() {
    let place = place();
    let (all, robo) = (place.path().join("all"), place.path().join("robo"));
    voc(&all, 24);
    for i in 0..24 {
        let split = ["train", "train", "valid", "test"][i % 4];
        file(&robo, &format!("{split}/{i}.png"), std::fs::read(all.join(format!("JPEGImages/{i}.png"))).expect("a picture"));
        file(&robo, &format!("{split}/{i}.xml"), std::fs::read(all.join(format!("Annotations/{i}.xml"))).expect("its boxes"));
    }
    let said = init(&place, "robo", &[]);
    assert!(said.ok() && said.out.contains("24 images, 48 boxes of 2 classes"), "{said:?}");
    let text = written(&place);
    assert!(text.contains("format=voc root=\"robo\"") && !text.contains("split train=") && !text.contains("annotations="), "{text}");
    assert!(checked(&place).out.contains("train 12 images, 24 boxes"), "{text}");
}

#[test]
fn a_folder_of_classes_becomes_a_search_that_runs() {
    let place = place();
    classes(&place.path().join("it's \"red\"\\or {blue}"), 40);
    let said = init(&place, "it's \"red\"\\or {blue}", &["--classify"]);
    assert!(said.ok(), "{said:?}");
    let text = written(&place);
    assert!(text.contains(r#"root="it's \"red\"\\or {blue}""#) && text.contains("split val=0.15 test=0.15"), "{text}");
    checked(&place);
    let run = place.nasflow(&["run", "search.kdl"]);
    assert!(run.ok() && run.out.contains("answer: best") && run.out.contains("accuracy"), "{run:?}");
}

#[test]
fn names_that_are_no_plain_words_stay_on_their_line() {
    let place = place();
    for name in ["two\nlines // \u{202E}x", "hub:mnist", "~home", "#true", "a/*b"] {
        voc(&place.path().join(name), 12);
        let said = init(&place, name, &["--force"]);
        assert!(said.ok(), "{name:?}: {said:?}");
        checked(&place);
    }
}

#[test]
fn a_latency_writes_its_table_beside_the_pipeline() {
    let place = place();
    classes(&place.path().join("c"), 40);
    let said = init(&place, "c", &["--latency", "50ms", "-o", "search.kdl"]);
    assert!(said.ok(), "{said:?}");
    assert!(written(&place).contains("require table-latency max=50 latency-table=\"search-latency.json\""), "{}", written(&place));
    checked(&place);
    std::fs::remove_file(place.path().join("search.kdl")).expect("removed");
    let kept = init(&place, "c", &["--latency", "50ms"]);
    assert!(!kept.ok() && kept.err.contains("search-latency.json is there already"), "{kept:?}");
}

#[test]
fn what_is_no_data_set_says_why() {
    let place = place();
    let says = |folder: &str, more: &[&str], words: &[&str]| {
        let said = init(&place, folder, more);
        assert!(!said.ok() && !place.path().join("search.kdl").exists(), "{folder}: {said:?}");
        words.iter().for_each(|w| assert!(said.err.contains(w), "{folder}: `{w}` in {said:?}"));
    };
    let root = place.path();
    std::fs::create_dir(root.join("empty")).expect("a folder");
    says("empty", &[], &["empty is empty"]);
    says("nowhere", &[], &["no such folder"]);
    file(root, "texts/a.txt", "x");
    file(root, "texts/b.heic", "x");
    says("texts", &[], &["no images", "1 image in formats that are not read"]);
    file(root, "loose/a.png", picture(1).0);
    says("loose", &[], &["holds 1 image, but", "no annotations in a form that is known"]);
    voc(&root.join("few"), 5);
    says("few", &[], &["only 5 images", "at least 10"]);
    says("few", &["--classify"], &["images with boxes"]);
    says("few", &["--format", "vod"], &["the formats are voc, yolo"]);
    let soon = place.nasflow(&["init", "few", "--time", "soon"]);
    assert!(!soon.ok() && soon.err.contains("is no time"), "{soon:?}");
    says("few", &["--flops", "many"], &["`--flops many`"]);
    says("few", &["-o", "search.txt"], &["ends in .kdl"]);
    voc(&root.join("both"), 12);
    roboflow(&root.join("both"), 12);
    says("both", &[], &["several formats: voc, yolo", "--format voc"]);
    assert!(init(&place, "both", &["--format", "voc", "-o", "voc.kdl"]).ok());
    for i in 0..12 {
        file(root, &format!("bare/images/{i}.png"), picture(i).0);
        file(root, &format!("bare/labels/{i}.txt"), "");
    }
    says("bare", &[], &["no box"]);
    for i in 0..12u32 {
        file(root, &format!("one/train/only/{i}.png"), picture(i).0);
    }
    says("one", &[], &["only one class (only)"]);
}

#[test]
fn files_that_cannot_be_read_are_left_out_and_told() {
    let place = place();
    voc(&place.path().join("cells"), 24);
    let (png, _) = picture(3);
    file(place.path(), "cells/JPEGImages/3.png", &png[..png.len() / 2]);
    let shown = place.nasflow(&["data", "show", "cells"]);
    assert!(!shown.ok() && shown.out.contains("broken: 1 image") && shown.out.contains("23 images, 46 boxes"), "{shown:?}");
    let said = init(&place, "cells", &[]);
    assert!(said.ok() && said.out.contains("left out by `broken=skip`") && written(&place).contains("broken=skip"), "{said:?}");
    checked(&place);
}

#[test]
fn what_a_data_set_holds_is_shown_and_drawn() {
    let place = place();
    coco(&place.path().join("coco"), 36);
    let shown = place.nasflow(&["data", "show", "coco", "--size", "64", "--sheet", "sheet.png", "--images", "5"]);
    for part in
        ["coco, 36 images, 72 boxes of 3 classes", "(√area) in pixels", "at 64 px: 0 below 8", "all 64 × 48 pixels", "does not occur"]
    {
        assert!(shown.ok() && shown.out.contains(part), "{part}: {shown:?}");
    }
    let sheet = image::open(place.path().join("sheet.png")).expect("a sheet").to_rgb8();
    assert!(sheet.width() > 800 && sheet.height() > 600, "{:?}", sheet.dimensions());
    let json = place.nasflow(&["data", "show", "coco", "--size", "64", "--json"]);
    let json: Value = serde_json::from_str(&json.out).unwrap_or_else(|e| panic!("{e}: {json:?}"));
    assert_eq!((&json[0]["summary"]["boxes"], &json[0]["summary"]["splits"][0]["images"]), (&72.into(), &12.into()));
    assert_eq!(json[0]["smaller-boxes"]["below"]["8"], 0);
    assert_eq!(json[0]["summary"]["classes"][1]["by_split"].to_string(), "[12,12,12]");
    // The data sets of a pipeline, generated ones too.
    place.write("pipeline \"p\"\nparam \"n\" 10\ndata \"a\" generate=shapes images=(param)\"n\" { split train=0.5 val=0.5 }\ndata \"b\" format=coco root=\"coco\"\n");
    let both = place.nasflow(&["data", "show", "pipeline.kdl", "-p", "n=20", "--sheet", "both.png"]);
    assert!(both.ok() && both.out.contains("20 images") && both.out.contains("36 images"), "{both:?}");
    classes(&place.path().join("c"), 12);
    let labelled = place.nasflow(&["data", "show", "c", "--sheet", "c.png"]);
    assert!(labelled.ok() && labelled.out.contains("folder, 12 images of 2 classes") && !labelled.out.contains("√area"), "{labelled:?}");
}

/// Two hours on two slow processors are a search as docs/results.md has it.
#[test]
fn real_blood_cells_become_a_search() {
    let Some(root) = real_data("BCCD") else { return };
    let place = place();
    let root = std::fs::canonicalize(root).expect("a path");
    let said = said(
        command(place.path(), &["init", root.to_str().expect("UTF-8"), "--time", "2h", "--speed", "9e9"]).output().expect("nasflow starts"),
    );
    assert!(
        said.ok() && said.out.contains("4,886 boxes of 3 classes") && said.out.contains("splits: train 205, val 87, test 72"),
        "{said:?}"
    );
    let text = written(&place);
    assert!(
        text.contains("top 3 by=map50")
            && text.contains("choice \"px\" 160 128 192")
            && text.contains("seeds 3")
            && !text.contains("split train="),
        "{text}"
    );
    checked(&place);
}

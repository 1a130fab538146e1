//! One data set in VOC's, YOLO's and COCO's form: the same digest of its content, the same keys, the same bits of training.

use crate::support::{Place, Said};
use nasflow::base::Digest;
use nasflow::data::{Need, scan};
use nasflow::document::{self, Files, Options, Params};
use std::path::Path;

struct One(String);

impl Files for One {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into_bytes())
    }
}

/// Sides that divide nothing: as shares of them no pixel is a short number.
const WIDTH: u32 = 97;
const HEIGHT: u32 = 61;
/// VOC counts classes by their names, YOLO and COCO by their lists.
const CLASSES: [&str; 2] = ["blue", "red"];
const IMAGES: u32 = 24;

/// A box: class, left, top, width, height.
type Box = (usize, u32, u32, u32, u32);

/// Picture number … as PNG, and its boxes, two of which touch the edges.
fn picture(number: u32) -> (Vec<u8>, Vec<Box>) {
    let at = |k: u32, n: u32| number.wrapping_mul(2_654_435_761).wrapping_add(k * 40_503) / 7 % n;
    let inner = (at(0, 2) as usize, 20 + at(1, 20), 10 + at(2, 15), 7 + at(3, 20), 5 + at(4, 20));
    let boxes = vec![(0, 0, 0, 11 + at(5, 8), 9 + at(6, 9)), (1, WIDTH - 23, HEIGHT - 17, 23, 17), inner];
    let image = image::RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let noise = (number.wrapping_mul(97).wrapping_add(x * 31 + y * 17) % 50) as u8;
        let inside = |b: &&Box| (b.1..b.1 + b.3).contains(&x) && (b.2..b.2 + b.4).contains(&y);
        image::Rgb(match boxes.iter().rev().find(inside).map(|b| b.0) {
            Some(0) => [noise, noise, 230],
            Some(_) => [230, noise, noise],
            None => [60 + noise, 80 + noise, 60],
        })
    });
    let mut png = std::io::Cursor::new(Vec::new());
    image.write_to(&mut png, image::ImageFormat::Png).expect("a picture");
    (png.into_inner(), boxes)
}

fn file(root: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, bytes).expect("written");
}

fn split(i: u32) -> &'static str {
    if i.is_multiple_of(3) { "val" } else { "train" }
}

fn voc(root: &Path) {
    for i in 0..IMAGES {
        let (png, boxes) = picture(i);
        file(root, &format!("JPEGImages/{i}.png"), png);
        let object = |b: &Box| {
            let (x1, y1, x2, y2) = (b.1 + 1, b.2 + 1, b.1 + b.3 + 1, b.2 + b.4 + 1);
            let corners = format!("<xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax>");
            format!("<object><name>{}</name><bndbox>{corners}</bndbox></object>", CLASSES[b.0])
        };
        let size = format!("<size><width>{WIDTH}</width><height>{HEIGHT}</height></size>");
        let objects: String = boxes.iter().map(object).collect();
        file(root, &format!("Annotations/{i}.xml"), format!("<annotation>{size}{objects}</annotation>"));
    }
    for name in ["train", "val"] {
        let list: String = (0..IMAGES).filter(|&i| split(i) == name).map(|i| format!("{i}\n")).collect();
        file(root, &format!("ImageSets/Main/{name}.txt"), list);
    }
}

/// With so many digits a share of an image is written; other file names, and boxes in another order.
fn yolo(root: &Path, digits: usize, classes: [&str; 2]) {
    file(root, "data.yaml", format!("train: images/train\nval: images/val\nnames: [{}, {}]\n", classes[0], classes[1]));
    for i in 0..IMAGES {
        let (png, boxes) = picture(i);
        let name = format!("{}/picture-{}", split(i), IMAGES - i);
        file(root, &format!("images/{name}.png"), png);
        let line = |b: &Box| {
            let class = classes.iter().position(|c| *c == CLASSES[b.0]).expect("a class");
            let share = |v: u32, whole: u32| format!("{:.digits$}", f64::from(v) / f64::from(2 * whole));
            let (x, y) = (share(2 * b.1 + b.3, WIDTH), share(2 * b.2 + b.4, HEIGHT));
            format!("{class} {x} {y} {} {}\n", share(2 * b.3, WIDTH), share(2 * b.4, HEIGHT))
        };
        file(root, &format!("labels/{name}.txt"), boxes.iter().rev().map(line).collect::<String>());
    }
}

fn coco(root: &Path) {
    for name in ["train", "val"] {
        let (mut images, mut objects) = (Vec::new(), Vec::new());
        for i in (0..IMAGES).rev().filter(|&i| split(i) == name) {
            let (png, boxes) = picture(i);
            file(root, &format!("{name}2017/{i:012}.png"), png);
            images.push(serde_json::json!({ "id": i, "file_name": format!("{i:012}.png"), "width": WIDTH, "height": HEIGHT }));
            for b in boxes {
                let id = objects.len();
                objects.push(
                    serde_json::json!({ "id": id, "image_id": i, "category_id": 3 + 4 * b.0, "bbox": [b.1, b.2, b.3, b.4], "iscrowd": 0 }),
                );
            }
        }
        let categories = serde_json::json!([{ "id": 7, "name": CLASSES[1] }, { "id": 3, "name": CLASSES[0] }]);
        let json = serde_json::json!({ "images": images, "categories": categories, "annotations": objects });
        file(root, &format!("annotations/instances_{name}2017.json"), json.to_string());
    }
}

/// `format=` and `root=` of every form.
const FORMS: [(&str, &str); 4] = [("voc", "voc"), ("yolo", "yolo"), ("yolo", "rounded"), ("coco", "coco")];

fn pipeline((format, root): (&str, &str), classes: &str) -> String {
    format!(
        "pipeline \"forms\"\ndata \"set\" format={format} root=\"{root}\" image-size=64 {{ {classes} }}\n\
         space \"s\" {{ network {{ input \"set\"; conv 8 kernel=3 stride=8 as=\"a\"; conv 8 kernel=3 stride=2 as=\"b\"; detect \"a\" \"b\" }} }}\n\
         sample \"r\" {{ from \"s\"; strategy reference }}\ntrain \"tr\" {{ from \"r\"; data \"set\" split=train; recipe yolov5-short; epochs 1 }}\n\
         evaluate \"ev\" {{ from \"tr\"; data \"set\" split=val; metrics map50 map50-95 coco-map50-95 }}\n"
    )
}

/// Names and digests of the splits, and the classes.
fn content(place: &Place, text: String) -> (Vec<(String, Digest)>, Vec<String>) {
    let text = text.replace("root=\"", &format!("root=\"{}/", place.path().display()));
    let loaded = document::load(&nasflow::language(), "p.kdl", &mut One(text), &Params::default(), Options { allow_outside: true });
    let pipeline = loaded.unwrap_or_else(|d| panic!("{}", document::render::diagnostics(&d, false)));
    let found = scan(&pipeline.data[0], Path::new("."), &Need::all()).unwrap_or_else(|e| panic!("{e}"));
    (found.splits.iter().map(|s| (s.name.clone(), s.digest)).collect(), found.classes)
}

#[test]
fn one_set_in_three_forms_is_one_set() {
    let place = Place::new("");
    voc(&place.path().join("voc"));
    yolo(&place.path().join("yolo"), 17, CLASSES);
    // As most tools write it.
    yolo(&place.path().join("rounded"), 6, CLASSES);
    coco(&place.path().join("coco"));
    let first = content(&place, pipeline(FORMS[0], ""));
    assert_eq!((first.0.len(), &first.1[..]), (2, &CLASSES.map(String::from)[..]));
    for form in FORMS {
        assert_eq!(content(&place, pipeline(form, "")), first, "{form:?}");
    }
    // Where a form counts classes otherwise it is other data, until the document says how to count them.
    yolo(&place.path().join("turned"), 6, ["red", "blue"]);
    let turned = ("yolo", "turned");
    assert_ne!(content(&place, pipeline(turned, "")), first);
    assert_eq!(content(&place, pipeline(turned, "classes \"blue\" \"red\"")), first);

    // In stores of their own all keys, weights, predictions and values are the same.
    let run = |form: (&str, &str), cache: &str| -> Said {
        place.write(&pipeline(form, ""));
        let said = place.nasflow(&["run", "pipeline.kdl", "--cache", cache]);
        assert!(said.ok(), "{form:?}: {said:?}");
        said
    };
    let mut digests = Vec::new();
    for (i, form) in FORMS.into_iter().enumerate() {
        let cache = format!("store{i}");
        assert_eq!(run(form, &cache).executed("train"), 1);
        digests.push(place.nasflow(&["show", "pipeline.kdl", "--digests", "--cache", &cache]).out);
    }
    assert!(digests[0].contains(" train ") && digests[0].contains(" predict "), "{}", digests[0]);
    assert!(digests.iter().all(|d| *d == digests[0]), "{digests:#?}");
    // In one store nothing is done twice.
    for form in FORMS {
        let said = run(form, "store0");
        assert!(said.nothing_executed(), "{form:?}: {said:?}");
    }
}

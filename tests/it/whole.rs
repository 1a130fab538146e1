//! A small search from nothing to its files: run, run again, show, export, predict, other jobs, another directory.

use crate::support::{Place, SMALL, command, said};

const ANSWERED: &str = r#"
sample   "reference" { from "tiny"; strategy reference }
train    "long" { from "best" "reference"; data "shapes" split=train; recipe yolov5-short; init scratch; epochs 3 }
evaluate "final" { from "long"; data "shapes" split=val; metrics map50 latency }
answer   "best" { in "final"; by map50; against "reference" }
"#;

#[test]
fn from_nothing_to_an_exported_network() {
    let place = Place::new(&format!("{SMALL}{ANSWERED}"));
    let planned = place.nasflow(&["plan", "pipeline.kdl"]);
    assert!(planned.out.contains("never run here"), "{planned:?}");
    assert!(planned.out.contains("\ntime: about "), "{planned:?}");
    assert!(!place.path().join("cache").exists(), "plan makes no store");

    let first = place.run();
    assert!(first.out.starts_with("answer: best  map50 "), "{first:?}");
    assert_eq!(first.executed("train"), 6, "{first:?}");
    let digests = place.digests();
    assert!(digests.lines().count() > 20, "{digests}");

    let again = place.run();
    assert!(again.nothing_executed(), "{again:?}");
    assert_eq!(place.digests(), digests);
    assert_eq!(place.plan()["finished"], true);

    // From another directory of the project the same store is found.
    let inner = place.path().join("deep/er");
    std::fs::create_dir_all(&inner).expect("a folder");
    let inside = said(command(&inner, &["run", "../../pipeline.kdl"]).output().expect("nasflow starts"));
    assert!(inside.nothing_executed(), "{inside:?}");

    let shown = place.nasflow(&["show", "pipeline.kdl"]);
    for part in ["answer: best", "score (4 measured)", "the Pareto front of score", "the architecture of trials #", "detect"] {
        assert!(shown.out.contains(part), "no {part:?} in {}", shown.out);
    }
    let csv = place.nasflow(&["show", "pipeline.kdl", "--csv"]);
    assert!(csv.out.starts_with("stage,model,state,") && csv.out.lines().count() >= 7, "{csv:?}");
    let json: serde_json::Value = serde_json::from_str(&place.nasflow(&["show", "pipeline.kdl", "--json"]).out).expect("JSON");
    assert_eq!(json["rows"].as_array().map(Vec::len), Some(6));
    let trial = place.nasflow(&["show", "pipeline.kdl", "--trial", "1"]);
    assert!(trial.out.contains("trials #1") && trial.out.contains("epoch"), "{trial:?}");

    let exported = place.nasflow(&["export", "pipeline.kdl", "-o", "best.safetensors"]);
    assert!(exported.ok(), "{exported:?}");
    image::RgbImage::from_fn(120, 80, |x, y| image::Rgb([x as u8, y as u8, 90])).save(place.path().join("a.png")).expect("an image");
    let predicted = place.nasflow(&["predict", "best.safetensors", "a.png", "-o", "out"]);
    assert!(predicted.ok(), "{predicted:?}");
    assert!(place.path().join("out/a.png").exists() && place.path().join("out/predictions.json").exists());
    // A folder stands for the images in it.
    std::fs::create_dir(place.path().join("photos")).expect("a folder");
    for name in ["photos/a.png", "photos/b.png", "photos/.c.png"] {
        std::fs::copy(place.path().join("a.png"), place.path().join(name)).expect("a copy");
    }
    let folder = place.nasflow(&["predict", "best.safetensors", "photos", "-o", "found"]);
    let pictures = std::fs::read_dir(place.path().join("found")).expect("pictures").count();
    assert!(folder.ok() && pictures == 3, "{folder:?}");
}

#[test]
fn the_bits_do_not_depend_on_jobs_or_place() {
    let digests = |jobs: &str| {
        let place = Place::new(SMALL);
        let said = place.nasflow(&["run", "pipeline.kdl", "--jobs", jobs]);
        assert!(said.ok(), "{said:?}");
        place.digests()
    };
    assert_eq!(digests("1"), digests("2"));
}

#[test]
fn a_smoke_run_leaves_only_its_timings() {
    let place = Place::new(SMALL);
    let said = place.nasflow(&["run", "pipeline.kdl", "--smoke"]);
    assert!(said.ok() && said.out.contains("every stage worked on one batch"), "{said:?}");
    let plan = place.nasflow(&["plan", "pipeline.kdl"]);
    assert!(plan.out.contains("time: about"), "{plan:?}");
    assert!(place.digests().is_empty());
}

#[test]
fn shipped_networks_are_shown() {
    let place = Place::new(SMALL);
    let said = place.nasflow(&["show", "zoo/yolov5s"]);
    assert!(said.ok() && said.out.contains("sppf"), "{said:?}");
    let near = place.nasflow(&["show", "zoo/yolov5t"]);
    assert!(!near.ok() && near.err.contains("yolov5"), "{near:?}");
}

#[test]
fn two_runs_at_a_time_compute_everything_once() {
    let place = Place::new(&SMALL.replace("epochs 2", "epochs 6"));
    let start = || {
        let mut command = place.command(&["run", "pipeline.kdl", "--jobs", "2"]);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("nasflow starts")
    };
    let (a, b) = (start(), start());
    let (a, b) = (said(a.wait_with_output().expect("an end")), said(b.wait_with_output().expect("an end")));
    assert!(a.ok() && b.ok(), "{a:?}\n{b:?}");
    assert_eq!(a.executed("train") + b.executed("train"), 4, "{a:?}\n{b:?}");
    let (executed, distinct) = crate::kill::journal(&place);
    assert_eq!(executed, distinct, "an iteration ran twice");
}

/// Same images, other labels: the predictions are the same bytes, the metrics are not.
#[test]
fn metrics_are_of_the_truth_that_they_name() {
    let set = |name: &str, label: &str| {
        format!(
            "data \"{name}\" format=yolo root=\"{name}\" image-size=64 {{ classes \"thing\" }}\n\
             // {label}\n"
        )
    };
    let rest = |evaluates: &str| {
        format!(
            "space \"s\" {{ network width=0.125 {{ input \"x\"; conv 64 kernel=3 stride=4; conv 64 kernel=3 stride=2 as=\"a\"; conv 64 kernel=3 stride=2 as=\"b\"; \
             conv 64 kernel=3 stride=2 as=\"c\"; detect \"a\" \"b\" \"c\" anchors=coco }} }}\n\
             sample \"one\" {{ from \"s\"; strategy reference }}\n\
             train \"t\" {{ from \"one\"; data \"x\" split=train; recipe yolov5-short; epochs 30 }}\n{evaluates}"
        )
    };
    let ex = "evaluate \"ex\" { from \"t\"; data \"x\" split=train; metrics recall map50 }\n";
    let ey = "evaluate \"ey\" { from \"t\"; data \"y\" split=train; metrics recall map50 }\n";
    let head = format!("pipeline \"labels\"\n{}{}", set("x", "right"), set("y", "moved"));
    let place = Place::new(&(head.clone() + &rest(&format!("{ex}{ey}"))));
    for (name, label) in [("x", "0 0.5 0.5 0.5 0.5"), ("y", "0 0.05 0.05 0.1 0.1")] {
        for folder in ["images/train", "labels/train"] {
            std::fs::create_dir_all(place.path().join(name).join(folder)).expect("a folder");
        }
        for i in 0..4u32 {
            let picture = image::RgbImage::from_fn(64, 64, |x, y| {
                let inside = (16..48).contains(&x) && (16..48).contains(&y);
                image::Rgb(if inside { [220, 40, 30 + i as u8] } else { [30, 90, 60] })
            });
            picture.save(place.path().join(name).join(format!("images/train/{i}.png"))).expect("an image");
            std::fs::write(place.path().join(name).join(format!("labels/train/{i}.txt")), label).expect("a label");
        }
    }
    let both = place.nasflow(&["run", "pipeline.kdl", "--jobs", "1"]);
    assert!(both.ok(), "{both:?}");
    let of = |digests: &str| digests.lines().filter(|l| l.starts_with("ey ")).map(str::to_string).collect::<Vec<_>>();
    let together = of(&place.digests());
    let values = |stage: &str| -> Vec<String> {
        let json: serde_json::Value = serde_json::from_str(&place.nasflow(&["show", "pipeline.kdl", "--json"]).out).expect("JSON");
        json["rows"].as_array().into_iter().flatten().filter(|r| r["stage"] == stage).map(|r| r["metrics"].to_string()).collect()
    };
    assert_ne!(values("ex"), values("ey"), "the network has learned the labels of x");
    place.write(&(head + &rest(ey)));
    let alone = place.nasflow(&["run", "pipeline.kdl", "--cache", "other"]);
    assert!(alone.ok(), "{alone:?}");
    assert_eq!(together, of(&place.nasflow(&["show", "pipeline.kdl", "--digests", "--cache", "other"]).out));
}

#[test]
fn a_trial_out_of_attempts_fails_and_the_next_run_tries_it_again() {
    let long = SMALL.replace("epochs 2", "epochs 150");
    let place = Place::new(&long);
    let timed_out = place.nasflow(&["run", "pipeline.kdl", "--timeout", "0.2s"]);
    assert_eq!(timed_out.code, Some(2), "no candidate is left to select: {timed_out:?}");
    assert!(timed_out.err.contains("attempt 3 failed: timed out") && timed_out.out.contains("not reproducible"), "{timed_out:?}");
    let shown = place.nasflow(&["show", "pipeline.kdl"]);
    assert!(shown.out.contains("3 attempts failed: timed out"), "show sees what the run saw: {shown:?}");
    let trial = place.nasflow(&["show", "pipeline.kdl", "--trial", "0", "--json"]);
    let trial: serde_json::Value = serde_json::from_str(&trial.out).expect("JSON");
    assert_eq!(trial["rows"][0]["state"], "failed");
    let after = place.run();
    assert!(after.executed("train") > 0, "{after:?}");
    assert!(place.run().nothing_executed());
}

#[test]
fn pictures_are_never_written_over() {
    let place = Place::new(SMALL);
    place.run();
    assert!(place.nasflow(&["export", "pipeline.kdl", "-o", "m.safetensors"]).ok());
    let path = place.path().join("a.png");
    image::RgbImage::new(40, 30).save(&path).expect("an image");
    let before = std::fs::read(&path).expect("the image");
    let said = place.nasflow(&["predict", "m.safetensors", "a.png", "-o", "."]);
    assert!(!said.ok() && said.err.contains("would be written over"), "{said:?}");
    assert_eq!(std::fs::read(&path).expect("the image"), before);
}

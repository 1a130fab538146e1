//! Sizes of images as a choice: every candidate is what it would be over data of its size.

use crate::support::Place;

/// Pictures of 60 × 44 pixels with a bright rectangle each, in the folders of YOLO.
fn write_pictures(place: &Place) {
    let root = place.path().join("boxes");
    for (split, count) in [("train", 10u32), ("val", 6)] {
        for folder in ["images", "labels"] {
            std::fs::create_dir_all(root.join(folder).join(split)).expect("a folder");
        }
        for i in 0..count {
            let seed = i + if split == "val" { 100 } else { 0 };
            let (x0, y0, w, h) = (4 + seed * 7 % 24, 3 + seed * 5 % 16, 12 + seed % 3 * 8, 10 + seed % 4 * 5);
            let picture = image::RgbImage::from_fn(60, 44, |x, y| {
                let noise = (seed.wrapping_mul(2_654_435_761).wrapping_add(x * 97 + y * 193) >> 4) as u8 % 60;
                let inside = (x0..x0 + w).contains(&x) && (y0..y0 + h).contains(&y);
                image::Rgb(if inside { [230, 60 + noise, 40] } else { [noise, 70 + noise, 60] })
            });
            picture.save(root.join("images").join(split).join(format!("{i}.png"))).expect("an image");
            let (cx, cy) = (f64::from(2 * x0 + w) / 120.0, f64::from(2 * y0 + h) / 88.0);
            // A speck that is under a pixel at 32 px is a box like any other.
            let label = format!("0 {cx} {cy} {} {}\n0 0.01 0.01 0.012 0.012\n", f64::from(w) / 60.0, f64::from(h) / 44.0);
            std::fs::write(root.join("labels").join(split).join(format!("{i}.txt")), label).expect("labels");
        }
    }
}

fn pipeline(data: usize, input: &str, more: &str) -> String {
    format!(
        r#"
pipeline "sized" seed=1
data "boxes" format=yolo root="boxes" image-size={data} {{ classes "thing" }}
space "s" {{
    network width=0.125 {{
        input "boxes" {{ {input} }}
        conv 64 kernel=3 stride=4
        conv 64 kernel=3 stride=2 as="a"
        conv 128 kernel=3 stride=2 as="b"
        detect "a" "b"
    }}
}}
sample   "trials" {{ from "s"; strategy random; trials 2 }}
train    "short"  {{ from "trials"; data "boxes" split=train; recipe yolov5-short; batch 4; epochs 2; augment mosaic=0.5 }}
evaluate "score"  {{ from "short"; data "boxes" split=val; metrics map50 recall flops params }}
{more}select   "best"   {{ from "score"; top 1 by=map50 }}
"#
    )
}

const CHOICE: &str = "image-size 64 32";

/// Kind, key and digests of everything that some stages made, whichever model it was for.
fn digests(place: &Place, stages: &[&str]) -> Vec<String> {
    let of = |l: &&str| stages.iter().any(|s| l.starts_with(&format!("{s} ")));
    let kept = |l: &str| l.splitn(3, ' ').last().unwrap_or_default().to_string();
    let mut lines: Vec<String> = place.digests().lines().filter(of).map(kept).collect();
    lines.sort();
    lines
}

fn rows(place: &Place) -> Vec<serde_json::Value> {
    let said = place.nasflow(&["show", "pipeline.kdl", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {said:?}"));
    json["rows"].as_array().cloned().unwrap_or_default().into_iter().filter(|r| r["stage"] == "score").collect()
}

#[test]
fn every_candidate_is_that_of_a_pipeline_whose_data_has_its_size() {
    let both = Place::new(&pipeline(48, CHOICE, ""));
    write_pictures(&both);
    let first = both.run();
    assert_eq!(["train", "predict"].map(|kind| first.executed(kind)), [2, 2], "{first:?}");
    let mut alone = Vec::new();
    let mut figures = Vec::new();
    for size in [64, 32] {
        // In a store of its own the same bits are made; in the store of both nothing is left to make.
        let place = Place::new(&pipeline(size, "", ""));
        write_pictures(&place);
        place.run();
        alone.extend(digests(&place, &["short", "score"]));
        figures.extend(rows(&place).iter().map(|r| r["metrics"].to_string()));
        let known = both.nasflow(&["run", "pipeline.kdl"]);
        assert!(known.nothing_executed());
        both.write(&pipeline(size, "", ""));
        let other = both.run();
        assert_eq!(["anchors", "pack", "train", "predict", "metric"].map(|kind| other.executed(kind)), [0; 5], "{other:?}");
        both.write(&pipeline(48, CHOICE, ""));
    }
    alone.sort();
    assert_eq!(digests(&both, &["short", "score"]), alone);
    let mut ours: Vec<String> = rows(&both).iter().map(|r| r["metrics"].to_string()).collect();
    ours.sort();
    figures.sort();
    assert_eq!(ours, figures);
    // The data's own size is none of theirs: no pack of it was made, and one more value of the choice trains one more network.
    both.write(&pipeline(48, "image-size 64 32 96", "").replace("trials 2", "trials 3"));
    let more = both.run();
    assert_eq!(["train", "predict"].map(|kind| more.executed(kind)), [1, 1], "{more:?}");
}

#[test]
fn a_baseline_of_another_size_is_compared_on_the_same_images() {
    let baseline = r#"space "stock" { network width=0.125 { input "boxes"; conv 64 kernel=3 stride=4; conv 64 kernel=3 stride=2 as="a"; detect "a" } }
sample "base" { from "stock"; strategy reference }
train "based" { from "base"; data "boxes" split=train; recipe yolov5-short; batch 4; epochs 2 }
"#;
    let text = pipeline(48, CHOICE, baseline)
        + r#"evaluate "final" { from "best" "based"; data "boxes" split=val; metrics map50 flops }
answer "best" { in "final"; by map50; against "based" }
"#;
    let place = Place::new(&text);
    write_pictures(&place);
    let said = place.nasflow(&["check", "pipeline.kdl"]);
    assert!(said.out.contains("at 64 px"), "{said:?}");
    place.run();
    let shown = place.nasflow(&["show", "pipeline.kdl"]);
    assert!(shown.ok(), "{shown:?}");
    // What is exported says and reads its own size, and gives the boxes of its evaluation.
    let exported = place.nasflow(&["export", "pipeline.kdl", "-o", "net.safetensors"]);
    assert!(exported.ok(), "{exported:?}");
    let card = std::fs::read(place.path().join("net.safetensors")).expect("a detector");
    let card = String::from_utf8_lossy(&card);
    assert!(card.contains("\"image_size\":\"64\"") || card.contains("\"image_size\":\"32\""), "{}", &card[..2000.min(card.len())]);
    let found = place.nasflow(&["predict", "net.safetensors", "boxes/images/val/0.png", "-o", "found"]);
    assert!(found.ok(), "{found:?}");
    let table = place.nasflow(&["latency-table", "pipeline.kdl", "s"]);
    assert!(table.out.contains("in 64x64") && table.out.contains("in 32x32"), "{table:?}");
}

#[test]
fn generated_images_are_drawn_at_the_size_of_the_data_and_scaled() {
    let text = |data: usize, input: &str| {
        pipeline(data, input, "")
            .replace("format=yolo root=\"boxes\"", "generate=shapes images=24")
            .replace("{ classes \"thing\" }", "{ split train=0.5 val=0.5 }")
    };
    let place = Place::new(&text(96, CHOICE));
    let said = place.run();
    assert_eq!(["train", "predict"].map(|kind| said.executed(kind)), [2, 2], "{said:?}");
    let rows = rows(&place);
    let sizes: Vec<String> = rows.iter().map(|r| r["choices"].to_string()).collect();
    assert!(rows.len() == 2 && sizes[0] != sizes[1], "{sizes:?}");
}

#[test]
fn a_supernet_reads_each_batch_at_one_of_its_sizes() {
    let text = |epochs: usize| {
        pipeline(48, CHOICE, "")
            .replace("conv 128 kernel=3", "conv 128")
            .replace("stride=2 as=\"b\"", "stride=2 as=\"b\" { kernel 3 5 }")
            .replace("sample   \"trials\" { from \"s\"; strategy random; trials 2 }", "")
            .replace("{ from \"trials\"; data", "{ from \"s\"; method single-path; data")
            .replace("epochs 2", &format!("epochs {epochs}; schedule linear over=4"))
            .replace(
                "evaluate \"score\"  { from \"short\"; data \"boxes\" split=val; ",
                "sample \"trials\" { from \"short\"; strategy random; trials 4 }\n\
                 evaluate \"score\" { from \"trials\"; data \"boxes\" split=val; recalibrate batches=2 split=train; ",
            )
    };
    let tuned = "train \"tuned\" { from \"best\"; data \"boxes\" split=train; recipe yolov5-short; batch 4; init inherit; epochs 1 }\n\
                 evaluate \"last\" { from \"tuned\"; data \"boxes\" split=val; metrics map50 }\n";
    let text = |epochs: usize| text(epochs) + tuned;
    let digests = |epochs: &[usize], jobs: &str| {
        let place = Place::new(&text(epochs[0]));
        write_pictures(&place);
        for &epochs in epochs {
            place.write(&text(epochs));
            let said = place.nasflow(&["run", "pipeline.kdl", "--jobs", jobs]);
            assert!(said.ok(), "{said:?}");
        }
        place.digests()
    };
    let whole = digests(&[4], "1");
    let count = |stage: &str| whole.lines().filter(|l| l.starts_with(&format!("{stage} "))).count();
    assert!(count("score") >= 4 && count("tuned") == 2 && count("last") == 2, "{whole}");
    // The same bits with two workers, and where the training was prolonged.
    assert_eq!(whole, digests(&[4], "2"));
    assert_eq!(whole, digests(&[2, 4], "2"));
}

#[test]
fn classifiers_have_sizes_too_and_other_data_is_read_at_them() {
    let text = r#"
pipeline "classes"
data "figures" generate=figures images=40 image-size=48 { split train=0.6 val=0.4 }
data "larger"  generate=figures images=20 image-size=64 seed=5 { split train=0.5 test=0.5 }
space "s" {
    choice "px" 32 64
    network {
        input "figures" image-size=(choice)"px"
        conv 8 kernel=3 stride=4
        conv 16 kernel=3 stride=2
        global-pool; linear
    }
}
sample   "trials" { from "s"; strategy random; trials 2 }
train    "short"  { from "trials"; data "figures" split=train; recipe classify; batch 8; epochs 1 }
evaluate "score"  { from "short"; data "figures" split=val; metrics accuracy flops }
select   "best"   { from "score"; top 1 by=accuracy }
evaluate "test"   { from "best"; data "larger" split=test; metrics accuracy }
"#;
    let place = Place::new(text);
    let said = place.run();
    assert_eq!(["train", "predict"].map(|kind| said.executed(kind)), [2, 3], "{said:?}");
    // Without a stated size, other data must have the size of the space's.
    let fixed = text.replace(" image-size=(choice)\"px\"", "").replace("    choice \"px\" 32 64\n", "").replace("trials 2", "trials 1");
    place.write(&fixed);
    let refused = place.nasflow(&["check", "pipeline.kdl"]);
    assert!(!refused.ok() && refused.err.contains("the networks of `s` are built for `figures`, not for `larger`"), "{refused:?}");
}

#[test]
fn shipped_networks_take_a_size() {
    let text = |input: &str| {
        format!(
            "pipeline \"stock\"\ndata \"shapes\" generate=shapes images=20 image-size=96 {{ split train=0.7 val=0.3 }}\n\
             space \"s\" {{ network like=yolov5n {{ input \"shapes\" {input} }}; require flops max=1.0 of=reference }}\n\
             sample \"all\" {{ from \"s\"; strategy random; trials 3 }}\n"
        )
    };
    let place = Place::new(&text("{ image-size 64 96 32 }"));
    let said = place.nasflow(&["check", "pipeline.kdl"]);
    assert!(said.ok() && said.out.contains("3 samples over 1 decision") && said.out.contains("at 64 px"), "{said:?}");
    place.write(&text("image-size=80"));
    let refused = place.nasflow(&["check", "pipeline.kdl"]);
    assert!(!refused.ok() && refused.err.contains("64 or 96 px would"), "{refused:?}");
}

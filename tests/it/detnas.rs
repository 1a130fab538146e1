//! Classifier first, detector after: a supernet of the backbone is trained on images of one class each, and the detector's
//! starts from it.

use crate::kill::journal;
use crate::support::Place;

const DETNAS: &str = r#"
pipeline "detnas" seed=3
data "tiny" format=folder root="tiny" image-size=32 { split val=0.25 }
data "shapes" generate=shapes images=48 image-size=64 { split train=0.5 val=0.25 test=0.25 }
space "backbone" {
    choice "neck" 64 128
    network width=0.125 {
        input "shapes"
        conv 64 stride=2 { kernel 3 5 }
        conv 128 kernel=3 stride=2
        choose "p3" { c3 128 { repeats 1 2 }; residual 128; skip }
        conv 256 kernel=3 stride=2 as="p4"
        conv kernel=1 { channels (choice)"neck" }
        conv 512 kernel=3 stride=2 as="p5"
        detect "p4" "p5" anchors=auto
    }
    require flops max=1.1 of=reference
}
space "classifier" { from "backbone"; until "p4"; then-layers { global-pool; linear }; input "tiny" }
train "pretrained" { from "classifier"; data "tiny" split=train; method single-path; batch 8; epochs 2; augment crop=1 flip-lr=0.5 }
train "supernet" { from "backbone"; init from="pretrained" match=names; data "shapes" split=train; method single-path; recipe yolov5-short; epochs 2 }
sample "subnets" { from "supernet"; strategy random; trials 3 }
evaluate "ranking" { from "subnets"; data "shapes" split=val; recalibrate batches=2 split=train; metrics map50 }
select "best" { from "ranking"; top 1 by=map50 }
"#;

/// Two classes of 40 × 32 pixels: light above, light below.
fn write_pictures(place: &Place) {
    for class in 0..2u32 {
        let folder = place.path().join("tiny").join(["above", "below"][class as usize]);
        std::fs::create_dir_all(&folder).expect("a folder");
        for i in 0..16u32 {
            let picture = image::RgbImage::from_fn(40, 32, |x, y| {
                let noise = (i.wrapping_mul(2_654_435_761).wrapping_add(x * 97 + y * 193) >> 3) as u8 % 90;
                let light = if (y < 16) == (class == 0) { 120 } else { 0 };
                image::Rgb([noise + light, noise + light / 2, noise])
            });
            picture.save(folder.join(format!("{i}.png"))).expect("a picture");
        }
    }
}

#[test]
fn the_detector_starts_from_the_classifier() {
    let place = Place::new(DETNAS);
    write_pictures(&place);
    let first = place.run();
    assert_eq!(["train", "predict-subnet"].map(|kind| first.executed(kind)), [2, 3], "{first:?}");
    let said = format!("{}{}", first.out, first.err);
    let note = said.lines().find(|l| l.contains("init: ")).unwrap_or_else(|| panic!("no note in {said}"));
    let numbers: Vec<usize> = note.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [.., taken, all] = numbers[..] else { panic!("{note}") };
    assert!(note.ends_with("tensors from \"pretrained\"") && taken > 40 && taken < all, "{note}");
    assert!(place.run().nothing_executed());
    let digests = place.digests();

    // Another training of the classifier is another start of the detector.
    let before = journal(&place).0;
    place.write(&DETNAS.replace("batch 8; epochs 2", "batch 8; loss label-smoothing=0.1; epochs 2"));
    let edited = place.run();
    assert_eq!(["train", "predict-subnet"].map(|kind| edited.executed(kind)), [2, 3], "{edited:?}");
    assert!(journal(&place).0 > before);
    assert_ne!(place.digests(), digests);

    // From nothing it does not wait for the classifier.
    place.write(&DETNAS.replace("init from=\"pretrained\" match=names; ", ""));
    let scratch = place.run();
    assert_eq!(scratch.executed("train"), 1, "the classifier is known from the first run: {scratch:?}");
}

#[test]
fn nothing_in_common_is_an_error() {
    let other = r#"space "other" { network { input "tiny"; conv 24 kernel=3 stride=2; global-pool; linear } }
"#;
    let text = DETNAS.replace("train \"pretrained\" { from \"classifier\"", &format!("{other}train \"pretrained\" {{ from \"other\""));
    let place = Place::new(&text);
    write_pictures(&place);
    let said = place.nasflow(&["check", "pipeline.kdl"]);
    assert!(!said.ok() && said.err.contains("no tensor of `pretrained` has a name and a shape that `backbone` has"), "{said:?}");
}

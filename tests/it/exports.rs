//! Exported models run by their own runtimes, PyTorch and onnxruntime, beside ours. Skipped where there is no Python with these;
//! `.ci/run` installs one in `target/pytorch`.

use crate::classify::write_idx;
use crate::support::{Place, python, root};
use nasflow::evaluate::DetectHead;
use nasflow::evaluate::decode::sigmoid;
use nasflow::export::{Artefact, FORMATS, Format, Model, ModelCard};
use nasflow::nn::{DeviceChoice, Parameters, executor};
use nasflow::space::architecture::{Architecture, Input, Layer, Source};
use nasflow::space::blocks::*;
use nasflow::space::{Activation, ParamKind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// The formats that other runtimes compute; those of `tests/it/yolov5.rs` are not for every network.
fn elsewhere() -> impl Iterator<Item = &'static Format> {
    FORMATS.iter().copied().filter(|f| ["safetensors", "onnx", "pytorch"].contains(&f.name))
}

/// What each kind of file needs.
const RUNTIMES: [(&str, &str, &str); 2] =
    [("onnx", "model.onnx", "numpy, onnxruntime"), ("torch", "model.py", "numpy, torch, safetensors")];

/// Runs the files `model.onnx` and `model.py` of a folder with two images and compares with `model.safetensors` run here.
fn compare(folder: &Path) {
    let bytes = std::fs::read(folder.join("model.safetensors")).expect("the weights");
    let artefact = Artefact::from_bytes(&bytes).expect("a model");
    let (image, n) = (artefact.program.values[0], 2);
    let mut random = random();
    let images: Vec<f32> = (0..n * image.h * image.w * image.c).map(|_| random()).collect();
    let mut model = Model::load(&bytes, |program| executor(program, DeviceChoice::Fast, n)).expect("it loads");
    let raw = model.outputs(&images, n).expect("it runs");
    // n × c × h × w, as the others read them.
    let pixels = image.h * image.w;
    let planes = (0..n).flat_map(|i| (0..image.c).flat_map(move |c| (0..pixels).map(move |p| (i * pixels + p) * image.c + c)));
    let planes = planes.flat_map(|at| images[at].to_le_bytes()).collect::<Vec<u8>>();
    std::fs::write(folder.join("images.f32"), planes).expect("written");
    let detector = artefact.card.is_detector();
    let expected = if detector { boxes(&artefact, &raw, n) } else { raw[0].clone() };
    for (kind, file, modules) in RUNTIMES {
        let Some(python) = python(modules) else { continue };
        let shape = format!("{n},{},{},{}", image.c, image.h, image.w);
        let mut command = Command::new(python);
        command.current_dir(folder).arg("-B").arg(root().join("tests/it/exports/run.py"));
        let said = command.args([kind, file, "images.f32", &shape, "out.f32"]).output().expect("Python starts");
        assert!(said.status.success(), "{kind}: {}", String::from_utf8_lossy(&said.stderr));
        let found = std::fs::read(folder.join("out.f32")).expect("its outputs");
        let found: Vec<f32> = found.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("four bytes"))).collect();
        let (first, rest) = found.split_at(expected.len());
        close(first, &expected, kind);
        if kind == "torch" && detector {
            close(rest, &raw.concat(), "torch, raw");
        } else {
            assert!(rest.is_empty(), "{kind}: {} values too many", rest.len());
        }
    }
}

/// Within 1e-4, of values above 1 (pixels) relative to them.
fn close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let spread = expected.iter().fold(0f32, |m, v| m.max(v.abs()));
    assert!(spread > 0.01, "{what}: outputs of nothing show nothing");
    let error = found.iter().zip(expected).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0f32, f32::max);
    assert!(error < 1e-4, "{what}: differs by {error}");
    eprintln!("{what}: within {error:e} over {} values, the largest {spread}", found.len());
}

/// YOLOv5's formula, for every cell of every level: rows in the order level, anchor, y, x.
fn boxes(artefact: &Artefact, raw: &[Vec<f32>], n: usize) -> Vec<f32> {
    let head = DetectHead::of(&artefact.program).expect("a head of boxes");
    let width = 5 + head.classes;
    let mut found = Vec::new();
    for i in 0..n {
        for (level, output) in head.levels.iter().zip(raw) {
            let cells = level.shape.h * level.shape.w;
            let output = &output[i * cells * level.shape.c..(i + 1) * cells * level.shape.c];
            for (a, (aw, ah)) in level.anchors.iter().enumerate() {
                for cell in 0..cells {
                    let t: Vec<f32> = output[cell * level.shape.c + a * width..][..width].iter().map(|t| sigmoid(*t)).collect();
                    let (x, y) = ((cell % level.shape.w) as f32, (cell / level.shape.w) as f32);
                    found.extend([(2.0 * t[0] + x - 0.5) * level.stride, (2.0 * t[1] + y - 0.5) * level.stride]);
                    found.extend([(2.0 * t[2]).powi(2) * aw, (2.0 * t[3]).powi(2) * ah]);
                    found.extend(&t[4..]);
                }
            }
        }
    }
    found
}

/// Numbers from 0 to 1, always the same.
fn random() -> impl FnMut() -> f32 {
    let mut state = 1u32;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32
    }
}

/// Writes an architecture with made-up weights in every format.
fn written(architecture: Architecture, classes: usize) -> tempfile::TempDir {
    // In the canonical order, as it comes out of a search.
    let architecture = Architecture::from_json(&architecture.to_json()).expect("a network");
    let program = architecture.program().expect("a network");
    let mut params = Parameters::init(&program, 3);
    let mut random = random();
    for (spec, values) in program.params.iter().zip(&mut params.0) {
        for value in values {
            match spec.kind {
                ParamKind::NormScale | ParamKind::RunningVar => *value = 0.5 + random(),
                ParamKind::NormShift | ParamKind::RunningMean => *value = random() - 0.5,
                _ => {}
            }
        }
    }
    let digest = architecture.digest();
    let card = ModelCard {
        architecture,
        classes: (0..classes).map(|i| format!("it's \"{i}\"\n\\")).collect(),
        norm_eps: 1e-3,
        norm_momentum: 0.03,
        iterations: 5,
        choices: vec![],
        decisions: vec![],
        candidate: digest,
        weights: digest,
        data: digest,
        recipe: BTreeMap::new(),
        metrics: BTreeMap::new(),
        nasflow: "test".into(),
    };
    let artefact = Artefact::new(card, params).expect("a model");
    let folder = tempfile::tempdir().expect("a folder");
    for format in elsewhere() {
        for file in (format.write)(&artefact, "model").expect(format.name) {
            std::fs::write(folder.path().join(format!("model.{}", file.ending)), file.bytes).expect("written");
        }
    }
    folder
}

const ACTIVATIONS: [Activation; 7] = [
    Activation::Hardswish,
    Activation::Silu,
    Activation::Relu,
    Activation::LeakyRelu,
    Activation::Sigmoid,
    Activation::Hardsigmoid,
    Activation::Identity,
];

/// Layers one after another, each reading the last, but for what names others.
#[derive(Default)]
struct Layers(Vec<Layer>);

impl Layers {
    fn add(&mut self, block: Block) -> usize {
        let from = self.0.len().checked_sub(1).map_or(Source::Image, Source::Layer);
        self.join(block, &[from])
    }

    fn join(&mut self, block: Block, inputs: &[Source]) -> usize {
        self.0.push(Layer { block, inputs: inputs.to_vec() });
        self.0.len() - 1
    }

    fn conv(&mut self, channels: usize, kernel: (usize, usize), stride: usize, dilation: usize, groups: usize) -> usize {
        let activation = ACTIVATIONS[self.0.len() % ACTIVATIONS.len()];
        let padding = (dilation * (kernel.0 - 1) / 2, dilation * (kernel.1 - 1) / 2);
        self.add(Block::Conv(Conv { channels, kernel, stride, padding, dilation, groups, activation }))
    }
}

/// Every block, every activation, uneven windows, groups, distances and strides; 64 px, two levels.
fn every_block(classes: usize) -> Architecture {
    let (mut l, at, silu) = (Layers::default(), Source::Layer, Activation::Silu);
    for _ in ACTIVATIONS {
        l.conv(8, (3, 3), 1, 1, 1);
    }
    l.conv(8, (6, 6), 2, 1, 2);
    l.conv(16, (1, 3), 1, 2, 1);
    let residual = |channels, stride, activation| Block::Residual(Residual { channels, kernel: 3, stride, groups: 2, activation });
    l.add(residual(16, 1, Activation::Relu));
    l.add(residual(24, 2, Activation::Identity));
    let bottleneck = |channels, shortcut| {
        Block::Bottleneck(Bottleneck { channels, hidden: 8, kernel: 5, stride: 1, shortcut, groups: 2, activation: Activation::LeakyRelu })
    };
    l.add(bottleneck(24, true));
    l.add(bottleneck(16, false));
    let inception = |stride, activation| Block::Inception(Inception { channels: 16, stride, activation });
    l.add(inception(1, silu));
    let ghost = |channels, kernel, stride| Block::Ghost(Ghost { channels, kernel, stride, activation: Activation::Relu });
    l.add(ghost(16, 3, 1));
    let fine = l.add(ghost(20, 5, 1));
    l.add(inception(1, Activation::Hardswish));
    l.add(ghost(16, 3, 2));
    let shuffle = |channels, stride, depthwise| {
        Block::Shuffle(Shuffle { channels, hidden: channels / 2, kernel: 3, stride, depthwise, activation: Activation::Relu })
    };
    l.add(shuffle(16, 1, 1));
    l.add(shuffle(16, 1, 3));
    let mbconv = |channels, hidden, squeeze, shortcut| {
        Block::Mbconv(Mbconv { channels, hidden, kernel: 3, stride: 1, squeeze, shortcut, activation: Activation::Relu })
    };
    l.add(mbconv(16, 16, None, true));
    l.add(mbconv(16, 32, Some(4), true));
    l.add(mbconv(24, 40, Some(8), false));
    l.add(Block::SqueezeExcite(SqueezeExcite { reduced: 6, gate: Activation::Sigmoid }));
    l.add(Block::MaxPool(Pool { kernel: 3, stride: 1, padding: 1 }));
    let pooled = l.add(Block::AvgPool(Pool { kernel: 3, stride: 1, padding: 1 }));
    let c3 = |repeats, shortcut| Block::C3(C3 { channels: 24, hidden: 12, repeats, kernel: 3, shortcut, groups: 1, activation: silu });
    let mixed = l.add(c3(2, true));
    l.add(c3(1, false));
    let last = l.add(Block::Sppf(Sppf { channels: 24, hidden: 10, kernel: 5, activation: silu }));
    let sum = l.join(Block::Add, &[at(pooled), at(mixed), at(last)]);
    let zero = l.join(Block::Zero(Zero { height: 8, width: 8, channels: 4 }), &[Source::Image]);
    let coarse = l.join(Block::Concat, &[at(zero), at(sum)]);
    l.add(Block::GlobalPool);
    l.add(Block::Linear(Linear { channels: 24 }));
    let spread = l.add(Block::Upsample(Upsample { factor: 8 }));
    let coarse = l.join(Block::Concat, &[at(coarse), at(spread)]);
    let up = l.add(Block::Upsample(Upsample { factor: 2 }));
    let fine = l.join(Block::Concat, &[at(up), at(fine)]);
    let anchors = vec![vec![(4.0, 5.5), (8.0, 8.0), (13.0, 7.0)], vec![(16.0, 20.0), (30.0, 22.5), (41.0, 60.0)]];
    l.join(Block::Detect(Detect { classes, anchors }), &[at(fine), at(coarse)]);
    Architecture { input: Input { channels: 3, height: 64, width: 64 }, layers: l.0 }
}

#[test]
fn every_block_computes_the_same_elsewhere() {
    let architecture = every_block(3);
    let used: BTreeSet<&str> = architecture.layers.iter().map(|l| l.block.word()).collect();
    // These are words for `conv`.
    let all = kinds().iter().map(|k| k.word).filter(|w| !["depthwise-conv", "sep-conv", "dil-conv"].contains(w));
    assert_eq!(used, all.collect(), "a block that is not exported here");
    compare(written(architecture, 3).path());
    let mut l = Layers::default();
    l.conv(6, (3, 3), 2, 1, 1);
    l.conv(6, (3, 3), 1, 1, 6);
    l.add(Block::AvgPool(Pool { kernel: 2, stride: 2, padding: 0 }));
    // Over pixels, in PyTorch's order; then over what comes of it.
    l.add(Block::Linear(Linear { channels: 10 }));
    l.add(Block::Linear(Linear { channels: 7 }));
    compare(written(Architecture { input: Input { channels: 1, height: 16, width: 16 }, layers: l.0 }, 7).path());
}

/// Exports a pipeline's answer in every format; what was printed.
fn export_all(place: &Place) -> String {
    let mut said = String::new();
    for format in elsewhere() {
        let one = place.nasflow(&["export", "pipeline.kdl", "-o", &format!("model.{}", format.ending)]);
        assert!(one.ok(), "{one:?}");
        said.push_str(&one.out);
    }
    said
}

#[test]
fn a_trained_detector_of_the_wide_space_computes_the_same_elsewhere() {
    let place = Place::new(
        r#"
pipeline "wide" seed=5
data "shapes" generate=shapes images=32 image-size=64 { split train=0.75 val=0.25 }
space "wide" { choice "w" 0.125 0.0625; network like=yolov5n-wide { input "shapes" }; require flops max=1.0 of=reference }
sample "trials" { from "wide"; strategy random; trials 1 }
train "short" { from "trials"; data "shapes" split=train; recipe yolov5-short; epochs 2 }
evaluate "score" { from "short"; data "shapes" split=val; metrics map50 }
select "best" { from "score"; top 1 by=map50 }
"#,
    );
    place.run();
    let said = export_all(&place);
    assert_eq!(said.matches("read again, it gives the same outputs").count(), 2, "{said}");
    assert!(said.contains("not run here, which needs onnxruntime") && said.contains("model.py"), "{said}");
    compare(place.path());
    let text = std::fs::read_to_string(place.path().join("model.py")).expect("a text");
    assert!(text.contains("# choices: ") && text.contains("# metrics: map50 ") && !text.contains("class Ghost"), "{text}");
}

#[test]
fn a_pruned_detector_computes_the_same_elsewhere() {
    let place = Place::new(
        r#"
pipeline "slim" seed=5
data "shapes" generate=shapes images=32 image-size=64 { split train=0.75 val=0.25 }
space "stock" { network like=yolov5n { input "shapes" } }
sample "one" { from "stock"; strategy reference }
train "short" { from "one"; data "shapes" split=train; recipe yolov5-short; epochs 1 }
train "slim" { from "short"; data "shapes" split=train; recipe yolov5-short; epochs 1; prune flops=0.5 }
evaluate "score" { from "slim"; data "shapes" split=val; metrics map50 flops }
select "best" { from "score"; top 1 by=map50 }
"#,
    );
    place.run();
    let said = export_all(&place);
    assert_eq!(said.matches("read again, it gives the same outputs").count(), 2, "{said}");
    compare(place.path());
    // The formats that hold no weights name the same network, too.
    for (format, ending) in [("yolov5", "yaml"), ("kdl", "kdl")] {
        let said = place.nasflow(&["export", "pipeline.kdl", "--format", format, "-o", &format!("slim.{ending}")]);
        assert!(said.ok(), "{format}: {said:?}");
    }
    let yaml = std::fs::read_to_string(place.path().join("slim.yaml")).expect("a text");
    assert!(yaml.contains("SPPF") && !yaml.contains("channel_multiple"), "{yaml}");
}

#[test]
fn a_trained_classifier_computes_the_same_elsewhere_and_predicts_here() {
    let place = Place::new(
        r#"
pipeline "tiny"
data "bars" format=idx root="bars" image-size=12 { split val=0.25 }
space "net" { network activation=relu { input "bars"; conv 8 kernel=3 stride=2; residual 8; global-pool; linear } }
sample "one" { from "net"; strategy reference }
train "long" { from "one"; data "bars" split=train; epochs 12; batch 16; augment crop=1 flip-lr=0 }
evaluate "score" { from "long"; data "bars" split=val; metrics accuracy }
select "best" { from "score"; top 1 by=accuracy }
"#,
    );
    write_idx(&place.path().join("bars"));
    place.run();
    export_all(&place);
    compare(place.path());
    // A bright bar on the right.
    let bar = image::GrayImage::from_fn(12, 12, |x, y| image::Luma([if x >= 8 { 160 } else { (x * 7 + y * 11) as u8 % 60 }]));
    bar.save(place.path().join("bar.png")).expect("a picture");
    let said = place.nasflow(&["predict", "model.safetensors", "bar.png", "-o", "out", "--json"]);
    assert!(said.ok() && said.err.contains("bar.png: 2 ") && said.err.contains(" %, "), "{said:?}");
    let json: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let classes = json[0]["classes"].as_array().expect("classes");
    let sum: f64 = classes.iter().filter_map(|c| c["probability"].as_f64()).sum();
    assert!(classes.len() == 3 && classes[0]["name"] == "2" && (sum - 1.0).abs() < 1e-5, "{json}");
    assert!(place.path().join("out/predictions.json").exists() && !place.path().join("out/bar.png").exists());
}

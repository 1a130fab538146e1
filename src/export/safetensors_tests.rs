//! Round trips, upstream's names, and files that somebody broke.

use super::*;
use crate::space::Activation;
use crate::space::architecture::{Architecture, Input, Layer, Source};
use crate::space::blocks::{Block, C3, COCO_ANCHORS, Conv, Detect, Linear, Sppf, Upsample};
use std::collections::{BTreeMap, HashMap};

fn conv(channels: usize, kernel: usize, stride: usize, padding: usize) -> Block {
    let activation = Activation::Silu;
    Block::Conv(Conv { channels, kernel: (kernel, kernel), stride, padding: (padding, padding), dilation: 1, groups: 1, activation })
}

fn detect(classes: usize) -> Block {
    Block::Detect(Detect { classes, anchors: COCO_ANCHORS.iter().map(|level| level.to_vec()).collect() })
}

/// Three convolutions of stride 8, 16 and 32 under a head.
pub(in crate::export) fn small(size: usize, classes: usize) -> Architecture {
    let layer = |block, inputs: &[Source]| Layer { block, inputs: inputs.to_vec() };
    let at = Source::Layer;
    let layers = vec![
        layer(conv(4, 8, 8, 0), &[Source::Image]),
        layer(conv(4, 2, 2, 0), &[at(0)]),
        layer(conv(4, 2, 2, 0), &[at(1)]),
        layer(detect(classes), &[at(0), at(1), at(2)]),
    ];
    Architecture { input: Input { channels: 3, height: size, width: size }, layers }
}

/// A convolution, a pool and a fully connected layer over images of 8 pixels.
pub(in crate::export) fn tiny_classifier(channels: usize, classes: usize) -> Architecture {
    let layer = |block, from| Layer { block, inputs: vec![from] };
    let layers = vec![
        layer(conv(4, 3, 2, 1), Source::Image),
        layer(Block::GlobalPool, Source::Layer(0)),
        layer(Block::Linear(Linear { channels: classes }), Source::Layer(1)),
    ];
    Architecture { input: Input { channels, height: 8, width: 8 }, layers }
}

pub(in crate::export) fn artefact(architecture: Architecture) -> Artefact {
    let program = architecture.program().unwrap();
    let (Head::Detect { classes, .. } | Head::Classify { classes }) = program.head else { panic!() };
    let mut params = Parameters::zeros(&program);
    let mut next = 0u32;
    for value in params.0.iter_mut().flatten() {
        next = next.wrapping_mul(1664525).wrapping_add(1013904223);
        *value = (next >> 8) as f32 / (1 << 24) as f32 + 0.01;
    }
    let card = ModelCard {
        choices: vec![(u64::MAX, 1), (7, 0)],
        architecture,
        classes: (0..classes).map(|i| format!("class \"{i}\"\n")).collect(),
        decisions: vec![("top".into(), "5".into())],
        norm_eps: 1e-3,
        norm_momentum: 0.03,
        iterations: 1234,
        candidate: Digest::of(b"candidate"),
        weights: Digest::of(b"weights"),
        data: Digest::of(b"data"),
        recipe: [("optimizer.lr".to_string(), 0.002)].into(),
        metrics: BTreeMap::from([("map50".to_string(), 0.1 + 0.2), ("map50-95".to_string(), 0.3)]),
        nasflow: "0.1.0".into(),
    };
    Artefact::new(card, params).unwrap()
}

#[test]
fn round_trip_is_exact_and_its_bytes_repeat() {
    let one = artefact(small(64, 2));
    let bytes = one.to_bytes().unwrap();
    let back = Artefact::from_bytes(&bytes).unwrap();
    assert_eq!(back, one);
    assert_eq!(back.to_bytes().unwrap(), bytes);
    for channels in [1, 3] {
        let one = artefact(tiny_classifier(channels, 3));
        assert_eq!(Artefact::from_bytes(&one.to_bytes().unwrap()).unwrap(), one);
    }
}

#[test]
fn a_classifiers_file_says_that_it_is_one() {
    let bytes = artefact(tiny_classifier(1, 3)).to_bytes().unwrap();
    let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = metadata.metadata().clone().unwrap();
    assert_eq!(metadata["format"], "nasflow-classifier-1");
    assert!(metadata["preprocessing"].starts_with("grey") && !metadata.contains_key("stride") && !metadata.contains_key("anchors"));
    let lying = altered(&bytes, |h| h["__metadata__"]["format"] = "nasflow-detector-1".into());
    assert!(matches!(Artefact::from_bytes(&lying), Err(ExportError::NotAModel(e)) if e.contains("format")));
    let four = tiny_classifier(4, 3);
    let program = four.program().unwrap();
    let card = ModelCard { architecture: four, ..artefact(tiny_classifier(3, 3)).card };
    let params = Parameters::zeros(&program);
    assert!(matches!(Artefact::new(card, params), Err(ExportError::CannotWrite(e)) if e.contains("RGB or grey")));
    // Files of before say neither momentum nor decisions.
    let before = altered(&bytes, |h| {
        for name in ["norm_momentum", "decisions"] {
            h["__metadata__"].as_object_mut().unwrap().remove(name);
        }
    });
    assert_eq!(Artefact::from_bytes(&before).unwrap().card.norm_momentum, 0.03);
}

#[test]
fn another_reader_finds_upstreams_tensors_and_names() {
    let bytes = artefact(small(64, 2)).to_bytes().unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let anchors = tensors.tensor("model.3.anchors").unwrap();
    assert_eq!(anchors.shape(), [3, 3, 2]);
    // 10 / 8, 13 / 8.
    assert_eq!(anchors.data()[..8], [1.25f32.to_le_bytes(), 1.625f32.to_le_bytes()].concat());
    let count = tensors.tensor("model.0.bn.num_batches_tracked").unwrap();
    assert_eq!((count.dtype(), count.shape().len()), (Dtype::I64, 0));
    assert_eq!(count.data(), 1234i64.to_le_bytes());
    let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = metadata.metadata().clone().unwrap();
    assert_eq!(metadata["names"], r#"{0: 'class "0"\U0000000a', 1: 'class "1"\U0000000a'}"#);
    assert_eq!((&*metadata["stride"], &*metadata["nc"], &*metadata["image_size"]), ("32", "2", "64"));
    assert!(metadata["architecture_text"].contains("detect"));
}

#[test]
fn yolov5n_has_upstreams_state_dict() {
    let bytes = artefact(yolov5n()).to_bytes().unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    // Upstream's state dict has 349 entries; the names are compared where the list is at hand.
    assert_eq!(tensors.len(), 349);
    for (name, shape) in [
        ("model.0.conv.weight", vec![16, 3, 6, 6]),
        ("model.2.m.0.cv2.conv.weight", vec![16, 16, 3, 3]),
        ("model.24.m.2.bias", vec![255]),
        ("model.24.anchors", vec![3, 3, 2]),
        ("model.23.cv3.bn.num_batches_tracked", vec![]),
    ] {
        assert_eq!(tensors.tensor(name).unwrap().shape(), shape, "{name}");
    }
}

/// In [`yolov5n`]: the layer before.
const BEFORE: usize = usize::MAX;

fn yolov5n() -> Architecture {
    let c3 = |channels, repeats, shortcut| {
        Block::C3(C3 { channels, hidden: channels / 2, repeats, kernel: 3, shortcut, groups: 1, activation: Activation::Silu })
    };
    let up = || Block::Upsample(Upsample { factor: 2 });
    let sppf = Block::Sppf(Sppf { channels: 256, hidden: 128, kernel: 5, activation: Activation::Silu });
    let rows: Vec<(Block, &[usize])> = vec![
        (conv(16, 6, 2, 2), &[]),
        (conv(32, 3, 2, 1), &[BEFORE]),
        (c3(32, 1, true), &[BEFORE]),
        (conv(64, 3, 2, 1), &[BEFORE]),
        (c3(64, 2, true), &[BEFORE]),
        (conv(128, 3, 2, 1), &[BEFORE]),
        (c3(128, 3, true), &[BEFORE]),
        (conv(256, 3, 2, 1), &[BEFORE]),
        (c3(256, 1, true), &[BEFORE]),
        (sppf, &[BEFORE]),
        (conv(128, 1, 1, 0), &[BEFORE]),
        (up(), &[BEFORE]),
        (Block::Concat, &[BEFORE, 6]),
        (c3(128, 1, false), &[BEFORE]),
        (conv(64, 1, 1, 0), &[BEFORE]),
        (up(), &[BEFORE]),
        (Block::Concat, &[BEFORE, 4]),
        (c3(64, 1, false), &[BEFORE]),
        (conv(64, 3, 2, 1), &[BEFORE]),
        (Block::Concat, &[BEFORE, 14]),
        (c3(128, 1, false), &[BEFORE]),
        (conv(128, 3, 2, 1), &[BEFORE]),
        (Block::Concat, &[BEFORE, 10]),
        (c3(256, 1, false), &[BEFORE]),
        (detect(80), &[17, 20, 23]),
    ];
    let source = |i: usize, from: &usize| Source::Layer(if *from == BEFORE { i - 1 } else { *from });
    let layer = |(i, (block, from)): (usize, (Block, &[usize]))| {
        let inputs = if i == 0 { vec![Source::Image] } else { from.iter().map(|f| source(i, f)).collect() };
        Layer { block, inputs }
    };
    let layers = rows.into_iter().enumerate().map(layer).collect();
    Architecture { input: Input { channels: 3, height: 64, width: 64 }, layers }
}

/// The file with other metadata or tensors: header and data apart, changed, and put together again.
fn altered(bytes: &[u8], change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
    let n = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    let mut header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + n]).unwrap();
    change(&mut header);
    let header = header.to_string();
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &bytes[8 + n..]].concat()
}

#[test]
fn hostile_files_are_errors() {
    let bytes = artefact(small(64, 2)).to_bytes().unwrap();
    assert!(Artefact::from_bytes(&altered(&bytes, |_| ())).is_ok());
    for end in (0..bytes.len()).step_by(97) {
        assert!(Artefact::from_bytes(&bytes[..end]).is_err(), "{end}");
    }
    for header in [u64::MAX, 1 << 40, (16 << 20) + 1, 3] {
        let file = [&header.to_le_bytes(), &bytes[8..]].concat();
        assert!(matches!(Artefact::from_bytes(&file), Err(ExportError::NotSafetensors(_))));
    }
    // Every metadata entry that is read: missing, or nonsense.
    let digests = ["candidate", "weights", "data", "parameters"];
    for name in ["format", "architecture", "classes", "image_size", "norm_eps", "iterations", "metrics"].into_iter().chain(digests) {
        let gone = altered(&bytes, |h| drop(h["__metadata__"].as_object_mut().unwrap().remove(name)));
        assert!(matches!(Artefact::from_bytes(&gone), Err(ExportError::NotAModel(e)) if e.contains(name)), "{name}");
        let nonsense = altered(&bytes, |h| h["__metadata__"][name] = "[{".into());
        assert!(matches!(Artefact::from_bytes(&nonsense), Err(ExportError::NotAModel(e)) if e.contains(name)), "{name}");
    }
    let deep = altered(&bytes, |h| h["__metadata__"]["architecture"] = "[".repeat(100_000).into());
    assert!(matches!(Artefact::from_bytes(&deep), Err(ExportError::NotAModel(_))));
    // An architecture that needs far more than the file holds, before anything of its size is allocated.
    let wide = altered(&bytes, |h| {
        let text = h["__metadata__"]["architecture"].as_str().unwrap().replace("\"channels\":4", "\"channels\":4000");
        h["__metadata__"]["architecture"] = text.into();
    });
    assert!(matches!(Artefact::from_bytes(&wide), Err(ExportError::WrongTensors(_))));
    let three = altered(&bytes, |h| h["__metadata__"]["classes"] = "[\"a\",\"b\",\"c\"]".into());
    assert!(matches!(Artefact::from_bytes(&three), Err(ExportError::NotAModel(_))));
    let overflow = altered(&bytes, |h| h["model.0.conv.weight"]["shape"] = serde_json::json!([u64::MAX, 2, 2, 2]));
    assert!(matches!(Artefact::from_bytes(&overflow), Err(ExportError::NotSafetensors(_))));
    let other_shape = altered(&bytes, |h| h["model.0.conv.weight"]["shape"] = serde_json::json!([3, 4, 8, 8]));
    assert!(matches!(Artefact::from_bytes(&other_shape), Err(ExportError::WrongTensors(_))));
    assert!(Artefact::from_bytes(b"").is_err());
}

#[test]
fn damaged_weights_and_other_anchors_are_found() {
    let bytes = artefact(small(64, 2)).to_bytes().unwrap();
    let n = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let place = |data: &[u8]| data.as_ptr().addr() - bytes.as_ptr().addr();
    let tensors: HashMap<String, usize> = tensors.iter().map(|(name, t)| (name.to_string(), place(t.data()))).collect();
    assert!(tensors.values().all(|at| *at >= 8 + n && at % 4 == 0));
    let mut damaged = bytes.clone();
    damaged[tensors["model.1.conv.weight"]] ^= 1;
    assert!(matches!(Artefact::from_bytes(&damaged), Err(ExportError::WrongTensors(_))));
    let mut damaged = bytes.clone();
    damaged[tensors["model.3.anchors"] + 2] ^= 0x40;
    assert!(matches!(Artefact::from_bytes(&damaged), Err(ExportError::WrongTensors(e)) if e.contains("anchors")));
    let mut infinite = bytes.clone();
    infinite[tensors["model.0.conv.weight"]..][..4].copy_from_slice(&f32::INFINITY.to_le_bytes());
    assert!(matches!(Artefact::from_bytes(&infinite), Err(ExportError::WrongTensors(_))));
}

#[test]
fn what_does_not_belong_together_is_not_written() {
    let good = artefact(small(64, 2));
    let short = Parameters(good.params.0[1..].to_vec());
    assert!(matches!(Artefact::new(good.card.clone(), short), Err(ExportError::CannotWrite(_))));
    let mut card = good.card.clone();
    card.classes.pop();
    assert!(matches!(Artefact::new(card, good.params.clone()), Err(ExportError::CannotWrite(_))));
    let mut card = good.card.clone();
    card.metrics.insert("map50".into(), f64::NAN);
    assert!(matches!(Artefact::new(card, good.params.clone()), Err(ExportError::CannotWrite(_))));
}

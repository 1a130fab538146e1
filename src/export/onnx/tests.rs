//! The bytes, read by a small reader of protocol buffers. That they compute the same is tested in `tests/it/exports.rs`.

use super::*;
use crate::export::safetensors::tests::{artefact, small, tiny_classifier};
use std::collections::{HashMap, HashSet};

/// A field: a number, or bytes.
#[derive(Clone, Debug)]
enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

/// A message's fields by number; panics where the bytes are not whole fields.
fn fields(mut bytes: &[u8]) -> HashMap<u64, Vec<Field>> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let (first, rest) = bytes.split_first().expect("a number ends");
            *bytes = rest;
            value |= u64::from(first & 0x7f) << shift;
            if first & 0x80 == 0 {
                break;
            }
        }
        value
    }
    let mut found: HashMap<u64, Vec<Field>> = HashMap::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let field = match key & 7 {
            0 => Field::Number(varint(&mut bytes)),
            wire => {
                let n = if wire == 2 { varint(&mut bytes) as usize } else { 4 };
                let (value, rest) = bytes.split_at(n);
                bytes = rest;
                Field::Bytes(value.to_vec())
            }
        };
        found.entry(key >> 3).or_default().push(field);
    }
    found
}

fn all(message: &HashMap<u64, Vec<Field>>, field: u64) -> Vec<Vec<u8>> {
    let bytes = |f: &Field| if let Field::Bytes(b) = f { b.clone() } else { panic!("bytes") };
    message.get(&field).into_iter().flatten().map(bytes).collect()
}

fn texts(message: &HashMap<u64, Vec<Field>>, field: u64) -> Vec<String> {
    all(message, field).into_iter().map(|b| String::from_utf8(b).expect("a text")).collect()
}

fn numbers(message: &HashMap<u64, Vec<Field>>, field: u64) -> Vec<u64> {
    message.get(&field).into_iter().flatten().map(|f| if let Field::Number(n) = f { *n } else { panic!("a number") }).collect()
}

/// The graph, after checking that every name is made once and before it is read, and that tensors have their sizes.
fn graph(bytes: &[u8]) -> HashMap<u64, Vec<Field>> {
    let model = fields(bytes);
    assert_eq!(numbers(&model, 1), [8]);
    assert_eq!(numbers(&fields(&all(&model, 8)[0]), 2), [17]);
    let graph = fields(&all(&model, 7)[0]);
    let mut known: HashSet<String> = HashSet::from(["images".into(), String::new()]);
    for tensor in all(&graph, 5) {
        let tensor = fields(&tensor);
        let width = if numbers(&tensor, 2) == [1] { 4 } else { 8 };
        let name = texts(&tensor, 8).remove(0);
        assert_eq!(all(&tensor, 9)[0].len() as u64, numbers(&tensor, 1).iter().product::<u64>() * width, "{name}");
        assert!(known.insert(name.clone()), "{name} twice");
    }
    for node in all(&graph, 1) {
        let node = fields(&node);
        texts(&node, 1).iter().for_each(|x| assert!(known.contains(x), "{x} is read before it is made"));
        texts(&node, 2).into_iter().for_each(|y| assert!(known.insert(y.clone()), "{y} twice"));
    }
    assert!(known.contains("output0"));
    graph
}

fn ops(graph: &HashMap<u64, Vec<Field>>) -> Vec<String> {
    all(graph, 1).iter().flat_map(|n| texts(&fields(n), 4)).collect()
}

/// Name and dimensions of the input (field 11) or output (12); a dimension that may vary is 0.
fn value(graph: &HashMap<u64, Vec<Field>>, field: u64) -> (String, Vec<u64>) {
    let value = fields(&all(graph, field)[0]);
    let tensor = fields(&all(&fields(&all(&value, 2)[0]), 1)[0]);
    let dims = all(&fields(&all(&tensor, 2)[0]), 1);
    let dim = |d: &Vec<u8>| numbers(&fields(d), 1).first().copied().unwrap_or(0);
    (texts(&value, 1).remove(0), dims.iter().map(dim).collect())
}

#[test]
fn a_detector_is_laid_out_as_upstreams_exporter_does() {
    let one = artefact(small(64, 2));
    let bytes = file(&one).unwrap();
    assert_eq!(bytes, file(&one).unwrap());
    let graph = graph(&bytes);
    assert_eq!(value(&graph, 11), ("images".into(), vec![0, 3, 64, 64]));
    // Three anchors a cell of 8 × 8, 4 × 4 and 2 × 2.
    assert_eq!(value(&graph, 12), ("output0".into(), vec![0, 3 * (64 + 16 + 4), 7]));
    let ops = ops(&graph);
    assert_eq!(ops.iter().filter(|op| *op == "Conv").count(), 6);
    assert!(!ops.iter().any(|op| op == "BatchNormalization"), "{ops:?}");
    let entries = all(&fields(&bytes), 14).into_iter().map(|e| fields(&e));
    let entries: HashMap<String, String> = entries.map(|e| (texts(&e, 1).remove(0), texts(&e, 2).remove(0))).collect();
    assert_eq!((&*entries["stride"], &*entries["task"], &*entries["imgsz"]), ("32", "detect", "[64, 64]"));
    assert_eq!(entries["names"], r#"{0: 'class "0"\U0000000a', 1: 'class "1"\U0000000a'}"#);
}

#[test]
fn batch_norm_is_folded_into_the_convolution() {
    let one = artefact(tiny_classifier(3, 4));
    let tensors: HashMap<String, Vec<f32>> = all(&graph(&file(&one).unwrap()), 5)
        .iter()
        .map(|t| fields(t))
        .map(|t| (texts(&t, 8).remove(0), all(&t, 9)[0].chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()))
        .collect();
    let of = |name: &str| &one.params.0[one.program.params.iter().position(|p| p.name == name).unwrap()];
    let [w, g, b, m, v] = ["conv.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"].map(|n| of(&format!("model.0.{n}")));
    for c in 0..4 {
        let gain = f64::from(g[c]) / (f64::from(v[c]) + 1e-3).sqrt();
        for i in 0..27 {
            let expected = f64::from(w[c * 27 + i]) * gain;
            assert!((f64::from(tensors["model.0.conv.weight"][c * 27 + i]) - expected).abs() < 1e-6 * expected.abs());
        }
        assert!((f64::from(tensors["model.0.conv.bias"][c]) - (f64::from(b[c]) - f64::from(m[c]) * gain)).abs() < 1e-6);
    }
    assert_eq!(&tensors["model.2.linear.weight"], of("model.2.linear.weight"));
}

#[test]
fn a_classifier_returns_logits() {
    for channels in [1, 3] {
        let graph = graph(&file(&artefact(tiny_classifier(channels, 4))).unwrap());
        assert_eq!(value(&graph, 11), ("images".into(), vec![0, channels as u64, 8, 8]));
        assert_eq!(value(&graph, 12), ("output0".into(), vec![0, 4]));
        assert_eq!(ops(&graph), ["Conv", "Sigmoid", "Mul", "GlobalAveragePool", "Flatten", "Gemm"]);
    }
}

//! Where two results of one action differ: which output, which tensor, which value.

use super::error::RunError;
use crate::base::Digest;
use crate::store::{Blobs, Record};
use safetensors::{Dtype, SafeTensors};
use serde::Serialize;
use serde_json::Value;

/// A result that came out otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Differing {
    /// The action's key.
    pub key: Digest,
    /// Its kind.
    pub kind: String,
    /// The stage and model that asked.
    pub label: String,
    /// What differs, one line each: the known, and what came out now.
    pub what: Vec<String>,
}

/// How a result that was made again differs from the one that is kept; none where it does not. A state that either side has
/// dropped is no difference.
///
/// # Errors
/// A blob that cannot be read.
pub fn differing(label: &str, kept: &Record, again: &Record, of_kept: &Blobs, of_again: &Blobs) -> Result<Option<Differing>, RunError> {
    let mut what = Vec::new();
    for (name, digest) in &kept.outputs {
        match again.outputs.get(name) {
            None if name == "state" => {}
            None => what.push(format!("output `{name}` was left, and is not now")),
            Some(other) if other != digest => {
                let line = match (of_kept.get(digest), of_again.get(other)) {
                    (Ok(a), Ok(b)) => bytes(&a, &b),
                    (Err(e), _) | (_, Err(e)) => format!("{e}"),
                };
                what.push(format!("output `{name}` {} → {}: {line}", digest.short(), other.short()));
            }
            Some(_) => {}
        }
    }
    let new = again.outputs.keys().filter(|name| !kept.outputs.contains_key(*name) && *name != "state");
    what.extend(new.map(|name| format!("output `{name}` is left now, and was not")));
    let mut leaves = Vec::new();
    values(String::new(), &kept.values, &again.values, &mut leaves);
    if let Some((path, old, new)) = leaves.first() {
        let more = if leaves.len() > 1 { format!(" (and {} more values)", leaves.len() - 1) } else { String::new() };
        what.push(format!("{path} {old} → {new}{more}"));
    }
    Ok((!what.is_empty()).then(|| Differing { key: kept.key, kind: kept.kind.clone(), label: label.to_string(), what }))
}

/// Where two blobs differ first: the tensor, else the byte.
fn bytes(a: &[u8], b: &[u8]) -> String {
    if let (Ok(a), Ok(b)) = (SafeTensors::deserialize(a), SafeTensors::deserialize(b)) {
        return tensors(&a, &b);
    }
    let at = a.iter().zip(b).position(|(x, y)| x != y).unwrap_or(a.len().min(b.len()));
    format!("{} and {} bytes, the first that differs is byte {at}", a.len(), b.len())
}

fn tensors(a: &SafeTensors, b: &SafeTensors) -> String {
    let mut names = a.names();
    names.sort_unstable();
    let mut first = None;
    let mut count = 0;
    for name in &names {
        let (Ok(x), Ok(y)) = (a.tensor(name), b.tensor(name)) else {
            count += 1;
            first.get_or_insert(format!("tensor `{name}` is not there now"));
            continue;
        };
        if x.data() == y.data() && x.shape() == y.shape() {
            continue;
        }
        count += 1;
        if first.is_none() {
            let at = x.data().chunks(4).zip(y.data().chunks(4)).position(|(x, y)| x != y).unwrap_or(0);
            let number = |data: &[u8]| data.get(at * 4..at * 4 + 4).and_then(|c| c.try_into().ok()).map(f32::from_le_bytes);
            first = Some(match (x.dtype(), number(x.data()), number(y.data())) {
                _ if x.shape() != y.shape() => format!("tensor `{name}` has the shape {:?}, had {:?}", y.shape(), x.shape()),
                (Dtype::F32, Some(old), Some(new)) => format!("tensor `{name}` differs first at element {at}: {old:?} → {new:?}"),
                _ => format!("tensor `{name}` differs"),
            });
        }
    }
    match first {
        Some(first) => format!("{first} ({count} of {} tensors differ)", names.len()),
        None => "the same tensors under other names, or with other notes".to_string(),
    }
}

/// The leaves at which two JSON values differ, in order. A curve's are named by their epoch.
fn values(path: String, a: &Value, b: &Value, out: &mut Vec<(String, String, String)>) {
    let below = |name: &str| if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            let names: std::collections::BTreeSet<&String> = x.keys().chain(y.keys()).collect();
            for name in names {
                values(below(name), x.get(name).unwrap_or(&Value::Null), y.get(name).unwrap_or(&Value::Null), out);
            }
        }
        (Value::Array(x), Value::Array(y)) => {
            for place in 0..x.len().max(y.len()) {
                let (x, y) = (x.get(place).unwrap_or(&Value::Null), y.get(place).unwrap_or(&Value::Null));
                let epoch = x.get("epoch").or(y.get("epoch")).map(|epoch| format!("epoch {epoch}"));
                values(below(&epoch.unwrap_or_else(|| place.to_string())), x, y, out);
            }
        }
        _ if a != b => out.push((path, a.to_string(), b.to_string())),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[test]
    fn the_first_tensor_and_the_first_value_are_told() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(&dir.path().join("cache"), true).expect("a store");
        let file = |value: f32| {
            let data: Vec<u8> = [1.0, value].iter().flat_map(|v: &f32| v.to_le_bytes()).collect();
            let view = safetensors::tensor::TensorView::new(Dtype::F32, vec![2], &data).expect("a tensor");
            let same = safetensors::tensor::TensorView::new(Dtype::F32, vec![2], &data[..0]).is_err();
            assert!(same);
            store.blobs().put(&safetensors::serialize([("conv.weight", view)], None).expect("bytes")).expect("kept")
        };
        let record = |value: f32, loss: f64| Record {
            key: Digest::of(b"k"),
            what: Digest::of(b"w"),
            numerics: String::new(),
            kind: "train".into(),
            chain: None,
            text: String::new(),
            outputs: BTreeMap::from([("weights".to_string(), file(value))]),
            values: json!({ "curve": [{ "epoch": 1, "box": 0.5 }, { "epoch": 2, "box": loss }], "status": "trained" }),
        };
        let blobs = store.blobs();
        let compare = |a: &Record, b: &Record| differing("short: trials #0", a, b, &blobs, &blobs).expect("readable");
        let (kept, mut again) = (record(2.0, 0.25), record(2.5, 0.125));
        let found = compare(&kept, &again).expect("a difference");
        assert!(found.what[0].ends_with("tensor `conv.weight` differs first at element 1: 2.0 → 2.5 (1 of 1 tensors differ)"), "{found:?}");
        assert_eq!(found.what[1], "curve.epoch 2.box 0.25 → 0.125");
        again = record(2.0, 0.25);
        assert_eq!(compare(&kept, &again), None);
        // A state that was dropped is none.
        let with_state = Record {
            outputs: BTreeMap::from([("state".to_string(), Digest::of(b"s")), ("weights".to_string(), file(2.0))]),
            ..record(2.0, 0.25)
        };
        assert_eq!((compare(&with_state, &again), compare(&again, &with_state)), (None, None));
        again.outputs.clear();
        assert_eq!(compare(&kept, &again).expect("a difference").what, ["output `weights` was left, and is not now"]);
    }
}

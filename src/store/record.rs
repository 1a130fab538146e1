//! A result's record and its manifest: the record as bytes, the same bytes on every machine.
//!
//! A manifest is a blob: the magic line, one line of JSON with sorted keys, then the action's canonical text as
//! it is (so that reading 10,000 of them is not spent in unescaping it).

use super::StoreError;
use crate::base::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The line a manifest begins with; its number rises when the form changes.
pub const MAGIC: &str = "nasflow result 1\n";

/// What an action gave: its name, its text, its blobs and its small values.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The action's digest, numerics class included.
    pub key: Digest,
    /// The action's digest without its numerics class: equal for the same work done on CPU and GPU.
    pub what: Digest,
    /// The numerics class; empty where the action does not compute in floating point.
    pub numerics: String,
    /// The kind of action: "train", "predict", …
    pub kind: String,
    /// The chain that a checkpoint belongs to, and its iteration.
    pub chain: Option<(Digest, u64)>,
    /// The action's canonical text: one `path = value` a line.
    pub text: String,
    /// The blobs it made, by name.
    pub outputs: BTreeMap<String, Digest>,
    /// Small results: a status, metrics. No NaN or infinity: JSON has none.
    pub values: Value,
}

/// The JSON line; the fields are in the order of their names.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    chain: Option<(Digest, u64)>,
    key: Digest,
    kind: String,
    numerics: String,
    outputs: BTreeMap<String, Digest>,
    values: Value,
    what: Digest,
}

impl Record {
    /// The record's manifest.
    ///
    /// # Errors
    /// Values that do not come back from JSON as the same bits.
    pub fn manifest(&self) -> Result<Vec<u8>, StoreError> {
        let line = Line {
            chain: self.chain,
            key: self.key,
            kind: self.kind.clone(),
            numerics: self.numerics.clone(),
            outputs: self.outputs.clone(),
            values: sorted(&self.values),
            what: self.what,
        };
        let json =
            serde_json::to_string(&line).map_err(|e| StoreError::Invalid { message: format!("{} cannot be recorded: {e}", self.kind) })?;
        let bytes = format!("{MAGIC}{json}\n{}", self.text).into_bytes();
        match Record::parse(&bytes) {
            Some(back) if back == *self => Ok(bytes),
            _ => Err(StoreError::Invalid {
                message: format!("the values of {} {} do not survive being written as JSON", self.kind, self.key.short()),
            }),
        }
    }

    /// Reads a manifest. Nothing where the bytes are not one.
    pub fn parse(bytes: &[u8]) -> Option<Record> {
        let text = std::str::from_utf8(bytes).ok()?.strip_prefix(MAGIC)?;
        let (json, text) = text.split_once('\n')?;
        let line: Line = serde_json::from_str(json).ok()?;
        let Line { chain, key, kind, numerics, outputs, values, what } = line;
        Some(Record { key, what, numerics, kind, chain, text: text.to_string(), outputs, values })
    }
}

/// The value with every object's keys in order, whatever serde_json's features make of maps.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|a, b| a.0.cmp(b.0));
            Value::Object(entries.into_iter().map(|(k, v)| (k.clone(), sorted(v))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Random;

    fn record(values: Value) -> Record {
        let outputs = [("weights".to_string(), Digest::of(b"w"))].into();
        let (key, what) = (Digest::of(b"k"), Digest::of(b"n"));
        let text = "a = 1\nb = \"two\\n\"\n".to_string();
        Record { key, what, numerics: "cpu".into(), kind: "train".into(), chain: Some((Digest::of(b"c"), 40)), text, outputs, values }
    }

    #[test]
    fn the_manifest_is_fixed_and_comes_back() {
        let r = record(serde_json::json!({"z": 1, "a": {"y": 0.1, "b": null}}));
        let bytes = r.manifest().unwrap();
        let json = std::str::from_utf8(&bytes).unwrap().lines().nth(1).unwrap();
        assert!(json.starts_with("{\"chain\":[\"") && json.contains("\"values\":{\"a\":{\"b\":null,\"y\":0.1},\"z\":1}"));
        assert_eq!(Record::parse(&bytes), Some(r));
        // A golden name: it changes only with MAGIC.
        assert_eq!(Digest::of(&bytes).short(), "d60a25a1e6");
        for cut in 0..bytes.len() - 20 {
            assert!(Record::parse(&bytes[..cut]).is_none_or(|r| r.text.len() < 20));
        }
    }

    /// serde_json needs its feature `float_roundtrip` for this.
    #[test]
    fn every_number_comes_back_as_the_same_bits() {
        let mut random = Random::at(1, "floats", &[]);
        let floats: Vec<f64> = std::iter::repeat_with(|| f64::from_bits(random.bits())).filter(|x| x.is_finite()).take(20_000).collect();
        let units: Vec<f64> = (0..20_000).map(|_| random.unit()).collect();
        let r = record(serde_json::json!([floats, units]));
        let back = Record::parse(&r.manifest().unwrap()).unwrap();
        assert_eq!(back.values, r.values);
    }
}

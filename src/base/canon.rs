//! The canonical form of everything that is hashed.
//!
//! One writer walks a [`Canon`] and feeds two sinks: blake3 (type-tagged, length-prefixed, so that no two
//! values share a pre-image) and text (one `path = value` line a leaf, for `explain` and for reasons). They
//! cannot drift, because neither has a walk of its own.

use super::Digest;

/// A value in canonical form. The order of a map's entries is part of the value: build them in one place.
#[derive(Clone, Debug, PartialEq)]
pub enum Canon {
    /// Nothing was given and nothing stands for it.
    None,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number; `-0.0` is written as `0.0`, and every NaN as one NaN.
    Float(f64),
    /// A text.
    Text(String),
    /// A digest of content.
    Digest(Digest),
    /// Values in order.
    List(Vec<Canon>),
    /// Named values in the order of their declaration.
    Map(Vec<(String, Canon)>),
}

/// Where the canonical writer writes to. What only one of the two needs is made by it alone: hashing is what a replay does most.
trait Sink {
    fn leaf(&mut self, tag: u8, bytes: &[u8], text: impl FnOnce() -> String);
    fn open(&mut self, tag: u8, len: usize);
    fn name(&mut self, name: &str);
    /// What follows is the entry of a map.
    fn enter(&mut self, name: &str);
    /// What follows is the item of a list.
    fn item(&mut self, place: usize);
    /// The entry or item ends.
    fn leave(&mut self);
}

impl Canon {
    /// A map from name/value pairs.
    pub fn map<const N: usize>(entries: [(&str, Canon); N]) -> Canon {
        Canon::Map(entries.into_iter().map(|(k, v)| (k.to_string(), v)).collect())
    }

    /// A text.
    pub fn text(value: impl Into<String>) -> Canon {
        Canon::Text(value.into())
    }

    /// The digest of this value: its name wherever it is an input.
    pub fn digest(&self) -> Digest {
        let mut sink = HashSink(blake3::Hasher::new());
        write(self, &mut sink);
        Digest(*sink.0.finalize().as_bytes())
    }

    /// The lines that a person reads: `path = value`, one a leaf, in canonical order.
    pub fn lines(&self) -> Vec<(String, String)> {
        let mut sink = TextSink::default();
        write(self, &mut sink);
        sink.lines
    }
}

impl From<&str> for Canon {
    fn from(v: &str) -> Self {
        Canon::Text(v.to_string())
    }
}
impl From<String> for Canon {
    fn from(v: String) -> Self {
        Canon::Text(v)
    }
}
impl From<f64> for Canon {
    fn from(v: f64) -> Self {
        Canon::Float(v)
    }
}
impl From<i64> for Canon {
    fn from(v: i64) -> Self {
        Canon::Int(v)
    }
}
impl From<usize> for Canon {
    fn from(v: usize) -> Self {
        Canon::Int(v as i64)
    }
}
impl From<u64> for Canon {
    fn from(v: u64) -> Self {
        Canon::Int(v as i64)
    }
}
impl From<bool> for Canon {
    fn from(v: bool) -> Self {
        Canon::Bool(v)
    }
}
impl From<Digest> for Canon {
    fn from(v: Digest) -> Self {
        Canon::Digest(v)
    }
}
impl<T: Into<Canon>> From<Vec<T>> for Canon {
    fn from(v: Vec<T>) -> Self {
        Canon::List(v.into_iter().map(Into::into).collect())
    }
}
impl<T: Into<Canon>> From<Option<T>> for Canon {
    fn from(v: Option<T>) -> Self {
        v.map_or(Canon::None, Into::into)
    }
}

fn write(value: &Canon, sink: &mut impl Sink) {
    match value {
        Canon::None => sink.leaf(0, &[], || "none".to_string()),
        Canon::Bool(b) => sink.leaf(1, &[u8::from(*b)], || b.to_string()),
        Canon::Int(i) => sink.leaf(2, &i.to_le_bytes(), || i.to_string()),
        Canon::Float(x) => {
            let x = if x.is_nan() { f64::NAN } else { x + 0.0 };
            sink.leaf(3, &x.to_bits().to_le_bytes(), || format!("{x:?}"));
        }
        Canon::Text(t) => sink.leaf(4, t.as_bytes(), || t.clone()),
        Canon::Digest(d) => sink.leaf(5, &d.0, || d.short()),
        Canon::List(items) => {
            sink.open(6, items.len());
            for (i, item) in items.iter().enumerate() {
                sink.item(i);
                write(item, sink);
                sink.leave();
            }
        }
        Canon::Map(entries) => {
            sink.open(7, entries.len());
            for (name, item) in entries {
                sink.name(name);
                sink.enter(name);
                write(item, sink);
                sink.leave();
            }
        }
    }
}

struct HashSink(blake3::Hasher);

impl Sink for HashSink {
    fn leaf(&mut self, tag: u8, bytes: &[u8], _: impl FnOnce() -> String) {
        self.open(tag, bytes.len());
        self.0.update(bytes);
    }
    fn open(&mut self, tag: u8, len: usize) {
        let mut head = [0; 9];
        head[0] = tag;
        head[1..].copy_from_slice(&(len as u64).to_le_bytes());
        self.0.update(&head);
    }
    fn name(&mut self, name: &str) {
        self.leaf(8, name.as_bytes(), String::new);
    }
    fn enter(&mut self, _: &str) {}
    fn item(&mut self, _: usize) {}
    fn leave(&mut self) {}
}

#[derive(Default)]
struct TextSink {
    path: Vec<String>,
    lines: Vec<(String, String)>,
}

impl Sink for TextSink {
    fn leaf(&mut self, _: u8, _: &[u8], text: impl FnOnce() -> String) {
        self.lines.push((self.path.join("."), text()));
    }
    fn open(&mut self, _: u8, _: usize) {}
    fn name(&mut self, _: &str) {}
    fn enter(&mut self, name: &str) {
        self.path.push(name.to_string());
    }
    fn item(&mut self, place: usize) {
        self.path.push(place.to_string());
    }
    fn leave(&mut self) {
        self.path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_values_share_a_pre_image() {
        let values = [
            Canon::None,
            Canon::Text(String::new()),
            Canon::List(vec![]),
            Canon::Map(vec![]),
            Canon::Int(0),
            Canon::Float(0.0),
            Canon::Bool(false),
            Canon::List(vec!["ab".into(), "c".into()]),
            Canon::List(vec!["a".into(), "bc".into()]),
            Canon::List(vec![Canon::List(vec!["a".into()]), "bc".into()]),
            Canon::map([("a", "b".into())]),
            Canon::map([("ab", "".into())]),
        ];
        for (i, a) in values.iter().enumerate() {
            for b in &values[i + 1..] {
                assert_ne!(a.digest(), b.digest(), "{a:?} and {b:?}");
            }
        }
        assert_eq!(Canon::Float(-0.0).digest(), Canon::Float(0.0).digest());
    }

    #[test]
    fn text_and_hash_come_from_one_walk() {
        let value = Canon::map([("epochs", 4usize.into()), ("augment", Canon::map([("mosaic", 0.5.into())]))]);
        assert_eq!(value.lines(), vec![("epochs".into(), "4".into()), ("augment.mosaic".into(), "0.5".into())]);
    }
}

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

/// Where the canonical writer writes to.
trait Sink {
    fn leaf(&mut self, path: &[String], tag: u8, bytes: &[u8], text: &str);
    fn open(&mut self, tag: u8, len: usize);
    fn name(&mut self, name: &str);
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
        write(self, &mut Vec::new(), &mut sink);
        Digest(*sink.0.finalize().as_bytes())
    }

    /// The lines that a person reads: `path = value`, one a leaf, in canonical order.
    pub fn lines(&self) -> Vec<(String, String)> {
        let mut sink = TextSink(Vec::new());
        write(self, &mut Vec::new(), &mut sink);
        sink.0
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

fn write(value: &Canon, path: &mut Vec<String>, sink: &mut impl Sink) {
    match value {
        Canon::None => sink.leaf(path, 0, &[], "none"),
        Canon::Bool(b) => sink.leaf(path, 1, &[u8::from(*b)], &b.to_string()),
        Canon::Int(i) => sink.leaf(path, 2, &i.to_le_bytes(), &i.to_string()),
        Canon::Float(x) => {
            let x = if x.is_nan() { f64::NAN } else { x + 0.0 };
            sink.leaf(path, 3, &x.to_bits().to_le_bytes(), &format!("{x:?}"));
        }
        Canon::Text(t) => sink.leaf(path, 4, t.as_bytes(), t),
        Canon::Digest(d) => sink.leaf(path, 5, &d.0, &d.short()),
        Canon::List(items) => {
            sink.open(6, items.len());
            for (i, item) in items.iter().enumerate() {
                path.push(i.to_string());
                write(item, path, sink);
                path.pop();
            }
        }
        Canon::Map(entries) => {
            sink.open(7, entries.len());
            for (name, item) in entries {
                sink.name(name);
                path.push(name.clone());
                write(item, path, sink);
                path.pop();
            }
        }
    }
}

struct HashSink(blake3::Hasher);

impl Sink for HashSink {
    fn leaf(&mut self, _: &[String], tag: u8, bytes: &[u8], _: &str) {
        self.open(tag, bytes.len());
        self.0.update(bytes);
    }
    fn open(&mut self, tag: u8, len: usize) {
        self.0.update(&[tag]);
        self.0.update(&(len as u64).to_le_bytes());
    }
    fn name(&mut self, name: &str) {
        self.leaf(&[], 8, name.as_bytes(), "");
    }
}

struct TextSink(Vec<(String, String)>);

impl Sink for TextSink {
    fn leaf(&mut self, path: &[String], _: u8, _: &[u8], text: &str) {
        self.0.push((path.join("."), text.to_string()));
    }
    fn open(&mut self, _: u8, _: usize) {}
    fn name(&mut self, _: &str) {}
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

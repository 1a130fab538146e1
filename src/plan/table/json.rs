//! Tables as JSON: an object of rows, each an object of fields: `{"0012": {"test_acc": [91.2, 91.5], "params": 1200}}`; or a list
//! of rows, whose fields hold their keys: `[{"arch": "0012", "test_acc": 91.2}]`.
//!
//! Streamed: what is not asked for is never built.

use super::key::{RowKey, shorten};
use super::rows::{Cell, Fault, MAX_COLUMNS, MAX_VALUES, add};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

/// The fields of the file, and its rows by key.
pub fn parse(bytes: &[u8], keys: &[&str], read: &BTreeMap<String, usize>) -> Result<(Vec<String>, HashMap<Box<str>, Box<[Cell]>>), Fault> {
    let mut state = State { keys, read, columns: Vec::new(), known: HashSet::new(), rows: HashMap::new() };
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed = Rows(&mut state).deserialize(&mut json).and_then(|()| json.end());
    match parsed {
        Ok(()) => Ok((state.columns, state.rows)),
        Err(e) => Err(Fault::Broken(e.to_string())),
    }
}

struct State<'r> {
    keys: &'r [&'r str],
    read: &'r BTreeMap<String, usize>,
    columns: Vec<String>,
    known: HashSet<String>,
    rows: HashMap<Box<str>, Box<[Cell]>>,
}

impl State<'_> {
    fn meet(&mut self, field: &str) {
        if !self.known.contains(field) && (self.known.len() < MAX_COLUMNS || self.read.contains_key(field)) {
            self.known.insert(field.to_string());
            self.columns.push(field.to_string());
        }
    }
}

struct Rows<'s, 'r>(&'s mut State<'r>);

impl<'de> DeserializeSeed<'de> for Rows<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object with one entry a network, or a list of rows")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.0.keys.len() > 1 {
            return Err(A::Error::custom("an object with one entry a network has one key a row: several `keys` need a list of rows"));
        }
        while let Some(key) = map.next_key::<String>()? {
            let (_, cells) = map.next_value_seed(Row { state: self.0, keys: &[] })?;
            add(&mut self.0.rows, &RowKey(vec![key]), cells).map_err(A::Error::custom)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let keys = self.0.keys;
        while let Some((key, cells)) = list.next_element_seed(Row { state: self.0, keys })? {
            add(&mut self.0.rows, &key, cells).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

/// One row; with the fields that hold its key, where it is one of a list.
struct Row<'s, 'r> {
    state: &'s mut State<'r>,
    keys: &'r [&'r str],
}

impl<'de> DeserializeSeed<'de> for Row<'_, '_> {
    type Value = (RowKey, Vec<Cell>);

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_, '_> {
    type Value = (RowKey, Vec<Cell>);

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object with the figures of a network")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut cells: Vec<Cell> = vec![Box::default(); self.state.read.len()];
        let mut seen = vec![false; cells.len()];
        let mut key: Vec<Option<String>> = vec![None; self.keys.len()];
        let twice = |field: &str| A::Error::custom(format!("the field `{}` stands twice in one row", shorten(field)));
        while let Some(field) = map.next_key::<String>()? {
            self.state.meet(&field);
            if let Some(at) = self.keys.iter().position(|k| *k == field) {
                if key[at].replace(map.next_value_seed(KeyText)?).is_some() {
                    return Err(twice(&field));
                }
                continue;
            }
            match self.state.read.get(&field) {
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(&place) if seen[place] => return Err(twice(&field)),
                Some(&place) => {
                    seen[place] = true;
                    cells[place] = map.next_value_seed(Values)?.into();
                }
            }
        }
        let lacks = |at: usize| A::Error::custom(format!("a row has no field `{}`, which would name it", shorten(self.keys[at])));
        let key = key.into_iter().enumerate().map(|(at, text)| text.ok_or_else(|| lacks(at))).collect::<Result<_, _>>()?;
        Ok((RowKey(key), cells))
    }
}

/// A part of a row's key: a text, or a number as it is written shortest.
struct KeyText;

impl<'de> DeserializeSeed<'de> for KeyText {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<String, D::Error> {
        d.deserialize_any(self)
    }
}

impl Visitor<'_> for KeyText {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a text or a number that names the row")
    }

    fn visit_str<E>(self, v: &str) -> Result<String, E> {
        Ok(v.to_string())
    }

    fn visit_u64<E>(self, v: u64) -> Result<String, E> {
        Ok(v.to_string())
    }

    fn visit_i64<E>(self, v: i64) -> Result<String, E> {
        Ok(v.to_string())
    }

    fn visit_f64<E>(self, v: f64) -> Result<String, E> {
        Ok(v.to_string())
    }

    fn visit_bool<E>(self, v: bool) -> Result<String, E> {
        Ok(v.to_string())
    }
}

/// A number, a list of numbers, or null for none.
struct Values;

impl<'de> DeserializeSeed<'de> for Values {
    type Value = Vec<f64>;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Vec<f64>, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Values {
    type Value = Vec<f64>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a number, or a list of numbers")
    }

    fn visit_u64<E>(self, v: u64) -> Result<Vec<f64>, E> {
        Ok(vec![v as f64])
    }

    fn visit_i64<E>(self, v: i64) -> Result<Vec<f64>, E> {
        Ok(vec![v as f64])
    }

    fn visit_f64<E>(self, v: f64) -> Result<Vec<f64>, E> {
        Ok(vec![v])
    }

    fn visit_unit<E>(self) -> Result<Vec<f64>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<f64>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element::<f64>()? {
            if values.len() == MAX_VALUES {
                return Err(A::Error::custom(format!("a list of more than {MAX_VALUES} numbers")));
            }
            values.push(value);
        }
        Ok(values)
    }
}

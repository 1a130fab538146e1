//! Tables as JSON: an object of rows, each an object of fields: `{"0012": {"test_acc": [91.2, 91.5], "params": 1200}}`.
//!
//! Streamed: what is not asked for is never built.

use super::{Cell, Fault, MAX_COLUMNS, MAX_VALUES, add, shorten};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

/// The fields of the file, and its rows by key.
pub fn parse(bytes: &[u8], read: &BTreeMap<String, usize>) -> Result<(Vec<String>, HashMap<Box<str>, Box<[Cell]>>), Fault> {
    let mut state = State { read, columns: Vec::new(), known: HashSet::new(), rows: HashMap::new() };
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed = Rows(&mut state).deserialize(&mut json).and_then(|()| json.end());
    match parsed {
        Ok(()) => Ok((state.columns, state.rows)),
        Err(e) => Err(Fault::Broken(e.to_string())),
    }
}

struct State<'r> {
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
        d.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object with one entry a network")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let cells = map.next_value_seed(Row(self.0))?;
            add(&mut self.0.rows, &key, cells).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

struct Row<'s, 'r>(&'s mut State<'r>);

impl<'de> DeserializeSeed<'de> for Row<'_, '_> {
    type Value = Vec<Cell>;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Vec<Cell>, D::Error> {
        d.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_, '_> {
    type Value = Vec<Cell>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object with the figures of a network")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<Cell>, A::Error> {
        let mut cells: Vec<Cell> = vec![Box::default(); self.0.read.len()];
        let mut seen = vec![false; cells.len()];
        while let Some(field) = map.next_key::<String>()? {
            self.0.meet(&field);
            match self.0.read.get(&field) {
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(&place) if seen[place] => {
                    return Err(A::Error::custom(format!("the field `{}` stands twice in one row", shorten(&field))));
                }
                Some(&place) => {
                    seen[place] = true;
                    cells[place] = map.next_value_seed(Values)?.into();
                }
            }
        }
        Ok(cells)
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

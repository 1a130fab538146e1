//! Numbers as tools write them in COCO's files: `7` or `7.0`, `0` or `false` or `null`. `pycocotools` takes all of them.

use serde::de::{Deserializer, Error, Visitor};
use std::fmt;

/// An id: a whole number, whatever its form.
pub fn id<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    from.deserialize_any(Id)
}

/// Whether something is so; not where nothing is said.
pub fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    from.deserialize_any(Flag)
}

/// Beyond it a float names several whole numbers.
const MOST: f64 = 9_007_199_254_740_992.0;

struct Id;

impl Visitor<'_> for Id {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a whole number from 0")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<u64, E> {
        Ok(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<u64, E> {
        let whole = (0.0..MOST).contains(&value) && libm::floor(value) == value;
        whole.then_some(value as u64).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Float(value), &self))
    }
}

struct Flag;

impl Visitor<'_> for Flag {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("0, 1, true or false")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
        Ok(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<bool, E> {
        Ok(value != 0)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<bool, E> {
        Ok(value != 0.0)
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Deserializer;

    #[test]
    fn numbers_in_every_form() {
        let id = |text: &str| super::id(&mut Deserializer::from_str(text)).ok();
        assert_eq!(["7", "7.0", "0", "7e2", "-0.0"].map(id), [Some(7), Some(7), Some(0), Some(700), Some(0)]);
        assert_eq!(["7.5", "-1", "-1.0", "1e300", "null", "true", "\"7\""].map(id), [None; 7]);
        let flag = |text: &str| super::flag(&mut Deserializer::from_str(text)).ok();
        assert_eq!(["0", "0.0", "false", "null"].map(flag), [Some(false); 4]);
        assert_eq!(["1", "1.0", "true", "255"].map(flag), [Some(true); 4]);
        assert_eq!(["\"no\"", "[]"].map(flag), [None; 2]);
    }
}

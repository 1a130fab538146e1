//! The fields of a word as a file sets them, defaults applied: what a descriptor builds its behaviour from.

use super::field::Field;
use super::tree::{Node, Span, Spanned, Value};
use std::collections::BTreeMap;

/// Values by field. A value is there where it was written, or where the field has a default.
#[derive(Clone, Debug)]
pub struct Settings {
    values: BTreeMap<&'static str, Vec<Value>>,
    /// Where what was written stands.
    written: BTreeMap<&'static str, Span>,
    /// Where the word stands.
    place: Span,
}

/// Where a text stands makes no other settings of it.
impl PartialEq for Settings {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

/// A descriptor asked for a field that has neither a value nor a default: it is at fault, not the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unset(pub String);

impl std::fmt::Display for Unset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the field `{}` has no value and no default of this type: its descriptor must declare one", self.0)
    }
}

impl std::error::Error for Unset {}

impl Settings {
    /// The values of these fields in a node that the table has merged.
    pub fn of(fields: &[Field], node: Option<&Node>, place: Span) -> Self {
        let (mut values, mut written) = (BTreeMap::new(), BTreeMap::new());
        for field in fields {
            match node.and_then(|n| n.property(field.name)).filter(|p| !p.values.is_empty()) {
                Some(property) => {
                    values.insert(field.name, property.values.iter().map(|v| v.value.clone()).collect());
                    written.insert(field.name, property.values[0].span);
                }
                None => {
                    values.extend(field.preset.value().map(|v| (field.name, vec![v])));
                }
            }
        }
        Settings { values, written, place }
    }

    /// The defaults of these fields, and what is given in their place.
    pub fn with(fields: &[Field], given: &[(&'static str, Value)]) -> Self {
        let mut settings = Self::of(fields, None, Span::default());
        settings.values.extend(given.iter().map(|(name, value)| (*name, vec![value.clone()])));
        settings
    }

    /// Whether a field was written.
    pub fn is_written(&self, name: &str) -> bool {
        self.written.contains_key(name)
    }

    /// The place of a field's value, else of the word.
    pub fn place(&self, name: &str) -> Span {
        self.written.get(name).copied().unwrap_or(self.place)
    }

    /// A whole number that is not negative.
    pub fn count(&self, name: &str) -> Result<usize, Unset> {
        match self.first(name) {
            Some(Value::Int(i)) => usize::try_from(*i).map_err(|_| Unset(name.into())),
            _ => Err(Unset(name.into())),
        }
    }

    /// A number.
    pub fn number(&self, name: &str) -> Result<f64, Unset> {
        match self.first(name) {
            Some(Value::Int(i)) => Ok(*i as f64),
            Some(Value::Float(x)) => Ok(*x),
            _ => Err(Unset(name.into())),
        }
    }

    /// A word or a text.
    pub fn text(&self, name: &str) -> Result<&str, Unset> {
        match self.first(name) {
            Some(Value::Text(t)) => Ok(t),
            _ => Err(Unset(name.into())),
        }
    }

    /// Yes or no.
    pub fn truth(&self, name: &str) -> Result<bool, Unset> {
        match self.first(name) {
            Some(Value::Bool(b)) => Ok(*b),
            _ => Err(Unset(name.into())),
        }
    }

    /// A whole number and its place, where it was written.
    pub fn written_count(&self, name: &str) -> Option<Spanned<usize>> {
        let span = *self.written.get(name)?;
        Some(Spanned { value: self.count(name).ok()?, span })
    }

    fn first(&self, name: &str) -> Option<&Value> {
        self.values.get(name).and_then(|v| v.first())
    }
}

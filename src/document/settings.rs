//! The fields of a word as a file sets them, defaults applied: what a descriptor builds its behaviour from.

use super::field::Field;
use super::table::Spec;
use super::tree::{Node, Span, Value};
use super::word::Word;
use crate::base::Canon;
use std::collections::BTreeMap;

/// Values by field. A value is there where it was written, or where the field has a default.
#[derive(Clone, Debug)]
pub struct Settings {
    values: BTreeMap<&'static str, Vec<Value>>,
    /// Where what was written stands.
    written: BTreeMap<&'static str, Span>,
    lines: Vec<(&'static str, Settings)>,
    /// Where the word stands.
    place: Span,
    /// Where the node's name stands.
    node: Span,
}

/// Where a text stands makes no other settings of it.
impl PartialEq for Settings {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values && self.lines == other.lines
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
    /// The fields and lines of a word in a node that the table has merged; `place` is the word's.
    pub fn of(word: &Word, node: Option<&Node>, place: Span) -> Self {
        let mut settings = Self::fields(word.fields.iter(), node, place);
        for child in node.iter().flat_map(|n| &n.children) {
            if let Some(spec) = word.lines.iter().find(|spec| spec.name == child.name.value) {
                settings.lines.push((spec.name, Self::fields(spec.all_fields(), Some(child), child.name.span)));
            }
        }
        settings
    }

    /// The defaults of a word, and what is given in their place.
    pub fn with(word: &Word, given: &[(&'static str, Value)]) -> Self {
        let mut settings = Self::of(word, None, Span::default());
        settings.values.extend(given.iter().map(|(name, value)| (*name, vec![value.clone()])));
        settings
    }

    fn fields<'f>(fields: impl Iterator<Item = &'f Field>, node: Option<&Node>, place: Span) -> Self {
        let (mut values, mut written) = (BTreeMap::new(), BTreeMap::new());
        for field in fields {
            match node.and_then(|n| n.property(field.name)).filter(|p| !p.values.is_empty()) {
                Some(property) => {
                    values.insert(field.name, property.values.iter().map(|v| v.value.clone()).collect());
                    written.insert(field.name, property.values[0].span);
                }
                None => values.extend(field.preset.value().map(|v| (field.name, vec![v]))),
            }
        }
        Settings { values, written, lines: Vec::new(), place, node: node.map_or(place, |n| n.name.span) }
    }

    /// The first line of this name.
    pub fn line(&self, name: &str) -> Option<&Settings> {
        self.lines(name).next()
    }

    /// The lines of this name, in order.
    pub fn lines(&self, name: &str) -> impl Iterator<Item = &Settings> {
        self.lines.iter().filter(move |(known, _)| *known == name).map(|(_, line)| line)
    }

    /// The line of a node that may stand once, else its defaults.
    pub fn line_or_defaults(&self, spec: &Spec) -> Settings {
        self.line(spec.name).cloned().unwrap_or_else(|| Self::fields(spec.all_fields(), None, self.place))
    }

    /// What they are, defaults applied: names of searches are made of it.
    pub fn canon(&self) -> Canon {
        let value = |value: &Value| match value {
            Value::Text(t) => Canon::from(t.as_str()),
            Value::Int(i) => (*i).into(),
            Value::Float(x) => (*x).into(),
            Value::Bool(b) => (*b).into(),
            Value::Choice(label) => Canon::map([("choice", label.as_str().into())]),
            Value::Expr(expression) => Canon::map([("expression", format!("{expression:?}").into())]),
        };
        let values = self.values.iter().map(|(name, all)| ((*name).to_string(), Canon::List(all.iter().map(value).collect())));
        let lines = self.lines.iter().map(|(name, line)| Canon::List(vec![(*name).into(), line.canon()]));
        Canon::List(vec![Canon::Map(values.collect()), Canon::List(lines.collect())])
    }

    /// The place of the node's name.
    pub fn node(&self) -> Span {
        self.node
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

    /// All numbers of a field.
    pub fn numbers(&self, name: &str) -> Vec<f64> {
        let number = |value: &Value| match value {
            Value::Int(i) => Some(*i as f64),
            Value::Float(x) => Some(*x),
            _ => None,
        };
        self.values.get(name).into_iter().flatten().filter_map(number).collect()
    }

    fn first(&self, name: &str) -> Option<&Value> {
        self.values.get(name).and_then(|v| v.first())
    }
}

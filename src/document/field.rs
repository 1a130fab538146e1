//! What a property may be: the smallest part of the table and of the descriptors of words.

use super::tree::Value;

/// The kinds of words that rooms above describe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// How a `sample` proposes.
    Strategy,
    /// How a `train` trains.
    Method,
    /// What an `evaluate` measures.
    Metric,
    /// How images lie in a folder.
    Format,
    /// When a search stops a trial.
    Stopping,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 5] = [Kind::Strategy, Kind::Method, Kind::Metric, Kind::Format, Kind::Stopping];
}

/// A value that stands for a field where nothing is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Preset {
    /// There is none.
    Nothing,
    /// A whole number.
    Int(i64),
    /// A number.
    Number(f64),
    /// A word or a text.
    Text(&'static str),
    /// Yes or no.
    Bool(bool),
}

impl Preset {
    /// The value.
    pub fn value(self) -> Option<Value> {
        match self {
            Preset::Nothing => None,
            Preset::Int(i) => Some(Value::Int(i)),
            Preset::Number(x) => Some(Value::Float(x)),
            Preset::Text(t) => Some(Value::Text(t.into())),
            Preset::Bool(b) => Some(Value::Bool(b)),
        }
    }
}

/// What a value may be. A field lists one or several of these.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// One of these words.
    Word(&'static [&'static str]),
    /// Words that a later version will know.
    LaterWord(&'static [&'static str]),
    /// A name that the file invents; the text says of what.
    Name(&'static str),
    /// Free text.
    Text,
    /// Any text, also an empty one; the words of a command are such, and the same one may stand there several times.
    Argument,
    /// A file or folder.
    Path,
    /// A whole number between these bounds, both included.
    Int(i64, i64),
    /// A number between these bounds, both included.
    Number(f64, f64),
    /// A number greater than zero.
    Positive,
    /// `#true` or `#false`.
    Bool,
    /// A time such as `30m`.
    Time,
    /// A number of bytes such as `8GB`.
    Size,
    /// A metric.
    Metric,
    /// A word of the language of this kind, whose own fields may then stand beside it.
    Of(Kind),
    /// A label of a decision, or `(choice)"label"` of a declared one.
    Label,
    /// An expression.
    Expr,
    /// Any literal: the values of a `choice`, the default of a `param`.
    Any,
}

/// How many values a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// One.
    One,
    /// One, or several to choose from: only in spaces.
    Choice,
    /// A list.
    List,
}

/// A property of a node: `name=value`, a child `name value`, or a positional argument.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub types: &'static [Type],
    /// How many values it takes.
    pub count: Count,
    /// Whether it must be written.
    pub required: bool,
    /// What stands for it where it is left out, in words; empty: the preset, else nothing.
    pub default: &'static str,
    /// The value that stands for it where it is left out.
    pub preset: Preset,
    /// One line for the reference.
    pub doc: &'static str,
    /// What it waits for, where it is not supported yet.
    pub later: Option<&'static str>,
    /// Whether a space may choose it: `(choice)"label"` may stand there, though the field is no part of a space.
    pub searched: bool,
}

impl Field {
    /// A field of one value.
    pub const fn one(name: &'static str, types: &'static [Type], default: &'static str, doc: &'static str) -> Self {
        Field { name, types, count: Count::One, required: false, default, preset: Preset::Nothing, doc, later: None, searched: false }
    }
    /// A field whose several values are a choice.
    pub const fn choice(name: &'static str, types: &'static [Type], default: &'static str, doc: &'static str) -> Self {
        Field { count: Count::Choice, ..Self::one(name, types, default, doc) }
    }
    /// A field that takes a list.
    pub const fn list(name: &'static str, types: &'static [Type], default: &'static str, doc: &'static str) -> Self {
        Field { count: Count::List, ..Self::one(name, types, default, doc) }
    }
    /// A field of a later version.
    pub const fn later(name: &'static str, what: &'static str) -> Self {
        Field { later: Some(what), ..Self::one(name, &[Type::Any], "", "") }
    }
    /// The same, with a value that stands for it where it is left out.
    #[must_use]
    pub const fn preset(mut self, preset: Preset) -> Self {
        self.preset = preset;
        self
    }
    /// The same, to be written always.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }
    /// The same, where a choice of a space may stand for the value.
    #[must_use]
    pub const fn searched(mut self) -> Self {
        self.searched = true;
        self
    }
}

//! The tree that decoding starts from: nodes, arguments and properties with their spans, free of kdl's types.

pub use super::span::Span;

use super::expr::{Datum, Expr};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A literal, or a reference written with an annotation: `(choice)"act"`, `(param)"n"`, `(expr)"2 * c"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// A string, bare or quoted.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A finite number.
    Float(f64),
    /// `#true` or `#false`.
    Bool(bool),
    /// `(choice)"name"`. (`(param)` is replaced before anyone sees it.)
    Choice(String),
    /// `(expr)"2 * c"`.
    Expr(Box<Expr>),
}

impl Value {
    /// What a literal is in an expression.
    pub fn datum(&self) -> Option<Datum> {
        match self {
            Value::Int(i) => Some(Datum::Number(*i as f64)),
            Value::Float(x) => Some(Datum::Number(*x)),
            Value::Bool(b) => Some(Datum::Flag(*b)),
            Value::Text(t) => Some(Datum::Word(t.clone())),
            Value::Choice(_) | Value::Expr(_) => None,
        }
    }

    /// What an expression has found, as a literal.
    pub fn of(datum: &Datum) -> Value {
        match datum {
            Datum::Number(x) if x.fract() == 0.0 && x.abs() < 9e15 => Value::Int(*x as i64),
            Datum::Number(x) => Value::Float(*x),
            Datum::Word(w) => Value::Text(w.clone()),
            Datum::Flag(b) => Value::Bool(*b),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(t) => f.write_str(t),
            Value::Int(i) => write!(f, "{i}"),
            Value::Float(x) => write!(f, "{x}"),
            Value::Bool(b) => write!(f, "#{b}"),
            Value::Choice(c) => write!(f, "(choice){c:?}"),
            Value::Expr(e) => write!(f, "(expr){:?}", e.text),
        }
    }
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spanned<T> {
    /// What is written.
    pub value: T,
    /// Where.
    pub span: Span,
}

/// A property of a node, whichever way it was written: `kernel=3` or a child `kernel 3 5`.
/// In a space several values are a choice, so there is always a list, of one value at least.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Property {
    /// Its name.
    pub name: Spanned<String>,
    /// Its values in order.
    pub values: Vec<Spanned<Value>>,
}

/// A node. After the table has merged them, `properties` holds both `name=value` and those children that the table
/// knows as properties; `children` holds the others, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Its name.
    pub name: Spanned<String>,
    /// The whole node, children included.
    pub span: Span,
    /// Positional values.
    pub arguments: Vec<Spanned<Value>>,
    /// Properties in the order of the file.
    pub properties: Vec<Property>,
    /// Children that are nodes of their own (layers, branches, stages).
    pub children: Vec<Node>,
}

impl Node {
    /// The property of this name.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|p| p.name.value == name)
    }
}

/// One file of a pipeline: the top file first, then what it includes.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// (path as shown to people, text).
    pub files: Vec<(String, String)>,
}

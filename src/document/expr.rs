//! `(expr)"…"`: a small closed language of labels, numbers and words. Parsed once, into steps for a stack, each with its
//! place in the file; nothing here recurses over what was read but the parser, whose depth is bounded.
//!
//! A label is written bare (letters, digits, `_`, `.`) or between backquotes; a word between quotes of either kind.

mod evaluate;
mod parse;

pub use evaluate::Fault;
pub use parse::parse;

use super::span::Span;
use serde::{Deserialize, Serialize};

/// A value of an expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Datum {
    /// A finite number.
    Number(f64),
    /// A word.
    Word(String),
    /// Yes or no.
    Flag(bool),
}

impl Datum {
    /// For messages.
    fn kind(&self) -> &'static str {
        match self {
            Datum::Number(_) => "a number",
            Datum::Word(_) => "a word",
            Datum::Flag(_) => "true or false",
        }
    }
}

/// A parsed expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expr {
    /// As it is written.
    pub text: String,
    /// The labels that it reads, each once, in the order of the text.
    pub labels: Vec<String>,
    /// Params whose values stand in it.
    pub params: Vec<String>,
    /// What to do with a stack, and where that is written.
    pub steps: Vec<(Step, Span)>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// Pushes a value.
    Value(Datum),
    /// Pushes the value of `labels[i]`.
    Label(usize),
    /// Takes one value or two, and pushes one.
    Do(Operator),
}

/// What is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Operator {
    Negate,
    Not,
    Add,
    Subtract,
    Multiply,
    Divide,
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    And,
    Or,
    Min,
    Max,
    Round,
    Floor,
    Ceil8,
}

impl Operator {
    /// As it is written.
    pub fn word(self) -> &'static str {
        use Operator as O;
        match self {
            O::Negate | O::Subtract => "-",
            O::Not => "not",
            O::Add => "+",
            O::Multiply => "*",
            O::Divide => "/",
            O::Equal => "==",
            O::Unequal => "!=",
            O::Less => "<",
            O::AtMost => "<=",
            O::Greater => ">",
            O::AtLeast => ">=",
            O::And => "and",
            O::Or => "or",
            O::Min => "min",
            O::Max => "max",
            O::Round => "round",
            O::Floor => "floor",
            O::Ceil8 => "ceil8",
        }
    }

    /// Whether it takes one value.
    pub fn is_unary(self) -> bool {
        matches!(self, Operator::Negate | Operator::Not | Operator::Round | Operator::Floor | Operator::Ceil8)
    }
}

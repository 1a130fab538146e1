//! Merged nodes into the types of [`super::pipeline`]. What the table has refused is missing here, and stands as
//! a harmless default until the report is given.

pub mod chain;
pub mod data;
pub mod derived;
pub mod init;
pub mod method;
pub mod metric;
pub mod objective;
pub mod own;
mod prior;
mod prune;
pub mod reads;
pub mod space;
pub mod stages;
pub mod supernet;
pub mod table;
mod teacher;
pub mod train;
mod untrained;

use super::pipeline::{Answer, Data, SpaceNode, Stage};
use super::{Node, Span, Spanned, Value};

/// Everything that a file declares, before it is checked as a whole.
#[derive(Default)]
pub struct Draft {
    /// `pipeline` nodes.
    pub pipelines: Vec<Node>,
    /// Data sets.
    pub data: Vec<Data>,
    /// Spaces.
    pub spaces: Vec<SpaceNode>,
    /// Stages in the order of the file.
    pub stages: Vec<Stage>,
    /// Answers; one is allowed.
    pub answers: Vec<Answer>,
    /// Declared names whose node could not be typed: references to them are no errors.
    pub broken: Vec<String>,
}

impl Draft {
    /// The space whose supernet a stage trains.
    pub fn supernet(&self, stage: &Stage) -> Option<&SpaceNode> {
        super::pipeline::supernet(stage, &self.spaces)
    }
}

/// Reading of properties by name; values are those that passed the table.
impl Node {
    /// The first value of a property.
    pub fn value(&self, name: &str) -> Option<&Spanned<Value>> {
        self.property(name).and_then(|p| p.values.first())
    }

    /// The child of this name.
    pub fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|c| c.name.value == name)
    }

    /// All texts of a property.
    pub fn texts(&self, name: &str) -> Vec<Spanned<String>> {
        let text = |v: &Spanned<Value>| if let Value::Text(t) = &v.value { Some(Spanned { value: t.clone(), span: v.span }) } else { None };
        self.property(name).map_or(Vec::new(), |p| p.values.iter().filter_map(text).collect())
    }

    /// The text of a property.
    pub fn text(&self, name: &str) -> Option<Spanned<String>> {
        self.texts(name).into_iter().next()
    }

    /// The whole numbers of a property, where they are not negative.
    pub fn counts(&self, name: &str) -> Vec<usize> {
        let int = |v: &Spanned<Value>| if let Value::Int(i) = v.value { usize::try_from(i).ok() } else { None };
        self.property(name).map_or(Vec::new(), |p| p.values.iter().filter_map(int).collect())
    }

    /// The whole number of a property.
    pub fn count(&self, name: &str) -> Option<usize> {
        self.counts(name).into_iter().next()
    }

    /// The number of a property.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.value(name).and_then(|v| as_number(&v.value))
    }

    /// The truth value of a property.
    pub fn truth(&self, name: &str) -> Option<bool> {
        self.value(name).and_then(|v| if let Value::Bool(b) = v.value { Some(b) } else { None })
    }

    /// The place of a property's value, else of the node's name.
    pub fn place(&self, name: &str) -> Span {
        self.value(name).map_or(self.name.span, |v| v.span)
    }
}

/// A number, whole or not.
pub fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(i) => Some(*i as f64),
        Value::Float(x) => Some(*x),
        _ => None,
    }
}

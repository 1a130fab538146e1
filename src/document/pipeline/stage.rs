//! Spaces and stages: the nodes that a pipeline is made of.

use super::{Evaluate, Sample, Select, Train};
use crate::document::method::Named;
use crate::document::tree::{Node, Span, Spanned};

/// A `space` node: its network is compiled by the room `space`.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct SpaceNode {
    /// Its name.
    pub name: Spanned<String>,
    /// The node, merged by the table: children are `choice`, `network`, `require`.
    pub node: Node,
    /// The data set that the network's `input` names.
    pub input: Spanned<String>,
}

impl SpaceNode {
    /// The space that it starts from, where it is one over another.
    pub fn over(&self) -> Option<Spanned<String>> {
        self.node.text("from")
    }
}

/// A stage.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its name.
    pub name: Spanned<String>,
    /// The whole node.
    pub span: Span,
    /// `from "a" "b"`.
    pub from: Vec<Spanned<String>>,
    /// What it does.
    pub kind: StageKind,
}

impl Stage {
    /// The one-shot method of a `train` that has one.
    pub fn method(&self) -> Option<Named> {
        if let StageKind::Train(train) = &self.kind { train.method } else { None }
    }
}

/// What a stage does.
#[derive(Clone, Debug)]
pub enum StageKind {
    /// `sample`
    Sample(Sample),
    /// `train`
    Train(Box<Train>),
    /// `evaluate`
    Evaluate(Evaluate),
    /// `select`
    Select(Select),
}

impl StageKind {
    /// The node's name: `sample`, `train`, `evaluate` or `select`.
    pub fn word(&self) -> &'static str {
        match self {
            StageKind::Sample(_) => "sample",
            StageKind::Train(_) => "train",
            StageKind::Evaluate(_) => "evaluate",
            StageKind::Select(_) => "select",
        }
    }
}

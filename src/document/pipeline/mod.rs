//! A pipeline as typed values: what the rest of the house reads. Every field that an error may point at has its span.

mod data;
mod evaluate;
mod metric;
mod recipe;
mod search;
mod select;
mod table;

pub use data::*;
pub use evaluate::*;
pub use metric::*;
pub use recipe::*;
pub use search::*;
pub use select::*;
pub use table::*;

use super::tree::{Node, Span, Spanned};

/// One file of a pipeline: the top file first, then what it includes.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// (path as shown to people, text).
    pub files: Vec<(String, String)>,
}

/// A decoded, cross-checked pipeline.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Its texts, for diagnostics.
    pub sources: Sources,
    /// `pipeline "name"`.
    pub name: String,
    /// `pipeline … seed=` [0]: seeds proposals.
    pub seed: u64,
    /// `data` nodes in the order of the file.
    pub data: Vec<Data>,
    /// `space` nodes.
    pub spaces: Vec<SpaceNode>,
    /// Stages in an order in which each comes after those that it reads (the `objective` edge apart).
    pub stages: Vec<Stage>,
    /// What the file is for.
    pub answer: Option<Answer>,
    /// What the reader should know, in the order of the files; errors give no pipeline.
    pub warnings: Vec<super::Diagnostic>,
}

impl Pipeline {
    /// The space whose supernet a stage trains; none where it trains models, or is no `train`.
    pub fn supernet(&self, stage: &Stage) -> Option<&SpaceNode> {
        supernet(stage, &self.spaces)
    }

    /// The index of a stage.
    pub fn stage(&self, name: &str) -> Option<usize> {
        self.stages.iter().position(|s| s.name.value == name)
    }
}

/// The space among these that a `train` makes a supernet of.
pub(super) fn supernet<'a>(stage: &Stage, spaces: &'a [SpaceNode]) -> Option<&'a SpaceNode> {
    let StageKind::Train(_) = stage.kind else { return None };
    stage.from.iter().find_map(|f| spaces.iter().find(|s| s.name.value == f.value))
}

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

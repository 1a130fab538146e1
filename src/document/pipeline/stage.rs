//! Spaces and stages: the nodes that a pipeline is made of.

use super::{Evaluate, Sample, Select, Train};
use crate::document::method::Named;
use crate::document::tree::{Node, Span, Spanned};
use std::collections::BTreeMap;

/// A `space` node: its network is compiled by the room `space`.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct SpaceNode {
    /// Its name.
    pub name: Spanned<String>,
    /// The node, merged by the table: children are `choice`, `network`, `require`.
    pub node: Node,
    /// The data set that the network's `input` names.
    pub input: Spanned<String>,
    /// The space whose bounds it keeps, measured there: one of which it changes nothing but choices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outer: Option<Box<SpaceNode>>,
    /// Choices that trainings read, by label, with the numbers of recipes that read them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub recipe: BTreeMap<String, Vec<String>>,
    /// Choices of its own that its network does not read.
    #[serde(skip)]
    pub idle: Vec<Spanned<String>>,
}

impl SpaceNode {
    /// A space of this node.
    pub fn new(name: Spanned<String>, node: Node, input: Spanned<String>) -> Self {
        SpaceNode { name, node, input, outer: None, recipe: BTreeMap::new(), idle: Vec::new() }
    }

    /// The stages in which values occur that it keeps (`keep … from=`): it is known when they are done.
    pub fn waits(&self) -> Vec<Spanned<String>> {
        self.node.children.iter().filter(|c| c.name.value == "keep").filter_map(|c| c.text("from")).collect()
    }

    /// The declared choice of this label.
    pub fn choice(&self, label: &str) -> Option<&Node> {
        self.node.children.iter().find(|c| c.name.value == "choice" && c.text("label").is_some_and(|l| l.value == label))
    }

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
        self.train()?.method
    }

    /// The folds that it reads: (set, folds).
    pub fn folds(&self) -> Option<(&Spanned<String>, &Spanned<String>)> {
        match &self.kind {
            StageKind::Train(train) => Some((&train.data, train.folds.as_ref()?)),
            StageKind::Evaluate(evaluate) => Some((&evaluate.data.as_ref()?.0, evaluate.folds.as_ref()?)),
            StageKind::Sample(_) | StageKind::Select(_) => None,
        }
    }

    /// What it reads of the data: (set, split) of a `train`, or of an `evaluate` that has one, and the split that it recalibrates on.
    pub fn reads(&self) -> Vec<(&Spanned<String>, &Spanned<String>)> {
        match &self.kind {
            StageKind::Train(train) => vec![(&train.data, &train.split)],
            StageKind::Evaluate(evaluate) => {
                let Some((data, split)) = &evaluate.data else { return Vec::new() };
                let recalibrated = evaluate.recalibrate.as_ref().and_then(|r| r.value.split());
                std::iter::once(split).chain(recalibrated).map(|split| (data, split)).collect()
            }
            StageKind::Sample(_) | StageKind::Select(_) => Vec::new(),
        }
    }
}

/// `$name` and `$name_mut`: what a stage of this kind holds.
macro_rules! accessors {
    ($($kind:ident: $name:ident, $name_mut:ident, $word:literal;)*) => {
        impl Stage {
            $(
                #[doc = concat!("What it holds where it is a `", $word, "`.")]
                pub fn $name(&self) -> Option<&$kind> {
                    if let StageKind::$kind(held) = &self.kind { Some(held) } else { None }
                }

                #[doc = concat!("What it holds where it is a `", $word, "`, to change it.")]
                pub fn $name_mut(&mut self) -> Option<&mut $kind> {
                    if let StageKind::$kind(held) = &mut self.kind { Some(held) } else { None }
                }
            )*
        }
    };
}
accessors! {
    Sample: sample, sample_mut, "sample";
    Train: train, train_mut, "train";
    Evaluate: evaluate, evaluate_mut, "evaluate";
    Select: select, select_mut, "select";
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

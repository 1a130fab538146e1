//! A compiled space: items with settings, and the decisions that they hang on. Names are gone, but for labels.

use super::asked::Asked;
use super::blocks::{Kind, Scalar};
pub use super::function::DecisionId;
use super::function::{Condition, Function};
use crate::base::Canon;
use crate::document::Span;
use std::collections::BTreeMap;

/// Where layers that follow a cut begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// The first of them, among the entries of the network.
    pub start: usize,
    /// Which cut it was, from 1: a space over a space over a space has two.
    pub level: usize,
}

/// A choice at its place: each copy of a `repeat` has its own.
#[derive(Clone, Debug)]
pub struct Decision {
    /// `p3`, `p3/c3.repeats`, `conv#4.kernel`, `d1[2]/mbconv#1.expand`.
    pub label: String,
    /// What may be taken, as a person reads it; the first is the reference.
    pub options: Vec<String>,
    /// Where it is written.
    pub span: Span,
    /// Its place in the structure, free of names; the address of its draws.
    pub address: u64,
    /// Options by canonical rank: `ranked[r]` is an index into `options`.
    pub ranked: Vec<usize>,
    /// Declared by `choice`, so that several places may share it.
    pub shared: bool,
    /// Declared by `range`: its options are numbers, of which those of near ranks are near to each other.
    pub ordered: bool,
    /// Whether the network reads it, or the condition of a choice that the network reads.
    pub read: bool,
}

/// A property: one value, or one for each option of a decision.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The values; one where there is no decision.
    pub values: Vec<Scalar>,
    /// What decides.
    pub decision: Option<DecisionId>,
    /// Worked out of several decisions: which of the values it is.
    pub derived: Option<Function<usize>>,
    /// Where it is written.
    pub span: Span,
}

/// What a layer reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The layer above.
    Above,
    /// A named layer.
    Slot(usize),
    /// The last that is there of layers of one name; in some samples perhaps none.
    Last(Vec<usize>),
}

/// One entry of a network.
#[derive(Clone, Debug)]
pub struct Item {
    /// Where it is written.
    pub span: Span,
    /// Where its output is kept for layers that name it.
    pub slot: Option<usize>,
    /// What it is.
    pub what: What,
}

/// Kinds of entries.
#[derive(Clone, Debug)]
pub enum What {
    /// Nothing: what is above goes on.
    Skip,
    /// A block (or several in series).
    Layer {
        /// Its word.
        kind: &'static Kind,
        /// What is written; the rest is default.
        settings: Vec<(&'static str, Setting)>,
        /// What it reads.
        inputs: Vec<Input>,
    },
    /// Built where a condition holds; elsewhere what is above goes on.
    When {
        /// When it is built.
        condition: Condition,
        /// The layers.
        body: Vec<Item>,
    },
    /// One branch is built.
    Choose {
        /// Option i is branch i.
        decision: DecisionId,
        /// The branches.
        branches: Vec<Item>,
    },
    /// Some of several layers, summed or joined: `inputs`.
    Pick {
        /// The candidates.
        inputs: Vec<Input>,
        /// Which of them; all where there is none.
        pick: Option<Pick>,
        /// How they become one.
        reduce: Reduce,
    },
    /// A cell: a small graph whose decisions all uses of the cell share.
    Cell(Box<Cell>),
    /// The first n copies are built.
    Repeat {
        /// How many.
        count: Setting,
        /// As many as the largest count; each chooses anew.
        copies: Vec<Vec<Item>>,
    },
}

/// A decision between sets of candidates.
#[derive(Clone, Debug)]
pub struct Pick {
    /// What decides.
    pub decision: DecisionId,
    /// By option: the candidates, ascending.
    pub sets: Vec<Vec<usize>>,
}

/// How several values become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduce {
    /// Their sum.
    Add,
    /// Their channels one after another.
    Concat,
}

/// What a cell returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// The channels of all nodes.
    Nodes,
    /// The channels of the nodes that no other node reads.
    Loose,
    /// The last node.
    Last,
}

/// One use of a cell.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Uses of one group share their decisions. Counted in the order of the first use.
    pub group: usize,
    /// Channels of every node.
    pub channels: Setting,
    /// Of the edges that read the cell's inputs.
    pub stride: usize,
    /// How many of the layers above are read.
    pub inputs: usize,
    /// How many nodes are built.
    pub count: Setting,
    /// As many as the largest count.
    pub nodes: Vec<CellNode>,
    /// What is returned.
    pub output: Output,
    /// At least and at most so many edges, those into the output counted; broken by a sample, it is no candidate.
    pub edges: (usize, usize),
}

/// A node of a cell: the sum of its edges.
#[derive(Clone, Debug)]
pub struct CellNode {
    /// The edges that are decided on together: all of them, or (`edges pair`) one after the other.
    pub slots: Vec<Slot>,
    /// Of a pair: `add`, or `concat` and a 1×1 convolution.
    pub combine: Option<Setting>,
    /// What is computed of the sum.
    pub op: Option<Item>,
}

/// Edges into a node of a cell.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Which states are read, inputs first, then nodes; all where there is none.
    pub pick: Option<Pick>,
    /// What is computed on the way from each state; `zero` is no edge.
    pub edges: Vec<Item>,
}

impl Pick {
    /// The candidates of a sample.
    pub fn taken(pick: Option<&Pick>, candidates: usize, choose: &mut dyn FnMut(DecisionId) -> usize) -> Vec<usize> {
        match pick {
            Some(pick) => pick.sets[choose(pick.decision).min(pick.sets.len() - 1)].clone(),
            None => (0..candidates).collect(),
        }
    }
}

/// A compiled network.
#[derive(Clone, Debug)]
pub struct Structure {
    /// All decisions, in the order of the file.
    pub decisions: Vec<Decision>,
    /// `image-size` of the `input`, where it is written.
    pub size: Option<Setting>,
    /// `width`, where it is written.
    pub width: Option<Setting>,
    /// `activation`.
    pub activation: Setting,
    /// The layers.
    pub items: Vec<Item>,
    /// How many names there are.
    pub slots: usize,
    /// Where layers begin that follow a cut (`then-layers`), ascending.
    pub tails: Vec<Tail>,
    /// Choices that are made only where a condition over choices before them holds.
    pub guards: BTreeMap<DecisionId, Condition>,
    /// What must be true of a sample.
    pub constraints: Vec<Constraint>,
    /// Choices that trainings read, and that are therefore made; none but in a search whose trainings read some.
    pub trained: Vec<Trained>,
    /// By decision: weights of its options by rank, for draws; none where all are alike.
    pub priors: Vec<Vec<f64>>,
}

/// A choice that trainings read.
#[derive(Clone, Debug)]
pub struct Trained {
    /// Which.
    pub decision: DecisionId,
    /// The numbers of recipes that read it, ascending.
    pub reads: Vec<String>,
}

/// `require (expr)"…"`
#[derive(Clone, Debug)]
pub struct Constraint {
    /// When a sample meets it; one in which a label does not exist is not bound.
    pub condition: Condition,
    /// As it is written.
    pub text: String,
    /// Where.
    pub span: Span,
}

impl Setting {
    /// A value without a decision.
    pub fn fixed(value: Scalar, span: Span) -> Self {
        Setting { values: vec![value], decision: None, derived: None, span }
    }

    /// The value in a sample.
    pub fn pick(&self, choose: &mut dyn FnMut(DecisionId) -> usize) -> Scalar {
        if let Some(derived) = &self.derived {
            let options: Vec<usize> = derived.reads.iter().map(|r| choose(r.decision)).collect();
            return self.values[(*derived.at(&options)).min(self.values.len() - 1)];
        }
        let i = self.decision.map_or(0, choose);
        self.values[i.min(self.values.len() - 1)]
    }

    /// Every decision that it reads.
    pub fn reads(&self) -> impl Iterator<Item = DecisionId> {
        self.decision.into_iter().chain(self.derived.iter().flat_map(|d| d.reads.iter().map(|r| r.decision)))
    }
}

/// A count of a `repeat`.
pub fn as_count(value: Scalar) -> usize {
    if let Scalar::Int(n) = value { n } else { 1 }
}

impl Structure {
    /// Asks `choose` for every decision that is active under its own answers, in the order of the file.
    /// A shared decision may be asked several times.
    pub fn walk(&self, choose: &mut dyn FnMut(DecisionId) -> usize) {
        let asked = Asked::new(self.decisions.len(), &self.guards);
        let mut ask = |d| asked.ask(d, choose);
        for setting in self.head() {
            setting.pick(&mut ask);
        }
        walk(&self.items, &asked, &mut ask);
        for trained in &self.trained {
            ask(trained.decision);
        }
    }

    /// Where an entry of the network stands: behind which cut (0: before any), and its number there.
    pub fn entry(&self, i: usize) -> (usize, usize) {
        self.tails.iter().rev().find(|t| t.start <= i).map_or((0, i), |t| (t.level, i - t.start))
    }

    /// The space without names: what a proposal depends on beside seed and results.
    pub fn canon(&self) -> Canon {
        let width = self.width.as_ref().map(|s| self.setting_canon(s));
        let mut network = vec![
            ("width", width.unwrap_or(Canon::None)),
            ("activation", self.setting_canon(&self.activation)),
            ("items", Canon::List(self.items.iter().map(|i| self.item_canon(i)).collect())),
        ];
        // One size that is stated is the data's, whatever the data's is.
        if let Some(size) = self.size.as_ref().filter(|s| s.reads().next().is_some()) {
            network.push(("image-size", self.setting_canon(size)));
        }
        // They name shared tensors.
        if !self.tails.is_empty() {
            let tails = self.tails.iter().map(|t| Canon::List(vec![t.start.into(), t.level.into()]));
            network.push(("tails", Canon::List(tails.collect())));
        }
        if self.guards.keys().any(|&d| self.decisions[d].read) {
            network.push(("guards", self.guards_canon()));
        }
        Canon::Map(network.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
    }
}

fn walk(items: &[Item], asked: &Asked, choose: &mut dyn FnMut(DecisionId) -> usize) {
    for item in items {
        match &item.what {
            What::Skip => {}
            What::When { condition, body } => {
                if asked.holds(condition, choose) {
                    walk(body, asked, choose);
                }
            }
            What::Layer { settings, .. } => {
                for (_, setting) in settings {
                    setting.pick(choose);
                }
            }
            What::Choose { decision, branches } => {
                let taken = choose(*decision).min(branches.len() - 1);
                walk(&branches[taken..=taken], asked, choose);
            }
            What::Pick { inputs, pick, .. } => {
                Pick::taken(pick.as_ref(), inputs.len(), choose);
            }
            What::Cell(cell) => {
                cell.channels.pick(choose);
                walk_cell(cell, asked, choose);
            }
            What::Repeat { count, copies } => {
                let n = as_count(count.pick(choose)).min(copies.len());
                copies[..n].iter().for_each(|copy| walk(copy, asked, choose));
            }
        }
    }
}

/// The decisions inside a cell.
fn walk_cell(cell: &Cell, asked: &Asked, choose: &mut dyn FnMut(DecisionId) -> usize) {
    let n = as_count(cell.count.pick(choose)).min(cell.nodes.len());
    for node in &cell.nodes[..n] {
        for slot in &node.slots {
            for edge in Pick::taken(slot.pick.as_ref(), slot.edges.len(), choose) {
                walk(&slot.edges[edge..=edge], asked, choose);
            }
        }
        if let Some(combine) = &node.combine {
            combine.pick(choose);
        }
        if let Some(op) = &node.op {
            walk(std::slice::from_ref(op), asked, choose);
        }
    }
}

/// The order of values that does not depend on the file: by kind, then by size or alphabet.
pub fn compare(a: &Scalar, b: &Scalar) -> std::cmp::Ordering {
    let key = |s: &Scalar| match s {
        Scalar::Bool(v) => (0, f64::from(u8::from(*v)), String::new()),
        Scalar::Int(v) => (1, *v as f64, String::new()),
        Scalar::Float(v) => (1, *v, String::new()),
        Scalar::Activation(_) | Scalar::Word(_) => (2, 0.0, s.to_string()),
    };
    let (a, b) = (key(a), key(b));
    a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2))
}

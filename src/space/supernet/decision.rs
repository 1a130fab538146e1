//! What there is to decide in a supernet, as methods see it.

use crate::space::structure::{Item, Reduce, Setting, Structure, What};
use std::collections::BTreeMap;

/// What a decision chooses between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionKind {
    /// Branches with weights of their own (a `choose`).
    Branch,
    /// Values of a property, which share weights by slicing: channels, kernel, expansion, activation, stride.
    Value,
    /// Which of several values are read: the inputs of a node of a cell, or of `inputs`.
    Inputs,
    /// How many of the copies of a `repeat`, or of the units of a block (`repeats`), are built.
    Depth,
}

/// A decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// As `show` prints it.
    pub label: String,
    /// What is chosen between.
    pub kind: DecisionKind,
    /// The property that it sets, where it chooses a value of a layer: `channels`, `kernel`, `expansion`.
    pub property: Option<&'static str>,
    /// The options as a person reads them; the first is the reference.
    pub options: Vec<String>,
    /// What a mixture over the decision has weights for: the options, or where inputs are picked, the single inputs.
    pub candidates: usize,
    /// By option: the candidates that it takes, ascending; of all but picked inputs the option itself.
    pub sets: Vec<Vec<usize>>,
    /// Of picked inputs of a node, by candidate: the decision between the operators of that edge, where there is one.
    pub edges: Vec<Option<usize>>,
    /// Whether [`Supernet::mixed`](super::Supernet::mixed) can mix it wherever it stands: it chooses no value.
    pub mixes: bool,
    /// Branches that compute nothing: `skip`.
    pub skips: Vec<usize>,
    /// Branches that are no edge: `zero`.
    pub zeros: Vec<usize>,
    /// By option: the shared tensors that a network with it uses otherwise than a network with another option does
    /// (other decisions at their largest). Of a branch these are its own weights.
    pub tensors: Vec<Vec<usize>>,
}

/// By decision and option: the tensors that the option's network uses, with a number for the part of each.
pub(super) type Seen = Vec<Vec<Option<BTreeMap<usize, u64>>>>;

/// Candidates and sets of a decision between inputs.
type Picked = (Vec<Option<usize>>, Vec<Vec<usize>>);

/// The property that the size of images is.
pub(super) const SIZE: &str = "image-size";

pub(super) fn describe(structure: &Structure, seen: &Seen) -> Vec<Decision> {
    let mut kinds = vec![DecisionKind::Value; structure.decisions.len()];
    note_kinds(&structure.items, &mut kinds);
    let mut picks = BTreeMap::new();
    note_picks(&structure.items, &mut picks);
    let mut values = vec![None; structure.decisions.len()];
    let network = [(Some(&structure.activation), "activation"), (structure.width.as_ref(), "width"), (structure.size.as_ref(), SIZE)];
    network.into_iter().filter_map(|(s, name)| Some((s?.decision?, name))).for_each(|(d, name)| values[d] = Some(name));
    note_values(&structure.items, &mut values);
    let read = structure.read_by_conditions();
    let mut idle = BTreeMap::new();
    note_idle(&structure.items, &mut idle);
    let each = structure.decisions.iter().enumerate().zip(kinds).zip(seen).map(|(((d, decision), kind), seen)| {
        let of = |used: &BTreeMap<usize, u64>| {
            let differs = |(tensor, slice): &(&usize, &u64)| seen.iter().flatten().any(|other| other.get(tensor) != Some(slice));
            used.iter().filter(differs).map(|(tensor, _)| *tensor).collect()
        };
        let tensors = seen.iter().map(|used| used.as_ref().map_or(vec![], of)).collect();
        let options = decision.options.clone();
        let (edges, sets) = match picks.remove(&d) {
            Some(found) => found,
            None => (vec![None; options.len()], (0..options.len()).map(|o| vec![o]).collect()),
        };
        let candidates = edges.len();
        // What is there hangs on those that conditions read: they are drawn.
        let mixes = kind != DecisionKind::Value && values[d].is_none() && !read.contains(&d);
        let (skips, zeros) = idle.remove(&d).unwrap_or_default();
        Decision {
            label: decision.label.clone(),
            kind,
            property: values[d],
            options,
            candidates,
            sets,
            edges,
            mixes,
            skips,
            zeros,
            tensors,
        }
    });
    each.collect()
}

fn note_kinds(items: &[Item], kinds: &mut [DecisionKind]) {
    for item in items {
        match &item.what {
            What::Skip => {}
            What::Layer { settings, .. } => {
                let repeats = settings.iter().filter(|(name, _)| *name == "repeats");
                repeats.filter_map(|(_, s)| s.decision).for_each(|d| kinds[d] = DecisionKind::Depth);
            }
            What::When { body, .. } => note_kinds(body, kinds),
            What::Choose { decision, branches } => {
                kinds[*decision] = DecisionKind::Branch;
                note_kinds(branches, kinds);
            }
            What::Pick { pick, .. } => pick.iter().for_each(|p| kinds[p.decision] = DecisionKind::Inputs),
            What::Cell(cell) => {
                cell.count.decision.into_iter().for_each(|d| kinds[d] = DecisionKind::Depth);
                for node in &cell.nodes {
                    for slot in &node.slots {
                        slot.pick.iter().for_each(|p| kinds[p.decision] = DecisionKind::Inputs);
                        note_kinds(&slot.edges, kinds);
                    }
                    note_kinds(node.op.as_slice(), kinds);
                }
            }
            What::Repeat { count, copies } => {
                count.decision.into_iter().for_each(|d| kinds[d] = DecisionKind::Depth);
                copies.iter().for_each(|c| note_kinds(c, kinds));
            }
        }
    }
}

/// Notes what the decisions set that choose no branch: a property of a layer or of a cell, or which channels are joined.
fn note_values(items: &[Item], values: &mut [Option<&'static str>]) {
    for item in items {
        match &item.what {
            What::Skip => {}
            What::Layer { settings, .. } => settings.iter().for_each(|(name, s)| s.reads().for_each(|d| note(Some(d), name, values))),
            What::Pick { pick: Some(pick), reduce: Reduce::Concat, .. } => note(Some(pick.decision), "inputs", values),
            What::Pick { .. } => {}
            What::Cell(cell) => {
                note(cell.count.decision, "nodes", values);
                note(cell.channels.decision, "channels", values);
                for node in &cell.nodes {
                    node.slots.iter().for_each(|s| note_values(&s.edges, values));
                    node.combine.iter().flat_map(Setting::reads).for_each(|d| note(Some(d), "combine", values));
                    note_values(node.op.as_slice(), values);
                }
            }
            What::When { body, .. } => note_values(body, values),
            What::Choose { branches, .. } => note_values(branches, values),
            What::Repeat { copies, .. } => copies.iter().for_each(|c| note_values(c, values)),
        }
    }
}

fn note(decision: Option<usize>, name: &'static str, values: &mut [Option<&'static str>]) {
    if let Some(value) = decision.and_then(|d| values.get_mut(d)) {
        value.get_or_insert(name);
    }
}

/// The branches of each `choose` that are skips, and those that are zeros.
fn note_idle(items: &[Item], found: &mut BTreeMap<usize, (Vec<usize>, Vec<usize>)>) {
    for item in items {
        match &item.what {
            What::Skip | What::Layer { .. } | What::Pick { .. } => {}
            What::When { body, .. } => note_idle(body, found),
            What::Choose { decision, branches } => {
                let of = |idle: &dyn Fn(&What) -> bool| (0..branches.len()).filter(|&i| idle(&branches[i].what)).collect();
                let zero = |what: &What| matches!(what, What::Layer { kind, .. } if kind.word == "zero");
                found.insert(*decision, (of(&|what| matches!(what, What::Skip)), of(&zero)));
                note_idle(branches, found);
            }
            What::Cell(cell) => {
                for node in &cell.nodes {
                    node.slots.iter().for_each(|s| note_idle(&s.edges, found));
                    note_idle(node.op.as_slice(), found);
                }
            }
            What::Repeat { copies, .. } => copies.iter().for_each(|c| note_idle(c, found)),
        }
    }
}

/// The candidates of each decision between inputs (with the decision of each edge), and which of them its options take.
fn note_picks(items: &[Item], found: &mut BTreeMap<usize, Picked>) {
    for item in items {
        match &item.what {
            What::Skip | What::Layer { .. } => {}
            What::Pick { inputs, pick, .. } => {
                found.extend(pick.iter().map(|p| (p.decision, (vec![None; inputs.len()], p.sets.clone()))));
            }
            What::Cell(cell) => {
                for node in &cell.nodes {
                    let edge = |item: &Item| match &item.what {
                        What::Choose { decision, .. } => Some(*decision),
                        _ => None,
                    };
                    for slot in &node.slots {
                        let edges = || slot.edges.iter().map(edge).collect();
                        found.extend(slot.pick.iter().map(|p| (p.decision, (edges(), p.sets.clone()))));
                        note_picks(&slot.edges, found);
                    }
                    note_picks(node.op.as_slice(), found);
                }
            }
            What::When { body, .. } => note_picks(body, found),
            What::Choose { branches, .. } => note_picks(branches, found),
            What::Repeat { copies, .. } => copies.iter().for_each(|c| note_picks(c, found)),
        }
    }
}

//! What there is to decide in a supernet, as methods see it.

use super::{Supernet, probe};
use crate::space::structure::{Item, Reduce, Structure, What};
use crate::space::{Infeasible, Sample};
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
    /// Whether [`Supernet::mixed`] can mix it wherever it stands: it chooses no value.
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

pub(super) fn describe(structure: &Structure, seen: &Seen) -> Vec<Decision> {
    let mut kinds = vec![DecisionKind::Value; structure.decisions.len()];
    note_kinds(&structure.items, &mut kinds);
    let mut picks = BTreeMap::new();
    note_picks(&structure.items, &mut picks);
    let mut values = vec![None; structure.decisions.len()];
    let network = [(Some(&structure.activation), "activation"), (structure.width.as_ref(), "width")];
    network.into_iter().filter_map(|(s, name)| Some((s?.decision?, name))).for_each(|(d, name)| values[d] = Some(name));
    note_values(&structure.items, &mut values);
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
        let mixes = kind != DecisionKind::Value && values[d].is_none();
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
            What::Choose { decision, branches } => {
                kinds[*decision] = DecisionKind::Branch;
                note_kinds(branches, kinds);
            }
            What::Pick { pick, .. } => pick.iter().for_each(|p| kinds[p.decision] = DecisionKind::Inputs),
            What::Cell(cell) => {
                cell.count.decision.into_iter().for_each(|d| kinds[d] = DecisionKind::Depth);
                for node in &cell.nodes {
                    node.pick.iter().for_each(|p| kinds[p.decision] = DecisionKind::Inputs);
                    note_kinds(&node.edges, kinds);
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
            What::Layer { settings, .. } => settings.iter().for_each(|(name, s)| note(s.decision, name, values)),
            What::Pick { pick: Some(pick), reduce: Reduce::Concat, .. } => note(Some(pick.decision), "inputs", values),
            What::Pick { .. } => {}
            What::Cell(cell) => {
                note(cell.count.decision, "nodes", values);
                note(cell.channels.decision, "channels", values);
                for node in &cell.nodes {
                    note_values(&node.edges, values);
                    note_values(node.op.as_slice(), values);
                }
            }
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
            What::Choose { decision, branches } => {
                let of = |idle: &dyn Fn(&What) -> bool| (0..branches.len()).filter(|&i| idle(&branches[i].what)).collect();
                let zero = |what: &What| matches!(what, What::Layer { kind, .. } if kind.word == "zero");
                found.insert(*decision, (of(&|what| matches!(what, What::Skip)), of(&zero)));
                note_idle(branches, found);
            }
            What::Cell(cell) => {
                for node in &cell.nodes {
                    note_idle(&node.edges, found);
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
                    let edges = || node.edges.iter().map(edge).collect();
                    found.extend(node.pick.iter().map(|p| (p.decision, (edges(), p.sets.clone()))));
                    note_picks(&node.edges, found);
                    note_picks(node.op.as_slice(), found);
                }
            }
            What::Choose { branches, .. } => note_picks(branches, found),
            What::Repeat { copies, .. } => copies.iter().for_each(|c| note_picks(c, found)),
        }
    }
}

/// Passes over the decisions before [`Supernet::smallest`] and [`Supernet::largest`] give up improving.
const PASSES: usize = 4;
/// Draws before a bounded sample is given up.
const TRIES: u64 = 10_000;

impl Supernet {
    /// Every decision, in the order of the file: what [`sample_from`](Self::sample_from) takes an option of.
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    /// The sample in which decision d takes option `options[d]`; missing ones, and ones too large, are the first or last
    /// option. Decisions that are not active under the others are left out. (FairNAS draws one permutation for each
    /// decision of kind [`Branch`](DecisionKind::Branch) and passes the k-th entries here.)
    pub fn sample_from(&self, options: &[usize]) -> Sample {
        Sample::collect(&self.space.structure, |d| options.get(d).copied().unwrap_or(0))
    }

    /// Uniform over each decision's options, whatever the bounds of the space.
    pub fn uniform(&self, seed: u64, position: &[u64]) -> Sample {
        self.space.random(seed, position)
    }

    /// Uniform among the samples that can be built and meet the `require` bounds: [`uniform`](Self::uniform) drawn again
    /// until one does.
    pub fn uniform_within(&self, seed: u64, position: &[u64]) -> Result<Sample, Infeasible> {
        let mut last = None;
        for attempt in 0..TRIES {
            let address: Vec<u64> = position.iter().copied().chain([attempt]).collect();
            let sample = self.space.random(seed, &address);
            match self.space.architecture(&sample).and_then(|a| self.space.admits(&a)) {
                Ok(()) => return Ok(sample),
                Err(why) => last = Some(why),
            }
        }
        let last = last.unwrap_or(Infeasible { reason: String::new(), span: Default::default() });
        Err(Infeasible { reason: format!("none of {TRIES} random samples meets the bounds: {}", last.reason), ..last })
    }

    /// The cheapest sample for sandwich training, bounds aside. Found by coordinates: from the smallest number of every
    /// decision on, each decision in turn takes the option with the fewest multiply-adds (then parameters), the others
    /// held, until a pass changes nothing.
    pub fn smallest(&self) -> Sample {
        self.extreme(probe::smallest(&self.space.structure), |new, old| new < old)
    }

    /// The costliest sample, found as [`smallest`](Self::smallest) is.
    pub fn largest(&self) -> Sample {
        self.extreme(probe::largest(&self.space.structure), |new, old| new > old)
    }

    fn extreme(&self, mut options: Vec<usize>, better: fn((u64, u64), (u64, u64)) -> bool) -> Sample {
        let cost = |options: &[usize]| {
            let cost = self.space.architecture(&self.sample_from(options)).ok()?.cost().ok()?;
            Some((cost.macs, cost.params))
        };
        let mut best = cost(&options);
        for _ in 0..PASSES {
            let before = options.clone();
            for d in 0..options.len() {
                // What is not active costs nothing whatever it is.
                if self.sample_from(&options).option(d).is_none() {
                    continue;
                }
                for option in 0..self.decisions[d].options.len() {
                    let held = std::mem::replace(&mut options[d], option);
                    match cost(&options) {
                        Some(found) if best.is_none_or(|best| better(found, best)) => best = Some(found),
                        _ => options[d] = held,
                    }
                }
            }
            if options == before {
                break;
            }
        }
        self.sample_from(&options)
    }
}

//! A walk through a network that is decided in part, with every shape that a value may have and what each layer adds at least and at
//! most. Where a decision is open, what it builds is one node of several sizes; what is surely read is followed back at the end.

use super::decided::{Decided, Truth};
use super::layer::Layers;
use crate::space::blocks::{Default, Kind, Resolved, Scalar, Type};
use crate::space::function::{Combinations, DecisionId};
use crate::space::graph::Shape;
use crate::space::structure::{Input, Item, Setting, What, as_count};
use std::collections::BTreeSet;

/// Most shapes of a value; where there are more, none is known.
const SHAPES: usize = 48;
/// Most cases of a layer (its settings, times what it reads); where there are more, it may cost anything.
const CASES: usize = 4096;

/// At least and at most, by bound.
pub type Costs = Vec<(f64, f64)>;

/// No sample that is decided so can be built.
#[derive(Debug)]
pub struct Dead;

/// What is written of the network as a whole, decided.
#[derive(Clone, Copy)]
pub struct Whole {
    /// Both sides of the image.
    pub side: usize,
    /// `width`.
    pub width: Option<f64>,
    /// `activation`.
    pub activation: Scalar,
}

/// What may stand in a place.
#[derive(Clone)]
struct Sight {
    /// Every shape that it may have; none where they are not known.
    shapes: Option<Vec<Shape>>,
    /// The node that it is, where that is sure.
    node: Option<usize>,
}

#[derive(Clone)]
struct Held {
    sight: Sight,
    /// Whether it is there in every sample.
    sure: bool,
}

struct Node {
    cost: Costs,
    /// What it surely reads.
    reads: Vec<usize>,
}

/// What an open decision may build.
enum Way<'i> {
    Items(&'i [Item]),
    Copies(&'i [Vec<Item>]),
}

/// The walk.
pub struct Walk<'a> {
    layers: &'a Layers<'a>,
    decided: Decided<'a>,
    whole: Whole,
    nodes: Vec<Node>,
    slots: Vec<Option<Held>>,
}

impl<'a> Walk<'a> {
    /// What all networks that are decided so cost; their image has so many channels and so many names are given.
    pub fn costs(
        layers: &'a Layers<'a>,
        decided: Decided<'a>,
        whole: Whole,
        channels: usize,
        slots: usize,
        items: &[Item],
    ) -> Result<Costs, Dead> {
        let mut walk = Walk { layers, decided, whole, nodes: vec![], slots: vec![None; slots] };
        let image = Sight { shapes: Some(vec![Shape { h: whole.side, w: whole.side, c: channels }]), node: None };
        let out = walk.items(items, image)?;
        let high = walk.nodes.iter().fold(layers.nothing(), |sum, node| add(&sum, &node.cost));
        let low = walk.live(&out, 0).1;
        Ok(low.iter().zip(high).map(|((low, _), (_, high))| (*low, high)).collect())
    }

    fn items(&mut self, items: &[Item], above: Sight) -> Result<Sight, Dead> {
        items.iter().try_fold(above, |above, item| self.item(item, above))
    }

    fn item(&mut self, item: &Item, above: Sight) -> Result<Sight, Dead> {
        let out = match &item.what {
            What::Skip => above,
            What::When { condition, body } => match self.decided.holds(condition) {
                Truth::Yes => self.items(body, above)?,
                Truth::No => above,
                Truth::Maybe => self.ways(&[Way::Items(body), Way::Items(&[])], &above)?,
            },
            What::Layer { kind, settings, inputs } => {
                settings.iter().filter_map(|(_, s)| s.decision).for_each(|d| self.decided.make(d));
                let read = self.inputs(inputs, &above);
                self.layer(kind, settings, &read)?
            }
            What::Choose { decision, branches } => {
                let taken = self.possible(*decision, branches.len());
                match taken[..] {
                    [one] => self.item(&branches[one], above)?,
                    _ => {
                        let ways: Vec<Way> = taken.iter().map(|&i| Way::Items(&branches[i..=i])).collect();
                        self.ways(&ways, &above)?
                    }
                }
            }
            What::Repeat { count, copies } => {
                count.decision.into_iter().for_each(|d| self.decided.make(d));
                let counts: BTreeSet<usize> = self.decided.values(count).into_iter().map(|n| as_count(n).min(copies.len())).collect();
                let ways: Vec<Way> = counts.iter().map(|&n| Way::Copies(&copies[..n])).collect();
                match &ways[..] {
                    [one] => self.way(one, above)?,
                    ways => self.ways(ways, &above)?,
                }
            }
            // Their insides are not followed.
            What::Pick { .. } | What::Cell(_) => self.unknown(vec![]),
        };
        if let Some(slot) = item.slot {
            self.slots[slot] = Some(Held { sight: out.clone(), sure: true });
        }
        Ok(out)
    }

    fn possible(&mut self, d: DecisionId, branches: usize) -> Vec<usize> {
        self.decided.make(d);
        let all: BTreeSet<usize> = self.decided.possible(d).into_iter().map(|o| o.min(branches - 1)).collect();
        all.into_iter().collect()
    }

    fn way(&mut self, way: &Way, above: Sight) -> Result<Sight, Dead> {
        match way {
            Way::Items(items) => self.items(items, above),
            Way::Copies(copies) => copies.iter().try_fold(above, |above, copy| self.items(copy, above)),
        }
    }

    /// One of several is built: a node that costs what the cheapest costs at least, and the dearest at most.
    fn ways(&mut self, ways: &[Way], above: &Sight) -> Result<Sight, Dead> {
        let first = self.nodes.len();
        let (slots, decided) = (self.slots.clone(), self.decided.clone());
        let mut merged: Option<(Option<Vec<Shape>>, Costs, Vec<usize>, Vec<Option<Held>>)> = None;
        for way in ways {
            let built = self.way(way, above.clone());
            if let Ok(out) = built {
                let (reads, low) = self.live(&out, first);
                let high = self.nodes[first..].iter().fold(self.layers.nothing(), |sum, node| add(&sum, &node.cost));
                let cost: Costs = low.iter().zip(high).map(|((low, _), (_, high))| (*low, high)).collect();
                let held = std::mem::replace(&mut self.slots, slots.clone());
                merged = Some(match merged {
                    None => (out.shapes, cost, reads, held),
                    Some((shapes, costs, both, others)) => (
                        union(shapes, out.shapes),
                        costs.iter().zip(cost).map(|(a, b)| (a.0.min(b.0), a.1.max(b.1))).collect(),
                        both.into_iter().filter(|r| reads.contains(r)).collect(),
                        others.into_iter().zip(held).map(|(a, b)| either(a, b)).collect(),
                    ),
                });
            }
            self.nodes.truncate(first);
            self.slots.clone_from(&slots);
            self.decided = decided.clone();
        }
        let (shapes, cost, reads, mut held) = merged.ok_or(Dead)?;
        for slot in held.iter_mut().flatten() {
            slot.sight.node = slot.sight.node.filter(|n| *n < first);
        }
        self.slots = held;
        self.nodes.push(Node { cost, reads });
        Ok(Sight { shapes, node: Some(first) })
    }

    /// What is surely read for a value: of the nodes before `first` which, and of those from there on their cost.
    fn live(&self, out: &Sight, first: usize) -> (Vec<usize>, Costs) {
        let (mut before, mut cost) = (vec![], self.layers.nothing());
        let mut seen = vec![false; self.nodes.len()];
        let mut open: Vec<usize> = out.node.into_iter().collect();
        while let Some(n) = open.pop() {
            if std::mem::replace(&mut seen[n], true) {
                continue;
            }
            if n < first {
                before.push(n);
                continue;
            }
            cost = add(&cost, &self.nodes[n].cost);
            open.extend(&self.nodes[n].reads);
        }
        (before, cost)
    }

    /// What a layer reads, each with whether it is there in every sample.
    fn inputs(&self, inputs: &[Input], above: &Sight) -> Vec<Option<Held>> {
        let sure = |sight: Sight| Some(Held { sight, sure: true });
        let of = |input: &Input| match input {
            Input::Above => sure(above.clone()),
            Input::Slot(s) => match &self.slots[*s] {
                None => sure(above.clone()),
                Some(held) if held.sure => Some(held.clone()),
                Some(held) => sure(Sight { shapes: union(held.sight.shapes.clone(), above.shapes.clone()), node: None }),
            },
            Input::Last(slots) => {
                let mut found: Option<Held> = None;
                for held in slots.iter().rev().filter_map(|s| self.slots[*s].as_ref()) {
                    found = Some(match found {
                        None => held.clone(),
                        Some(last) => {
                            let shapes = union(last.sight.shapes, held.sight.shapes.clone());
                            Held { sight: Sight { shapes, node: None }, sure: held.sure }
                        }
                    });
                    if held.sure {
                        break;
                    }
                }
                found
            }
        };
        inputs.iter().map(of).collect()
    }

    fn unknown(&mut self, reads: Vec<usize>) -> Sight {
        self.nodes.push(Node { cost: self.layers.anything(), reads });
        Sight { shapes: None, node: Some(self.nodes.len() - 1) }
    }

    fn layer(&mut self, kind: &'static Kind, settings: &[(&'static str, Setting)], read: &[Option<Held>]) -> Result<Sight, Dead> {
        let there: Vec<&Held> = read.iter().flatten().collect();
        if there.is_empty() {
            return Err(Dead);
        }
        let reads: Vec<usize> = match kind.word {
            "zero" => vec![],
            _ => there.iter().filter(|h| h.sure).filter_map(|h| h.sight.node).collect(),
        };
        let own = self.settings(kind, settings);
        // Of each input its shapes, and that it is not there.
        let shapes: Option<Vec<Vec<Option<Shape>>>> = there
            .iter()
            .map(|h| {
                let shapes = h.sight.shapes.as_ref()?.iter().copied().map(Some);
                Some(shapes.chain((!h.sure).then_some(None)).collect())
            })
            .collect();
        let Some(shapes) = shapes else { return Ok(self.unknown(reads)) };
        let counts = own.iter().map(|(_, values)| values.len()).chain(shapes.iter().map(Vec::len));
        let counts: Vec<usize> = counts.collect();
        if counts.iter().try_fold(1usize, |n, &c| n.checked_mul(c)).is_none_or(|n| n > CASES) {
            return Ok(self.unknown(reads));
        }
        let (mut outs, mut cost): (Vec<Shape>, Option<Costs>) = (vec![], None);
        for places in Combinations::from(counts) {
            let inputs: Vec<Shape> = shapes.iter().zip(&places[own.len()..]).filter_map(|(s, &i)| s[i]).collect();
            let (out, costs) = match inputs[..] {
                [] => continue,
                // A list of which one layer is there is that one.
                [one] if read.len() > 1 && kind.word != "detect" => (one, self.layers.nothing()),
                _ => {
                    let values = own.iter().zip(&places).filter_map(|((name, values), &i)| Some((*name, values[i]?)));
                    let resolved = Resolved { values: values.collect() };
                    let Some(made) = self.layers.make(kind, &resolved, &inputs, self.whole.side) else { continue };
                    (made.shape, made.cost.clone())
                }
            };
            if !outs.contains(&out) {
                outs.push(out);
            }
            cost = Some(match cost {
                None => costs,
                Some(so_far) => so_far.iter().zip(costs).map(|(a, b)| (a.0.min(b.0), a.1.max(b.1))).collect(),
            });
        }
        self.nodes.push(Node { cost: cost.ok_or(Dead)?, reads });
        Ok(Sight { shapes: Some(outs).filter(|o| o.len() <= SHAPES), node: Some(self.nodes.len() - 1) })
    }

    /// The values that every property of a layer may have; none for what is left to the block.
    fn settings(&self, kind: &Kind, settings: &[(&'static str, Setting)]) -> Vec<(&'static str, Vec<Option<Scalar>>)> {
        let of = |field: &crate::space::blocks::Property| {
            let written = settings.iter().find(|(n, _)| *n == field.name).map(|(_, s)| self.decided.values(s));
            let mut values: Vec<Option<Scalar>> = match (written, field.default) {
                (Some(values), _) => {
                    let scaled = |v| match (v, field.r#type) {
                        (Scalar::Int(c), Type::Channels) => Scalar::Int(crate::space::values::widened(c, self.whole.width)),
                        (v, _) => v,
                    };
                    values.into_iter().map(scaled).map(Some).collect()
                }
                (None, Default::Network) => vec![Some(self.whole.activation)],
                (None, Default::Is(value)) => vec![Some(value)],
                (None, _) => vec![None],
            };
            values.dedup();
            (field.name, values)
        };
        kind.properties.iter().map(of).collect()
    }
}

fn add(a: &Costs, b: &Costs) -> Costs {
    a.iter().zip(b).map(|(a, b)| (a.0 + b.0, a.1 + b.1)).collect()
}

fn union(a: Option<Vec<Shape>>, b: Option<Vec<Shape>>) -> Option<Vec<Shape>> {
    let (mut all, more) = (a?, b?);
    for shape in more {
        if !all.contains(&shape) {
            all.push(shape);
        }
    }
    Some(all).filter(|all| all.len() <= SHAPES)
}

/// What a name stands for where one of two ways was taken.
fn either(a: Option<Held>, b: Option<Held>) -> Option<Held> {
    match (a, b) {
        (None, None) => None,
        (Some(one), None) | (None, Some(one)) => Some(Held { sight: Sight { node: None, ..one.sight }, sure: false }),
        (Some(a), Some(b)) => {
            let node = a.sight.node.filter(|n| b.sight.node == Some(*n));
            Some(Held { sight: Sight { shapes: union(a.sight.shapes, b.sight.shapes), node }, sure: a.sure && b.sure })
        }
    }
}

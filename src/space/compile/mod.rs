//! A `space` node becomes a [`Structure`]: names are resolved, choices become decisions, every error is at its span.

mod arrange;
mod cells;
mod compiler;
mod conditions;
mod kept;
mod layer;
mod names;
mod narrow;
mod pairs;

use super::blocks::{Default, Property as Field, Scalar, Type, kinds};
use super::derive::{self, Cut};
use super::names::{names_of, plain};
use super::structure::{Item, Setting, Structure, What};
use super::zoo;
use crate::document::{Node, Spanned, Value, nearest};
pub(super) use compiler::Compiler;
use compiler::{MAX_ITEMS, MAX_SHARED, Place, Shared};
use std::collections::HashMap;

/// The largest side of an image, in pixels, as of a data set.
const MAX_SIZE: usize = 8192;

impl Compiler {
    /// The network of a space. Choices, cells, `require`s and `network` are the space's children.
    pub fn network(&mut self, choices: &[&Node], cells: &[&Node], requires: &[&Node], network: &Node) -> Option<Structure> {
        let mut network = network.clone();
        let (cuts, own) = std::mem::take(&mut network.children).into_iter().partition(|c| c.name.value == derive::WORD);
        network.children = own;
        let input = network.children.iter().find(|c| c.name.value == "input").cloned();
        let cut = self.layers(&mut network, &cuts);
        // What only the layers that were cut off have chosen is not chosen here.
        let referred = cut.as_ref().filter(|_| !cuts.is_empty()).map(|cut| {
            let kept: Vec<&Node> = cut.kept().into_iter().chain(&input).collect();
            derive::referred(&network, &kept, cells, choices, requires)
        });
        for &choice in choices {
            let label = choice.property("label").and_then(|p| p.values.first()).map(|v| plain(&v.value));
            if referred.as_ref().zip(label).is_none_or(|(referred, label)| referred.contains(&label) || self.trained.contains(&label)) {
                self.choice(choice);
            }
        }
        for &cell in cells {
            self.declare_cell(cell);
        }
        let Cut { layers, tails, unread, gone } = cut?;
        self.gone = gone.into_iter().collect();
        let top = Place { prefix: String::new(), depth: 0, stride: None, branch: None, channels: None };
        let number = Field { name: "width", r#type: Type::Number(1024.0), default: Default::Auto, doc: "" };
        let width = network.property("width").and_then(|p| self.setting(p, &number, "network.width"));
        let activation = Field { name: "activation", r#type: Type::Activation, default: Default::Auto, doc: "" };
        let activation = network
            .property("activation")
            .and_then(|p| self.setting(p, &activation, "network.activation"))
            .unwrap_or(Setting::fixed(Scalar::Activation(super::Activation::Silu), network.name.span));
        let size = Field { name: "image-size", r#type: Type::Whole(8, MAX_SIZE), default: Default::Auto, doc: "" };
        let size = input.as_ref().and_then(|i| i.property("image-size")).and_then(|p| self.setting(p, &size, "input.image-size"));
        for (name, span) in layers.iter().flat_map(|l| names_of(l).into_iter()) {
            self.later.entry(name).or_insert(span);
        }
        if layers.is_empty() {
            self.error("empty-network", "the network has no layers", network.name.span, "nothing is built");
        }
        let items = self.entries(&layers, &top, &unread);
        let constraints = requires.iter().filter_map(|r| self.constraint(r)).collect();
        if !self.errors.is_empty() {
            return None;
        }
        let decisions = std::mem::take(&mut self.decisions);
        let guards = std::mem::take(&mut self.guards);
        let mut structure = Structure {
            decisions,
            size,
            width,
            activation,
            items,
            slots: self.slots,
            tails,
            guards,
            constraints,
            trained: vec![],
            priors: vec![],
        };
        structure.address();
        Some(structure)
    }

    /// The entries of a network: a shipped one written out, cut where a space over a space cuts it.
    fn layers(&mut self, network: &mut Node, cuts: &[Node]) -> Option<Cut> {
        if let Some(like) = network.property("like").cloned() {
            *network = zoo::expand(network, &like).map_err(|errors| self.errors.extend(errors)).ok()?;
        }
        let layers = network.children.iter().filter(|c| c.name.value != "input").cloned().collect();
        derive::cut(layers, cuts).map_err(|error| self.errors.push(error)).ok()
    }

    fn choice(&mut self, node: &Node) {
        let label = node.property("label").and_then(|p| p.values.first());
        let Some(Spanned { value: Value::Text(label), span }) = label else {
            return self.error("missing-label", "a choice needs a label", node.name.span, "write choice \"label\" value …");
        };
        let values = node.property("values").map_or(&[][..], |p| &p.values);
        if values.is_empty() {
            return self.error(
                "missing-value",
                format!("the choice `{label}` has no values"),
                node.span,
                "write its values after the label",
            );
        }
        if let Some(nested) = values.iter().find(|v| matches!(v.value, Value::Choice(_) | Value::Expr(_))) {
            return self.error("choice-of-choice", "a value of a choice cannot be a choice", nested.span, "write a value");
        }
        if self.shared.len() >= MAX_SHARED {
            return self.error("too-many-choices", format!("a space has at most {MAX_SHARED} shared choices"), node.name.span, "too many");
        }
        let values = self.kept(label, values.to_vec(), |v| plain(&v.value));
        let options = values.iter().map(|v| plain(&v.value)).collect();
        let guard = self.guard(node);
        if let Some(id) = self.decide(label, options, *span, true) {
            self.decisions[id].ordered = node.property("ordered").is_some();
            self.guards.extend(guard.map(|guard| (id, guard)));
            self.shared.push(Shared { label: label.clone(), values, id });
        }
    }

    /// Layers one after another.
    fn block(&mut self, nodes: &[Node], place: &Place) -> Vec<Item> {
        self.entries(nodes, place, &[])
    }

    /// Layers one after another; nothing is built of those that are `unread`, but their places count.
    fn entries(&mut self, nodes: &[Node], place: &Place, unread: &[bool]) -> Vec<Item> {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        let mut items = Vec::with_capacity(nodes.len());
        for (i, node) in nodes.iter().enumerate() {
            let n = counts.entry(node.name.value.as_str()).or_insert(0);
            *n += 1;
            if unread.get(i) == Some(&true) {
                items.push(Item { span: node.span, slot: self.bind(names_of(node), false), what: What::Skip });
                continue;
            }
            let here = Place { stride: if i == 0 { place.stride.clone() } else { None }, ..place.clone() };
            items.extend(self.item(node, *n, &here));
        }
        items
    }

    fn item(&mut self, node: &Node, n: usize, place: &Place) -> Option<Item> {
        self.items += 1;
        if self.items > MAX_ITEMS || self.full {
            self.overflow(node.name.span);
            return None;
        }
        let kind = node.name.value.as_str();
        let names = if place.branch.is_some() { vec![] } else { names_of(node) };
        let own = place.branch.clone().or(names.first().map(|n| n.0.clone()));
        let base = format!("{}{}", place.prefix, own.unwrap_or(format!("{kind}#{n}")));
        let what = match kind {
            "skip" if place.channels.is_some() && place.stride.is_some() => self.strided_skip(place),
            "skip" => {
                if let Some(stride) = &place.stride {
                    let (message, help) = ("`skip` cannot have a stride".to_string(), "write a layer that has one first");
                    self.error_help("stride-of-skip", message, node.span, "is the first layer of this repeat", help);
                    self.errors.last_mut()?.labels.push((stride.span, "the stride".into()));
                }
                Some(What::Skip)
            }
            "choose" => self.choose(node, &base, place),
            "repeat" => self.repeat(node, &base, place),
            "when" => self.when(node, &base, place),
            "use" => self.use_cell(node, &base, place),
            "inputs" => self.pick_inputs(node, &base),
            "at" | "after" | "before" => {
                let message = format!("`{kind}` changes a shipped network, and this one is written out");
                self.error_help(
                    "at-of-nothing",
                    message,
                    node.name.span,
                    "nothing to change",
                    "start from one by network like=yolov5n { … }",
                );
                None
            }
            _ => match kinds().iter().find(|k| k.word == kind) {
                Some(kind) => self.layer(node, kind, &base, place),
                None => {
                    let known = kinds().iter().map(|k| k.word).chain(["skip", "choose", "repeat", "when", "use", "inputs"]);
                    let help = nearest(kind, known)
                        .map_or("see the list of layers in docs/language.md".to_string(), |w| format!("did you mean `{w}`?"));
                    self.error_help("unknown-layer", format!("there is no layer `{kind}`"), node.name.span, "not known", help);
                    None
                }
            },
        };
        let slot = self.bind(names, what.is_some());
        Some(Item { span: node.span, slot, what: what? })
    }
}

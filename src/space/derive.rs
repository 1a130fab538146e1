//! A network that is cut out of another: its layers up to `until`, then those of `then-layers`.
//!
//! What is kept stays where it was, so decisions keep their labels and addresses, and shared tensors their names. What follows
//! a cut is counted from there, apart from what stood there before: equal places are equal layers.

use super::names::names_of;
use super::structure::Tail;
use super::zoo::under_condition;
use crate::document::{Diagnostic, Node, Span, Spanned, Value, nearest};
use std::collections::{HashMap, HashSet};

/// A network, cut.
#[derive(Default)]
pub(super) struct Cut {
    /// What is built.
    pub layers: Vec<Node>,
    /// Where cuts were made.
    pub tails: Vec<Tail>,
    /// By layer: whether only what was cut off has read it.
    pub unread: Vec<bool>,
    /// Names that were cut off.
    pub gone: Vec<(String, Span)>,
}

impl Cut {
    /// The layers that are built.
    pub fn kept(&self) -> Vec<&Node> {
        self.layers.iter().zip(&self.unread).filter(|(_, unread)| !**unread).map(|(layer, _)| layer).collect()
    }
}

/// The word of a place where a network is cut, among its children.
pub(super) const WORD: &str = "then-layers";

/// Cuts the layers of a network at each of `cuts`, in their order.
pub(super) fn cut(layers: Vec<Node>, cuts: &[Node]) -> Result<Cut, Diagnostic> {
    let mut all = Cut { layers, ..Cut::default() };
    for (i, cut) in cuts.iter().enumerate() {
        if let Some(Spanned { value: Value::Text(name), span }) = cut.property("until").and_then(|p| p.values.first()) {
            let last = find(&all, name, *span)?;
            let gone = all.layers.drain(last + 1..).collect::<Vec<_>>();
            all.gone.extend(gone.iter().flat_map(names_of));
            all.tails.retain(|t| t.start < all.layers.len());
        }
        all.tails.push(Tail { start: all.layers.len(), level: i + 1 });
        all.layers.extend(cut.children.iter().cloned());
    }
    all.unread = match all.tails.last() {
        Some(tail) => unread(&all.layers, tail.start),
        None => vec![false; all.layers.len()],
    };
    Ok(all)
}

/// The place of a layer that is named by `until`.
fn find(all: &Cut, name: &str, span: Span) -> Result<usize, Diagnostic> {
    let named = |l: &Node| names_of(l).iter().any(|(n, _)| n == name);
    if let Some(inner) = all.layers.iter().find_map(|l| under_condition(l, name)) {
        let message = format!("`{name}` stands under a `when`, and is there only in some samples");
        let d = Diagnostic::error("name-under-when", message, span, "a network is not cut there");
        return Err(d.also(inner, "it is this one").help("cut behind a layer that is always there"));
    }
    if let Some(found) = all.layers.iter().position(named) {
        return Ok(found);
    }
    let d = Diagnostic::error("unknown-name", format!("the other space has no layer `{name}`"), span, "not known");
    if let Some((gone, there)) = all.gone.iter().find(|(n, _)| n == name) {
        return Err(d.also(*there, format!("`{gone}` was cut off by the space between")));
    }
    if let Some((block, inner)) = all.layers.iter().find_map(|l| Some((l, inside(l, name)?))) {
        let word = block.name.value.as_str();
        let message = format!("`{name}` stands inside a `{word}`, and a network is cut between its own layers");
        let d = Diagnostic::error("until-inside", message, span, "no layer of the network itself").also(inner, "it is this one");
        return Err(match names_of(block).first() {
            Some((outer, _)) => d.help(format!("cut behind the whole: `until \"{outer}\"`")),
            None => d.help(format!("name the `{word}` by as=\"…\", and cut behind it")),
        });
    }
    let known: Vec<String> = all.layers.iter().flat_map(names_of).map(|(n, _)| n).collect();
    Err(match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => d.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => d.help("name a layer there by as=\"…\""),
        None => d.help(format!("its layers are {}", known.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "))),
    })
}

/// Where a name is given inside a block; branches may be named by their kind.
fn inside(node: &Node, name: &str) -> Option<Span> {
    node.children.iter().find_map(|child| {
        let own = names_of(child).into_iter().find(|(n, _)| n == name).map(|(_, span)| span);
        own.or_else(|| inside(child, name))
    })
}

/// Which layers before `end` the last layer does not depend on. Where cells are used none is: a cell reads what stands above
/// it, and above that.
fn unread(layers: &[Node], end: usize) -> Vec<bool> {
    // Which of several layers of one name is read, only a sample says.
    if layers.iter().any(|l| uses(l) || has_when(l)) {
        return vec![false; layers.len()];
    }
    let mut live = vec![false; layers.len()];
    let mut named: HashMap<String, usize> = HashMap::new();
    for (i, layer) in layers.iter().enumerate() {
        for (name, _) in names_of(layer) {
            named.entry(name).or_insert(i);
        }
    }
    for i in (0..layers.len()).rev() {
        live[i] |= i >= end || i + 1 == layers.len();
        if !live[i] {
            continue;
        }
        let mut names = HashSet::new();
        if reads(&layers[i], &mut names) && i > 0 {
            live[i - 1] = true;
        }
        for &j in names.iter().filter_map(|name| named.get(*name)).filter(|&&j| j < i) {
            live[j] = true;
        }
    }
    live.into_iter().map(|l| !l).collect()
}

fn has_when(node: &Node) -> bool {
    node.name.value == "when" || node.children.iter().any(has_when)
}

fn uses(node: &Node) -> bool {
    node.name.value == "use" || node.children.iter().any(uses)
}

/// Adds the names that a layer reads; whether it reads the layer above, too.
fn reads<'a>(node: &'a Node, names: &mut HashSet<&'a str>) -> bool {
    match node.name.value.as_str() {
        "concat" | "add" | "detect" | "inputs" => {
            let Some(layers) = node.property("layers") else { return true };
            let texts = layers.values.iter().filter_map(|v| if let Value::Text(t) = &v.value { Some(t.as_str()) } else { None });
            let (above, named): (Vec<&str>, Vec<&str>) = texts.partition(|t| *t == "above");
            names.extend(named);
            !above.is_empty()
        }
        "choose" | "repeat" => {
            node.children.iter().for_each(|child| {
                reads(child, names);
            });
            true
        }
        _ => true,
    }
}

/// The labels of choices that layers, cells and a network's own lines refer to.
pub(super) fn referred(network: &Node, layers: &[&Node], cells: &[&Node], choices: &[&Node], requires: &[&Node]) -> HashSet<String> {
    let mut labels = HashSet::new();
    let mut used: Vec<String> = vec![];
    labels_of(&Node { children: vec![], ..network.clone() }, &mut labels, &mut used);
    layers.iter().chain(requires).for_each(|l| labels_of(l, &mut labels, &mut used));
    let mut seen = HashSet::new();
    while let Some(name) = used.pop() {
        let named = |cell: &&&Node| text(cell, "name").is_some_and(|n| n == name);
        let Some(cell) = cells.iter().find(named).filter(|_| seen.insert(name.clone())) else { continue };
        used.extend(text(cell, "like"));
        labels_of(cell, &mut labels, &mut used);
    }
    // A choice's condition reads choices before it.
    for choice in choices.iter().rev() {
        if text(choice, "label").is_some_and(|label| labels.contains(&label)) {
            labels_of(choice, &mut labels, &mut used);
        }
    }
    labels
}

fn labels_of(node: &Node, labels: &mut HashSet<String>, used: &mut Vec<String>) {
    if node.name.value == "use" {
        used.extend(text(node, "cell"));
    }
    if node.name.value == "when" {
        labels.extend(node.properties.iter().map(|p| p.name.value.clone()));
    }
    for value in node.properties.iter().flat_map(|p| &p.values) {
        match &value.value {
            Value::Choice(label) => labels.extend([label.clone()]),
            Value::Expr(expr) => labels.extend(expr.labels.iter().cloned()),
            _ => {}
        }
    }
    node.children.iter().for_each(|child| labels_of(child, labels, used));
}

fn text(node: &Node, name: &str) -> Option<String> {
    match node.property(name)?.values.first()?.value {
        Value::Text(ref text) => Some(text.clone()),
        _ => None,
    }
}

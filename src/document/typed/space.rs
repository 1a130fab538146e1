//! `space` nodes: names inside are checked here; what the layers compute is the room `space`'s.

mod bounds;
pub(super) mod like;
mod names;
pub mod narrow;
pub mod range;
pub(super) mod when;

pub(super) use bounds::{bounds, with_files};
pub(super) use names::Names;

use crate::document::context::Context;
use crate::document::pipeline::SpaceNode;
use crate::document::shorten::shorten;
use crate::document::table;
use crate::document::{Diagnostic, Node, Spanned, Value, nearest, values};
use std::collections::HashMap;

/// A space.
pub fn space(context: &mut Context, node: &Node) -> Option<SpaceNode> {
    let name = node.text("name")?;
    let whole = with_files(context, node);
    let node = &like::with_network(context, &whole);
    misplaced(context, node);
    let shipped = node.child("network").is_some_and(|n| n.text("like").is_some());
    let mut names = Names { shipped, ..Names::default() };
    choices(context, node, &mut names);
    bounds(context, node);
    cells(context, node, &mut names);
    let Some(network) = node.child("network") else {
        let d = Diagnostic::error("missing", "`space` needs a `network`", node.name.span, "`network` is missing");
        if node.property("like").is_none() {
            context.missing(
                node,
                d.help("write `network { input \"data\"; … }` with its layers, or start from a shipped space: `like=nasbench201`"),
            );
        }
        return None;
    };
    layers(context, network, &mut names, true);
    references(context, node, "space", network, &mut names);
    for require in node.children.iter().filter(|c| c.name.value == "require") {
        when::reads(context, require, &mut names);
    }
    for cell in node.children.iter().filter(|c| c.name.value == "cell") {
        references(context, node, "space", cell, &mut names);
    }
    let idle = idle(node, &names);
    narrow::misplaced(context, node);
    let narrowed = narrow::narrowed(context, node);
    let input = network.child("input").and_then(|i| i.text("data"));
    if network.child("input").is_none() {
        let d = Diagnostic::error("missing", "`network` needs an `input`", network.name.span, "`input` is missing");
        context.missing(network, d.help("name the data set that fixes size and classes: `input \"shapes\"`"));
    }
    if network.text("like").is_none()
        && !context.obscure(network)
        && !network
            .children
            .iter()
            .any(|c| table::is_layer(&c.name.value) || matches!(c.name.value.as_str(), "choose" | "repeat" | "use" | "inputs" | "when"))
    {
        let d = Diagnostic::error("missing", "this network has no layers", network.name.span, "layers are missing");
        context.missing(network, d.help("write them from top to bottom: `conv 64 kernel=3 stride=2`"));
    }
    let mut whole = node.clone();
    whole.children.retain(|c| !narrow::narrows(c));
    whole.children.extend(narrowed);
    Some(SpaceNode { idle, ..SpaceNode::new(name, whole, input?) })
}

/// Choices of a space that its network does not read. Trainings may.
pub(super) fn idle(space: &Node, names: &Names) -> Vec<Spanned<String>> {
    // A shipped network may read what stands for a choice of its own.
    if names.shipped {
        return Vec::new();
    }
    let labels = space.children.iter().filter(|c| c.name.value == "choice").filter_map(|c| c.text("label"));
    labels.filter(|label| !names.used.contains(&label.value)).collect()
}

pub(super) fn choices(context: &mut Context, space: &Node, names: &mut Names) {
    for choice in space.children.iter().filter(|c| c.name.value == "choice") {
        let Some(label) = choice.text("label") else { continue };
        declare(context, "choice", label.clone(), &mut names.labels);
        when::reads(context, choice, names);
        let values = choice.property("values").map_or(0, |p| p.values.len());
        if values == 1 {
            let d = Diagnostic::warning(
                "one-value",
                format!("the choice `{}` has one value", shorten(&label.value)),
                choice.place("values"),
                "nothing to choose from",
            );
            context.push(d.help("add values behind it, or write the value where it is used"));
        }
        names.choices.push((label.value.clone(), label));
    }
}

/// Cells: their names, what they are like, and the layers inside, whose names nobody outside can read.
pub(super) fn cells(context: &mut Context, space: &Node, names: &mut Names) {
    for cell in space.children.iter().filter(|c| c.name.value == "cell") {
        if let Some(like) = cell.text("like") {
            known_cell(context, &like, names);
        } else if cell.property("nodes").is_none() {
            let d = Diagnostic::error("missing", "`cell` needs `nodes`", cell.name.span, "`nodes` is missing");
            context.missing(cell, d.help("write how many nodes it has: `nodes=4`"));
        }
        layers(context, cell, names, false);
        names.layers.clear();
        names.given.clear();
        if let Some(name) = cell.text("name") {
            declare(context, "cell", name, &mut names.cells);
        }
    }
}

fn known_cell(context: &mut Context, name: &Spanned<String>, names: &Names) {
    // A shipped space brings cells of its own.
    if names.shipped || names.cells.contains_key(&name.value) {
        return;
    }
    let shown = shorten(&name.value);
    let mut known: Vec<&str> = names.cells.keys().map(String::as_str).collect();
    known.sort_unstable();
    let d = Diagnostic::error("no-cell", format!("there is no cell `{shown}` in this space"), name.span, "not declared above");
    context.push(match nearest(&name.value, known.iter().copied()) {
        Some(near) => d.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => d.help(format!("declare it before the network: `cell \"{shown}\" nodes=4 {{ … }}`")),
        None => d.help(format!("declared are {}", quoted(&known))),
    });
}

/// Declares a name; false where it was there before, which is reported.
fn declare(context: &mut Context, what: &str, name: Spanned<String>, known: &mut HashMap<String, Spanned<String>>) -> bool {
    if let Some(first) = known.get(&name.value) {
        let message = format!("the {what} `{}` is declared twice", shorten(&name.value));
        let d = Diagnostic::error("declared-twice", message, name.span, "again here").also(first.span, "first here");
        context.push(match what {
            "layer" | "cell" => d.help("give one of them another name"),
            _ => d.help("a second decision needs a label of its own; to decide the same again, refer to it: `(choice)\"label\"`"),
        });
        false
    } else {
        known.insert(name.value.clone(), name);
        true
    }
}

/// Declares the names of a block of layers, and checks those that layers read.
pub(super) fn layers(context: &mut Context, block: &Node, names: &mut Names, top: bool) {
    // Where a line could not be read, a name that seems missing may have been its own.
    names.open |= block.text("like").is_some() || context.obscure(block);
    if !names.open {
        for place in block.children.iter().filter(|c| matches!(c.name.value.as_str(), "at" | "after")) {
            let d = Diagnostic::error(
                "wrong-place",
                format!("`{}` changes a shipped network, and this network starts from none", place.name.value),
                place.name.span,
                "no layer of that name to change",
            );
            context.push(d.help("write `network like=yolov5n { … }`, or the layers one after the other"));
        }
    }
    let branches = block.name.value == "choose";
    let mut seen: HashMap<String, Spanned<String>> = HashMap::new();
    for (index, layer) in block.children.iter().enumerate() {
        reads(context, layer, names, top && index == 0);
        if branches {
            branch(context, layer, &mut seen);
        }
        match layer.name.value.as_str() {
            "choose" => {
                let again = layer.text("label").is_some_and(|label| !declare(context, "choice", label, &mut names.labels));
                // What could not be read there may have been a layer.
                if layer.children.is_empty() && !context.obscure(layer) {
                    let d = Diagnostic::error("missing", "`choose` has nothing to choose from", layer.name.span, "layers are missing");
                    context.missing(layer, d.help("write them inside: `choose \"p2\" { c3 128; residual 128 }`"));
                }
                layers(context, layer, names, false);
                let label = layer.text("label").filter(|_| !again);
                declare_layer(context, layer, layer.text("as").or(label), names, branches);
            }
            "repeat" => {
                if layer.property("times").is_none() {
                    let d = Diagnostic::error("missing", "`repeat` needs a number", layer.name.span, "how many times?");
                    context.missing(layer, d.help("write `repeat 3 { … }`, or with a name `repeat \"d1\" 3 { … }`"));
                }
                layers(context, layer, names, false);
                declare_layer(context, layer, layer.text("as").or_else(|| layer.text("label")), names, branches);
            }
            "when" => {
                when::when(context, layer);
                names.bodies += 1;
                let outer = std::mem::replace(&mut names.body, names.bodies);
                layers(context, layer, names, false);
                names.body = outer;
            }
            "at" | "after" | "on-node" => layers(context, layer, names, false),
            "use" => {
                if let Some(cell) = layer.text("cell") {
                    known_cell(context, &cell, names);
                }
                declare_layer(context, layer, layer.text("as"), names, branches);
            }
            "require" => {}
            _ => declare_layer(context, layer, layer.text("as"), names, branches),
        }
    }
}

/// A branch is named by its kind, or by `as=`.
fn branch(context: &mut Context, layer: &Node, seen: &mut HashMap<String, Spanned<String>>) {
    let name = layer.text("as").unwrap_or_else(|| layer.name.clone());
    if let Some(first) = seen.get(&name.value) {
        let d = Diagnostic::error("declared-twice", format!("two branches are named `{}`", shorten(&name.value)), name.span, "again here")
            .also(first.span, "first here");
        context.push(d.help(format!("a branch is named by its kind, or by `as=`: `{} … as=\"other\"`", layer.name.value)));
    } else {
        seen.insert(name.value.clone(), name);
    }
}

fn declare_layer(context: &mut Context, layer: &Node, name: Option<Spanned<String>>, names: &mut Names, branch: bool) {
    let Some(name) = name else { return };
    if name.value == "above" {
        let d = Diagnostic::error("reserved", "`above` is the word for the layer above", name.span, "another name expected");
        return context.push(d.help("a name may not equal a word where both may stand"));
    }
    // The `as=` of a branch names the branch, which nobody outside can read.
    if branch && layer.property("as").is_some() {
        return;
    }
    // Under a condition a name may be given again.
    let before = names.given.insert(name.value.clone(), names.body);
    if names.body > 0 && before.is_some_and(|body| body != names.body) {
        names.layers.insert(name.value.clone(), name);
    } else {
        declare(context, "layer", name, &mut names.layers);
    }
}

/// The layers that a `concat`, `add`, `inputs` or `detect` names must stand above it.
fn reads(context: &mut Context, layer: &Node, names: &mut Names, first: bool) {
    if !matches!(layer.name.value.as_str(), "concat" | "add" | "detect" | "inputs") {
        return;
    }
    for name in layer.texts("layers") {
        if name.value == "above" {
            if first {
                context.push(Diagnostic::error("no-layer", "nothing stands above this layer", name.span, "`above` is the layer above"));
            }
        } else if !names.open && !names.layers.contains_key(&name.value) {
            let shown = shorten(&name.value);
            let d = Diagnostic::error("no-layer", format!("no layer `{shown}` stands above"), name.span, "not declared above");
            let known = || names.layers.keys().map(String::as_str).chain(["above"]);
            let mut sorted: Vec<&str> = known().collect();
            sorted.sort_unstable();
            context.push(match nearest(&name.value, sorted.iter().copied()) {
                Some(near) => d.help(format!("did you mean `{near}`?")),
                None => d.help(format!(
                    "name the layer that is meant: `conv 64 as=\"{shown}\"`{}",
                    if sorted.len() > 1 { format!("; named above are {}", quoted(&sorted)) } else { String::new() }
                )),
            });
        }
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().take(12).map(|n| format!("`{}`", shorten(n))).collect::<Vec<_>>().join(", ")
}

/// `(choice)` refers to a declared choice, whose values must fit where it stands.
pub(super) fn references(context: &mut Context, space: &Node, place: &str, node: &Node, names: &mut Names) {
    let Some(spec) = table::node(place, &node.name.value) else { return };
    when::reads(context, node, names);
    for property in &node.properties {
        for value in &property.values {
            let Value::Choice(label) = &value.value else { continue };
            names.used.insert(label.clone());
            let declared = space.children.iter().find(|c| c.name.value == "choice" && c.text("label").is_some_and(|l| l.value == *label));
            match (declared, spec.field(&property.name.value)) {
                (None, _) if names.shipped => {}
                (None, _) => unknown_choice(context, label, value, names),
                (Some(choice), Some(field)) if field.types.iter().any(|t| matches!(t, table::Type::Label)) => {
                    branches(context, choice, node, value)
                }
                (Some(choice), Some(field)) => {
                    let misfit = choice
                        .property("values")
                        .and_then(|p| p.values.iter().find(|v| values::check(&context.language, spec.name, field, v).is_some()));
                    if let Some(misfit) = misfit {
                        let message = format!("`{}` of `{}` cannot be {}", field.name, spec.name, shorten(&misfit.value.to_string()));
                        let d = Diagnostic::error(
                            "wrong-type",
                            message,
                            value.span,
                            format!("{} expected", values::expected(&context.language, field)),
                        );
                        context.push(d.also(misfit.span, "one of the values"));
                    }
                }
                (Some(_), None) => {}
            }
        }
    }
    for child in &node.children {
        references(context, space, spec.key, child, names);
    }
}

fn unknown_choice(context: &mut Context, label: &str, value: &Spanned<Value>, names: &Names) {
    let shown = shorten(label);
    let known: Vec<&str> = names.choices.iter().map(|(l, _)| l.as_str()).collect();
    let d = Diagnostic::error("no-choice", format!("there is no choice `{shown}` in this space"), value.span, "not declared");
    context.push(match nearest(label, known.iter().copied()) {
        Some(near) => d.help(format!("did you mean `(choice)\"{near}\"`?")),
        None if known.is_empty() => d.help(format!("declare it in the space: `choice \"{shown}\" … …`")),
        None => d.help(format!("declared are {}", quoted(&known))),
    });
}

/// The branches of `choose (choice)"op"` are named by the values of that choice.
fn branches(context: &mut Context, choice: &Node, choose: &Node, label: &Spanned<Value>) {
    let of = |n: &Node| n.text("as").unwrap_or_else(|| n.name.clone());
    let values: Vec<String> = choice.property("values").map_or(Vec::new(), |p| p.values.iter().map(|v| v.value.to_string()).collect());
    let written: Vec<Spanned<String>> = choose.children.iter().map(of).collect();
    if let Some(value) = values.iter().find(|v| !written.iter().any(|w| w.value == **v)) {
        let d = Diagnostic::error("branches", format!("no branch is named `{}`", shorten(value)), label.span, "one of its values");
        context.missing(
            choose,
            d.also(choice.place("label"), "declared here").help("every value of the choice names a branch, by its kind or by `as=`"),
        );
    } else if let Some(extra) = written.iter().find(|w| !values.contains(&w.value)) {
        let d = Diagnostic::error("branches", format!("`{}` is no value of this choice", shorten(&extra.value)), extra.span, "never built");
        context.push(d.also(choice.place("values"), "the values").help("add it to the choice, or delete the branch"));
    }
}

/// What only a space over a space has.
const OVER: [&str; 2] = ["until", "input"];

/// Of a space that starts from none: it has its own network, and nothing to cut.
fn misplaced(context: &mut Context, space: &Node) {
    let properties = OVER.iter().filter_map(|name| space.property(name)).map(|p| &p.name);
    for name in properties.chain(space.child("then-layers").map(|c| &c.name)) {
        let d =
            Diagnostic::error("wrong-place", format!("`{}` belongs to a space over a space", name.value), name.span, "not without `from`");
        context.push(d.help(match name.value.as_str() {
            "input" => "write it in the network: `network { input \"data\"; … }`; or start from another space: `from \"backbone\"`",
            _ => "start from another space: `from \"backbone\"`",
        }));
    }
}

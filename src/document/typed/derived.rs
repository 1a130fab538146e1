//! Spaces over spaces: the network of another space up to a layer, then other layers, on another input. What is made here
//! is an ordinary space node; where the network is cut, the room `space` finds out (shipped networks are written out there).

use super::Draft;
use super::space::{Names, bounds, cells, choices, idle, layers, like, narrow, references, with_files};
use crate::document::context::Context;
use crate::document::pipeline::SpaceNode;
use crate::document::shorten::shorten;
use crate::document::{Diagnostic, Node, Property, Spanned, Value, nearest};

/// Whether a space starts from another.
pub fn is_derived(node: &Node) -> bool {
    node.property("from").is_some()
}

/// Most spaces over spaces in a file: each is a copy.
const MOST: usize = 64;

/// Adds the spaces over spaces to the draft, each after the one that it starts from.
pub fn spaces(context: &mut Context, mut waiting: Vec<Node>, draft: &mut Draft) {
    if let Some(extra) = waiting.get(MOST) {
        let message = format!("a file has at most {MOST} spaces over spaces");
        context.push(Diagnostic::error("too-many", message, extra.name.span, "one too many"));
        draft.broken.extend(waiting.iter().filter_map(|n| n.text("name")).map(|n| n.value));
        return;
    }
    while !waiting.is_empty() {
        let of = |node: &Node| node.text("from");
        let names: Vec<String> = waiting.iter().filter_map(|n| n.text("name")).map(|n| n.value).collect();
        let ready = waiting.iter().position(|n| of(n).is_none_or(|from| !names.contains(&from.value)));
        let Some(ready) = ready else {
            circle(context, &waiting);
            draft.broken.extend(names);
            return;
        };
        let node = waiting.remove(ready);
        match derived(context, &node, draft) {
            Some(space) => draft.spaces.push(space),
            None => draft.broken.extend(node.text("name").map(|n| n.value)),
        }
    }
}

/// What is left when every space waits for another.
fn circle(context: &mut Context, waiting: &[Node]) {
    let next =
        |node: &Node| node.text("from").and_then(|from| waiting.iter().position(|n| n.text("name").is_some_and(|n| n.value == from.value)));
    // Whoever is followed long enough leads into the circle.
    let start = (0..waiting.len()).fold(0, |at, _| next(&waiting[at]).unwrap_or(at));
    let mut members = vec![start];
    while let Some(at) = next(&waiting[members[members.len() - 1]]).filter(|at| !members.contains(at)) {
        members.push(at);
    }
    members.sort_by_key(|&m| waiting[m].span);
    let mut froms = members.iter().filter_map(|&m| waiting[m].text("from"));
    let Some(first) = froms.next() else { return };
    let message = if members.len() == 1 { "this space starts from itself" } else { "these spaces start from one another" };
    let d = Diagnostic::error("cycle", message, first.span, "starts from this one");
    let d = froms.fold(d, |d, from| d.also(from.span, "and this from that"));
    context.push(d.help("one of them needs a `network` of its own"));
}

fn derived(context: &mut Context, node: &Node, draft: &Draft) -> Option<SpaceNode> {
    let (name, from) = (node.text("name")?, node.text("from")?);
    let node = &with_files(context, node);
    if let Some(like) = node.property("like") {
        let d = Diagnostic::error("contradiction", "a space starts from one other", like.name.span, "from a shipped space");
        context.push(d.also(from.span, "and from a space of this file").help("delete one of them"));
    }
    like::misplaced(context, node);
    if let Some(network) = node.child("network") {
        let d = Diagnostic::error("contradiction", "a space has one network", network.name.span, "a network of its own");
        context.push(d.also(from.span, "and that of another space").help("keep one: further layers are written in `then-layers { … }`"));
    }
    bounds(context, node);
    let Some(parent) = draft.spaces.iter().find(|s| s.name.value == from.value) else {
        unknown(context, &from, draft);
        return None;
    };
    let mut names = Names::of(&parent.node);
    choices(context, node, &mut names);
    cells(context, node, &mut names);
    let mut whole = parent.node.clone();
    (whole.name, whole.span, whole.arguments) = (node.name.clone(), node.span, node.arguments.clone());
    whole.properties.clone_from(&node.properties);
    // Where nothing but the choices change, what bounds the other bounds this one.
    let narrowed = narrow::narrowed(context, node);
    let changed = ["until", "input"].iter().any(|name| node.property(name).is_some()) || node.child("then-layers").is_some();
    let choices_change = !narrowed.is_empty() || node.child("choice").is_some();
    let outer = (choices_change && !changed).then(|| Box::new(parent.clone()));
    whole.children.retain(|c| c.name.value != "require" || (outer.is_some() && !is_measured(c)));
    let sized_by = if node.property("input").is_some() { unsized_input(&mut whole) } else { Vec::new() };
    for require in node.children.iter().filter(|c| c.name.value == "require") {
        super::space::when::reads(context, require, &mut names);
    }
    let own = |c: &&Node| matches!(c.name.value.as_str(), "choice" | "cell" | "require");
    whole.children.extend(node.children.iter().filter(own).cloned().chain(narrowed));
    let then = node.child("then-layers");
    if let Some(then) = then {
        if then.children.is_empty() && !context.obscure(then) {
            let d = Diagnostic::error("missing", "`then-layers` has no layers", then.name.span, "layers are missing");
            context.missing(then, d.help("write them inside: `then-layers { global-pool; linear }`; or leave it out"));
        }
        names.open = true;
        layers(context, then, &mut names, false);
        references(context, &whole, "space", then, &mut names);
    }
    for cell in node.children.iter().filter(|c| c.name.value == "cell") {
        references(context, &whole, "space", cell, &mut names);
    }
    let idle = idle(node, &names);
    if let (Some(network), true) =
        (whole.children.iter_mut().find(|c| c.name.value == "network"), then.is_some() || node.property("until").is_some())
    {
        network.children.push(cut(&name, node, then));
    }
    let read = choices_of(&whole);
    let gone = |label: &String| sized_by.contains(label) && !read.contains(label);
    whole.children.retain(|c| c.name.value != "choice" || !c.text("label").is_some_and(|l| gone(&l.value)));
    let input = node.text("input").unwrap_or(parent.input.clone());
    Some(SpaceNode { outer, idle, ..SpaceNode::new(name, whole, input) })
}

/// Whether a `require` bounds a metric, whose reference is measured where it is written. An expression is true anywhere.
fn is_measured(require: &Node) -> bool {
    !matches!(require.value("metric"), Some(Spanned { value: Value::Expr(_), .. }))
}

/// A space that reads other data reads it at that data's size. The labels of choices that said another size.
fn unsized_input(space: &mut Node) -> Vec<String> {
    let mut labels = Vec::new();
    let networks = space.children.iter_mut().filter(|c| c.name.value == "network");
    for input in networks.flat_map(|n| &mut n.children).filter(|c| c.name.value == "input") {
        labels.extend(choices_of(input));
        input.properties.retain(|p| p.name.value != "image-size");
    }
    labels
}

/// The labels of all choices that a node refers to.
fn choices_of(node: &Node) -> Vec<String> {
    let own = node.properties.iter().flat_map(|p| &p.values);
    let own = own.filter_map(|v| if let Value::Choice(label) = &v.value { Some(label.clone()) } else { None });
    own.chain(node.children.iter().flat_map(choices_of)).collect()
}

/// The place in a network where it is cut: `until`, and the layers that follow.
fn cut(name: &Spanned<String>, space: &Node, then: Option<&Node>) -> Node {
    let until: Vec<Property> = space.property("until").cloned().into_iter().collect();
    Node {
        name: Spanned { value: "then-layers".into(), span: then.map_or(name.span, |t| t.name.span) },
        span: name.span,
        arguments: Vec::new(),
        properties: until,
        children: then.map_or(Vec::new(), |t| t.children.clone()),
    }
}

fn unknown(context: &mut Context, from: &Spanned<String>, draft: &Draft) {
    if draft.broken.contains(&from.value) {
        return;
    }
    let shown = shorten(&from.value);
    let other = draft.data.iter().map(|d| (&d.name, "a data set")).chain(draft.stages.iter().map(|s| (&s.name, "a stage")));
    if let Some((declared, kind)) = other.into_iter().find(|(name, _)| name.value == from.value) {
        let d = Diagnostic::error("wrong-kind", format!("a space starts from a space; `{shown}` is {kind}"), from.span, "a space expected");
        return context.push(d.also(declared.span, "declared here"));
    }
    let known: Vec<&str> = draft.spaces.iter().map(|s| s.name.value.as_str()).collect();
    let d = Diagnostic::error("no-space", format!("there is no space `{shown}`"), from.span, "not declared");
    context.push(match nearest(&from.value, known.iter().copied()) {
        Some(near) => d.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => d.help("the space that it starts from is written like any other, with a `network`"),
        None => d.help(format!("declared are {}", known.iter().map(|n| format!("`{}`", shorten(n))).collect::<Vec<_>>().join(", "))),
    });
}

//! Shipped networks and spaces, and `network like=… { at … after … }`, which changes one by the names of its layers.

mod shipped;

use crate::document::{self, Diagnostic, Node, Property, Span, Spanned, Value, nearest};
pub use shipped::{Shipped, ZOO};

/// The names of the shipped networks and spaces.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    ZOO.iter().map(|n| n.name)
}

/// The text of a shipped network or space.
pub fn source(name: &str) -> Option<&'static str> {
    ZOO.iter().find(|n| n.name == name).map(|n| n.text)
}

/// What a shipped network brings beside its layers, for a network that starts from it; nothing where it starts from none.
#[derive(Default)]
pub(super) struct Brought {
    /// Its choices.
    pub choices: Vec<Node>,
    /// Its cells.
    pub cells: Vec<Node>,
}

/// The choices and cells of the shipped network that this one starts from. Everything shipped stands at `like`.
pub(super) fn brought(network: &Node) -> Brought {
    let like = network.property("like").and_then(|p| p.values.first());
    let Some(Spanned { value: Value::Text(name), span }) = like else { return Brought::default() };
    let mut brought = Brought::default();
    for mut node in source(name).and_then(|text| document::fragments("space", text).ok()).unwrap_or_default() {
        relocate(&mut node, *span);
        match node.name.value.as_str() {
            "choice" => brought.choices.push(node),
            "cell" => brought.cells.push(node),
            _ => {}
        }
    }
    brought
}

/// The shipped network with the changes of `network`, whose `like` names it. Everything shipped stands at `like`.
pub(super) fn expand(network: &Node, like: &Property) -> Result<Node, Vec<Diagnostic>> {
    let at = like.values.first().map_or(like.name.span, |v| v.span);
    let name = match like.values.first() {
        Some(Spanned { value: Value::Text(name), .. }) => name.as_str(),
        _ => return Err(vec![Diagnostic::error("unknown-network", "`like` needs the name of a shipped network", at, "such as yolov5n")]),
    };
    let Some(text) = source(name) else {
        let help = nearest(name, names()).map_or(names().collect::<Vec<_>>().join(", "), |n| format!("did you mean `{n}`?"));
        return Err(vec![
            Diagnostic::error("unknown-network", format!("no network or space `{name}` is shipped"), at, "not known").help(help),
        ]);
    };
    let unread = |why: String| vec![Diagnostic::error("zoo", format!("the shipped network {name}: {why}"), at, "cannot be read")];
    let nodes = document::fragments("space", text).map_err(|why| unread(why.to_string()))?;
    let stock = nodes.into_iter().find(|n| n.name.value == "network");
    let mut stock = stock.ok_or_else(|| unread("it has no network".into()))?;
    relocate(&mut stock, at);
    let mut errors = vec![];
    for property in network.properties.iter().filter(|p| p.name.value != "like") {
        stock.properties.retain(|p| p.name.value != property.name.value);
        stock.properties.push(property.clone());
    }
    for change in network.children.iter().filter(|c| c.name.value != "input") {
        let word = change.name.value.as_str();
        if !matches!(word, "at" | "after" | "before") {
            let d = Diagnostic::error(
                "layer-beside-like",
                format!("`{word}` does not say where it goes"),
                change.name.span,
                "outside of `at` and `after`",
            );
            errors.push(d.help("write after \"p5\" { … }, or at \"p5\" { … } to replace a layer"));
            continue;
        }
        if let Err(error) = edit(&mut stock.children, change) {
            errors.push(error);
        }
    }
    let stock = Node { name: network.name.clone(), span: network.span, arguments: vec![], ..stock };
    if errors.is_empty() { Ok(stock) } else { Err(errors) }
}

fn edit(layers: &mut Vec<Node>, change: &Node) -> Result<(), Diagnostic> {
    let word = change.name.value.as_str();
    let (name, span) = match change.property("layer").and_then(|p| p.values.first()) {
        Some(Spanned { value: Value::Text(name), span }) => (name.as_str(), *span),
        _ => {
            return Err(Diagnostic::error(
                "missing-value",
                format!("`{word}` needs the name of a layer"),
                change.name.span,
                "such as \"p3\"",
            ));
        }
    };
    if layers.iter().any(|l| under_condition(l, name).is_some()) {
        let message = format!("`{name}` stands under a `when`, and is there only in some samples");
        let d = Diagnostic::error("name-under-when", message, span, format!("cannot be changed by `{word}`"));
        return Err(d.help("write the network out, with other layers there"));
    }
    let Some(place) = layers.iter().position(|l| name_of(l).is_some_and(|n| n == name)) else {
        let known: Vec<&str> = layers.iter().filter_map(name_of).collect();
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? Layers are {}", known.join(", ")),
            None => format!("layers are {}", known.join(", ")),
        };
        return Err(Diagnostic::error("unknown-name", format!("the shipped network has no layer `{name}`"), span, "not known").help(help));
    };
    let mut inside = change.children.clone();
    let Some(last) = inside.last_mut() else {
        return Err(Diagnostic::error("missing-layers", format!("`{word}` has no layers"), change.span, "write layers inside"));
    };
    if word != "at" {
        let place = if word == "after" { place + 1 } else { place };
        layers.splice(place..place, inside);
        return Ok(());
    }
    // What stands for a layer goes by its name.
    let block = matches!(last.name.value.as_str(), "choose" | "repeat");
    match name_of(last) {
        Some(own) if own == name => {}
        Some(own) if !block || last.property("as").is_some() => {
            let d = Diagnostic::error("renamed-layer", format!("what stands for `{name}` is called `{own}`"), last.name.span, "its name");
            return Err(d.help(format!("leave the name out: others read it as `{name}`")));
        }
        _ => last
            .properties
            .push(Property { name: Spanned { value: "as".into(), span }, values: vec![Spanned { value: Value::Text(name.into()), span }] }),
    }
    layers.splice(place..=place, inside);
    Ok(())
}

fn name_of(node: &Node) -> Option<&str> {
    let label = if matches!(node.name.value.as_str(), "choose" | "repeat") { node.property("label") } else { None };
    match node.property("as").or(label)?.values.first()?.value {
        Value::Text(ref name) => Some(name),
        _ => None,
    }
}

/// Where a name is given inside a `when`.
pub(super) fn under_condition(node: &Node, name: &str) -> Option<Span> {
    node.children.iter().find_map(|child| {
        let own = super::names::names_of(child).into_iter().find(|(n, _)| n == name && node.name.value == "when");
        own.map(|(_, span)| span).or_else(|| under_condition(child, name))
    })
}

fn relocate(node: &mut Node, span: Span) {
    node.name.span = span;
    node.span = span;
    for property in &mut node.properties {
        property.name.span = span;
        for value in &mut property.values {
            value.span = span;
            if let Value::Expr(expr) = &mut value.value {
                expr.steps.iter_mut().for_each(|(_, at)| *at = span);
            }
        }
    }
    node.children.iter_mut().for_each(|c| relocate(c, span));
}

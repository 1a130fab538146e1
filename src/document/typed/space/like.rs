//! `space "s" like=NAME { input "data"; … }`: a shipped space on one's own data. What is made of it here is a space with
//! `network like=NAME`; which names there are, and what they hold, the room `space` knows.

use crate::document::context::Context;
use crate::document::{Diagnostic, Node, Property, Spanned};

/// What belongs to the network that is started from, and to its `input`.
const NETWORK: [&str; 3] = ["like", "width", "activation"];
const INPUT: [(&str, &str); 2] = [("input", "data"), ("image-size", "image-size")];
/// What changes that network by the names of its layers.
const CHANGES: [&str; 2] = ["at", "after"];

/// A space with its network; one that starts from no shipped space stays as it is.
pub fn with_network(context: &mut Context, node: &Node) -> Node {
    let Some(like) = node.text("like") else {
        misplaced(context, node);
        return node.clone();
    };
    let mut whole = node.clone();
    if let Some(network) = node.child("network") {
        let d = Diagnostic::error("contradiction", "a space has one network", network.name.span, "a network of its own");
        context.push(
            d.also(like.span, "and that of a shipped space")
                .help("keep one: layers of a shipped network are changed by `at \"name\" { … }` and `after \"name\" { … }`"),
        );
        whole.properties.retain(|p| INPUT.iter().all(|(word, _)| *word != p.name.value));
        return whole;
    }
    if node.text("input").is_none() {
        let d = Diagnostic::error("missing", "a shipped space needs an `input`", like.span, "`input` is missing");
        context.missing(node, d.help("name the data set that fixes size and classes: `input \"shapes\"`"));
        return whole;
    }
    let empty = |name: &str| Node {
        name: Spanned { value: name.into(), span: like.span },
        span: like.span,
        arguments: Vec::new(),
        properties: Vec::new(),
        children: Vec::new(),
    };
    let (mut network, mut input) = (empty("network"), empty("input"));
    for property in std::mem::take(&mut whole.properties) {
        let name = property.name.value.as_str();
        if NETWORK.contains(&name) {
            network.properties.push(property);
        } else if let Some((_, own)) = INPUT.iter().find(|(word, _)| *word == name) {
            let name = Spanned { value: (*own).into(), span: property.name.span };
            input.properties.push(Property { name, values: property.values });
        } else {
            whole.properties.push(property);
        }
    }
    network.children.push(input);
    let (changes, rest) = std::mem::take(&mut whole.children).into_iter().partition(changes);
    network.children.extend::<Vec<Node>>(changes);
    whole.children = rest;
    whole.children.push(network);
    whole
}

fn changes(node: &Node) -> bool {
    CHANGES.contains(&node.name.value.as_str())
}

/// What only a space from a shipped one has.
pub fn misplaced(context: &mut Context, node: &Node) {
    let properties = ["width", "activation", "image-size"].iter().filter_map(|name| node.property(name)).map(|p| &p.name);
    for name in properties.chain(node.children.iter().filter(|c| changes(c)).map(|c| &c.name)) {
        let d = Diagnostic::error("wrong-place", format!("`{}` belongs to a shipped space", name.value), name.span, "not without `like=`");
        context.push(d.help(match name.value.as_str() {
            "image-size" => "write it at the network's input: `input \"data\" image-size=96`",
            "width" | "activation" => "write it at the network: `network width=0.25 { … }`",
            _ => "write it inside the network: `network like=yolov5n { input \"data\"; at \"p3\" { … } }`",
        }));
    }
}

//! `fix` and `keep`: where they may stand. Which decisions they mean, the room `space` finds out.

use crate::document::context::Context;
use crate::document::shorten::shorten;
use crate::document::{Diagnostic, Node};

/// The nodes that narrow a decision.
pub const WORDS: [&str; 2] = ["fix", "keep"];

/// Whether a node narrows a decision.
pub fn narrows(node: &Node) -> bool {
    WORDS.contains(&node.name.value.as_str())
}

/// Each decision is narrowed once, or fixed to a value that is kept; then the `fix` says all.
pub fn narrowed(context: &mut Context, space: &Node) -> Vec<Node> {
    let all: Vec<&Node> = space.children.iter().filter(|c| narrows(c)).collect();
    let label = |node: &Node| node.text("label").map(|l| l.value);
    for (i, node) in all.iter().enumerate() {
        let same = |other: &&&Node| other.name.value == node.name.value && label(other) == label(node);
        if let (Some(first), Some(name)) = (all[..i].iter().find(same), node.text("label")) {
            let message = format!("`{}` says twice what `{}` may be", node.name.value, shorten(&name.value));
            let d = Diagnostic::error("declared-twice", message, name.span, "again here");
            context.push(d.also(first.place("label"), "first here").help("write it once"));
        }
    }
    for node in all.iter().filter(|n| n.name.value == "keep") {
        source(context, node);
    }
    let mut left = Vec::new();
    for node in &all {
        let fixed = all.iter().find(|other| other.name.value == "fix" && label(other) == label(node));
        match fixed.filter(|_| node.name.value == "keep") {
            None => left.push((*node).clone()),
            Some(fix) => outside(context, node, fix),
        }
    }
    left
}

/// A `keep` says which values, or where they are found.
fn source(context: &mut Context, keep: &Node) {
    match (keep.property("values"), keep.property("from")) {
        (None, None) => {
            let d = Diagnostic::error("missing", "`keep` says of no value that it stays", keep.name.span, "`values` is missing");
            context.missing(keep, d.help("write the values, as in `keep \"p3\" c3 residual`, or `from=` a stage in which they occur"));
        }
        (Some(values), Some(from)) => {
            let d = Diagnostic::error("contradiction", "`keep` says twice what stays", from.name.span, "those of a stage");
            context.push(d.also(values.name.span, "and these").help("keep one of them"));
        }
        _ => {}
    }
}

/// Of a `keep` and a `fix` of one decision: what is fixed must be kept.
fn outside(context: &mut Context, keep: &Node, fix: &Node) {
    let (Some(kept), Some(value)) = (keep.property("values"), fix.value("value")) else { return };
    if !kept.values.is_empty() && !kept.values.iter().any(|v| v.value.datum() == value.value.datum()) {
        let message = format!("{} is fixed and not kept", shorten(&value.value.to_string()));
        let d = Diagnostic::error("contradiction", message, value.span, "fixed here");
        context.push(d.also(kept.values[0].span, "kept are these").help("delete one of the two lines"));
    }
}

/// Of a space with a network of its own: its decisions are its own, and are written as they are meant.
pub fn misplaced(context: &mut Context, space: &Node) {
    if space.child("network").is_none_or(|n| n.property("like").is_some()) {
        return;
    }
    for node in space.children.iter().filter(|c| narrows(c)) {
        let message = format!("`{}` narrows a network from elsewhere, and this one is written here", node.name.value);
        let d = Diagnostic::error("wrong-place", message, node.name.span, "not without `from` or `like=`");
        context.push(d.help("write the values that are meant where the decision stands, or start from another space: `from \"backbone\"`"));
    }
}

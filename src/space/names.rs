//! What a node of a network calls its output, and what a person calls a value.

use crate::document::{Node, Span, Spanned, Value};

/// The names that an entry gives to its output.
pub(super) fn names_of(node: &Node) -> Vec<(String, Span)> {
    let text = |name: &str| match node.property(name).and_then(|p| p.values.first()) {
        Some(Spanned { value: Value::Text(t), span }) => Some((t.clone(), *span)),
        _ => None,
    };
    let label = if matches!(node.name.value.as_str(), "choose" | "repeat") { text("label") } else { None };
    let mut names: Vec<_> = label.into_iter().chain(text("as")).collect();
    names.dedup_by(|a, b| a.0 == b.0);
    names
}

/// A branch is named by `as=`, a block by its label, everything else by its kind.
pub(super) fn branch_name(node: &Node) -> String {
    names_of(node).pop().map_or(node.name.value.clone(), |(name, _)| name)
}

/// A value as a person writes it in a list of options.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Text(t) => t.clone(),
        other => other.to_string(),
    }
}

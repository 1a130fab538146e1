//! Layers under a condition, and which choices expressions read.

use super::names::Names;
use crate::document::context::Context;
use crate::document::expr::Expr;
use crate::document::shorten::shorten;
use crate::document::{Diagnostic, Node, Span, Value};

/// A condition is written once, and something stands under it.
pub(super) fn when(context: &mut Context, node: &Node) {
    let expression = node.property("condition").and_then(|p| p.values.first()).filter(|v| matches!(v.value, Value::Expr(_)));
    let pair = node.properties.iter().find(|p| !matches!(p.values.first().map(|v| &v.value), Some(Value::Expr(_))));
    match (expression, pair) {
        (None, None) => {
            let d = Diagnostic::error("missing", "`when` needs a condition", node.name.span, "when?");
            context.missing(node, d.help("write `when LABEL=VALUE { … }`, or `when (expr)\"top >= 4\" { … }`"));
        }
        (Some(expression), Some(pair)) => {
            let d = Diagnostic::error("contradiction", "this condition is written in two ways", pair.name.span, "a pair");
            context.push(d.also(expression.span, "and an expression").help("write all of it in the expression, with `and`"));
        }
        _ => {}
    }
    if node.children.is_empty() && !context.obscure(node) {
        let d = Diagnostic::error("missing", "`when` has no layers", node.name.span, "layers are missing");
        context.missing(node, d.help("write them inside: `when top=5 { conv 512 kernel=3 stride=2 }`"));
    }
}

/// Notes the labels that a node reads by conditions and expressions.
pub(in crate::document::typed) fn reads(context: &mut Context, node: &Node, names: &mut Names) {
    for property in &node.properties {
        if node.name.value == "when" {
            names.used.insert(property.name.value.clone());
        }
        for value in &property.values {
            if let Value::Expr(expr) = &value.value {
                read(context, expr, value.span, names);
            }
        }
    }
}

fn read(context: &mut Context, expr: &Expr, span: Span, names: &mut Names) {
    names.used.extend(expr.labels.iter().cloned());
    for name in &expr.params {
        if let Some((_, choice)) = names.choices.iter().find(|(label, _)| label == name) {
            let message = format!("`{}` is a param and a choice", shorten(name));
            let d = Diagnostic::error("two-meanings", message, span, "which of them is read here?");
            context.push(d.also(choice.span, "the choice").help("name one of them otherwise"));
        }
    }
}
